//! Parts of lists, texts and byte strings. The machine cuts texts and bytes only where there is something to cut;
//! what the language says of a position outside is a function here, made once for each type that is cut.

use cam::combinator::{Arrow, FunctionId, Operation};
use cam::types::{BOOL, BYTES, INT, TEXT, Type, TypeId};
use cam::value::Value;

use super::scope::Place;
use super::{Translated, Translator};
use crate::typed::{ExprId, Primitive};

impl Translator<'_> {
    /// A call of the function that does it.
    pub(super) fn part(
        &mut self,
        primitive: Primitive,
        subject: TypeId,
        arguments: &[ExprId],
    ) -> Translated<Arrow> {
        let mut arguments = self.expressions(arguments)?;
        if primitive == Primitive::TextGet {
            arguments.push(self.number(1)?);
            return self.operate(Operation::TextSlice, &arguments);
        }
        let argument = self.draft.tuple(self.scope.gamma(), &arguments)?;
        let cutter = self.cutter(primitive, subject, self.draft.codomain(argument))?;
        let call = self.draft.call(cutter)?;
        self.draft.compose(argument, call)
    }

    fn cutter(
        &mut self,
        primitive: Primitive,
        subject: TypeId,
        argument: TypeId,
    ) -> Translated<FunctionId> {
        if let Some(known) = self.cutters.get(&(primitive, subject)) {
            return Ok(*known);
        }
        let name = match primitive {
            Primitive::TextStarts => "starts_with",
            Primitive::TextEnds => "ends_with",
            Primitive::End => "end",
            _ => "part",
        };
        let whole = Place::argument();
        let function = self.function(name, argument, |translator| match primitive {
            Primitive::TextStarts => translator.starts(&whole),
            Primitive::TextEnds => translator.ends(&whole),
            Primitive::End => translator.end(subject, &whole),
            _ => translator.middle(subject, &whole),
        })?;
        self.cutters.insert((primitive, subject), function);
        Ok(function)
    }

    /// `(text, part)`: whether the text begins with the part.
    fn starts(&mut self, argument: &Place) -> Translated<Arrow> {
        let part = self.look(&argument.part(1))?;
        let size = self.operate(Operation::TextLength, &[part])?;
        let operands = [self.look(&argument.part(0))?, self.number(0)?, size];
        let cut = self.operate(Operation::TextSlice, &operands)?;
        self.equals(cut, &argument.part(1))
    }

    /// `(text, part)`: whether the text ends with the part. A longer part begins before the text, where the machine
    /// cuts nothing.
    fn ends(&mut self, argument: &Place) -> Translated<Arrow> {
        let (text, part) = (argument.part(0), argument.part(1));
        let whole = self.look(&text)?;
        let whole = self.operate(Operation::TextLength, &[whole])?;
        let size = self.look(&part)?;
        let size = self.operate(Operation::TextLength, &[size])?;
        let from = self.operate(Operation::Subtract, &[whole, size])?;
        let operands = [self.look(&text)?, from, size];
        let cut = self.operate(Operation::TextSlice, &operands)?;
        self.equals(cut, &part)
    }

    /// Whether an optional text is there and is this one.
    fn equals(&mut self, cut: Arrow, part: &Place) -> Translated<Arrow> {
        self.case(
            cut,
            &mut |translator, constructor, found| match constructor {
                0 => {
                    let gamma = translator.scope.gamma();
                    translator.draft.constant(gamma, BOOL, Value::bool(false))
                }
                _ => {
                    let operands = [translator.look(&found)?, translator.look(part)?];
                    translator.operate(Operation::Equal(TEXT), &operands)
                }
            },
            2,
        )
    }

    /// `(sequence, from, to)`: what stands from one position to before another, as far as there is something.
    fn middle(&mut self, subject: TypeId, argument: &Place) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let whole = argument.part(0);
        let zero = self.number(0)?;
        let (zero_line, zero) = self.scope.extend(&mut self.draft, zero)?;
        let size = self.length(subject, &whole)?;
        let (size_line, size) = self.scope.extend(&mut self.draft, size)?;
        let mut line = vec![zero_line, size_line];
        // The end first: it is at most the size, and the beginning at most the end.
        let to = self.greater(&argument.part(2), &zero, &mut line)?;
        let to = self.lesser(&to, &size, &mut line)?;
        let from = self.greater(&argument.part(1), &zero, &mut line)?;
        let from = self.lesser(&from, &to, &mut line)?;
        line.push(self.cut(subject, &whole, &from, &to)?);
        self.draft.chain(gamma, &line)
    }

    /// `(sequence, count)`: so many at the end, as far as there is something.
    fn end(&mut self, subject: TypeId, argument: &Place) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let whole = argument.part(0);
        let zero = self.number(0)?;
        let (zero_line, zero) = self.scope.extend(&mut self.draft, zero)?;
        let size = self.length(subject, &whole)?;
        let (size_line, size) = self.scope.extend(&mut self.draft, size)?;
        let mut line = vec![zero_line, size_line];
        let count = self.greater(&argument.part(1), &zero, &mut line)?;
        let count = self.lesser(&count, &size, &mut line)?;
        let operands = [self.look(&size)?, self.look(&count)?];
        let from = self.operate(Operation::Subtract, &operands)?;
        let (extended, from) = self.scope.extend(&mut self.draft, from)?;
        line.push(extended);
        line.push(self.cut(subject, &whole, &from, &size)?);
        self.draft.chain(gamma, &line)
    }

    /// What a switch looks at: a list as an option of its first item and the list of the others.
    pub(super) fn opened(&mut self, subject: Arrow) -> Translated<Arrow> {
        let list = self.draft.codomain(subject);
        let Type::List(item) = *self.draft.types.get(list) else {
            return Ok(subject);
        };
        let function = match self.openers.get(&list) {
            Some(known) => *known,
            None => {
                let function =
                    self.function("open", list, |translator| translator.open(list, item))?;
                self.openers.insert(list, function);
                function
            }
        };
        let call = self.draft.call(function)?;
        self.draft.compose(subject, call)
    }

    fn open(&mut self, list: TypeId, item: TypeId) -> Translated<Arrow> {
        let whole = Place::argument();
        let pair = self.draft.types.product(&[item, list]);
        let option = self.draft.types.option(pair);
        let operands = [self.look(&whole)?, self.number(0)?];
        let first = self.operate(Operation::ListGet(list), &operands)?;
        self.case(
            first,
            &mut |translator, constructor, first| {
                let payload = if constructor == 0 {
                    translator.unit()?
                } else {
                    let operands = [
                        translator.look(&whole)?,
                        translator.number(1)?,
                        translator.number(i64::MAX)?,
                    ];
                    let others = translator.operate(Operation::ListSlice(list), &operands)?;
                    let parts = [translator.look(&first)?, others];
                    translator.draft.tuple(translator.scope.gamma(), &parts)?
                };
                let inject = translator.draft.inject(option, constructor)?;
                translator.draft.compose(payload, inject)
            },
            2,
        )
    }

    fn length(&mut self, subject: TypeId, whole: &Place) -> Translated<Arrow> {
        let whole = self.look(whole)?;
        let operation = match self.draft.types.get(subject) {
            Type::Text => Operation::TextLength,
            Type::Bytes => Operation::BytesLength,
            _ => Operation::ListLength(subject),
        };
        self.operate(operation, &[whole])
    }

    /// From one position to another, where both are inside and in order.
    fn cut(
        &mut self,
        subject: TypeId,
        whole: &Place,
        from: &Place,
        to: &Place,
    ) -> Translated<Arrow> {
        let operands = [self.look(to)?, self.look(from)?];
        let size = self.operate(Operation::Subtract, &operands)?;
        let operands = [self.look(whole)?, self.look(from)?, size];
        let operation = match subject {
            TEXT => Operation::TextSlice,
            BYTES => Operation::BytesSlice,
            _ => return self.operate(Operation::ListSlice(subject), &operands),
        };
        let cut = self.operate(operation, &operands)?;
        self.case(
            cut,
            &mut |translator, constructor, found| match constructor {
                0 => translator.look(whole), // both ends are inside, so there is something
                _ => translator.look(&found),
            },
            2,
        )
    }

    fn greater(&mut self, a: &Place, b: &Place, line: &mut Vec<Arrow>) -> Translated<Place> {
        self.picked(a, b, [a, b], line)
    }

    fn lesser(&mut self, a: &Place, b: &Place, line: &mut Vec<Arrow>) -> Translated<Place> {
        self.picked(a, b, [b, a], line)
    }

    /// One of two numbers, by whether the first is at most the second; it gets a level of Γ.
    fn picked(
        &mut self,
        a: &Place,
        b: &Place,
        [no, yes]: [&Place; 2],
        line: &mut Vec<Arrow>,
    ) -> Translated<Place> {
        let operands = [self.look(a)?, self.look(b)?];
        let is_at_most = self.operate(Operation::LessOrEqual, &operands)?;
        let picked = self.case(
            is_at_most,
            &mut |translator, constructor, _| {
                translator.look(if constructor == 0 { no } else { yes })
            },
            2,
        )?;
        let (extended, place) = self.scope.extend(&mut self.draft, picked)?;
        line.push(extended);
        Ok(place)
    }

    /// `Γ -> Int`, always the same.
    pub(super) fn number(&mut self, number: i64) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        self.draft.constant(gamma, INT, Value::Int(number))
    }
}
