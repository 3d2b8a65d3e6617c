//! Built-in functions that walk over a collection. All of them are folds, so the machine needs one loop.

use super::Checker;
use super::call::{Callback, Given};
use super::collection::Collection;
use super::types::{Form, Partial};
use crate::builtin::{Builtin, Entry};
use crate::source::Span;
use crate::typed::{Arm, ExprId, ExprKind, Local, Operator, PatternId, PatternKind, Primitive};

impl Checker<'_> {
    pub(super) fn fold(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let (over, collection) = self.collection(entry, given[0], None);
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let start = self.argument_like(given[1], hint);
        let kind = self.draft.type_of(start);
        let callback = self.callback(given[2], &[kind, collection.item()], Some(kind));
        self.enforce(callback.body, kind);
        let (accumulator, item) = (callback.patterns[0], callback.patterns[1]);
        self.folded(
            ExprKind::Fold {
                over,
                start,
                accumulator,
                item,
                body: callback.body,
                until: None,
            },
            kind,
            span,
        )
    }

    pub(super) fn sum(&mut self, entry: &Entry, given: Given<'_>, span: Span) -> ExprId {
        let int = self.types.int();
        let list = self.types.make(Form::List(int));
        let (over, Some(collection)) = self.collection(entry, given, Some(list)) else {
            return self.unknown(span);
        };
        if !self.types.unify(collection.item(), int) {
            let found = self.draft.type_of(over);
            let problem = self.mismatch(self.given_span(given), found, list);
            self.report(problem);
            return self.unknown(span);
        }
        let start = self.int(0, span);
        let ((accumulator, so_far), (item, number)) =
            (self.fresh(int, span), self.fresh(int, span));
        let (left, right) = (self.local(so_far, int, span), self.local(number, int, span));
        let body = self.binary(Operator::Add, left, right, int, span);
        self.folded(
            ExprKind::Fold {
                over,
                start,
                accumulator,
                item,
                body,
                until: None,
            },
            int,
            span,
        )
    }

    /// `any` and `all`. The function is not called again once the answer is known.
    pub(super) fn quantifier(&mut self, entry: &Entry, given: &[Given<'_>], span: Span) -> ExprId {
        let (over, collection) = self.collection(entry, given[0], None);
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let bool = self.types.bool();
        let callback = self.callback(given[1], &[collection.item()], Some(bool));
        self.enforce(callback.body, bool);
        let is_any = entry.builtin == Builtin::Any;
        let start = self.truth(!is_any, span);
        let accumulator = self.any(bool, span);
        let until = Some(self.decided(is_any, span));
        let (item, body) = (callback.patterns[0], callback.body);
        let fold = ExprKind::Fold {
            over,
            start,
            accumulator,
            item,
            body,
            until,
        };
        self.folded(fold, bool, span)
    }

    /// What is known once and for all when it is this.
    fn decided(&mut self, truth: bool, span: Span) -> Arm {
        let bool = self.types.bool();
        Arm {
            pattern: self.draft.pattern(PatternKind::Bool(truth), bool, span),
            guard: None,
            body: self.truth(truth, span),
        }
    }

    /// A fold. The machine gives of a set the entries of the map it is, so the item is the first part of a pair.
    pub(super) fn folded(&mut self, mut fold: ExprKind, kind: Partial, span: Span) -> ExprId {
        if let ExprKind::Fold { over, item, .. } = &mut fold {
            *item = self.entry_pattern(*over, *item, span);
        }
        self.draft.expr(fold, kind, span)
    }

    /// The pattern of an item as one of what the machine gives.
    fn entry_pattern(&mut self, over: ExprId, item: PatternId, span: Span) -> PatternId {
        let partial = self.draft.type_of(over);
        let Form::Set(key) = self.types.form(partial) else {
            return item;
        };
        let unit = self.types.unit();
        let parts = vec![item, self.any(unit, span)];
        let entry = self.types.make(Form::Tuple(vec![key, unit]));
        self.draft.pattern(PatternKind::Product(parts), entry, span)
    }

    pub(super) fn map_function(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let value = self.argument_like(given[0], None);
        if let Some(mapped) = self.mapped(entry, value, given[1], hint, span) {
            return mapped;
        }
        let (over, collection) = self.collection_of(entry, value, self.given_span(given[0]));
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let inside = match hint.map(|hint| self.types.form(hint)) {
            Some(Form::List(inside) | Form::Map(_, inside)) => Some(inside),
            _ => None,
        };
        let Callback { patterns, body } = self.callback(given[1], &[collection.item()], inside);
        let content = self.draft.type_of(body);
        let item = patterns[0];
        if let Collection::Map { key, .. } = collection {
            let map = self.types.make(Form::Map(key, content));
            return self
                .draft
                .expr(ExprKind::Each { over, item, body }, map, span);
        }
        let list = self.types.make(Form::List(content));
        self.collect(over, item, body, list, span)
    }

    /// A list of what the body gives for each item.
    fn collect(
        &mut self,
        over: ExprId,
        item: PatternId,
        body: ExprId,
        list: Partial,
        span: Span,
    ) -> ExprId {
        let partial = self.draft.type_of(over);
        let is_list = matches!(self.types.form(partial), Form::List(_));
        if is_list && !matches!(self.draft.kind_of(over), ExprKind::Range { .. }) {
            return self
                .draft
                .expr(ExprKind::Each { over, item, body }, list, span);
        }
        let start = self.draft.expr(ExprKind::List(Vec::new()), list, span);
        let (accumulator, so_far) = self.fresh(list, span);
        let so_far = self.local(so_far, list, span);
        let body = self.primitive(Primitive::ListPush, vec![so_far, body], list, span);
        self.folded(
            ExprKind::Fold {
                over,
                start,
                accumulator,
                item,
                body,
                until: None,
            },
            list,
            span,
        )
    }

    /// The items of which the function holds.
    pub(super) fn filter(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let value = self.argument_like(given[0], hint);
        if let Some(filtered) = self.mapped(entry, value, given[1], hint, span) {
            return filtered;
        }
        let (over, collection) = self.collection_of(entry, value, self.given_span(given[0]));
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let bool = self.types.bool();
        let callback = self.callback(given[1], &[collection.item()], Some(bool));
        self.enforce(callback.body, bool);
        if let Collection::List { item } = collection {
            return self.list_filter(over, item, &callback, span);
        }
        let (kind, body) = (self.draft.type_of(over), callback.body);
        let item = self.entry_pattern(over, callback.patterns[0], span);
        self.draft
            .expr(ExprKind::Keep { over, item, body }, kind, span)
    }

    /// The item is bound whole, and taken apart by the function's own pattern.
    fn list_filter(
        &mut self,
        over: ExprId,
        item_kind: Partial,
        callback: &Callback,
        span: Span,
    ) -> ExprId {
        let (kind, bool) = (self.draft.type_of(over), self.types.bool());
        let ((accumulator, so_far), (item, whole)) =
            (self.fresh(kind, span), self.fresh(item_kind, span));
        let condition = ExprKind::Let {
            pattern: callback.patterns[0],
            value: self.local(whole, item_kind, span),
            body: callback.body,
        };
        let condition = self.draft.expr(condition, bool, span);
        let parts = vec![
            self.local(so_far, kind, span),
            self.local(whole, item_kind, span),
        ];
        let yes = self.primitive(Primitive::ListPush, parts, kind, span);
        let no = self.local(so_far, kind, span);
        let body = self
            .draft
            .expr(ExprKind::If { condition, yes, no }, kind, span);
        let fold = ExprKind::Fold {
            over,
            start: self.draft.expr(ExprKind::List(Vec::new()), kind, span),
            accumulator,
            item,
            body,
            until: None,
        };
        self.folded(fold, kind, span)
    }

    /// `keys` and `values`
    pub(super) fn part_of_entries(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        span: Span,
    ) -> ExprId {
        let Some((over, key, value)) = self.map_argument(entry, given[0], None) else {
            return self.unknown(span);
        };
        let item_kind = self.types.make(Form::Tuple(vec![key, value]));
        let (index, part) = if entry.builtin == Builtin::Keys {
            (0, key)
        } else {
            (1, value)
        };
        let (item, pair) = self.fresh(item_kind, span);
        let product = self.local(pair, item_kind, span);
        let body = self
            .draft
            .expr(ExprKind::Project { product, index }, part, span);
        let list = self.types.make(Form::List(part));
        self.collect(over, item, body, list, span)
    }

    pub(super) fn list_contains(
        &mut self,
        over: ExprId,
        given: Given<'_>,
        kind: Partial,
        span: Span,
    ) -> ExprId {
        let bool = self.types.bool();
        let wanted = self.argument(given, kind);
        let (outer, wanted_local) = self.fresh(kind, span);
        let accumulator = self.any(bool, span);
        let (item, candidate) = self.fresh(kind, span);
        let (left, right) = (
            self.local(candidate, kind, span),
            self.local(wanted_local, kind, span),
        );
        let body = self.comparison(Operator::Equal, left, right, span);
        let until = Some(self.decided(true, span));
        let start = self.truth(false, span);
        let fold = ExprKind::Fold {
            over,
            start,
            accumulator,
            item,
            body,
            until,
        };
        let fold = self.folded(fold, bool, span);
        self.draft.expr(
            ExprKind::Let {
                pattern: outer,
                value: wanted,
                body: fold,
            },
            bool,
            span,
        )
    }

    /// How many items there are of which the function holds.
    pub(super) fn count(&mut self, entry: &Entry, given: &[Given<'_>], span: Span) -> ExprId {
        let (over, collection) = self.collection(entry, given[0], None);
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let (int, bool) = (self.types.int(), self.types.bool());
        let callback = self.callback(given[1], &[collection.item()], Some(bool));
        self.enforce(callback.body, bool);
        let start = self.int(0, span);
        let (accumulator, so_far) = self.fresh(int, span);
        let (before, one) = (self.local(so_far, int, span), self.int(1, span));
        let yes = self.binary(Operator::Add, before, one, int, span);
        let (condition, no) = (callback.body, self.local(so_far, int, span));
        let body = self
            .draft
            .expr(ExprKind::If { condition, yes, no }, int, span);
        let fold = ExprKind::Fold {
            over,
            start,
            accumulator,
            item: callback.patterns[0],
            body,
            until: None,
        };
        self.folded(fold, int, span)
    }

    /// The first item of which the function holds. It is not called again after that.
    pub(super) fn find(&mut self, entry: &Entry, given: &[Given<'_>], span: Span) -> ExprId {
        let (over, collection) = self.collection(entry, given[0], None);
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let (kind, bool) = (collection.item(), self.types.bool());
        let option = self.types.make(Form::Option(kind));
        let callback = self.callback(given[1], &[kind], Some(bool));
        self.enforce(callback.body, bool);
        let (item, whole) = self.fresh(kind, span);
        let condition = ExprKind::Let {
            pattern: callback.patterns[0],
            value: self.local(whole, kind, span),
            body: callback.body,
        };
        let condition = self.draft.expr(condition, bool, span);
        let yes = self.some(whole, kind, option, span);
        let no = self.none(option, span);
        let body = self
            .draft
            .expr(ExprKind::If { condition, yes, no }, option, span);
        let fold = ExprKind::Fold {
            over,
            start: self.none(option, span),
            accumulator: self.any(option, span),
            item,
            body,
            until: Some(self.found(kind, option, span)),
        };
        self.folded(fold, option, span)
    }

    /// `Some(x) => Some(x)`
    fn found(&mut self, kind: Partial, option: Partial, span: Span) -> Arm {
        let (payload, local) = self.fresh(kind, span);
        let constructor = 1;
        let some = PatternKind::Constructor {
            constructor,
            payload,
        };
        Arm {
            pattern: self.draft.pattern(some, option, span),
            guard: None,
            body: self.some(local, kind, option, span),
        }
    }

    fn some(&mut self, local: Local, kind: Partial, option: Partial, span: Span) -> ExprId {
        let inject = ExprKind::Inject {
            constructor: 1,
            payload: self.local(local, kind, span),
        };
        self.draft.expr(inject, option, span)
    }

    fn none(&mut self, option: Partial, span: Span) -> ExprId {
        let unit = self.types.unit();
        let inject = ExprKind::Inject {
            constructor: 0,
            payload: self.draft.expr(ExprKind::Tuple(Vec::new()), unit, span),
        };
        self.draft.expr(inject, option, span)
    }
}
