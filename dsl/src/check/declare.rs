//! Types as they are declared and written, made into shapes.

use std::collections::BTreeMap;

use cam::limits::NAME_BYTES_MAX;
use cam::schema::{Name, Shape, ShapeId};

use super::Checker;
use super::messages::did_you_mean;
use super::names::Declared;
use super::order::{Edge, through, used_first};
use super::sight::{Reading, Seen};
use super::types::{Partial, either};
use crate::ast;
use crate::problem::Problem;
use crate::problem::catalogue::{T103, T108, T115, T121, T122, T123, T124, T125};
use crate::problem::habit::{is_fraction, type_meant};
use crate::source::Span;

/// A type that is declared: by `type`, or by `input`, `output` and `state`.
pub(super) struct Declaration<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
    pub(super) body: &'a ast::TypeBody,
}

const BUILT_IN: [&str; 9] = [
    "Int", "Bool", "Text", "Bytes", "Option", "List", "Map", "Set", "Either",
];

impl<'a> Checker<'a> {
    /// Declares all types, in an order in which each is known where it is used.
    pub(super) fn declare_types(&mut self, declarations: &[Declaration<'a>]) {
        let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
        for (position, declaration) in declarations.iter().enumerate() {
            if BUILT_IN.contains(&declaration.name) {
                let title = format!("`{}` is a type of the language", declaration.name);
                self.report(
                    Problem::new(T115, declaration.span, title).helping("choose another name"),
                );
            } else if let Some(first) = positions.get(declaration.name) {
                self.report_twice(
                    declaration.name,
                    declaration.span,
                    declarations[*first].span,
                );
            } else {
                positions.insert(declaration.name, position);
                let seen = Seen::Type(declaration.name.to_owned());
                self.see_definition(declaration.span, seen, Reading::None);
                let declared = Declared {
                    shape: None,
                    span: declaration.span,
                };
                self.names
                    .types
                    .insert(declaration.name.to_owned(), declared);
            }
        }
        let edges: Vec<Vec<Edge>> = declarations
            .iter()
            .map(|declaration| {
                let mut edges = Vec::new();
                uses_of_body(declaration.body, &positions, &mut edges);
                edges
            })
            .collect();
        let (order, circles) = used_first(&edges);
        for circle in circles {
            let names: Vec<&str> = circle
                .nodes
                .iter()
                .map(|node| declarations[*node].name)
                .collect();
            self.report(circular_type(&names, circle.at));
        }
        for node in order {
            let declaration = &declarations[node];
            if positions.get(declaration.name) == Some(&node) {
                let shape = self.declare(declaration.name, declaration.body, declaration.span);
                if let Some(declared) = self.names.types.get_mut(declaration.name) {
                    declared.shape = shape;
                }
            }
        }
    }

    /// The shape of the right side of a declaration. A new variant takes the name `name`.
    pub(super) fn declare(
        &mut self,
        name: &str,
        body: &ast::TypeBody,
        at: Span,
    ) -> Option<ShapeId> {
        self.check_name(name, at);
        match body {
            ast::TypeBody::Type(kind) => match self.lone_stranger(kind) {
                Some(stranger) => {
                    let start = if at == kind.span {
                        name.to_ascii_lowercase()
                    } else {
                        format!("type {name} =")
                    };
                    self.report_no_bar(stranger, &start);
                    None
                }
                None => self.resolve(kind),
            },
            ast::TypeBody::Variant(variant) => {
                let shape = self.declare_variant(name, variant);
                for constructor in &variant.constructors {
                    let name = constructor.name.text.clone();
                    match shape {
                        Some(shape) => {
                            let variant = self.types.closed(shape);
                            let seen = Seen::Constructor(variant, name.as_str().into());
                            let reading = Reading::Value(variant);
                            self.see_definition(constructor.name.span, seen, reading);
                            self.names.constructors.entry(name).or_default().push(shape);
                        }
                        None => _ = self.names.broken.insert(name),
                    }
                }
                shape
            }
        }
    }

    /// A name that is all of a declaration and no type: often a constructor, for which a `|` is missing.
    fn lone_stranger<'t>(&self, kind: &'t ast::Type) -> Option<&'t ast::Name> {
        let ast::TypeKind::Name { name, arguments } = &kind.kind else {
            return None;
        };
        let is_known = self.names.types.contains_key(&name.text) || BUILT_IN.contains(&&*name.text);
        (!is_known && arguments.is_empty() && !name.text.is_empty()).then_some(name)
    }

    /// `output Ok`, where `output` is the start. Its uses as a constructor are passed over.
    fn report_no_bar(&mut self, name: &ast::Name, start: &str) {
        let problem = self
            .no_type(name)
            .helping(format!(
                "a variant of one constructor starts with a bar: `{start} | {}`",
                name.text
            ))
            .fixed_by("write a bar before it", name.span.before(), "| ");
        self.report(problem);
        self.names.broken.insert(name.text.clone());
    }

    fn declare_variant(&mut self, name: &str, variant: &ast::Variant) -> Option<ShapeId> {
        let mut constructors = Vec::new();
        for item in &variant.constructors {
            self.check_name(&item.name.text, item.name.span);
            let payload = match &item.payload {
                ast::TypePayload::None => self.intern(Shape::Tuple(Box::new([])), item.span),
                ast::TypePayload::Tuple(parts) => self.resolve_tuple(parts, item.span),
                ast::TypePayload::Record(fields) => self.resolve_record(fields, item.span),
            };
            constructors.push((item.name.text.as_str(), item.name.span, payload));
        }
        let constructors = self.sorted("constructor", constructors)?;
        self.intern(Shape::Variant(name.into(), constructors), variant.span)
    }

    /// The shape of a type as written; `None` after a mistake.
    pub(super) fn resolve(&mut self, kind: &ast::Type) -> Option<ShapeId> {
        match &kind.kind {
            ast::TypeKind::Name { name, arguments } => {
                self.resolve_name(name, arguments, kind.span)
            }
            ast::TypeKind::Tuple(parts) => self.resolve_tuple(parts, kind.span),
            ast::TypeKind::Record(fields) => self.resolve_record(fields, kind.span),
            ast::TypeKind::Error => None,
        }
    }

    pub(super) fn resolve_partial(&mut self, kind: &ast::Type) -> Partial {
        match self.resolve(kind) {
            Some(shape) => self.types.closed(shape),
            None => self.types.unknown(),
        }
    }

    fn resolve_name(
        &mut self,
        name: &ast::Name,
        arguments: &[ast::Type],
        span: Span,
    ) -> Option<ShapeId> {
        self.wish_type(name.span);
        let parts: Vec<Option<ShapeId>> = arguments
            .iter()
            .map(|argument| self.resolve(argument))
            .collect();
        let wanted = match name.text.as_str() {
            "Option" | "List" | "Set" => 1,
            "Map" | "Either" => 2,
            _ => 0,
        };
        let is_declared = self.names.types.contains_key(&name.text);
        if parts.len() != wanted && (is_declared || BUILT_IN.contains(&&*name.text)) {
            self.report(wrong_argument_count(&name.text, wanted, parts.len(), span));
            return None;
        }
        let parts: Vec<ShapeId> = parts.into_iter().collect::<Option<_>>()?;
        let shape = match name.text.as_str() {
            "Int" => Shape::Int,
            "Bool" => Shape::Bool,
            "Text" => Shape::Text,
            "Bytes" => Shape::Bytes,
            "Option" => Shape::Option(parts[0]),
            "List" => Shape::List(parts[0]),
            "Map" | "Set" if !self.types.is_key(parts[0]) => {
                self.report_no_key(&name.text, arguments[0].span);
                return None;
            }
            "Map" => Shape::Map(parts[0], parts[1]),
            "Set" => Shape::Map(parts[0], self.intern(Shape::Tuple(Box::new([])), span)?),
            "Either" => either(parts[0], parts[1]),
            "" => return None,
            _ => return self.resolve_declared(name),
        };
        self.intern(shape, span)
    }

    fn resolve_declared(&mut self, name: &ast::Name) -> Option<ShapeId> {
        if let Some(declared) = self.names.types.get(&name.text) {
            let shape = declared.shape;
            self.see(name.span, Seen::Type(name.text.clone()), Reading::None);
            return shape;
        }
        let problem = self.no_type(name);
        self.report(match problem.help.is_empty() {
            true => problem.helping(format!("declare it: `type {} = …`", name.text)),
            false => problem,
        });
        None
    }

    fn report_no_key(&mut self, collection: &str, at: Span) {
        let (title, help) = match collection {
            "Set" => (
                "a map or a set cannot be an item of a set",
                "use a number or a text as the item, or keep a list",
            ),
            _ => (
                "a map or a set cannot be a key of a map",
                "use a number or a text as the key, and keep the map beside it",
            ),
        };
        let problem = Problem::new(T122, at, title).saying("there is one in this");
        self.report(problem.helping(help));
    }

    /// A type nobody declared, with the one that was perhaps meant.
    fn no_type(&self, name: &ast::Name) -> Problem {
        let problem = Problem::new(T103, name.span, format!("there is no type `{}`", name.text));
        if let Some(meant) = type_meant(&name.text) {
            let problem = problem.helping(format!("here it is called `{meant}`"));
            return problem.fixed_by(format!("write `{meant}`"), name.span, meant);
        }
        if is_fraction(&name.text) {
            return problem
                .noting("there are no fractions: they would not be the same on every machine")
                .helping("count in the smallest unit: cents, milliseconds, thousandths");
        }
        let declared = self.names.types.keys().map(String::as_str);
        let known = self.comparable(declared.chain(BUILT_IN));
        did_you_mean(problem, &name.text, name.span, &known)
    }

    fn resolve_tuple(&mut self, parts: &[ast::Type], span: Span) -> Option<ShapeId> {
        let shapes: Vec<Option<ShapeId>> = parts.iter().map(|part| self.resolve(part)).collect();
        match shapes
            .into_iter()
            .collect::<Option<Vec<ShapeId>>>()?
            .as_slice()
        {
            [one] => Some(*one),
            shapes => self.intern(Shape::Tuple(shapes.into()), span),
        }
    }

    fn resolve_record(&mut self, fields: &[ast::FieldType], span: Span) -> Option<ShapeId> {
        let mut named = Vec::new();
        for field in fields {
            self.check_name(&field.name.text, field.name.span);
            named.push((
                field.name.text.as_str(),
                field.name.span,
                self.resolve(&field.kind),
            ));
        }
        let known = self.sorted("field", named)?;
        let record = self.intern(Shape::Record(known), span);
        self.see_fields(fields, record);
        record
    }

    /// Parts in name order; a name that is there twice is reported.
    fn sorted(
        &mut self,
        word: &str,
        mut parts: Vec<(&str, Span, Option<ShapeId>)>,
    ) -> Option<Box<[(Name, ShapeId)]>> {
        parts.sort_by_key(|(name, span, _)| (*name, *span));
        let mut is_good = true;
        for pair in parts
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0 && !pair[0].0.is_empty())
        {
            is_good = false;
            let title = format!("the {word} `{}` is there twice", pair[0].0);
            let problem = Problem::new(T108, pair[1].1, title).pointing_at(pair[0].1, "first here");
            self.report(problem.helping("remove one, or rename it"));
        }
        is_good &= parts.iter().all(|(name, _, _)| !name.is_empty());
        let named: Option<Box<[_]>> = parts
            .into_iter()
            .map(|(name, _, shape)| Some((Name::from(name), shape?)))
            .collect();
        named.filter(|_| is_good)
    }

    pub(super) fn intern(&mut self, shape: Shape, span: Span) -> Option<ShapeId> {
        let interned = self.types.intern(shape);
        if interned.is_none() {
            self.report(too_large(span));
        }
        interned
    }

    pub(super) fn check_name(&mut self, name: &str, span: Span) {
        if name.len() > NAME_BYTES_MAX {
            let title = format!(
                "a name has at most {NAME_BYTES_MAX} bytes, this one has {}",
                name.len()
            );
            self.report(
                Problem::new(T124, span, title)
                    .helping("shorten it: it is stored with the machine and sent"),
            );
        }
    }
}

