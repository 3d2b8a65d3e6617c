//! New names for old things, refused where the source would mean something else.
//!
//! The judge is the checker: the source is read again with the new name, and every name in it must still mean what
//! it meant.

use std::collections::BTreeMap;
use std::fmt;

use super::{Index, Key, Kind, Mention};
use crate::ast::{
    ExpectedKind, ItemKind, MemberKind, MigrateBody, Module, Trace, TraceLineKind, Version,
};
use crate::history::History;
use crate::problem::{Edit, Severity};
use crate::source::{Source, Span};

/// Why something was not renamed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No name stands at the place.
    NoName,
    /// It has its name from the language.
    OfTheLanguage(String),
    /// It is in an older version only, which was released.
    Released(String),
    /// It is no name, or not one for such a thing.
    NoNameForIt {
        /// What was asked for.
        name: String,
        /// What the name must begin with.
        wanted: &'static str,
    },
    /// The source would have a new problem.
    Problem(String),
    /// A name would mean something else than before.
    Clash(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoName => write!(f, "no name stands here"),
            Refusal::OfTheLanguage(name) => write!(f, "`{name}` has its name from the language"),
            Refusal::Released(name) => {
                write!(
                    f,
                    "`{name}` is part of a released version, which never changes"
                )
            }
            Refusal::NoNameForIt { name, wanted } => write!(
                f,
                "`{name}` cannot be its name: that is {wanted}, then letters, digits and `_`"
            ),
            Refusal::Problem(title) => write!(f, "the source would be wrong then: {title}"),
            Refusal::Clash(name) => write!(f, "`{name}` means something else here already"),
        }
    }
}

impl std::error::Error for Refusal {}

impl Index {
    /// The name that would be renamed at a byte.
    ///
    /// # Errors
    /// If there is none, or none that the author may change.
    pub fn renamable(&self, source: &Source, byte: u32) -> Result<Span, Refusal> {
        let place = self.chosen(byte).ok_or(Refusal::NoName)?;
        let mention = &self.mentions[place];
        let name = source.slice(mention.span).to_owned();
        if matches!(mention.key.kind(), Kind::Builtin | Kind::Word) {
            return Err(Refusal::OfTheLanguage(name));
        }
        let mut definitions = self.mentions_of(&mention.key).filter(|it| it.is_definition);
        match definitions.next() {
            // `state { … }` declares `State` without writing it.
            Some(it) if source.slice(it.span) != name => Err(Refusal::OfTheLanguage(name)),
            Some(_) => Ok(mention.span),
            None if matches!(name.as_str(), "Some" | "None" | "Left" | "Right") => {
                Err(Refusal::OfTheLanguage(name))
            }
            None => Err(Refusal::Released(name)),
        }
    }

    /// The edits that give what is named at a byte another name, in the order of the source.
    ///
    /// # Errors
    /// If the name is none, is taken, or would change what another name means.
    pub fn rename(
        &self,
        source: &Source,
        history: &History,
        byte: u32,
        name: &str,
    ) -> Result<Vec<Edit>, Refusal> {
        self.renamable(source, byte)?;
        let place = self.chosen(byte).ok_or(Refusal::NoName)?;
        let key = &self.mentions[place].key;
        check_form(key.kind(), name)?;
        let released = released_places(&self.module);
        let is_released = |span: Span| {
            let is_of_type = matches!(key, Key::Constructor(..) | Key::Field(..));
            let holds = |place: &Span| place.start <= span.start && span.end <= place.end;
            is_of_type && released.iter().any(holds)
        };
        let mut edits = Vec::new();
        for mention in self.mentions_of(key).filter(|it| !is_released(it.span)) {
            if source.slice(mention.span) != name {
                edits.push(self.edit(source, mention, name));
            }
        }
        self.judge(source, history, key, &edits, name)?;
        Ok(edits)
    }

    /// The new name in one place. `{ count }` is a field and a value: only one of them is renamed.
    fn edit(&self, source: &Source, mention: &Mention, name: &str) -> Edit {
        let span = mention.span;
        let others = self.at(span.start).into_iter();
        let mut others = others
            .map(|place| &self.mentions[place])
            .filter(|it| it.span == span && it.key != mention.key);
        let old = source.slice(span);
        let text = match others.next().map(|it| &it.key) {
            Some(Key::Field(..)) => format!("{old}: {name}"),
            Some(_) if matches!(mention.key, Key::Field(..)) => format!("{name}: {old}"),
            _ => name.to_owned(),
        };
        Edit { span, text }
    }

