//! What a machine says about older versions: migrations of the state, adapters for old clients.

use cam::schema::Schema;

use super::automatic::Words;
use super::exhaustive::Place;
use super::machine::{Interface, Parts};
use super::types::{Form, Partial};
use super::{Checker, Frame, Migrating};
use crate::ast;
use crate::chain;
use crate::problem::Problem;
use crate::problem::catalogue::{M108, U301, U302, U305, U306, U308, U309};
use crate::source::Span;
use crate::typed::{Conversion, ExprKind, Manner, PatternId, PatternKind};

impl<'a> Checker<'a> {
    /// The interface of an older version; reported if there is none.
    pub(super) fn older(&mut self, version: &ast::Version, this: u32) -> Option<Interface> {
        if version.number == 0 {
            self.report_no_version(version);
            return None;
        }
        if version.number >= this {
            let title = format!(
                "version {} is not older than this one, which is {this}",
                version.number
            );
            let problem = Problem::new(U308, version.span, title);
            self.report(problem.helping(
                "name a version that was released before, or raise the version of the machine",
            ));
            return None;
        }
        match self.history.get(version.number) {
            Some(schema) => Some(self.interface_of(schema)),
            None => {
                let known: Vec<String> = self
                    .history
                    .versions()
                    .map(|version| version.to_string())
                    .collect();
                let problem = Problem::new(
                    U301,
                    version.span,
                    format!("version {} is not in the history", version.number),
                );
                self.report(if known.is_empty() {
                    problem.helping(
                        "release it first: what runs on a node is in `history/` after `cam bundle`",
                    )
                } else {
                    problem.helping(format!("released versions: {}", known.join(", ")))
                });
                None
            }
        }
    }

    /// A version that is 0, or was missing; the parser has reported the latter.
    pub(super) fn report_no_version(&mut self, version: &ast::Version) {
        self.spoil();
        if self
            .quote(version.span)
            .is_some_and(|text| text.starts_with('0'))
        {
            let problem = Problem::new(M108, version.span, "versions are counted from 1");
            self.report(problem.helping("write `version 1` for the first"));
        }
    }

    fn interface_of(&mut self, schema: &Schema) -> Interface {
        let [input, output, state] = [schema.input, schema.output, schema.state].map(|id| {
            let own = self.types.import(&schema.shapes, id);
            self.types.closed(own)
        });
        Interface {
            version: schema.version,
            stamps: schema.stamps.clone(),
            input,
            output,
            state,
        }
    }

    /// Whether a member is the first of its kind for a version; reported if not.
    pub(super) fn is_first(
        &mut self,
        word: &str,
        version: &ast::Version,
        span: Span,
        seen: &mut Vec<(u32, Span)>,
    ) -> bool {
        let first = seen
            .iter()
            .find(|(number, _)| *number == version.number)
            .map(|(_, first)| *first);
        if let Some(first) = first {
            let title = format!("there are two `{word}` {}", version.number);
            let problem = Problem::new(U306, span, title).pointing_at(first, "the first is here");
            self.report(problem.helping("remove one"));
        }
        seen.push((version.number, span));
        first.is_none()
    }

    /// Warns of what is said about versions that nobody can come from: it is in no upgrade.
    pub(super) fn judge_reach(&mut self, parts: &Parts<'a>) {
        if self.problems.has_errors() || self.is_spoilt {
            return; // the migration may be what could not be read
        }
        let backs = parts
            .backs
            .iter()
            .map(|(back, _)| ("migrate back to", &back.to));
        let accepts = parts.accepts.iter();
        let accepts = accepts.map(|(adapter, _)| ("accept from", &adapter.version));
        let replies = parts.replies.iter();
        let replies = replies.map(|(adapter, _)| ("reply to", &adapter.version));
        let across = parts
            .claims
            .iter()
            .filter_map(|(said, _)| Some(("across", said.across()?)))
            .filter(|(_, version)| !self.is_on_a_chain(version.number, parts));
        let written = backs.chain(accepts).chain(replies).chain(across);
        let mut lost: Vec<(&str, &ast::Version)> = written.collect();
        lost.retain(|(_, version)| {
            let mut migrations = parts.migrations.iter();
            migrations.all(|(migrate, _)| migrate.from.number != version.number)
        });
        for (word, version) in lost {
            let number = version.number;
            let title = format!("`{word} {number}` has no effect without `migrate from {number}`");
            let problem = Problem::new(U309, version.span, title);
            self.report(problem.helping(format!(
                "say how the state comes here: `migrate from {number} … => …`"
            )));
        }
    }

    /// Whether a version comes here through versions between.
    fn is_on_a_chain(&self, version: u32, parts: &Parts<'a>) -> bool {
        let starts = parts.migrations.iter();
        let mut starts = starts.map(|(migrate, _)| migrate.from.number);
        chain::way(self.history, version, &mut starts).is_some()
    }

    pub(super) fn migrations(&mut self, parts: &Parts<'a>, this: &Interface) -> Vec<Conversion> {
        let (mut migrations, mut seen) = (Vec::new(), Vec::new());
        for (migrate, span) in &parts.migrations {
            if !self.is_first("migrate from", &migrate.from, *span, &mut seen) {
                continue;
            }
            let Some(old) = self.older(&migrate.from, this.version) else {
                continue;
            };
            let title = format!("migration from {}", old.version);
            migrations.extend(match &migrate.body {
                ast::MigrateBody::Unchanged(at) => self.unchanged(&old, this, *at, *span),
                ast::MigrateBody::By { pattern, value } => {
                    let ways = (old.state, this.state);
                    let title = (title, old.version);
                    self.migration((old.version, this), title, ways, (pattern, value), *span)
                }
                ast::MigrateBody::Auto { at, pattern, value } => {
                    let words = Words {
                        at: *at,
                        pattern: pattern.as_ref(),
                        value: value.as_ref(),
                        init: parts.init,
                    };
                    self.automatic(&old, this, &words, *span)
                }
            });
        }
        migrations
    }

