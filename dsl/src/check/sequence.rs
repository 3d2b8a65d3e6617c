//! Lists, texts and byte strings as sequences: what stands where, parts of them, and one after the other.

use super::Checker;
use super::call::Given;
use super::messages::with_article;
use super::types::{Form, Partial};
use crate::ast;
use crate::builtin::{Builtin, Entry};
use crate::problem::Problem;
use crate::problem::catalogue::T112;
use crate::source::Span;
use crate::typed::{Arm, ExprId, ExprKind, Local, Operator, PatternId, PatternKind, Primitive};

/// Something with positions: a text has them in code points.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Sequence {
    List { item: Partial },
    Text,
    Bytes,
}

impl Sequence {
    pub(super) fn length(self) -> Primitive {
        match self {
            Sequence::List { .. } => Primitive::ListSize,
            Sequence::Text => Primitive::TextSize,
            Sequence::Bytes => Primitive::BytesSize,
        }
    }

    /// What several of them are called.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Sequence::List { .. } => "lists",
            Sequence::Text => "texts",
            Sequence::Bytes => "bytes",
        }
    }

    pub(super) fn concat(self) -> Primitive {
        match self {
            Sequence::List { .. } => Primitive::ListConcat,
            Sequence::Text => Primitive::TextConcat,
            Sequence::Bytes => Primitive::BytesConcat,
        }
    }
}

