//! The outline of a file: its items, and the members of its machine.

use crate::ast::{
    Item, ItemKind, Machine, Member, MemberKind, Module, Name, Pattern, TypeBody, Variant,
};
use crate::source::{Source, Span};

/// A line of the outline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// What it is called; for a handler its patterns.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// All of it.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
    /// What is inside.
    pub children: Vec<Symbol>,
}

/// What a line of the outline is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolKind {
    /// `machine`
    Machine,
    /// `type`, `input`, `output`, `state`
    Type,
    /// An alternative of a variant.
    Constructor,
    /// A field of a record type.
    Field,
    /// `fn`
    Function,
    /// `const`
    Constant,
    /// `on`, `step`, `init`
    Handler,
    /// `migrate`, `accept`, `reply`
    Upgrade,
    /// `invariant`, `property`, `witness`
    Claim,
    /// `trace`
    Trace,
}

/// The outline of a file, in its order.
#[must_use]
pub fn symbols(source: &Source, module: &Module) -> Vec<Symbol> {
    let items = module.items.iter();
    items.filter_map(|item| of_item(source, item)).collect()
}

impl super::Index {
    /// The outline of the file, in its order.
    #[must_use]
    pub fn symbols(&self, source: &Source) -> Vec<Symbol> {
        symbols(source, &self.module)
    }
}

fn of_item(source: &Source, item: &Item) -> Option<Symbol> {
    let (name, kind, children) = match &item.kind {
        ItemKind::Type(own) => (&own.name, SymbolKind::Type, parts(&own.body)),
        ItemKind::Const(own) => (&own.name, SymbolKind::Constant, Vec::new()),
        ItemKind::Function(own) => (&own.name, SymbolKind::Function, Vec::new()),
        ItemKind::Machine(own) => (&own.name, SymbolKind::Machine, members(source, own)),
        ItemKind::Error => return None,
    };
    Some(named(name, kind, item.span, children))
}

fn members(source: &Source, machine: &Machine) -> Vec<Symbol> {
    let members = machine.members.iter();
    members
        .filter_map(|member| of_member(source, member))
        .collect()
}

fn of_member(source: &Source, member: &Member) -> Option<Symbol> {
    let span = member.span;
    let plain = |name: String, kind| Symbol {
        name,
        kind,
        span,
        name_span: first_word(source, span),
        children: Vec::new(),
    };
    let typed = |name: &str, body: &TypeBody| Symbol {
        children: parts(body),
        ..plain(name.to_owned(), SymbolKind::Type)
    };
    Some(match &member.kind {
        MemberKind::Input(body) => typed("input", body),
        MemberKind::Output(body) => typed("output", body),
        MemberKind::State(body) => typed("state", body),
        MemberKind::Init(_) => plain("init".to_owned(), SymbolKind::Handler),
        MemberKind::Step(_) => plain("step".to_owned(), SymbolKind::Handler),
        MemberKind::On(handler) => {
            let at = |pattern: &Pattern| pattern.span;
            let head = at(&handler.input);
            let head = handler.state.as_ref().map_or(head, |it| head.to(at(it)));
            let head = handler.guard.as_ref().map_or(head, |it| head.to(it.span));
            Symbol {
                name_span: head,
                ..plain(
                    format!("on {}", one_line(source.slice(head))),
                    SymbolKind::Handler,
                )
            }
        }
        MemberKind::Migrate(it) => plain(
            format!("migrate from {}", it.from.number),
            SymbolKind::Upgrade,
        ),
        MemberKind::MigrateBack(it) => plain(
            format!("migrate back to {}", it.to.number),
            SymbolKind::Upgrade,
        ),
        MemberKind::Accept(it) => plain(
            format!("accept from {}", it.version.number),
            SymbolKind::Upgrade,
        ),
        MemberKind::Reply(it) => plain(
            format!("reply to {}", it.version.number),
            SymbolKind::Upgrade,
        ),
        MemberKind::Invariant(claim) | MemberKind::Witness(claim) => {
            named(&claim.name, SymbolKind::Claim, span, Vec::new())
        }
        MemberKind::Property(it) => named(&it.name, SymbolKind::Claim, span, Vec::new()),
        MemberKind::Trace(trace) => Symbol {
            name_span: trace.title.span,
            ..plain(one_line(&trace.title.value), SymbolKind::Trace)
        },
        MemberKind::Error => return None,
    })
}

/// The constructors or fields of a type.
fn parts(body: &TypeBody) -> Vec<Symbol> {
    match body {
        TypeBody::Variant(variant) => variant
            .constructors
            .iter()
            .map(|it| named(&it.name, SymbolKind::Constructor, it.span, Vec::new()))
            .collect(),
        TypeBody::Type(crate::ast::Type {
            kind: crate::ast::TypeKind::Record(fields),
            ..
        }) => fields
            .iter()
            .map(|it| named(&it.name, SymbolKind::Field, it.span, Vec::new()))
            .collect(),
        TypeBody::Type(_) => Vec::new(),
    }
}

fn named(name: &Name, kind: SymbolKind, span: Span, children: Vec<Symbol>) -> Symbol {
    let text = match name.text.as_str() {
        "" => "_", // an editor refuses an empty name
        text => text,
    };
    Symbol {
        name: text.to_owned(),
        kind,
        span,
        name_span: if name.text.is_empty() {
            span.before()
        } else {
            name.span
        },
        children,
    }
}

/// The members of all machines.
pub(super) fn machine_members(module: &Module) -> impl Iterator<Item = &Member> {
    let machines = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Machine(machine) => Some(machine),
        _ => None,
    });
    machines.flat_map(|machine| &machine.members)
}

/// All variants that the file declares.
pub(super) fn variants(module: &Module) -> impl Iterator<Item = &Variant> {
    module.items.iter().flat_map(|item| {
        let bodies: Vec<&TypeBody> = match &item.kind {
            ItemKind::Type(item) => vec![&item.body],
            ItemKind::Machine(machine) => machine.members.iter().filter_map(body_of).collect(),
            ItemKind::Const(_) | ItemKind::Function(_) | ItemKind::Error => Vec::new(),
        };
        bodies.into_iter().filter_map(|body| match body {
            TypeBody::Variant(variant) => Some(variant),
            TypeBody::Type(_) => None,
        })
    })
}

fn body_of(member: &Member) -> Option<&TypeBody> {
    match &member.kind {
        MemberKind::Input(body) | MemberKind::Output(body) | MemberKind::State(body) => Some(body),
        _ => None,
    }
}

fn first_word(source: &Source, span: Span) -> Span {
    let text = source.slice(span);
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    let length = u32::try_from(end.unwrap_or(text.len())).unwrap_or(0);
    Span::new(span.start, span.start + length)
}

/// A text in one line, cut where an outline would be too wide.
fn one_line(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.chars().count() {
        0 => "_".to_owned(),
        count if count <= CHARS_MAX => line,
        _ => line.chars().take(CHARS_MAX).chain(['…']).collect(),
    }
}
