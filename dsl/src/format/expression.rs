//! Expressions, but for blocks and choices.

use super::list::Manner;
use super::printer::Printer;
use crate::ast::{
    Argument, BinaryOperator, ConstructorName, Expr, ExprKind, ExprPayload, MapEntry, Pattern,
    Record,
};
use crate::source::Span;
use crate::token::Symbol;

/// Characters before the last argument, if that is to begin on their line and be broken there.
const BEFORE_HUGGED_MAX: usize = 50;

/// Characters before the first brace of a choice that is the last argument, if that is to begin on their line.
const HEAD_HUGGED_MAX: usize = 50;

impl Printer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) {
        let is_own = matches!(expr.kind, ExprKind::Tuple(_));
        self.in_parentheses(expr.span, is_own, |printer| printer.bare(expr));
    }

    /// An expression without the parentheses around it.
    fn bare(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Text(_)
            | ExprKind::Bytes(_)
            | ExprKind::Bool(_)
            | ExprKind::Name(_)
            | ExprKind::Refuse => self.token(),
            ExprKind::Int(_) => self.integer(),
            ExprKind::Call {
                function: _,
                arguments,
            } => {
                self.token();
                self.arguments(arguments);
            }
            ExprKind::Constructor {
                constructor,
                payload,
            } => self.constructed(constructor, payload),
            ExprKind::Tuple(values) => self.values(values),
            ExprKind::List(values) => self.values(values),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Set(items) => {
                self.token();
                self.values(items);
            }
            ExprKind::Record(record) => self.record(record, lone_manner(record)),
            ExprKind::Block(block) => self.block(block),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => self.conditional(condition, then, otherwise),
            ExprKind::Match { subject, arms } => self.matching(subject, arms),
            ExprKind::Field { record, field: _ } => {
                self.expr(record);
                if matches!(record.kind, ExprKind::Int(_)) {
                    // `1.x` would be read as a number.
                    self.space();
                }
                self.token();
                self.token();
            }
            ExprKind::Index { collection, key } => {
                self.expr(collection);
                self.token();
                self.expr(key);
                self.token();
            }
            ExprKind::Negate(value) => {
                self.token();
                self.expr(value);
            }
            ExprKind::Not(value) => {
                self.token();
                self.space();
                self.expr(value);
            }
            ExprKind::Binary { operator, .. } => {
                let level = level(*operator);
                self.hanging(|printer| printer.operands(expr, level));
            }
            ExprKind::Is { value, pattern } => self.is(value, pattern),
            ExprKind::Pipe { .. } => self.hanging(|printer| printer.pipe(expr)),
            ExprKind::Error => self.tokens_of(expr.span),
        }
    }

    /// Operands of one level, in one group: all operators begin lines, or none.
    fn operands(&mut self, expr: &Expr, of: u8) {
        match &expr.kind {
            ExprKind::Binary {
                operator,
                left,
                right,
                ..
            } if level(*operator) == of && self.parentheses(expr.span, false) == 0 => {
                self.operands(left, of);
                self.operator(*operator);
                self.operands(right, of);
            }
            _ => self.expr(expr),
        }
    }

    /// An operator and what is around it. At the start of a line only some continue the line before.
    fn operator(&mut self, operator: BinaryOperator) {
        if may_begin_line(operator) {
            self.line();
            self.token();
            self.space();
        } else {
            self.space();
            self.token();
            self.line();
        }
    }

    fn is(&mut self, value: &Expr, pattern: &Pattern) {
        self.expr(value);
        self.space();
        self.token();
        self.space();
        self.pattern(pattern);
    }

    fn pipe(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Pipe { value, function } if self.parentheses(expr.span, false) == 0 => {
                self.pipe(value);
                if self.begins_line() {
                    self.force();
                }
                self.line();
                self.token();
                self.space();
                self.expr(function);
            }
            _ => self.expr(expr),
        }
    }

    fn constructed(&mut self, constructor: &ConstructorName, payload: &ExprPayload) {
        self.constructor_name(constructor);
        match payload {
            ExprPayload::None => {}
            ExprPayload::Tuple(values) => self.values(values),
            ExprPayload::Record(record) => {
                self.space();
                self.record(record, Manner::Braces);
            }
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        let hugs = self.hugs(arguments.iter().map(Argument::span), || {
            let is_fit =
                |last: &Argument| is_argument_in_brackets(last) && self.has_short_head(last);
            arguments.last().is_some_and(is_fit)
        });
        let argument = |printer: &mut Self, number: usize| match &arguments[number] {
            Argument::Value(value) => printer.expr(value),
            Argument::Lambda(lambda) => printer.lambda(lambda),
            Argument::Arrow(arrow) => printer.arrow(arrow),
        };
        if hugs {
            self.hugged(arguments.len(), argument);
        } else {
            self.list(Manner::Plain, arguments.len(), argument);
        }
    }

    /// `(a, b)`, `[a, b]`
    fn values(&mut self, values: &[Expr]) {
        let hugs = self.hugs(values.iter().map(|value| value.span), || {
            values.len() == 1 && values.last().is_some_and(is_in_brackets)
        });
        let value = |printer: &mut Self, number: usize| printer.expr(&values[number]);
        if hugs {
            self.hugged(values.len(), value);
        } else {
            self.list(Manner::Plain, values.len(), value);
        }
    }

    /// Whether what stands before the first brace of a choice fits on the line on which its call begins: a line end
    /// inside a condition hides where the condition ends.
    fn has_short_head(&self, argument: &Argument) -> bool {
        let (start, body): (u32, &Expr) = match argument {
            Argument::Value(value) => (value.span.start, value),
            Argument::Lambda(lambda) => (lambda.span.start, &lambda.body),
            Argument::Arrow(_) => return true,
        };
        let head = match &body.kind {
            ExprKind::If { condition, .. } => condition,
            ExprKind::Match { subject, .. } => subject,
            _ => return true,
        };
        self.size(Span::new(start, head.span.end)) <= HEAD_HUGGED_MAX
    }

    /// Whether the last of these begins on the line of the bracket and is broken inside, as `f(x, fn(y) => {`:
    /// if it is fit for that, and those before it are short. A long list is given up early.
    fn hugs(
        &self,
        spans: impl ExactSizeIterator<Item = Span>,
        is_fit: impl FnOnce() -> bool,
    ) -> bool {
        if !is_fit() {
            return false;
        }
        let before = spans.len().saturating_sub(1);
        let mut room = BEFORE_HUGGED_MAX;
        spans.take(before).all(|span| {
            let left = room.checked_sub(self.size(span));
            room = left.unwrap_or_default();
            left.is_some()
        })
    }

    fn map(&mut self, entries: &[MapEntry]) {
        self.token();
        self.list(Manner::Plain, entries.len(), |printer, number| {
            printer.expr(&entries[number].key);
            printer.token();
            printer.space();
            printer.expr(&entries[number].value);
        });
    }

    /// `{ ..r, x: a, y }`
    pub(super) fn record(&mut self, record: &Record, manner: Manner) {
        self.group(|printer| printer.record_in_group(record, manner));
    }

    pub(super) fn record_in_group(&mut self, record: &Record, manner: Manner) {
        let count = record.fields.len() + usize::from(record.spread.is_some());
        self.list_in_group(manner, count, |printer, number| {
            printer.record_part(record, number);
        });
    }

    fn record_part(&mut self, record: &Record, number: usize) {
        let spread = record.spread.as_ref();
        if let Some(spread) = spread.filter(|_| number == 0) {
            self.token();
            return self.expr(spread);
        }
        let field = &record.fields[number - usize::from(spread.is_some())];
        self.token();
        if self.is_symbol(Symbol::Colon) {
            self.token();
            self.space();
            self.expr(&field.value);
        }
    }
}