    /// Reads the source again with the edits: it must have no new problem, and each name must mean what it meant.
    fn judge(
        &self,
        source: &Source,
        history: &History,
        key: &Key,
        edits: &[Edit],
        name: &str,
    ) -> Result<(), Refusal> {
        let text = applied(source.text(), edits);
        let changed = Source::new(source.name(), text)
            .map_err(|error| Refusal::Problem(error.to_string()))?;
        let after = Index::new(&changed, history);
        if let Some(title) = self.new_problem(&after) {
            return Err(Refusal::Problem(title));
        }
        let mut meanings: BTreeMap<&Key, &Key> = BTreeMap::new();
        let mut origins: BTreeMap<&Key, &Key> = BTreeMap::new();
        for mention in &self.mentions {
            let here = after.at(moved(mention, edits)).into_iter();
            let here: Vec<&Key> = here.map(|place| &after.mentions[place].key).collect();
            let kind = mention.key.kind();
            let Some(found) = here.into_iter().find(|it| it.kind() == kind) else {
                return Err(Refusal::Clash(name.to_owned()));
            };
            let is_same = *meanings.entry(&mention.key).or_insert(found) == found
                && (matches!(key, Key::Field(..) | Key::Constructor(..))
                    || *origins.entry(found).or_insert(&mention.key) == &mention.key);
            if !is_same {
                return Err(Refusal::Clash(name.to_owned()));
            }
        }
        Ok(())
    }

    /// An error that was not there before. What the new name means for older versions is the author's business.
    fn new_problem(&self, after: &Index) -> Option<String> {
        let mut before: BTreeMap<&str, usize> = BTreeMap::new();
        for problem in &self.problems {
            *before.entry(problem.code.name).or_default() += 1;
        }
        let errors = after
            .problems
            .iter()
            .filter(|it| it.severity() == Severity::Error && !it.code.name.starts_with('U'));
        for problem in errors {
            match before.get_mut(problem.code.name) {
                Some(count) if *count > 0 => *count -= 1,
                _ => return Some(problem.title.clone()),
            }
        }
        None
    }
}

fn check_form(kind: Kind, name: &str) -> Result<(), Refusal> {
    let is_upper = matches!(kind, Kind::Type | Kind::Constructor);
    let first = |c: char| match is_upper {
        true => c.is_ascii_uppercase(),
        false => c.is_ascii_lowercase(),
    };
    let is_name = name.starts_with(first)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !crate::token::Word::ALL
            .iter()
            .any(|word| word.spelling() == name);
    let wanted = match is_upper {
        true => "a capital letter",
        false => "a small letter (and no reserved word)",
    };
    match is_name {
        true => Ok(()),
        false => Err(Refusal::NoNameForIt {
            name: name.to_owned(),
            wanted,
        }),
    }
}

/// The text after edits that are in order and do not overlap.
fn applied(text: &str, edits: &[Edit]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        let range = edit.span.range();
        changed.push_str(text.get(done..range.start).unwrap_or_default());
        changed.push_str(&edit.text);
        done = range.end;
    }
    changed.push_str(text.get(done..).unwrap_or_default());
    changed
}

/// Where a name comes to stand. In `field: value` a field is the first of two, a value the last.
fn moved(mention: &Mention, edits: &[Edit]) -> u32 {
    let byte = mention.span.start;
    let mut place = i64::from(byte);
    if let Some(edit) = edits.iter().find(|edit| edit.span == mention.span)
        && !matches!(mention.key, Key::Field(..))
        && let Some((field, _)) = edit.text.split_once(": ")
    {
        place += i64::try_from(field.len() + 2).unwrap_or(0);
    }
    for edit in edits.iter().take_while(|edit| edit.span.start < byte) {
        let length = i64::try_from(edit.text.len()).unwrap_or(0);
        place += length - i64::from(edit.span.end - edit.span.start);
    }
    u32::try_from(place).unwrap_or(0)
}

/// Places whose types are those of a released version, even where this version has the same.
fn released_places(module: &Module) -> Vec<Span> {
    let mut places = Vec::new();
    let machines = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Machine(machine) => Some(machine),
        _ => None,
    });
    for machine in machines {
        for member in &machine.members {
            match &member.kind {
                MemberKind::Migrate(migrate) => places.extend(match &migrate.body {
                    MigrateBody::By { pattern, .. } => Some(pattern.span),
                    MigrateBody::Auto { pattern, .. } => pattern.as_ref().map(|it| it.span),
                    MigrateBody::Unchanged(_) => None,
                }),
                MemberKind::MigrateBack(back) => places.push(back.value.span),
                MemberKind::Accept(adapter) => {
                    places.extend(adapter.arms.iter().map(|arm| arm.pattern.span));
                }
                MemberKind::Reply(adapter) => {
                    places.extend(adapter.arms.iter().map(|arm| arm.body.span));
                }
                MemberKind::Trace(trace) => released_lines(trace, machine.version, &mut places),
                _ => {}
            }
        }
    }
    places
}

/// The lines of a trace that an older version answers, or an older client says.
fn released_lines(trace: &Trace, this: Version, places: &mut Vec<Span>) {
    let mut is_old = trace.from.is_some();
    for line in &trace.lines {
        match &line.kind {
            TraceLineKind::Upgrade { .. } => is_old = false,
            TraceLineKind::Send {
                client, expected, ..
            } => {
                let is_older = client.is_some_and(|client| client.number != this.number);
                if is_old || is_older {
                    places.push(line.span);
                } else if let Some(expected) = expected
                    && matches!(expected.kind, ExpectedKind::Retired)
                {
                    places.push(expected.span);
                }
            }
            _ if is_old => places.push(line.span),
            _ => {}
        }
    }
}