impl Checker<'_> {
    /// The sequence a type is; `None` if it is another type, or not known.
    pub(super) fn sequence_of(&mut self, partial: Partial) -> Option<Sequence> {
        match self.types.form(partial) {
            Form::List(item) => Some(Sequence::List { item }),
            _ if self.types.is_text(partial) => Some(Sequence::Text),
            _ if self.types.is_bytes(partial) => Some(Sequence::Bytes),
            _ => None,
        }
    }

    fn sequence_argument(
        &mut self,
        entry: &Entry,
        given: Given<'_>,
        hint: Option<Partial>,
    ) -> (ExprId, Option<Sequence>) {
        let value = self.argument_like(given, hint);
        let partial = self.draft.type_of(value);
        let sequence = self.sequence_of(partial);
        if sequence.is_none() {
            let span = self.given_span(given);
            let problem = match self.types.form(partial) {
                Form::Unknown => return (value, None),
                Form::Hole => {
                    self.too_early(span, &format!("`{}` does not know what it is", entry.name))
                }
                _ => {
                    let found = with_article(&self.types.describe(partial));
                    let title = format!(
                        "`{}` is for lists, texts and bytes, this is {found}",
                        entry.name
                    );
                    Problem::new(T112, span, title)
                        .helping(format!("write it like `{}`", entry.usage))
                }
            };
            self.report(problem);
        }
        (value, sequence)
    }

    /// `take`, `drop`, `slice` and `take_last`
    pub(super) fn part_of(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let (value, Some(_)) = self.sequence_argument(entry, given[0], hint) else {
            return self.look_at_rest(given, span);
        };
        let kind = self.draft.type_of(value);
        let int = self.types.int();
        let mut numbers: Vec<ExprId> = given[1..]
            .iter()
            .map(|number| self.argument(*number, int))
            .collect();
        let mut arguments = vec![value];
        match entry.builtin {
            Builtin::Take => arguments.push(self.int(0, span)),
            Builtin::Drop => numbers.push(self.int(i64::MAX, span)),
            _ => {}
        }
        arguments.append(&mut numbers);
        let primitive = match entry.builtin {
            Builtin::TakeLast => Primitive::End,
            _ => Primitive::Part,
        };
        self.primitive(primitive, arguments, kind, span)
    }

    /// The item at the end of a sequence.
    pub(super) fn last(
        &mut self,
        entry: &Entry,
        given: Given<'_>,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let hint = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::Option(item)) => Some(self.types.make(Form::List(item))),
            _ => None,
        };
        let (value, Some(sequence)) = self.sequence_argument(entry, given, hint) else {
            return self.unknown(span);
        };
        let (kind, int) = (self.draft.type_of(value), self.types.int());
        let (pattern, whole) = self.fresh(kind, span);
        let counted = self.local(whole, kind, span);
        let size = self.primitive(sequence.length(), vec![counted], int, span);
        let one = self.int(1, span);
        let position = self.binary(Operator::Subtract, size, one, int, span);
        let whole = self.local(whole, kind, span);
        let body = self.item_at(whole, sequence, position, span);
        let option = self.draft.type_of(body);
        let named = ExprKind::Let {
            pattern,
            value,
            body,
        };
        self.draft.expr(named, option, span)
    }

    /// `x[i]`
    pub(super) fn item_at(
        &mut self,
        value: ExprId,
        sequence: Sequence,
        position: ExprId,
        span: Span,
    ) -> ExprId {
        let (item, primitive) = match sequence {
            Sequence::List { item } => (item, Primitive::ListGet),
            Sequence::Text => (self.types.text(), Primitive::TextGet),
            Sequence::Bytes => (self.types.int(), Primitive::BytesGet),
        };
        let option = self.types.make(Form::Option(item));
        self.primitive(primitive, vec![value, position], option, span)
    }

    /// A list from its end to its beginning.
    pub(super) fn reverse(
        &mut self,
        entry: &Entry,
        given: Given<'_>,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let (value, sequence) = self.sequence_argument(entry, given, hint);
        let item_kind = match sequence {
            Some(Sequence::List { item }) => item,
            Some(Sequence::Text | Sequence::Bytes) => {
                let found = with_article(&self.types.describe(self.draft.type_of(value)));
                let title = format!("`reverse` is for lists, this is {found}");
                let problem = Problem::new(T112, self.given_span(given), title);
                let numbers = if sequence == Some(Sequence::Text) {
                    "code_points"
                } else {
                    "ints"
                };
                self.report(problem.helping(format!("reverse the list of its `{numbers}`")));
                return self.unknown(span);
            }
            None => return self.unknown(span),
        };
        let (list, int) = (self.draft.type_of(value), self.types.int());
        let (pattern, whole) = self.fresh(list, span);
        let (from, counted) = (self.int(0, span), self.local(whole, list, span));
        let to = self.primitive(Primitive::ListSize, vec![counted], int, span);
        let (most, numbers) = (None, self.numbers());
        let over = self
            .draft
            .expr(ExprKind::Range { from, to, most }, numbers, span);
        let start = self.draft.expr(ExprKind::List(Vec::new()), list, span);
        let ((accumulator, so_far), (item, index)) =
            (self.fresh(list, span), self.fresh(int, span));
        let body = self.pushed_from_end((whole, list), (so_far, index), item_kind, span);
        let fold = ExprKind::Fold {
            over,
            start,
            accumulator,
            item,
            body,
            until: None,
        };
        let body = self.draft.expr(fold, list, span);
        let named = ExprKind::Let {
            pattern,
            value,
            body,
        };
        self.draft.expr(named, list, span)
    }

    /// What there is so far, with the item that stands `index` before the last.
    fn pushed_from_end(
        &mut self,
        (whole, list): (Local, Partial),
        (so_far, index): (Local, Local),
        item_kind: Partial,
        span: Span,
    ) -> ExprId {
        let int = self.types.int();
        let counted = self.local(whole, list, span);
        let size = self.primitive(Primitive::ListSize, vec![counted], int, span);
        let (one, index) = (self.int(1, span), self.local(index, int, span));
        let last = self.binary(Operator::Subtract, size, one, int, span);
        let position = self.binary(Operator::Subtract, last, index, int, span);
        let whole = self.local(whole, list, span);
        let subject = self.item_at(whole, Sequence::List { item: item_kind }, position, span);
        let (bound, item) = self.fresh(item_kind, span);
        let (before, item) = (
            self.local(so_far, list, span),
            self.local(item, item_kind, span),
        );
        let pushed = self.primitive(Primitive::ListPush, vec![before, item], list, span);
        let none = self.local(so_far, list, span);
        self.with_option(subject, (bound, pushed), none, span)
    }

    /// `match subject { Some(bound) => some, None => none }`
    pub(super) fn with_option(
        &mut self,
        subject: ExprId,
        (bound, some): (PatternId, ExprId),
        none: ExprId,
        span: Span,
    ) -> ExprId {
        let (option, result) = (self.draft.type_of(subject), self.draft.type_of(some));
        let constructor = PatternKind::Constructor {
            constructor: 1,
            payload: bound,
        };
        let arm = |pattern, body| Arm {
            pattern,
            guard: None,
            body,
        };
        let present = self.draft.pattern(constructor, option, span);
        let absent = self.any(option, span);
        let arms = vec![arm(present, some), arm(absent, none)];
        self.draft
            .expr(ExprKind::Match { subject, arms }, result, span)
    }

    /// Whether an option has something.
    pub(super) fn is_some(&mut self, option: ExprId, item: Partial, span: Span) -> ExprId {
        let bound = self.any(item, span);
        let (yes, no) = (self.truth(true, span), self.truth(false, span));
        self.with_option(option, (bound, yes), no, span)
    }

    /// `has`, `starts_with` and `ends_with`
    pub(super) fn text_question(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        span: Span,
    ) -> ExprId {
        let (text, int) = (self.types.text(), self.types.int());
        let (value, part) = (self.argument(given[0], text), self.argument(given[1], text));
        if entry.builtin == Builtin::Has {
            let from = self.int(0, span);
            let option = self.types.make(Form::Option(int));
            let found = self.primitive(Primitive::TextFind, vec![value, part, from], option, span);
            return self.is_some(found, int, span);
        }
        let primitive = match entry.builtin {
            Builtin::StartsWith => Primitive::TextStarts,
            _ => Primitive::TextEnds,
        };
        let bool = self.types.bool();
        self.primitive(primitive, vec![value, part], bool, span)
    }

    /// `a ++ b`
    pub(super) fn append(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let left = self.hinted(left, hint);
        let kind = self.draft.type_of(left);
        if let Some(sequence) = self.sequence_of(kind) {
            let right = self.joined(right, kind, sequence);
            return self.primitive(sequence.concat(), vec![left, right], kind, span);
        }
        self.infer(right);
        let at = self.draft.span_of(left);
        let problem = match self.types.form(kind) {
            Form::Unknown => return self.unknown(span),
            Form::Hole => self.too_early(at, "it cannot be joined"),
            _ => {
                let found = with_article(&self.types.describe(kind));
                let title = format!("`++` joins lists, texts and bytes, this is {found}");
                Problem::new(T112, at, title)
            }
        };
        self.report(problem);
        self.unknown(span)
    }

    /// The right side of `++`.
    fn joined(&mut self, expr: &ast::Expr, wanted: Partial, sequence: Sequence) -> ExprId {
        let value = self.hinted(expr, Some(wanted));
        let (found, int) = (self.draft.type_of(value), self.types.int());
        if self.types.unify(found, wanted) {
            return value;
        }
        let mut problem = self.mismatch(expr.span, found, wanted);
        if sequence == Sequence::Text
            && self.types.unify(found, int)
            && let Some(text) = self.quote(expr.span)
        {
            problem = problem.helping(format!("write it in decimal: `show({text})`"));
        }
        self.report(problem);
        value
    }

    /// `List(Int)`
    pub(super) fn numbers(&mut self) -> Partial {
        let int = self.types.int();
        self.types.make(Form::List(int))
    }
}
