//! Problems: what is wrong with a source, where, and what to do about it.
//!
//! A problem is data. It becomes text in `render`, for people, and in the command line's `--json`, for programs.

pub mod catalogue;
pub mod habit;
mod nearest;
mod pages;
mod render;

pub use catalogue::Code;
pub use nearest::nearest;
pub use pages::{Page, page};

use crate::limits::{PROBLEMS_MAX, SHOWN_NAME_CHARS_MAX};
use crate::source::Span;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be built.
    Error,
    /// It means something, probably not what was wanted.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One mistake, with everything that helps to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of mistake it is. There is one code for each way to mend it.
    pub code: Code,
    /// What is wrong, in the author's words: one line, lower case, names in backticks, no full stop.
    pub title: String,
    /// Where.
    pub primary: Label,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do, with text that can be pasted.
    pub help: Vec<String>,
    /// The same for an editor.
    pub fixes: Vec<Fix>,
}

/// A place, and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Empty if there is nothing to say.
    pub text: String,
}

/// A change of the source that mends a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What an editor offers.
    pub title: String,
    /// The edits, none of which overlap.
    pub edits: Vec<Edit>,
}

/// A piece of the source and what replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Problem {
    /// A problem with a place and nothing else.
    pub fn new(code: Code, span: Span, title: impl Into<String>) -> Problem {
        Problem {
            code,
            title: with_short_names(title.into()),
            primary: Label {
                span,
                text: String::new(),
            },
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Says something at the place itself.
    #[must_use]
    pub fn saying(mut self, text: impl Into<String>) -> Problem {
        self.primary.text = with_short_names(text.into());
        self
    }

    /// Points at another place; the text may be empty.
    #[must_use]
    pub fn pointing_at(mut self, span: Span, text: impl Into<String>) -> Problem {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn noting(mut self, text: impl Into<String>) -> Problem {
        self.notes.push(with_short_names(text.into()));
        self
    }

    /// Adds something to do.
    #[must_use]
    pub fn helping(mut self, text: impl Into<String>) -> Problem {
        self.help.push(with_short_names(text.into()));
        self
    }

    /// Adds a change an editor can make.
    #[must_use]
    pub fn fixed_by(
        mut self,
        title: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Problem {
        let edits = vec![Edit {
            span,
            text: text.into(),
        }];
        self.fixes.push(Fix {
            title: title.into(),
            edits,
        });
        self
    }

    /// How bad it is; the code decides.
    pub fn severity(&self) -> Severity {
        self.code.severity
    }
}

/// A message in which names are cut where nobody reads on: the source may hold one of megabytes.
fn with_short_names(text: String) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    if text.len() <= SHOWN_NAME_CHARS_MAX {
        return text;
    }
    let mut short = String::with_capacity(text.len().min(1024));
    let mut length = 0;
    for c in text.chars() {
        length = if is_of_name(c) { length + 1 } else { 0 };
        if length <= SHOWN_NAME_CHARS_MAX {
            short.push(c);
        } else if length == SHOWN_NAME_CHARS_MAX + 1 {
            short.push('…');
        }
    }
    short
}

/// The problems of one source, in its order, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// Sorted by place and code.
    problems: Vec<Problem>,
    /// How many more there were than `PROBLEMS_MAX`.
    omitted: usize,
}

impl Problems {
    /// No problems.
    pub fn new() -> Problems {
        Problems::default()
    }

    /// Adds a problem, unless one of the same code at the same place is there already.
    pub fn push(&mut self, problem: Problem) {
        let key = |p: &Problem| (p.primary.span, p.code);
        let is_full = self.problems.len() >= PROBLEMS_MAX;
        if is_full && problem.severity() == Severity::Error {
            self.leave_out_a_warning();
        }
        match self.problems.binary_search_by_key(&key(&problem), key) {
            Ok(_) => {}
            Err(_) if self.problems.len() >= PROBLEMS_MAX => self.omitted += 1,
            Err(place) => self.problems.insert(place, problem),
        }
    }

    /// Warnings never take the place of an error.
    fn leave_out_a_warning(&mut self) {
        let is_warning = |problem: &Problem| problem.severity() == Severity::Warning;
        if let Some(place) = self.problems.iter().rposition(is_warning) {
            self.problems.remove(place);
            self.omitted += 1;
        }
    }

    /// Adds all problems of another list.
    pub fn append(&mut self, other: Problems) {
        self.omitted += other.omitted;
        other
            .problems
            .into_iter()
            .for_each(|problem| self.push(problem));
    }

    /// Takes back the problems a predicate does not want to keep, for a cause that was understood later.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Problem) -> bool) {
        self.problems.retain(keep);
    }

    /// The problems in the order of the source.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.problems.iter()
    }

    /// How many there are, without those that were omitted.
    pub fn len(&self) -> usize {
        self.problems.len()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// How many were left out because nobody would read them.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether any of them is more than a warning.
    pub fn has_errors(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity() == Severity::Error)
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::catalogue::{P001, P010};
    use super::*;

    #[test]
    fn names_are_cut_where_nobody_reads_on() {
        let table = [(64, "a".repeat(64)), (65, "a".repeat(64) + "…")];
        for (length, shown) in table {
            let name = "a".repeat(length);
            let problem = Problem::new(P001, Span::new(0, 1), format!("no `{name}` in `{name}`"))
                .noting(format!("`{name}`"))
                .helping(format!("`{name}`"));
            assert_eq!(problem.title, format!("no `{shown}` in `{shown}`"));
            assert_eq!(problem.notes, [format!("`{shown}`")]);
            assert_eq!(problem.help, [format!("`{shown}`")]);
        }
    }

    #[test]
    fn problems_are_sorted_and_each_is_there_once() {
        let mut problems = Problems::new();
        for (code, start) in [(P010, 9), (P001, 4), (P010, 4), (P010, 9), (P001, 0)] {
            problems.push(Problem::new(code, Span::new(start, start + 1), "a title"));
        }
        let found: Vec<_> = problems
            .iter()
            .map(|p| (p.primary.span.start, p.code.name))
            .collect();
        assert_eq!(found, [(0, "P001"), (4, "P001"), (4, "P010"), (9, "P010")]);
    }

    #[test]
    fn problems_beyond_the_limit_are_counted_only() {
        let mut problems = Problems::new();
        for start in 0..u32::try_from(PROBLEMS_MAX).unwrap() + 7 {
            problems.push(Problem::new(P001, Span::new(start, start + 1), "a title"));
        }
        assert_eq!((problems.len(), problems.omitted()), (PROBLEMS_MAX, 7));
    }
}
