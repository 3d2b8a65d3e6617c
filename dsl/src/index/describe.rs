//! What there is to say of a place: how a thing is declared, its type, its documentation.

use super::{Index, Key, Mention};
use crate::ast::{FunctionBody, Item, ItemKind, MemberKind};
use crate::builtin;
use crate::check::sight::Reading;
use crate::source::{Source, Span};

/// What is said of a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// What it is said of.
    pub span: Span,
    /// In the language: `count: Int`, `fn min_of(xs: List(Int)) -> Int`.
    pub code: String,
    /// What kind of thing it is, in words; empty if the code says it.
    pub text: String,
    /// The `///` lines of its definition.
    pub documentation: Option<String>,
}

/// Bytes of a declaration that are shown.
const DECLARATION_BYTES_MAX: usize = 600;

impl Index {
    /// What is to be said of the name at a byte, or else of the innermost expression, pattern or arrow there.
    #[must_use]
    pub fn describe(&mut self, source: &Source, byte: u32) -> Option<Description> {
        if let Some(place) = self.chosen(byte) {
            let mention = self.mentions[place].clone();
            return Some(self.describe_name(source, &mention));
        }
        if let Some(handler) = self.describe_handler(source, byte) {
            return Some(handler);
        }
        let (span, reading) = self.innermost(byte)?;
        let code = self.read(reading)?;
        let text = String::new();
        let documentation = None;
        Some(Description {
            span,
            code,
            text,
            documentation,
        })
    }

    /// A type as the language writes it; nothing if it is not known.
    fn read(&mut self, reading: Reading) -> Option<String> {
        match reading {
            Reading::Value(partial) => {
                let text = self.types.describe(partial);
                (text != "_").then_some(text)
            }
            Reading::Arrow(domain, codomain) => {
                let (from, to) = (self.types.describe(domain), self.types.describe(codomain));
                Some(format!("{from} -> {to}"))
            }
            Reading::None => None,
        }
    }

    fn innermost(&self, byte: u32) -> Option<(Span, Reading)> {
        let end = self
            .readings
            .partition_point(|(span, _)| span.start <= byte);
        let mut found: Option<(Span, Reading)> = None;
        for (span, reading) in &self.readings[..end] {
            let length = span.end - span.start;
            let is_inside = found.is_none_or(|(best, _)| length <= best.end - best.start);
            if byte < span.end && is_inside {
                found = Some((*span, *reading));
            }
        }
        found
    }

    fn describe_name(&mut self, source: &Source, mention: &Mention) -> Description {
        let name = source.slice(mention.span).to_owned();
        let typed = self.read(mention.reading);
        let typed = typed.unwrap_or_else(|| "_".to_owned());
        let mut documentation = None;
        let (code, text) = match &mention.key {
            Key::Local(_) => (format!("{name}: {typed}"), String::new()),
            Key::Word(word) => (format!("{word}: {typed}"), about(word).to_owned()),
            Key::Field(..) => (format!("{name}: {typed}"), "a field".to_owned()),
            Key::Constructor(..) => (
                self.declared_constructor(source, mention, &name),
                format!("a constructor of `{typed}`"),
            ),
            Key::Builtin(own) => {
                let usage = builtin::find(own).map_or(*own, |entry| entry.usage);
                (usage.to_owned(), "a function of the language".to_owned())
            }
            Key::Function(_) | Key::Type(_) => {
                let item = self.item_of(&mention.key);
                documentation = item.and_then(|item| item.documentation.clone());
                let code = item.map(|item| header(source, item));
                let flags = item.and_then(|item| self.function_flags(item.span));
                (
                    code.unwrap_or_else(|| self.member_type(source, mention, &name)),
                    flags.unwrap_or_default(),
                )
            }
        };
        Description {
            span: mention.span,
            code,
            text,
            documentation,
        }
    }

    /// What a function does besides giving a value; nothing is known of it while the source has a mistake.
    fn function_flags(&self, item: Span) -> Option<String> {
        let mut functions = self.flags.as_ref()?.functions.iter();
        let found = functions.find(|it| it.span == item)?;
        Some(found.flags.to_string())
    }

    /// At the word `on`, what the handler does.
    fn describe_handler(&self, source: &Source, byte: u32) -> Option<Description> {
        let flags = self.flags.as_ref()?.handlers.iter();
        let mut at_word = flags.filter(|it| it.span.start <= byte && byte <= it.span.start + 2);
        let handler = at_word.next()?;
        let members = super::symbol::machine_members(&self.module);
        let on = members.filter_map(|member| match &member.kind {
            MemberKind::On(on) if member.span == handler.span => Some(on),
            _ => None,
        });
        let on = on.last()?;
        let head = on.state.as_ref().map_or(on.input.span, |it| it.span);
        let word = Span::new(handler.span.start, handler.span.start + 2);
        let query = if handler.is_query() { ": a query" } else { "" };
        Some(Description {
            span: word,
            code: short(source.slice(word.to(head))),
            text: format!("{}{query}", handler.flags),
            documentation: None,
        })
    }

    /// `Sum(Int)` as it is declared in the file, or the name alone.
    fn declared_constructor(&self, source: &Source, mention: &Mention, name: &str) -> String {
        let mut own = self.mentions_of(&mention.key);
        let definition = own.find(|it| it.is_definition).map(|it| it.span);
        let text = definition.and_then(|at| self.constructor_text(source, at));
        text.unwrap_or_else(|| name.to_owned())
    }

    fn constructor_text(&self, source: &Source, name: Span) -> Option<String> {
        let bodies = super::symbol::variants(&self.module);
        let mut constructors = bodies.flat_map(|variant| &variant.constructors);
        let found = constructors.find(|constructor| constructor.name.span == name)?;
        Some(source.slice(found.span).to_owned())
    }

    /// A type that a member declares: `state { count: Int }`.
    fn member_type(&self, source: &Source, mention: &Mention, name: &str) -> String {
        let mut own = self.mentions_of(&mention.key);
        let definition = own.find(|it| it.is_definition);
        match definition {
            Some(it) => format!("type {name} = {}", short(source.slice(it.span))),
            None => name.to_owned(),
        }
    }

    /// The item of the file that defines a thing.
    fn item_of(&self, key: &Key) -> Option<&Item> {
        let mut own = self.mentions_of(key);
        let at = own.find(|it| it.is_definition)?.span;
        self.module.items.iter().find(|item| {
            let name = match &item.kind {
                ItemKind::Type(item) => &item.name,
                ItemKind::Const(item) => &item.name,
                ItemKind::Function(item) => &item.name,
                ItemKind::Machine(_) | ItemKind::Error => return false,
            };
            name.span == at
        })
    }
}

/// How an item is declared, without what it computes.
fn header(source: &Source, item: &Item) -> String {
    let end = match &item.kind {
        ItemKind::Function(function) => match &function.body {
            FunctionBody::Pointful { block, .. } => block.span.start,
            FunctionBody::PointFree { to, .. } => to.span.end,
        },
        ItemKind::Const(_) | ItemKind::Type(_) | ItemKind::Machine(_) | ItemKind::Error => {
            item.span.end
        }
    };
    short(source.slice(Span::new(item.span.start, end)).trim_end())
}

fn short(text: &str) -> String {
    if text.len() <= DECLARATION_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = DECLARATION_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

fn about(word: &str) -> &'static str {
    match word {
        "state" => "the state as it is here",
        "prev" => "the state before",
        "reply" => "the answer of the step",
        "at" => "when the node received the input, in milliseconds",
        "from" => "who sent the input",
        "seq" => "the number of the step",
        _ => "",
    }
}
