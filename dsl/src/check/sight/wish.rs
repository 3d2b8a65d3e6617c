//! What may be written at one place: the names in scope there, those that fit first.

use std::collections::BTreeSet;

use cam::schema::Name;

use super::super::Checker;
use super::super::names::Definition;
use super::super::types::{Form, Partial};
use crate::ast;
use crate::builtin;
use crate::source::Span;

/// Something that may be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// What is written.
    pub name: String,
    /// What it is.
    pub kind: CandidateKind,
    /// Its type, or how it is called; empty if there is nothing to say.
    pub detail: String,
    /// Whether it has the type that is wanted.
    pub fits: bool,
}

/// What a candidate is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CandidateKind {
    /// A constructor.
    Constructor,
    /// A name for a value.
    Local,
    /// A field of the state, or of the record before the dot.
    Field,
    /// `const`
    Constant,
    /// `fn`
    Function,
    /// A function of the language.
    Builtin,
    /// A type.
    Type,
    /// A word of the language.
    Word,
}

/// A question for one place.
pub(super) struct Wish {
    place: u32,
    found: Option<Vec<Candidate>>,
}

impl Wish {
    pub(super) fn at(place: u32) -> Wish {
        Wish { place, found: None }
    }

    pub(super) fn candidates(&self) -> Option<&[Candidate]> {
        self.found.as_deref()
    }
}

const TYPES: [&str; 9] = [
    "Bool", "Bytes", "Either", "Int", "List", "Map", "Option", "Set", "Text",
];

