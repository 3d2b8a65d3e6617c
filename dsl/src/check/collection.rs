//! What the built-in functions mean. All that walk over a collection are folds, so the machine needs one loop.

use super::call::Given;
use super::messages::with_article;
use super::types::{Form, Partial};
use super::{Checker, Duty};
use crate::builtin::{Builtin, Entry};
use crate::problem::Problem;
use crate::problem::catalogue::{T109, T111, T112};
use crate::source::Span;
use crate::typed::{ExprId, ExprKind, Local, Operator, PatternId, PatternKind, Primitive};

/// A list, a set, or a map as a collection of pairs.
#[derive(Clone, Copy)]
pub(super) enum Collection {
    List {
        item: Partial,
    },
    Set {
        item: Partial,
    },
    Map {
        key: Partial,
        value: Partial,
        item: Partial,
    },
}

impl Collection {
    pub(super) fn item(self) -> Partial {
        match self {
            Collection::List { item } | Collection::Set { item } | Collection::Map { item, .. } => {
                item
            }
        }
    }
}

impl Checker<'_> {
    /// A built-in function with as many arguments as it takes.
    pub(super) fn builtin(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        match entry.builtin {
            Builtin::Minimum | Builtin::Maximum | Builtin::Absolute | Builtin::Clamp => {
                self.number_function(entry, given, span)
            }
            Builtin::Range => self.range(given, span),
            Builtin::Same => self.same(given[0], hint, span),
            Builtin::Fold => self.fold(entry, given, hint, span),
            Builtin::Sum => self.sum(entry, given[0], span),
            Builtin::Any | Builtin::All => self.quantifier(entry, given, span),
            Builtin::Map => self.map_function(entry, given, hint, span),
            Builtin::Entries
            | Builtin::Items
            | Builtin::ToSet
            | Builtin::ToMap
            | Builtin::Enumerate
            | Builtin::Unique => self.of_collection(entry, given[0], hint, span),
            Builtin::FilterMap
            | Builtin::FlatMap
            | Builtin::SortBy
            | Builtin::MinBy
            | Builtin::MaxBy => self.by_function(entry, given, hint, span),
            Builtin::Zip => self.zip(entry, given, span),
            Builtin::Update => self.update_entry(entry, given, hint, span),
            Builtin::Union | Builtin::Intersection | Builtin::Difference => {
                self.of_two(entry, given, hint, span)
            }
            Builtin::Filter => self.filter(entry, given, hint, span),
            Builtin::Keys | Builtin::Values => self.part_of_entries(entry, given, span),
            Builtin::Push => self.push_function(entry, given, hint, span),
            Builtin::Size => self.size(entry, given[0], span),
            Builtin::Contains => self.contains(entry, given, span),
            Builtin::Insert | Builtin::Remove => self.change(entry, given, hint, span),
            Builtin::Count => self.count(entry, given, span),
            Builtin::Find => self.find(entry, given, span),
            Builtin::Take | Builtin::Drop | Builtin::Slice | Builtin::TakeLast => {
                self.part_of(entry, given, hint, span)
            }
            Builtin::Last => self.last(entry, given[0], hint, span),
            Builtin::Reverse => self.reverse(entry, given[0], hint, span),
            Builtin::Has | Builtin::StartsWith | Builtin::EndsWith => {
                self.text_question(entry, given, span)
            }
            Builtin::ToBytes => self.encoded(given[0], span),
            Builtin::FromBytes => self.decoded(given[0], hint, span),
            _ => match self.plain_function(entry, given, span) {
                Some(plain) => plain,
                None => self.unknown(span),
            },
        }
    }

    fn number_function(&mut self, entry: &Entry, given: &[Given<'_>], span: Span) -> ExprId {
        let int = self.types.int();
        let values: Vec<ExprId> = given
            .iter()
            .map(|value| self.argument(*value, int))
            .collect();
        match (entry.builtin, values.as_slice()) {
            (Builtin::Maximum, [a, b]) => self.pick(Operator::GreaterOrEqual, *a, *b, span),
            (Builtin::Clamp, [value, low, high]) => {
                let raised = self.pick(Operator::GreaterOrEqual, *value, *low, span);
                self.pick(Operator::LessOrEqual, raised, *high, span)
            }
            (Builtin::Absolute, [value]) => self.absolute(*value, span),
            (_, [a, b, ..]) => self.pick(Operator::LessOrEqual, *a, *b, span),
            _ => self.unknown(span),
        }
    }

    /// The left number if the operator holds, else the right one.
    fn pick(&mut self, operator: Operator, left: ExprId, right: ExprId, span: Span) -> ExprId {
        let int = self.types.int();
        let (left_pattern, left_local) = self.fresh(int, span);
        let (right_pattern, right_local) = self.fresh(int, span);
        let (a, b) = (
            self.local(left_local, int, span),
            self.local(right_local, int, span),
        );
        let condition = self.comparison(operator, a, b, span);
        let (yes, no) = (
            self.local(left_local, int, span),
            self.local(right_local, int, span),
        );
        let choice = self
            .draft
            .expr(ExprKind::If { condition, yes, no }, int, span);
        let inside = self.draft.expr(
            ExprKind::Let {
                pattern: right_pattern,
                value: right,
                body: choice,
            },
            int,
            span,
        );
        self.draft.expr(
            ExprKind::Let {
                pattern: left_pattern,
                value: left,
                body: inside,
            },
            int,
            span,
        )
    }

    fn absolute(&mut self, value: ExprId, span: Span) -> ExprId {
        let int = self.types.int();
        let (pattern, local) = self.fresh(int, span);
        let (number, zero) = (self.local(local, int, span), self.int(0, span));
        let condition = self.comparison(Operator::Less, number, zero, span);
        let (zero, number) = (self.int(0, span), self.local(local, int, span));
        let yes = self.binary(Operator::Subtract, zero, number, int, span);
        let no = self.local(local, int, span);
        let body = self
            .draft
            .expr(ExprKind::If { condition, yes, no }, int, span);
        self.draft.expr(
            ExprKind::Let {
                pattern,
                value,
                body,
            },
            int,
            span,
        )
    }

    pub(super) fn fresh(&mut self, partial: Partial, span: Span) -> (PatternId, Local) {
        let local = self.scope.fresh();
        (
            self.draft.pattern(PatternKind::Bind(local), partial, span),
            local,
        )
    }

    fn same(&mut self, given: Given<'_>, hint: Option<Partial>, span: Span) -> ExprId {
        let value = self.argument_like(given, None);
        let from = self.draft.type_of(value);
        let Some(to) = hint.filter(|hint| self.types.form(*hint) != Form::Hole) else {
            let problem = Problem::new(
                T111,
                span,
                "the type that `same` leads to is not known here",
            );
            self.report(
                problem
                    .helping("use it where one type is wanted, for example inside a constructor"),
            );
            return self.unknown(span);
        };
        self.duties.push(Duty::Same { from, to, at: span });
        self.draft.expr(ExprKind::Same(value), to, span)
    }

    /// A collection argument with its type. An option, a text or a byte string is the list of what is in it.
    pub(super) fn collection(
        &mut self,
        entry: &Entry,
        given: Given<'_>,
        hint: Option<Partial>,
    ) -> (ExprId, Option<Collection>) {
        let over = self.argument_like(given, hint);
        self.collection_of(entry, over, self.given_span(given))
    }

    /// The same for a value that was checked before.
    pub(super) fn collection_of(
        &mut self,
        entry: &Entry,
        over: ExprId,
        span: Span,
    ) -> (ExprId, Option<Collection>) {
        let over = self.as_list(over, span).unwrap_or(over);
        let partial = self.draft.type_of(over);
        let collection = match self.types.form(partial) {
            Form::List(item) => Some(Collection::List { item }),
            Form::Set(item) => Some(Collection::Set { item }),
            Form::Map(key, value) => {
                let item = self.types.make(Form::Tuple(vec![key, value]));
                Some(Collection::Map { key, value, item })
            }
            form => {
                self.report_no_collection(entry, &form, partial, span);
                None
            }
        };
        (over, collection)
    }

    fn report_no_collection(&mut self, entry: &Entry, form: &Form, partial: Partial, span: Span) {
        let problem = match form {
            Form::Unknown => return,
            Form::Hole => self.too_early(
                span,
                &format!("`{}` does not know what it walks over", entry.name),
            ),
            _ => {
                let found = with_article(&self.types.describe(partial));
                let problem = Problem::new(
                    T112,
                    span,
                    format!("`{}` is for collections, this is {found}", entry.name),
                );
                problem.helping(format!("write it like `{}`", entry.usage))
            }
        };
        self.report(problem);
    }

    pub(super) fn look_at_rest(&mut self, given: &[Given<'_>], span: Span) -> ExprId {
        self.look_at(&given[1..], span)
    }

    pub(super) fn primitive(
        &mut self,
        primitive: Primitive,
        arguments: Vec<ExprId>,
        partial: Partial,
        span: Span,
    ) -> ExprId {
        self.draft.expr(
            ExprKind::Primitive {
                primitive,
                arguments,
            },
            partial,
            span,
        )
    }

    pub(super) fn map_argument(
        &mut self,
        entry: &Entry,
        given: Given<'_>,
        hint: Option<Partial>,
    ) -> Option<(ExprId, Partial, Partial)> {
        match self.collection(entry, given, hint) {
            (over, Some(Collection::Map { key, value, .. })) => Some((over, key, value)),
            (_, Some(_)) => {
                let span = self.given_span(given);
                self.report_no_map(entry, span);
                None
            }
            (_, None) => None,
        }
    }

    fn report_no_map(&mut self, entry: &Entry, span: Span) {
        let title = format!("`{}` is for maps, this is none", entry.name);
        let problem = Problem::new(T112, span, title);
        self.report(problem.helping(format!("write it like `{}`", entry.usage)));
    }

    fn push_function(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        match self.collection(entry, given[0], hint) {
            (list, Some(Collection::List { item })) => {
                let kind = self.draft.type_of(list);
                let value = self.argument(given[1], item);
                self.primitive(Primitive::ListPush, vec![list, value], kind, span)
            }
            (_, Some(other)) => {
                let (kind, usage) = match other {
                    Collection::Set { .. } => ("set", "insert(items, item)"),
                    _ => ("map", "insert(map, key, value)"),
                };
                let title = format!("`push` is for lists, this is a {kind}");
                let problem = Problem::new(T112, self.given_span(given[0]), title);
                self.report(problem.helping(format!("write it like `{usage}`")));
                self.look_at_rest(given, span)
            }
            (_, None) => self.look_at_rest(given, span),
        }
    }

    /// `len` and `size`, which also count what a text or a byte string is made of
    fn size(&mut self, entry: &Entry, given: Given<'_>, span: Span) -> ExprId {
        let int = self.types.int();
        let over = self.argument_like(given, None);
        let partial = self.draft.type_of(over);
        if let Some(sequence) = self.sequence_of(partial) {
            return self.primitive(sequence.length(), vec![over], int, span);
        }
        match self.collection(entry, Given::Done(over), None) {
            (map, Some(_)) => self.primitive(Primitive::MapSize, vec![map], int, span),
            (_, None) => self.unknown(span),
        }
    }

    /// Whether a map has a key, or a list or set an item. In a text or byte string an item is one like it.
    fn contains(&mut self, entry: &Entry, given: &[Given<'_>], span: Span) -> ExprId {
        let (over, collection) = self.collection(entry, given[0], None);
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let (key, value) = match collection {
            Collection::List { item } => return self.list_contains(over, given[1], item, span),
            Collection::Map { key, value, .. } => (key, value),
            Collection::Set { item } => (item, self.types.unit()),
        };
        let key = self.argument(given[1], key);
        let option = self.types.make(Form::Option(value));
        let found = self.primitive(Primitive::MapGet, vec![over, key], option, span);
        self.is_some(found, value, span)
    }

    /// `insert` and `remove`
    fn change(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let (over, collection) = self.collection(entry, given[0], hint);
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let kind = self.draft.type_of(over);
        let is_insert = entry.builtin == Builtin::Insert;
        let (key, value) = match collection {
            Collection::Map { key, value, .. } => (key, Some(value).filter(|_| is_insert)),
            Collection::Set { item } => (item, None),
            Collection::List { .. } => {
                self.report_no_map_or_set(entry, self.given_span(given[0]));
                return self.look_at_rest(given, span);
            }
        };
        let wanted = 2 + usize::from(value.is_some());
        if given.len() != wanted {
            let (a, usage) = match collection {
                Collection::Set { .. } => ("a set", "insert(items, item)"),
                _ => ("a map", "insert(map, key, value)"),
            };
            let title = format!(
                "`{}` of {a} takes {wanted} arguments, here it is given {}",
                entry.name,
                given.len()
            );
            self.report(
                Problem::new(T109, span, title).helping(format!("write it like `{usage}`")),
            );
            return self.look_at_rest(given, span);
        }
        let mut arguments = vec![over, self.argument(given[1], key)];
        if !is_insert {
            return self.primitive(Primitive::MapRemove, arguments, kind, span);
        }
        arguments.push(match value {
            Some(value) => self.argument(given[2], value),
            None => self.nothing(span),
        });
        self.primitive(Primitive::MapInsert, arguments, kind, span)
    }

    fn report_no_map_or_set(&mut self, entry: &Entry, span: Span) {
        let title = format!("`{}` is for maps and sets, this is a list", entry.name);
        let help = match entry.builtin {
            Builtin::Insert => "add an item at its end: `push(list, item)`",
            _ => "leave items out: `filter(list, fn(item) => …)`",
        };
        self.report(Problem::new(T112, span, title).helping(help));
    }
}
