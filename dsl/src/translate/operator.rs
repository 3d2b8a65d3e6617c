//! Operators and the operations that are written as functions.

use cam::combinator::{Arrow, Operation};
use cam::types::{BOOL, INT, Type, TypeId};
use cam::value::Value;

use super::{Translated, Translator};
use crate::typed::{ExprId, Operator, Primitive};

impl Translator<'_> {
    pub(super) fn primitive(
        &mut self,
        primitive: Primitive,
        arguments: &[ExprId],
        result: TypeId,
    ) -> Translated<Arrow> {
        let subject = self.type_of(self.terms.expr(arguments[0]).shape);
        let operation = match primitive {
            Primitive::TextGet
            | Primitive::TextStarts
            | Primitive::TextEnds
            | Primitive::Part
            | Primitive::End => return self.part(primitive, subject, arguments),
            Primitive::MultiplyDivide => Operation::MultiplyDivide,
            Primitive::TextOfInt => Operation::TextOfInt,
            Primitive::IntOfText => Operation::IntOfText,
            Primitive::TextSize => Operation::TextLength,
            Primitive::TextConcat => Operation::TextConcat,
            Primitive::TextFind => Operation::TextFind,
            Primitive::TextSplit => Operation::TextSplit,
            Primitive::TextJoin => Operation::TextJoin,
            Primitive::ListOfText => Operation::ListOfText,
            Primitive::TextOfList => Operation::TextOfList,
            Primitive::BytesSize => Operation::BytesLength,
            Primitive::BytesGet => Operation::BytesGet,
            Primitive::BytesConcat => Operation::BytesConcat,
            Primitive::ListOfBytes => Operation::ListOfBytes,
            Primitive::BytesOfList => Operation::BytesOfList,
            Primitive::Encode => Operation::Encode(subject),
            Primitive::Decode => Operation::Decode(self.content_of(result)),
            Primitive::Hash => Operation::Hash,
            Primitive::ListSize => Operation::ListLength(subject),
            Primitive::ListGet => Operation::ListGet(subject),
            Primitive::ListSet => Operation::ListSet(subject),
            Primitive::ListPush => Operation::ListPush(subject),
            Primitive::ListConcat => Operation::ListConcat(subject),
            Primitive::MapSize => Operation::MapLength(subject),
            Primitive::MapGet => Operation::MapGet(subject),
            Primitive::MapInsert => Operation::MapPut(subject),
            Primitive::MapRemove => Operation::MapDelete(subject),
        };
        let arguments = self.expressions(arguments)?;
        self.operate(operation, &arguments)
    }

    /// What an option may hold.
    fn content_of(&self, option: TypeId) -> TypeId {
        match self.draft.types.get(option) {
            Type::Sum(payloads) => payloads[1],
            _ => unreachable!("checked: an option"),
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: ExprId,
        right: ExprId,
    ) -> Translated<Arrow> {
        let compared = self.type_of(self.terms.expr(left).shape);
        let arithmetic = match operator {
            Operator::Add => Some(Operation::Add),
            Operator::Subtract => Some(Operation::Subtract),
            Operator::Multiply => Some(Operation::Multiply),
            Operator::Divide => Some(Operation::Divide),
            Operator::Remainder => Some(Operation::Remainder),
            Operator::Equal => Some(Operation::Equal(compared)),
            Operator::Less if compared == INT => Some(Operation::Less),
            Operator::LessOrEqual if compared == INT => Some(Operation::LessOrEqual),
            _ => None,
        };
        if let Some(operation) = arithmetic {
            let operands = self.expressions(&[left, right])?;
            return self.operate(operation, &operands);
        }
        match operator {
            Operator::NotEqual => {
                let operands = self.expressions(&[left, right])?;
                let equal = self.operate(Operation::Equal(compared), &operands)?;
                self.judged(equal, &[true, false])
            }
            Operator::Greater if compared == INT => self.swapped(Operation::Less, left, right),
            Operator::GreaterOrEqual if compared == INT => {
                self.swapped(Operation::LessOrEqual, left, right)
            }
            _ => {
                let verdicts = match operator {
                    Operator::Less => [true, false, false],
                    Operator::LessOrEqual => [true, true, false],
                    Operator::Greater => [false, false, true],
                    _ => [false, true, true],
                };
                let operands = self.expressions(&[left, right])?;
                let order = self.operate(Operation::Compare(compared), &operands)?;
                self.judged(order, &verdicts)
            }
        }
    }

    /// The operation on the operands the other way round; the left one is still evaluated first.
    fn swapped(&mut self, operation: Operation, left: ExprId, right: ExprId) -> Translated<Arrow> {
        self.with(left, |translator, left| {
            let right = translator.expression(right)?;
            let (extended, right) = translator.scope.extend(&mut translator.draft, right)?;
            let operands = [translator.look(&right)?, translator.look(&left)?];
            let swapped = translator.operate(operation, &operands)?;
            translator.draft.compose(extended, swapped)
        })
    }

    /// A truth value for each constructor of an enumeration.
    fn judged(&mut self, subject: Arrow, verdicts: &[bool]) -> Translated<Arrow> {
        self.case(
            subject,
            &mut |translator, constructor, _| {
                let verdict = Value::bool(verdicts[constructor]);
                let gamma = translator.scope.gamma();
                translator.draft.constant(gamma, BOOL, verdict)
            },
            verdicts.len(),
        )
    }
}