    pub(super) fn backs(&mut self, parts: &Parts<'a>, this: &Interface) -> Vec<Conversion> {
        let (mut backs, mut seen) = (Vec::new(), Vec::new());
        for (back, span) in &parts.backs {
            if !self.is_first("migrate back to", &back.to, *span, &mut seen) {
                continue;
            }
            if let Some(old) = self.older(&back.to, this.version) {
                let title = format!("migration back to {}", old.version);
                let ways = (this.state, old.state);
                let way = self.migration(
                    (old.version, this),
                    (title, this.version),
                    ways,
                    (&back.pattern, &back.value),
                    *span,
                );
                backs.extend(way.map(|way| Conversion {
                    manner: match back.is_lossy {
                        true => Manner::Lossy,
                        false => Manner::Written,
                    },
                    ..way
                }));
            }
        }
        backs
    }

    fn unchanged(
        &mut self,
        old: &Interface,
        this: &Interface,
        at: Span,
        span: Span,
    ) -> Option<Conversion> {
        let (domain, codomain) = (self.types.shape(old.state)?, self.types.shape(this.state)?);
        if domain != codomain {
            let (was, is) = (
                self.types.describe(old.state),
                self.types.describe(this.state),
            );
            let problem = Problem::new(
                U305,
                at,
                format!("the state has changed since version {}", old.version),
            )
            .noting(format!("version {}: {was}", old.version))
            .noting(format!("version {}: {is}", this.version))
            .helping(format!("say how: `migrate from {} … => …`", old.version));
            self.report(problem);
            return None;
        }
        let parameter = self.scope.fresh();
        let body = self.local(parameter, old.state, at);
        Some(Conversion {
            version: old.version,
            domain,
            codomain,
            parameter,
            body,
            manner: Manner::Written,
            span,
        })
    }

    /// A migration; `title` is its name and the version it reads.
    fn migration(
        &mut self,
        (version, this): (u32, &Interface),
        title: (String, u32),
        (from, to): (Partial, Partial),
        (pattern, value): (&ast::Pattern, &ast::Expr),
        span: Span,
    ) -> Option<Conversion> {
        let frame = Frame {
            stamps: this.stamps.clone(),
            migrating: Some(Migrating {
                title: title.0,
                target: to,
            }),
            ..Frame::default()
        };
        let (parameter, body) = self.within(frame, |checker| {
            let parameter = checker.scope.fresh();
            let argument = checker.local(parameter, from, pattern.span);
            let (mark, mistakes) = (checker.scope.mark(), checker.mistakes);
            let checked = checker.migrated_pattern(pattern, from, mark, title.1);
            let row = checker.row(vec![checked], false, pattern.span, mistakes);
            checker.judge_later(from, vec![row], pattern.span, Place::Single);
            let start = checker.draft.length();
            let body = checker.check(value, to);
            if checker.mistakes == mistakes {
                checker.judge_whole(checked, from, start, pattern.span, title.1);
            }
            checker.leave(mark);
            let whole = ExprKind::Let {
                pattern: checked,
                value: argument,
                body,
            };
            (parameter, checker.draft.expr(whole, to, span))
        });
        let (domain, codomain) = (self.types.shape(from)?, self.types.shape(to)?);
        Some(Conversion {
            version,
            domain,
            codomain,
            parameter,
            body,
            manner: Manner::Written,
            span,
        })
    }

    /// The pattern of a migration names every field, so that nothing is lost in silence.
    fn migrated_pattern(
        &mut self,
        pattern: &ast::Pattern,
        from: Partial,
        mark: usize,
        version: u32,
    ) -> PatternId {
        let none = ast::RecordPattern {
            fields: Vec::new(),
            rest: None,
            span: pattern.span,
        };
        let record = match &pattern.kind {
            ast::PatternKind::Record(record) => record,
            ast::PatternKind::Wildcard if matches!(self.types.form(from), Form::Record(_)) => &none,
            _ => return self.pattern_since(pattern, from, mark),
        };
        let kind = self.record_pattern(record, from, mark, Some(version));
        self.draft.pattern(kind, from, pattern.span)
    }

    /// A name for the whole state drops the fields that are never read, as much as a pattern without them.
    fn judge_whole(
        &mut self,
        pattern: PatternId,
        from: Partial,
        start: usize,
        span: Span,
        version: u32,
    ) {
        let PatternKind::Bind(local) = *self.draft.pattern_kind(pattern) else {
            return;
        };
        let (Form::Record(fields), Some(read)) =
            (self.types.form(from), self.draft.parts_read(local, start))
        else {
            return;
        };
        let lost = fields.iter().enumerate();
        let lost = lost.filter(|(index, _)| !read.contains(index));
        let lost: Vec<&str> = lost.map(|(_, (name, _))| &**name).collect();
        if let Some(first) = lost.first() {
            let title = format!(
                "this migration loses `{}` without saying so",
                lost.join("`, `")
            );
            let state = self.types.describe(from);
            let problem = Problem::new(U302, span, title)
                .saying(format!("version {version}'s state is {state}"));
            self.report(problem.helping(format!(
                "name the fields, `{{ {first}: _, … }}`: the drop is then shown to whoever signs"
            )));
        }
    }
}
