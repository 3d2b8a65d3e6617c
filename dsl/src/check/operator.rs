//! Operators between values.

use super::expression::result_span;
use super::messages::with_article;
use super::types::{Form, Partial};
use super::{Checker, Duty};
use crate::ast::{self, BinaryOperator as Written};
use crate::problem::Problem;
use crate::problem::catalogue::T100;
use crate::source::Span;
use crate::typed::{Arm, ExprId, ExprKind, Operator, PatternKind};

impl Checker<'_> {
    pub(super) fn operator(
        &mut self,
        written: Written,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let operator = match written {
            Written::And | Written::Or => {
                return self.connective(written == Written::And, left, right, span);
            }
            Written::Otherwise => return self.otherwise(left, right, hint, span),
            Written::Append => return self.append(left, right, hint, span),
            Written::Equal => Operator::Equal,
            Written::NotEqual => Operator::NotEqual,
            Written::Less => Operator::Less,
            Written::LessOrEqual => Operator::LessOrEqual,
            Written::Greater => Operator::Greater,
            Written::GreaterOrEqual => Operator::GreaterOrEqual,
            Written::Add => Operator::Add,
            Written::Subtract => Operator::Subtract,
            Written::Multiply => Operator::Multiply,
            Written::Divide => Operator::Divide,
            Written::Remainder => Operator::Remainder,
        };
        if operator.is_arithmetic() {
            let int = self.types.int();
            let Some(left) = self.number(left, written) else {
                self.infer(right);
                return self.unknown(span);
            };
            return match self.number(right, written) {
                Some(right) => self.binary(operator, left, right, int, span),
                None => self.unknown(span),
            };
        }
        let left = self.infer(left);
        let partial = self.draft.type_of(left);
        let right = self.check(right, partial);
        self.comparison(operator, left, right, span)
    }

    /// A comparison of two expressions of one type.
    pub(super) fn comparison(
        &mut self,
        operator: Operator,
        left: ExprId,
        right: ExprId,
        span: Span,
    ) -> ExprId {
        if !matches!(operator, Operator::Equal | Operator::NotEqual) {
            let partial = self.draft.type_of(left);
            self.duties.push(Duty::Key {
                partial,
                at: span,
                use_word: "be ordered",
            });
            self.duties.push(Duty::Order { partial, at: span });
        }
        let bool = self.types.bool();
        self.binary(operator, left, right, bool, span)
    }

    /// An operand of arithmetic; `None` after a mistake.
    fn number(&mut self, expr: &ast::Expr, operator: Written) -> Option<ExprId> {
        let int = self.types.int();
        let value = self.hinted(expr, Some(int));
        let found = self.draft.type_of(value);
        if self.types.unify(found, int) {
            return Some(value);
        }
        let mut problem = self.mismatch(result_span(expr), found, int);
        problem.title = format!("`{}` is for numbers", operator.symbol());
        if operator == Written::Add
            && let Some(sequence) = self.sequence_of(found)
        {
            problem = problem.helping(format!("{} are joined with `++`", sequence.plural()));
        }
        self.report(problem);
        None
    }

    fn connective(
        &mut self,
        is_and: bool,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> ExprId {
        let bool = self.types.bool();
        let condition = self.check(left, bool);
        let right = self.check(right, bool);
        let constant = self.truth(!is_and, span);
        let (yes, no) = if is_and {
            (right, constant)
        } else {
            (constant, right)
        };
        self.draft
            .expr(ExprKind::If { condition, yes, no }, bool, span)
    }

    /// `a ?? b`
    fn otherwise(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let subject = self.infer(left);
        let option = self.draft.type_of(subject);
        let item = match self.types.form(option) {
            Form::Option(item) => item,
            Form::Unknown => self.types.unknown(),
            _ => {
                let item = hint.unwrap_or_else(|| self.types.hole(span));
                let wanted = self.types.make(Form::Option(item));
                if !self.types.unify(option, wanted) {
                    let found = with_article(&self.types.describe(option));
                    let title = format!("`??` is for an option, this is {found}");
                    self.report(
                        Problem::new(T100, result_span(left), title)
                            .helping("leave out `??` and what follows it"),
                    );
                    self.forget(&[item]);
                }
                item
            }
        };
        let right = self.check(right, item);
        let content = self.scope.fresh();
        let bound = self.draft.pattern(PatternKind::Bind(content), item, span);
        let some = self.draft.pattern(
            PatternKind::Constructor {
                constructor: 1,
                payload: bound,
            },
            option,
            span,
        );
        let value = self.local(content, item, span);
        let none = self.any(option, span);
        let arms = vec![
            Arm {
                pattern: some,
                guard: None,
                body: value,
            },
            Arm {
                pattern: none,
                guard: None,
                body: right,
            },
        ];
        self.draft
            .expr(ExprKind::Match { subject, arms }, item, span)
    }

    /// `e is p`
    pub(super) fn is(&mut self, value: &ast::Expr, pattern: &ast::Pattern, span: Span) -> ExprId {
        let subject = self.infer(value);
        let partial = self.draft.type_of(subject);
        // It names nothing; what it names by mistake stays known, so that its use is no second mistake.
        let outer = std::mem::replace(&mut self.frame.in_alternatives, true);
        let pattern = self.pattern(pattern, partial);
        self.frame.in_alternatives = outer;
        let any = self.any(partial, span);
        let (yes, no) = (self.truth(true, span), self.truth(false, span));
        let arms = vec![
            Arm {
                pattern,
                guard: None,
                body: yes,
            },
            Arm {
                pattern: any,
                guard: None,
                body: no,
            },
        ];
        let bool = self.types.bool();
        self.draft
            .expr(ExprKind::Match { subject, arms }, bool, span)
    }
}
