//! Loops: a head with the accumulator as its parameters, the body, and the way back.
//!
//! ```text
//!           charge rounds; walk
//!  entry ─▶ head(accumulator): advance ──none──▶ exit
//!            ▲        │ some
//!            └─ body ◀┘
//! ```
//!
//! A fold's accumulator is the author's; what makes a new list or map has that as its accumulator. A `loop`
//! counts instead of walking, pays for each round when it starts, and may stop.

use crate::combinator::FunctionId;
use crate::instruction::Instruction;
use crate::rounds::cost_of_round;
use crate::ssa::graph::{Binary, BlockId, End, Kind, Name, Operation};
use crate::ssa::symbol::Symbol;
use crate::ssa::translate::{After, OverBudget, Translator, used};
use crate::types::{INT, Type, TypeId};

/// A loop whose body is in translation.
pub(super) struct Loop {
    head: BlockId,
    exit: BlockId,
    /// The accumulator: the head's parameters.
    accumulator: Symbol,
    round: Round,
}

/// What the result of the body is to the loop.
enum Round {
    /// The next accumulator.
    Fold,
    /// The next item of a new list.
    Item,
    /// The value under this key in a new map.
    Value { key: Symbol },
    /// Whether this entry stays.
    Keep { key: Symbol, value: Symbol },
    /// The next accumulator, or what the loop ends with.
    Count { number: Name, sum: TypeId },
}