fn uses_of_body(body: &ast::TypeBody, positions: &BTreeMap<&str, usize>, edges: &mut Vec<Edge>) {
    match body {
        ast::TypeBody::Type(kind) => uses_of_type(kind, positions, edges),
        ast::TypeBody::Variant(variant) => {
            for constructor in &variant.constructors {
                match &constructor.payload {
                    ast::TypePayload::None => {}
                    ast::TypePayload::Tuple(parts) => {
                        parts
                            .iter()
                            .for_each(|part| uses_of_type(part, positions, edges));
                    }
                    ast::TypePayload::Record(fields) => {
                        fields
                            .iter()
                            .for_each(|field| uses_of_type(&field.kind, positions, edges));
                    }
                }
            }
        }
    }
}

fn uses_of_type(kind: &ast::Type, positions: &BTreeMap<&str, usize>, edges: &mut Vec<Edge>) {
    match &kind.kind {
        ast::TypeKind::Name { name, arguments } => {
            edges.extend(positions.get(&*name.text).map(|to| Edge {
                to: *to,
                at: name.span,
            }));
            arguments
                .iter()
                .for_each(|argument| uses_of_type(argument, positions, edges));
        }
        ast::TypeKind::Tuple(parts) => parts
            .iter()
            .for_each(|part| uses_of_type(part, positions, edges)),
        ast::TypeKind::Record(fields) => {
            fields
                .iter()
                .for_each(|field| uses_of_type(&field.kind, positions, edges));
        }
        ast::TypeKind::Error => {}
    }
}