impl Checker<'_> {
    /// Whether this is the place that was asked for, and nothing was found there yet.
    fn is_wished(&self, span: Span) -> bool {
        self.sights.as_deref().is_some_and(|sights| {
            let is_there = |wish: &Wish| {
                wish.found.is_none() && span.start <= wish.place && wish.place <= span.end
            };
            sights.muted == 0 && sights.wish.as_ref().is_some_and(is_there)
        })
    }

    fn grant(&mut self, found: Vec<Candidate>) {
        let wish = self.sights.as_deref_mut().and_then(|it| it.wish.as_mut());
        if let Some(wish) = wish {
            wish.found = Some(found);
        }
    }

    /// A value is written here.
    pub(in super::super) fn wish_value(&mut self, span: Span, wanted: Option<Partial>) {
        if !self.is_wished(span) {
            return;
        }
        let goal = self.goal(wanted);
        let mut found = self.own_constructors(wanted);
        self.add_locals(&goal, &mut found);
        self.add_frame(&goal, &mut found);
        self.add_functions(&goal, &mut found);
        self.add_other_constructors(&mut found);
        let builtins = builtin::TABLE.iter().map(|entry| Candidate {
            name: entry.name.to_owned(),
            kind: CandidateKind::Builtin,
            detail: entry.usage.to_owned(),
            fits: false,
        });
        found.extend(builtins);
        if goal.as_deref() == Some("Bool") {
            found.extend(["true", "false", "not"].map(|word| word_candidate(word, true)));
        }
        self.grant(found);
    }

    /// A pattern is written here.
    pub(in super::super) fn wish_pattern(&mut self, span: Span, wanted: Partial) {
        if self.is_wished(span) {
            let mut found = self.own_constructors(Some(wanted));
            found.push(word_candidate("_", false));
            self.grant(found);
        }
    }

    /// An arrow is written here.
    pub(in super::super) fn wish_arrow(&mut self, span: Span, hint: Option<Partial>) {
        if !self.is_wished(span) {
            return;
        }
        let goal = self.goal(hint);
        let mut found = self.own_constructors(hint);
        self.add_functions(&goal, &mut found);
        self.add_other_constructors(&mut found);
        let words = builtin::arrow_names();
        found.extend(words.map(|word| word_candidate(word, false)));
        let builtins = builtin::TABLE.iter().filter(|it| !it.usage.contains("fn("));
        found.extend(builtins.map(|entry| Candidate {
            name: entry.name.to_owned(),
            kind: CandidateKind::Builtin,
            detail: entry.usage.to_owned(),
            fits: false,
        }));
        self.grant(found);
    }

    /// A field of a record is written here; those in `present` are there already.
    pub(in super::super) fn wish_field<'n>(
        &mut self,
        span: Span,
        record: Partial,
        present: impl Iterator<Item = &'n ast::Name>,
    ) {
        if !self.is_wished(span) {
            return;
        }
        let present: BTreeSet<&str> = present
            .filter(|name| name.span != span)
            .map(|name| name.text.as_str())
            .collect();
        if let Form::Record(fields) = self.types.form(record) {
            let open = fields
                .into_iter()
                .filter(|(name, _)| !present.contains(&**name));
            let found = open
                .map(|(name, kind)| Candidate {
                    name: name.to_string(),
                    kind: CandidateKind::Field,
                    detail: self.types.describe(kind),
                    fits: true,
                })
                .collect();
            self.grant(found);
        }
    }

    /// A type is written here.
    pub(in super::super) fn wish_type(&mut self, span: Span) {
        if self.is_wished(span) {
            let own: Vec<String> = self.names.type_names().map(str::to_owned).collect();
            let types = own.into_iter().map(|name| (name, true));
            let types = types.chain(TYPES.map(|name| (name.to_owned(), false)));
            let found = types
                .map(|(name, fits)| Candidate {
                    name,
                    kind: CandidateKind::Type,
                    detail: String::new(),
                    fits,
                })
                .collect();
            self.grant(found);
        }
    }

    /// The type that is wanted, as it is written; nothing if it is not known.
    fn goal(&mut self, wanted: Option<Partial>) -> Option<String> {
        let goal = self.types.describe(wanted?);
        (goal != "_").then_some(goal)
    }

    fn own_constructors(&mut self, wanted: Option<Partial>) -> Vec<Candidate> {
        let own = wanted.and_then(|wanted| self.constructors(wanted));
        let own: Vec<(Name, Partial)> = own.unwrap_or_default();
        own.into_iter()
            .map(|(name, payload)| Candidate {
                name: name.to_string(),
                kind: CandidateKind::Constructor,
                detail: self.carried_text(&name, payload),
                fits: true,
            })
            .collect()
    }

    /// A constructor with what it carries, as it is declared.
    fn carried_text(&mut self, name: &str, payload: Partial) -> String {
        match self.types.describe(payload) {
            nothing if nothing == "()" => name.to_owned(),
            record if record.starts_with('{') => format!("{name} {record}"),
            tuple if tuple.starts_with('(') => format!("{name}{tuple}"),
            one => format!("{name}({one})"),
        }
    }

    fn add_other_constructors(&mut self, found: &mut Vec<Candidate>) {
        let all: BTreeSet<String> = self.names.constructor_names().map(str::to_owned).collect();
        let known: BTreeSet<String> = found.iter().map(|it| it.name.clone()).collect();
        found.extend(all.difference(&known).map(|name| Candidate {
            name: name.clone(),
            kind: CandidateKind::Constructor,
            detail: String::new(),
            fits: false,
        }));
    }

    fn add_locals(&mut self, goal: &Option<String>, found: &mut Vec<Candidate>) {
        let mut seen = BTreeSet::new();
        let locals: Vec<(String, Partial)> = self
            .scope
            .visible()
            .map(|binding| (binding.name.clone(), binding.partial))
            .filter(|(name, _)| seen.insert(name.clone()))
            .collect();
        for (name, partial) in locals {
            self.add_value(&name, CandidateKind::Local, partial, goal, found);
        }
    }

    /// The state, its fields, and what the node stamps.
    fn add_frame(&mut self, goal: &Option<String>, found: &mut Vec<Candidate>) {
        let hidden: BTreeSet<String> = found.iter().map(|it| it.name.clone()).collect();
        if let Some(view) = self.frame.state {
            if let Form::Record(fields) = self.types.form(view.partial) {
                for (name, kind) in fields.iter().filter(|(name, _)| !hidden.contains(&**name)) {
                    self.add_value(name, CandidateKind::Field, *kind, goal, found);
                }
            }
            self.add_value("state", CandidateKind::Word, view.partial, goal, found);
            if view.entry.is_some() {
                self.add_value("prev", CandidateKind::Word, view.partial, goal, found);
            }
        }
        let moments = [("prev", self.frame.past), ("reply", self.frame.reply)];
        for (word, moment) in moments {
            if let Some((_, partial)) = moment {
                self.add_value(word, CandidateKind::Word, partial, goal, found);
            }
        }
        for stamp in self.frame.stamps.clone() {
            let partial = self.stamp_type(stamp);
            self.add_value(stamp.word(), CandidateKind::Word, partial, goal, found);
        }
    }

    fn add_functions(&mut self, goal: &Option<String>, found: &mut Vec<Candidate>) {
        let functions: Vec<(String, bool, Vec<Partial>, Partial)> = self
            .names
            .signatures
            .iter()
            .map(|it| {
                let is_constant = matches!(it.item, Definition::Const(_));
                let name = it.name.text.clone();
                (name, is_constant, it.parameters.clone(), it.codomain)
            })
            .collect();
        for (name, is_constant, parameters, codomain) in functions {
            let result = self.types.describe(codomain);
            let parameters: Vec<String> = parameters
                .into_iter()
                .map(|kind| self.types.describe(kind))
                .collect();
            let (kind, detail) = match is_constant {
                true => (CandidateKind::Constant, result.clone()),
                false => (
                    CandidateKind::Function,
                    format!("({}) -> {result}", parameters.join(", ")),
                ),
            };
            found.push(Candidate {
                name,
                kind,
                detail,
                fits: *goal == Some(result),
            });
        }
    }

    fn add_value(
        &mut self,
        name: &str,
        kind: CandidateKind,
        partial: Partial,
        goal: &Option<String>,
        found: &mut Vec<Candidate>,
    ) {
        let detail = self.types.describe(partial);
        found.push(Candidate {
            name: name.to_owned(),
            kind,
            fits: goal.as_ref() == Some(&detail),
            detail,
        });
    }
}

fn word_candidate(word: &str, fits: bool) -> Candidate {
    Candidate {
        name: word.to_owned(),
        kind: CandidateKind::Word,
        detail: String::new(),
        fits,
    }
}