impl Translator<'_> {
    pub(super) fn start_loop(&mut self, instruction: Instruction) -> Result<(), OverBudget> {
        let container = self.register.clone();
        match instruction {
            Instruction::ListFold(_) | Instruction::MapFold(_) => {
                let accumulator = self.pop();
                self.walk(instruction, &accumulator)
            }
            Instruction::ListMap(_, list) => {
                let empty = self.runtime(Instruction::ListEmpty(list), &[], list)?;
                self.walk(instruction, &empty)
            }
            Instruction::MapMap(_, map) => {
                let empty = self.runtime(Instruction::MapEmpty(map), &[], map)?;
                self.walk(instruction, &empty)
            }
            Instruction::MapFilter(_) => {
                let map = container.id;
                let empty = self.runtime(Instruction::MapEmpty(map), &[], map)?;
                self.walk(instruction, &empty)
            }
            Instruction::Loop(body, sum) => self.count(body, sum),
            _ => unreachable!("the caller has seen a loop"),
        }
    }

    /// A loop over the container in the register; the environment is on the stack.
    fn walk(&mut self, instruction: Instruction, start: &Symbol) -> Result<(), OverBudget> {
        let body = instruction.callee().expect("a loop has a body");
        let environment = self.pop();
        let container = self.register.clone();
        let handle = container.names().next();
        let handle = handle.expect("a container is a handle");
        self.emit(Operation::ChargeRounds {
            container: handle,
            cost: cost_of_round(self.code, instruction),
        });
        let walk = self.name(Kind::Handle)?;
        self.emit(Operation::Walk {
            container: used(handle),
            to: walk,
        });
        let (head, accumulator) = self.head(start)?;
        let entry = self.entry_types(container.id);
        let (some, entry) = self.advance(walk, &entry)?;
        let (inside, exit) = (self.block(&[])?, self.block(&[])?);
        self.finish(End::Branch(some, inside, exit));
        self.start(inside);
        let mut parts = vec![environment];
        let round = match instruction {
            Instruction::ListMap(..) => Round::Item,
            Instruction::MapMap(..) => Round::Value {
                key: entry[0].clone(),
            },
            Instruction::MapFilter(_) => Round::Keep {
                key: entry[0].clone(),
                value: entry[1].clone(),
            },
            _ => {
                parts.push(accumulator.clone());
                Round::Fold
            }
        };
        parts.extend(entry);
        let own = Loop {
            head,
            exit,
            accumulator,
            round,
        };
        self.round(body, &parts, own)
    }

    /// A loop of as many rounds as the number in the register; accumulator and environment are on the
    /// stack.
    fn count(&mut self, body: FunctionId, sum: TypeId) -> Result<(), OverBudget> {
        let rounds = self.register.word();
        let (start, environment) = (self.pop(), self.pop());
        let zero = self.word(0)?;
        let head = self.block(&[INT, start.id])?;
        let exit = self.block(&[sum])?;
        let given = std::iter::once(zero).chain(start.names());
        let given = given.map(used).collect();
        self.finish(End::Jump(head, given));
        self.start(head);
        let parameters = self.parameters(head);
        let (number, accumulator) = (parameters[0], self.symbol(start.id, &parameters[1..]));
        let more = self.binary(Binary::Less, number, rounds)?;
        let (inside, done) = (self.block(&[])?, self.block(&[])?);
        self.finish(End::Branch(more, inside, done));
        self.start(done);
        let last = self.injected(sum, 0, &accumulator)?;
        self.jump(exit, &last);
        self.start(inside);
        self.charge(self.code.certificate(body).cost);
        let counted = self.symbol(INT, &[number]);
        let parts = [environment, accumulator.clone(), counted];
        let own = Loop {
            head,
            exit,
            accumulator,
            round: Round::Count { number, sum },
        };
        self.round(body, &parts, own)
    }

    /// A head that starts with the names of `start`, and the accumulator in it.
    fn head(&mut self, start: &Symbol) -> Result<(BlockId, Symbol), OverBudget> {
        let head = self.block(&[start.id])?;
        self.jump(head, start);
        self.start(head);
        let parameters = self.parameters(head);
        Ok((head, self.symbol(start.id, &parameters)))
    }

    fn jump(&mut self, to: BlockId, symbol: &Symbol) {
        let given = symbol.names().map(used).collect();
        self.finish(End::Jump(to, given));
    }

    /// The next entry of a walk: whether there is one, and its parts.
    fn advance(&mut self, walk: Name, entry: &[TypeId]) -> Result<(Name, Vec<Symbol>), OverBudget> {
        let some = self.name(Kind::Word)?;
        let mut to = vec![some];
        let mut parts = Vec::with_capacity(entry.len());
        for id in entry {
            let names = self.fresh(*id)?;
            parts.push(self.symbol(*id, &names));
            to.extend(names);
        }
        self.emit(Operation::Advance {
            walk,
            entry: entry.into(),
            to: to.into(),
        });
        Ok((some, parts))
    }

    fn entry_types(&self, container: TypeId) -> Vec<TypeId> {
        match self.code.types().get(container) {
            Type::List(item) => vec![*item],
            Type::Map(key, value) => vec![*key, *value],
            _ => unreachable!("verified: a walk is over a list or map"),
        }
    }

    /// The body on the product of `parts`, in place or called.
    fn round(&mut self, body: FunctionId, parts: &[Symbol], own: Loop) -> Result<(), OverBudget> {
        let (domain, _) = self.code.function_type(body);
        self.register = self.product(domain, parts)?;
        if self.inlining.in_place(body) {
            self.enter(body, After::Loop(Box::new(own)));
            Ok(())
        } else {
            self.call(body)?;
            self.end_round(own)
        }
    }

    /// The body's result is in the register.
    pub(super) fn end_round(&mut self, own: Loop) -> Result<(), OverBudget> {
        let given = self.register.clone();
        let Loop {
            head,
            exit,
            accumulator,
            round,
        } = own;
        if self.at.is_some() {
            match &round {
                Round::Fold => self.jump(head, &given),
                Round::Item => self.append(head, &accumulator, &given)?,
                Round::Value { key } => self.store(head, &accumulator, key, &given)?,
                Round::Keep { key, value } => {
                    let (keep, skip) = (self.block(&[])?, self.block(&[])?);
                    self.finish(End::Branch(given.word(), keep, skip));
                    self.start(keep);
                    self.store(head, &accumulator, key, value)?;
                    self.start(skip);
                    self.jump(head, &accumulator);
                }
                Round::Count { number, sum } => {
                    self.go_on_or_stop(head, exit, *number, &given, *sum)?;
                }
            }
        }
        self.start(exit);
        self.register = match round {
            Round::Count { sum, .. } => self.symbol(sum, &self.parameters(exit)),
            _ => accumulator,
        };
        Ok(())
    }

    /// Constructor 0 goes on with the next number, constructor 1 stops.
    fn go_on_or_stop(
        &mut self,
        head: BlockId,
        exit: BlockId,
        number: Name,
        given: &Symbol,
        sum: TypeId,
    ) -> Result<(), OverBudget> {
        debug_assert_eq!(given.id, sum);
        let tag = given.word();
        if self.known(tag) != Some(0) {
            let (stop, go_on) = (self.block(&[])?, self.block(&[])?);
            self.finish(End::Branch(tag, stop, go_on));
            self.start(stop);
            self.jump(exit, given);
            self.start(go_on);
        }
        let one = self.word(1)?;
        // The number is below the count of rounds, so the next one is an integer.
        let next = self.binary(Binary::AddWrapping, number, one)?;
        let payload = self.payload(given, 0);
        let names = std::iter::once(next).chain(payload.names());
        let names = names.map(used).collect();
        self.finish(End::Jump(head, names));
        Ok(())
    }

    fn append(&mut self, head: BlockId, list: &Symbol, item: &Symbol) -> Result<(), OverBudget> {
        let to = self.name(Kind::Handle)?;
        let (item, list_name) = (self.operand(item)?, list.names().next());
        self.emit(Operation::Append {
            list: used(list_name.expect("a list is a handle")),
            item,
            to,
        });
        let longer = self.symbol(list.id, &[to]);
        self.jump(head, &longer);
        Ok(())
    }

    fn store(
        &mut self,
        head: BlockId,
        map: &Symbol,
        key: &Symbol,
        value: &Symbol,
    ) -> Result<(), OverBudget> {
        let to = self.name(Kind::Handle)?;
        let (key, value) = (self.operand(key)?, self.operand(value)?);
        let map_name = map.names().next();
        self.emit(Operation::Store {
            map: used(map_name.expect("a map is a handle")),
            key,
            value,
            to,
        });
        let larger = self.symbol(map.id, &[to]);
        self.jump(head, &larger);
        Ok(())
    }
}