fn circular_type(names: &[&str], at: Span) -> Problem {
    let title = match names {
        [one] => format!("the type `{one}` contains itself"),
        [first, rest @ ..] => format!("the type `{first}` contains itself, {}", through(rest)),
        [] => "a type contains itself".to_owned(),
    };
    Problem::new(T121, at, title)
        .saying("here")
        .noting("a value must be finite, so types are not recursive")
        .helping("keep the items in a `List(…)` or a `Map(…)` and name them by number or key")
}

fn wrong_argument_count(name: &str, wanted: usize, found: usize, span: Span) -> Problem {
    let example = match name {
        "Option" => "`Option(Int)`",
        "List" => "`List(Int)`",
        "Map" => "`Map(Text, Int)`",
        "Set" => "`Set(Text)`",
        "Either" => "`Either(Int, Text)`",
        _ => name,
    };
    let title = match wanted {
        0 => format!("`{name}` takes no types, here it is given {found}"),
        1 => format!("`{name}` takes one type, here it is given {found}"),
        _ => format!("`{name}` takes {wanted} types, here it is given {found}"),
    };
    Problem::new(T125, span, title).helping(format!("write it like {example}"))
}

pub(super) fn too_large(span: Span) -> Problem {
    Problem::new(T123, span, "this type is too large, or contains itself")
        .noting("a type nests at most 32 deep, and has at most 255 parts and 1024 leaves")
        .helping("split it, or keep the parts in a list or a map")
}
