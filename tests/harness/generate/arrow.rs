//! Arrows from one given type to another, directed by the types.

use cam::combinator::{Arrow, Draft, FunctionId, IllTyped, Operation};
use cam::types::{BOOL, BYTES, INT, ORDERING, TEXT, Type, TypeId, UNIT};

use super::{Choices, any_key, any_type, any_value};

/// Makes arrows in a draft.
pub struct Generator<'a> {
    /// The arrows made so far.
    pub draft: Draft,
    pub(super) choices: &'a mut Choices,
    /// The type of the state, where `get` and `put` may occur.
    pub(super) state: Option<TypeId>,
}

impl<'a> Generator<'a> {
    /// A generator that goes on in `draft`.
    pub fn new(draft: Draft, choices: &'a mut Choices, state: Option<TypeId>) -> Generator<'a> {
        Generator {
            draft,
            choices,
            state,
        }
    }

    /// An arrow `a -> b` of at most `depth` levels.
    pub fn arrow(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        if depth == 0 {
            return self.simple(a, b);
        }
        let depth = depth - 1;
        if !self.draft.types.is_data(b) {
            // Nothing may choose between functions, or carry them from round to round.
            return match self.choices.pick(6) {
                0..=2 => self.built(a, b, depth),
                3 => self.narrowed(a, b, depth),
                4 => self.called(a, b, depth),
                _ => self.evaluated(a, b, depth),
            };
        }
        match self.choices.pick(20) {
            0 => self.simple(a, b),
            1..=4 | 17 => self.built(a, b, depth),
            5 => self.through_any(a, b, depth),
            6 | 18 => self.narrowed(a, b, depth),
            7 | 8 => self.case(a, b, depth),
            9 => self.called(a, b, depth),
            10 => self.folded_list(a, b, depth),
            11 => self.folded_map(a, b, depth),
            12 => self.with_state(a, b, depth),
            13 => self.evaluated(a, b, depth),
            14 => self.through_closure(a, b, depth),
            15 => self.iterated(a, b, depth),
            16 => self.sought(a, b, depth),
            _ => self.rare(a, b, depth),
        }
    }

    /// What is at hand where the arrow starts; a constant where nothing is.
    pub(super) fn simple(&mut self, a: TypeId, b: TypeId) -> Arrow {
        let mut fitting = self.at_hand(a);
        fitting.retain(|(_, id)| *id == b);
        if fitting.is_empty() || self.choices.once_in(8) {
            return self.constant(a, b);
        }
        let (path, _) = &fitting[self.choices.pick(fitting.len())];
        let mut arrow = made(self.draft.identity(a));
        for index in path {
            let product = self.draft.codomain(arrow);
            let part = made(self.draft.project(product, *index));
            arrow = made(self.draft.compose(arrow, part));
        }
        arrow
    }

    /// What projections reach from `a`, itself included: paths and types.
    pub(super) fn at_hand(&self, a: TypeId) -> Vec<(Vec<usize>, TypeId)> {
        const PATH_MAX: usize = 4;
        let mut found = vec![(Vec::new(), a)];
        let mut next = 0;
        while let Some((path, id)) = found.get(next).cloned() {
            next += 1;
            if path.len() == PATH_MAX {
                continue;
            }
            for (index, part) in self.parts(id).unwrap_or_default().into_iter().enumerate() {
                let mut longer = path.clone();
                longer.push(index);
                found.push((longer, part));
            }
        }
        found
    }

    /// A type that `wanted` likes: mostly one at hand, else one that `other` makes.
    pub(super) fn chosen_type(
        &mut self,
        a: TypeId,
        wanted: impl Fn(&Type) -> bool,
        other: impl Fn(&mut Draft, &mut Choices) -> TypeId,
    ) -> TypeId {
        let mut fitting = self.at_hand(a);
        fitting.retain(|(_, id)| wanted(self.draft.types.get(*id)));
        if fitting.is_empty() || self.choices.once_in(4) {
            return other(&mut self.draft, self.choices);
        }
        fitting[self.choices.pick(fitting.len())].1
    }

    pub(super) fn chosen_data(&mut self, a: TypeId) -> TypeId {
        let mut fitting = self.at_hand(a);
        fitting.retain(|(_, id)| self.draft.types.is_data(*id));
        if fitting.is_empty() || self.choices.once_in(4) {
            return any_type(&mut self.draft.types, self.choices, 2);
        }
        fitting[self.choices.pick(fitting.len())].1
    }

    fn chosen_key(&mut self, a: TypeId) -> TypeId {
        let id = self.chosen_data(a);
        if self.draft.types.is_key(id) { id } else { INT }
    }

    /// A map type; with `value` as its values, if that is given.
    pub(super) fn chosen_map(&mut self, a: TypeId, value: Option<TypeId>) -> TypeId {
        self.chosen_type(
            a,
            |entry| matches!(entry, Type::Map(_, own) if value.is_none_or(|value| value == *own)),
            |draft, choices| {
                let key = any_key(&mut draft.types, choices, 1);
                let value = value.unwrap_or_else(|| any_type(&mut draft.types, choices, 1));
                draft.types.map(key, value)
            },
        )
    }

    pub(super) fn chosen_list(&mut self, a: TypeId) -> TypeId {
        self.chosen_type(
            a,
            |entry| matches!(entry, Type::List(_)),
            |draft, choices| {
                let item = any_type(&mut draft.types, choices, 1);
                draft.types.list(item)
            },
        )
    }

    /// A constant; for a function the closure of one over nothing, and for a tuple of such a tuple.
    fn constant(&mut self, a: TypeId, b: TypeId) -> Arrow {
        if !self.draft.types.is_data(b) {
            return self.built(a, b, 0);
        }
        let value = any_value(&self.draft.types, b, self.choices);
        made(self.draft.constant(a, b, value))
    }

    /// What makes a `b` by its form.
    fn built(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        if b == INT {
            return self.built_integer(a, depth);
        }
        if b == BOOL && !self.choices.once_in(4) {
            return self.built_truth(a, depth);
        }
        if b == ORDERING && !self.choices.once_in(3) {
            let key = self.chosen_key(a);
            return self.operated(a, Operation::Compare(key), depth);
        }
        match self.draft.types.get(b).clone() {
            Type::Product(parts) => {
                let parts: Vec<Arrow> = parts
                    .iter()
                    .map(|part| self.arrow(a, *part, depth))
                    .collect();
                made(self.draft.tuple(a, &parts))
            }
            Type::Sum(payloads) => {
                if let [UNIT, value] = *payloads
                    && let Type::Product(entry) = self.draft.types.get(value)
                    && let [key, value] = **entry
                    && self.draft.types.is_key(key)
                    && self.choices.once_in(2)
                {
                    let map = self.draft.types.map(key, value);
                    return self.operated(a, Operation::MapNext(map), depth);
                }
                if let [UNIT, value] = *payloads
                    && self.choices.once_in(2)
                {
                    return self.built_option(a, value, depth);
                }
                let index = self.choices.pick(payloads.len());
                let payload = self.arrow(a, payloads[index], depth);
                let inject = made(self.draft.inject(b, index));
                made(self.draft.compose(payload, inject))
            }
            Type::List(item) if self.choices.once_in(3) => self.mapped_list(a, item, depth),
            Type::Map(key, value) if self.choices.once_in(3) => {
                self.mapped_map(a, key, value, depth)
            }
            Type::List(item) => self.built_list(a, b, item, depth),
            Type::Map(..) => {
                let operations = [
                    Operation::MapPut(b),
                    Operation::MapDelete(b),
                    Operation::MapEmpty(b),
                ];
                let operation = operations[self.choices.pick(3)];
                self.operated(a, operation, depth)
            }
            Type::Text => {
                let operation = self.choices.one_of(&[
                    Operation::TextConcat,
                    Operation::TextOfInt,
                    Operation::TextJoin,
                ]);
                self.operated(a, operation, depth)
            }
            Type::Bytes => self.built_bytes(a, depth),
            Type::Function(from, to) => self.closed(a, from, to, depth),
            Type::Int => self.simple(a, b),
        }
    }

    fn built_list(&mut self, a: TypeId, list: TypeId, item: TypeId, depth: u32) -> Arrow {
        let read = match item {
            INT => [Operation::ListOfText, Operation::ListOfBytes],
            TEXT => [Operation::TextSplit; 2],
            _ => [Operation::ListSlice(list), Operation::ListConcat(list)],
        };
        let operation = match self.choices.pick(6) {
            0 | 1 => Operation::ListPush(list),
            2 => Operation::ListEmpty(list),
            3 => Operation::ListConcat(list),
            4 => Operation::ListSlice(list),
            _ => self.choices.one_of(&read),
        };
        self.operated(a, operation, depth)
    }

    /// What may have no result.
    fn built_option(&mut self, a: TypeId, content: TypeId, depth: u32) -> Arrow {
        if self.choices.once_in(8) {
            return self.read_back(a, content, depth);
        }
        let operations: &[Operation] = match content {
            INT => &[
                Operation::TextFind,
                Operation::IntOfText,
                Operation::BytesGet,
            ],
            TEXT => &[
                Operation::TextSlice,
                Operation::TextOfBytes, // twice: options of texts are seldom
                Operation::TextOfBytes,
                Operation::TextOfList,
            ],
            BYTES => &[Operation::BytesSlice, Operation::BytesOfList],
            _ => &[],
        };
        let operation = match self.choices.pick(operations.len() + 2) {
            0 => Operation::MapGet(self.chosen_map(a, Some(content))),
            1 if matches!(self.draft.types.get(content), Type::List(_)) => {
                Operation::ListSet(content)
            }
            1 => Operation::ListGet(self.draft.types.list(content)),
            other => operations[other - 2],
        };
        self.operated(a, operation, depth)
    }

    /// A value from bytes: mostly from its own, or hardly any would be.
    fn read_back(&mut self, a: TypeId, content: TypeId, depth: u32) -> Arrow {
        let read = made(self.draft.operation(Operation::Decode(content)));
        if self.choices.once_in(3) {
            return self.applied(a, read, depth);
        }
        let value = self.arrow(a, content, depth);
        let write = made(self.draft.operation(Operation::Encode(content)));
        let bytes = made(self.draft.compose(value, write));
        made(self.draft.compose(bytes, read))
    }

    fn built_bytes(&mut self, a: TypeId, depth: u32) -> Arrow {
        let operation = match self.choices.pick(4) {
            0 => Operation::BytesConcat,
            1 => Operation::BytesOfText,
            2 => Operation::Encode(self.chosen_data(a)),
            _ => Operation::Hash,
        };
        self.operated(a, operation, depth)
    }

    fn built_integer(&mut self, a: TypeId, depth: u32) -> Arrow {
        const CHECKED: [Operation; 6] = [
            Operation::Add,
            Operation::Subtract,
            Operation::Multiply,
            Operation::Divide,
            Operation::Remainder,
            Operation::MultiplyDivide,
        ];
        const OF_BITS: [Operation; 9] = [
            Operation::AddWrapping,
            Operation::SubtractWrapping,
            Operation::MultiplyWrapping,
            Operation::And,
            Operation::Or,
            Operation::Xor,
            Operation::ShiftLeft,
            Operation::ShiftRight,
            Operation::ShiftRightUnsigned,
        ];
        let operation = match self.choices.pick(10) {
            0..=3 => self.choices.one_of(&CHECKED),
            4 | 5 => self.choices.one_of(&OF_BITS),
            6 => Operation::TextLength,
            7 => Operation::BytesLength,
            8 => Operation::ListLength(self.chosen_list(a)),
            _ => Operation::MapLength(self.chosen_map(a, None)),
        };
        self.operated(a, operation, depth)
    }

    fn built_truth(&mut self, a: TypeId, depth: u32) -> Arrow {
        let operation = match self.choices.pick(3) {
            0 => Operation::Less,
            1 => Operation::LessOrEqual,
            _ => Operation::Equal(self.chosen_data(a)),
        };
        self.operated(a, operation, depth)
    }

    /// An operation after its operands. The compiler has one way for operands that are written as a
    /// tuple just before, and another for a tuple that comes from somewhere; both must occur.
    pub(super) fn operated(&mut self, a: TypeId, operation: Operation, depth: u32) -> Arrow {
        let operation = made(self.draft.operation(operation));
        self.applied(a, operation, depth)
    }

    pub(super) fn applied(&mut self, a: TypeId, operation: Arrow, depth: u32) -> Arrow {
        let domain = self.draft.domain(operation);
        let operands = match self.parts(domain) {
            Some(parts) if !self.choices.once_in(3) => {
                let parts: Vec<Arrow> = parts
                    .iter()
                    .map(|part| self.arrow(a, *part, depth))
                    .collect();
                made(self.draft.tuple(a, &parts))
            }
            _ => self.arrow(a, domain, depth),
        };
        made(self.draft.compose(operands, operation))
    }

    fn through_any(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let between = any_type(&mut self.draft.types, self.choices, 2);
        let first = self.arrow(a, between, depth);
        let second = self.arrow(between, b, depth);
        made(self.draft.compose(first, second))
    }

    /// Goes on from one part of the start.
    fn narrowed(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        match self.parts(a) {
            Some(parts) if !parts.is_empty() => {
                let index = self.choices.pick(parts.len());
                let part = made(self.draft.project(a, index));
                let rest = self.arrow(parts[index], b, depth);
                made(self.draft.compose(part, rest))
            }
            _ => self.through_any(a, b, depth),
        }
    }

    /// A case on a sum that the start holds or that is computed, with the start as environment.
    fn case(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let sum = self.any_sum(a);
        let Type::Sum(payloads) = self.draft.types.get(sum).clone() else {
            unreachable!("it was chosen as a sum")
        };
        let direct = self
            .parts(a)
            .filter(|parts| parts.len() == 2 && parts[1] == sum);
        let environment = direct.as_ref().map_or(a, |parts| parts[0]);
        let arms: Vec<Arrow> = payloads
            .iter()
            .map(|payload| {
                let start = self.draft.types.product(&[environment, *payload]);
                self.arrow(start, b, depth)
            })
            .collect();
        let case = made(self.draft.case(environment, sum, &arms));
        if direct.is_some() {
            return case;
        }
        let identity = made(self.draft.identity(a));
        let scrutinee = self.arrow(a, sum, depth);
        let both = made(self.draft.tuple(a, &[identity, scrutinee]));
        made(self.draft.compose(both, case))
    }

    fn any_sum(&mut self, a: TypeId) -> TypeId {
        self.chosen_type(
            a,
            |entry| matches!(entry, Type::Sum(_)),
            |draft, choices| {
                let count = choices.pick(3) + 1;
                let payloads: Vec<TypeId> = (0..count)
                    .map(|_| any_type(&mut draft.types, choices, 1))
                    .collect();
                draft.types.sum(&payloads)
            },
        )
    }

    /// Reads or writes the state on the way, where there is one.
    fn with_state(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        let Some(state) = self.state else {
            return self.built(a, b, depth);
        };
        if self.choices.once_in(2) {
            let get = made(self.draft.get(a, state));
            let rest = self.arrow(state, b, depth);
            return made(self.draft.compose(get, rest));
        }
        let new = self.arrow(a, state, depth);
        let put = made(self.draft.put(state));
        let put = made(self.draft.compose(new, put));
        let rest = self.arrow(a, b, depth);
        let both = made(self.draft.tuple(a, &[put, rest]));
        let pair = self.draft.codomain(both);
        let second = made(self.draft.project(pair, 1));
        made(self.draft.compose(both, second))
    }

    /// A replaced part; seldom an abort.
    fn rare(&mut self, a: TypeId, b: TypeId, depth: u32) -> Arrow {
        if self.choices.once_in(4) {
            let code = self.arrow(a, INT, depth);
            let abort = made(self.draft.abort(b));
            return made(self.draft.compose(code, abort));
        }
        match self.parts(b) {
            Some(parts) if !parts.is_empty() => {
                let index = self.choices.pick(parts.len());
                let replace = made(self.draft.replace(b, index));
                self.applied(a, replace, depth)
            }
            _ => self.built(a, b, depth),
        }
    }

    pub(super) fn parts(&self, id: TypeId) -> Option<Vec<TypeId>> {
        match self.draft.types.get(id) {
            Type::Product(parts) => Some(parts.to_vec()),
            _ => None,
        }
    }
}

pub(super) fn made(arrow: Result<Arrow, IllTyped>) -> Arrow {
    arrow.expect("the generator is directed by the types")
}

pub(super) fn made_function(function: Result<FunctionId, IllTyped>) -> FunctionId {
    function.expect("functions are made without state")
}