/// How a record without a constructor is written: `{ x, }` keeps its comma, because `{ x }` is a block.
pub(super) fn lone_manner(record: &Record) -> Manner {
    match record.fields.as_slice() {
        [only] if record.spread.is_none() && only.value.span == only.name.span => Manner::LoneField,
        _ => Manner::Braces,
    }
}

/// How tightly an operator binds; what is on one level shares its line ends.
fn level(operator: BinaryOperator) -> u8 {
    use BinaryOperator as B;
    match operator {
        B::Or => 2,
        B::And => 3,
        B::Equal | B::NotEqual | B::Less | B::LessOrEqual | B::Greater | B::GreaterOrEqual => 5,
        B::Otherwise => 6,
        B::Append => 7,
        B::Add | B::Subtract => 8,
        B::Multiply | B::Divide | B::Remainder => 9,
    }
}

/// Whether a line that begins with this operator continues the one before.
fn may_begin_line(operator: BinaryOperator) -> bool {
    use BinaryOperator as B;
    match operator {
        B::Or
        | B::And
        | B::Otherwise
        | B::Append
        | B::Add
        | B::Multiply
        | B::Divide
        | B::Remainder => true,
        B::Subtract
        | B::Equal
        | B::NotEqual
        | B::Less
        | B::LessOrEqual
        | B::Greater
        | B::GreaterOrEqual => false,
    }
}

fn is_argument_in_brackets(argument: &Argument) -> bool {
    match argument {
        Argument::Value(value) => is_in_brackets(value),
        Argument::Lambda(lambda) => is_in_brackets(&lambda.body),
        Argument::Arrow(_) => false,
    }
}

/// Whether an expression is broken between its own last brackets.
fn is_in_brackets(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Record(_)
        | ExprKind::Block(_)
        | ExprKind::Match { .. }
        | ExprKind::Map(_)
        | ExprKind::Set(_)
        | ExprKind::List(_)
        | ExprKind::If { .. } => true,
        ExprKind::Constructor { payload, .. } => !matches!(payload, ExprPayload::None),
        ExprKind::Call { arguments, .. } => arguments.last().is_some_and(is_argument_in_brackets),
        ExprKind::Int(_)
        | ExprKind::Text(_)
        | ExprKind::Bytes(_)
        | ExprKind::Bool(_)
        | ExprKind::Name(_)
        | ExprKind::Tuple(_)
        | ExprKind::Field { .. }
        | ExprKind::Index { .. }
        | ExprKind::Negate(_)
        | ExprKind::Not(_)
        | ExprKind::Binary { .. }
        | ExprKind::Is { .. }
        | ExprKind::Pipe { .. }
        | ExprKind::Refuse
        | ExprKind::Error => false,
    }
}
