//! Symbolic execution: a verified function becomes a graph.
//!
//! The bytecode is run once, with symbols for values. Both ends of the code's structure are at hand when
//! they are met, so blocks come out in order and nothing is searched for. Nothing here recurses: open
//! cases, calls in place and loops stand on stacks of our own.
//!
//! The body of a loop and a small or only callee are translated in place. So is every function that
//! takes or gives a function: along one path each `app` has one `cur`, because functions are second class,
//! and no closure is left at run time. In-place translation can blow up; the budget bounds it, and a
//! program above the budget stays on the reference interpreter.

mod loops;
mod straight;

use std::collections::BTreeMap;

use crate::code::Instructions;
use crate::combinator::FunctionId;
use crate::instruction::Instruction;
use crate::limits::GRAPH_NAMES_MAX;
use crate::ssa::graph::{Binary, Block, BlockId, Constant, End, Graph, Kind, Name, Operation, Use};
use crate::ssa::slots::Layouts;
use crate::ssa::symbol::{Run, Slot, Symbol};
use crate::types::{Type, TypeId};
use crate::verify::Verified;
use loops::Loop;

/// A program whose graph would be larger than the limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OverBudget;

/// Which functions are translated in place where they are called.
#[derive(Clone, Debug)]
pub struct Inlining {
    in_place: Box<[bool]>,
}

/// Instructions up to which a function is translated wherever it is called, with all that it has in place.
const SMALL_FUNCTION_INSTRUCTIONS: usize = 64;

impl Inlining {
    /// Decides for each function of a program: if it takes or gives a function, is small, or has one use.
    #[must_use]
    pub fn new(code: &Verified, layouts: &Layouts) -> Inlining {
        let functions = &code.bytecode().functions;
        let mut uses = vec![0_u32; functions.len()];
        let callees = functions.iter().flat_map(|body| &body.code);
        for callee in callees.filter_map(|instruction| instruction.callee()) {
            uses[callee.index()] += 1;
        }
        let mut sizes: Vec<usize> = Vec::with_capacity(functions.len());
        let mut in_place = Vec::with_capacity(functions.len());
        for (index, body) in functions.iter().enumerate() {
            let callees = body.code.iter().filter_map(|own| own.callee());
            let inner = callees.filter(|callee| in_place[callee.index()]);
            let size = inner.fold(body.code.len(), |size, callee| {
                size.saturating_add(sizes[callee.index()])
            });
            let second_class =
                layouts.of(body.domain).function || layouts.of(body.codomain).function;
            in_place.push(second_class || uses[index] == 1 || size <= SMALL_FUNCTION_INSTRUCTIONS);
            sizes.push(size);
        }
        Inlining {
            in_place: in_place.into(),
        }
    }

    /// Whether the function stands where it is called.
    #[must_use]
    pub fn in_place(&self, function: FunctionId) -> bool {
        self.in_place[function.index()]
    }
}

/// Translates one function. What it copies is taken from `slots_left`, which starts at
/// [`GRAPH_SLOTS_MAX`](crate::limits::GRAPH_SLOTS_MAX) and is the whole program's: a module has thousands of functions,
/// and each may call for the same work again.
///
/// # Errors
/// [`OverBudget`] if the graph would be too large.
pub fn function(
    code: &Verified,
    layouts: &Layouts,
    inlining: &Inlining,
    function: FunctionId,
    slots_left: &mut usize,
) -> Result<Graph, OverBudget> {
    let mut translator = Translator {
        code,
        layouts,
        inlining,
        graph: Graph::default(),
        names: BTreeMap::new(),
        closures: Vec::new(),
        pool: BTreeMap::new(),
        frames: Vec::new(),
        at: Some(BlockId(0)),
        slots_left: *slots_left,
        register: Symbol {
            id: crate::types::UNIT,
            words: Run::from_iter([]),
            handles: Run::from_iter([]),
        },
    };
    let (domain, _) = code.function_type(function);
    let start = translator.block(&[domain])?;
    translator.start(start);
    let parameters = translator.parameters(start);
    translator.register = translator.symbol(domain, &parameters);
    translator.enter(function, After::Return);
    translator.run()?;
    *slots_left = translator.slots_left;
    Ok(translator.graph)
}

/// What follows the end of a body that is translated.
enum After {
    Return,
    Call,
    Loop(Box<Loop>),
}

/// A body in translation.
struct Frame<'a> {
    /// What is still to be translated.
    code: Instructions<'a>,
    stack: Vec<Symbol>,
    cases: Vec<OpenCase>,
    after: After,
}

struct OpenCase {
    sum: Symbol,
    /// The block of each arm; nothing for an arm that cannot be reached.
    arms: Vec<Option<BlockId>>,
    arm: usize,
    floor: usize,
    /// Where arms have ended, and with what.
    ends: Vec<(BlockId, Symbol)>,
}

#[derive(Clone)]
struct Closure {
    function: FunctionId,
    captured: Symbol,
}

struct Translator<'a> {
    code: &'a Verified,
    layouts: &'a Layouts,
    inlining: &'a Inlining,
    graph: Graph,
    names: BTreeMap<Constant, Name>,
    /// The constants that are met, taken apart.
    pool: BTreeMap<u32, Vec<Constant>>,
    closures: Vec<Closure>,
    frames: Vec<Frame<'a>>,
    /// The block that is being filled; nothing where no run can come.
    at: Option<BlockId>,
    register: Symbol,
    slots_left: usize,
}

impl<'a> Translator<'a> {
    fn run(&mut self) -> Result<(), OverBudget> {
        while let Some(frame) = self.frames.last_mut() {
            let next = frame.code.next();
            let instruction = next.expect("verified: the code ends with an `end`");
            self.spend(1)?;
            if self.at.is_none() {
                self.skip(instruction)?;
                continue;
            }
            match instruction {
                Instruction::Case() => self.case()?,
                Instruction::Else() => self.next_arm(),
                Instruction::End() => self.end()?,
                Instruction::Abort(_) => self.finish(End::Stop),
                Instruction::Call(callee) => self.call(callee)?,
                Instruction::Apply() => self.apply()?,
                Instruction::ListFold(_)
                | Instruction::MapFold(_)
                | Instruction::ListMap(..)
                | Instruction::MapMap(..)
                | Instruction::MapFilter(_)
                | Instruction::Loop(..) => self.start_loop(instruction)?,
                _ => self.straight(instruction)?,
            }
        }
        Ok(())
    }

    /// Where no run can come, only the structure is followed.
    fn skip(&mut self, instruction: Instruction) -> Result<(), OverBudget> {
        match instruction {
            Instruction::Case() => {
                let register = self.register.clone();
                let frame = self.frame();
                frame.cases.push(OpenCase {
                    sum: register,
                    arms: Vec::new(),
                    arm: 0,
                    floor: frame.stack.len(),
                    ends: Vec::new(),
                });
                Ok(())
            }
            Instruction::Else() => {
                self.next_arm();
                Ok(())
            }
            Instruction::End() => self.end(),
            _ => Ok(()),
        }
    }

    fn case(&mut self) -> Result<(), OverBudget> {
        let sum = self.register.clone();
        let payloads = self.code.types().get(sum.id).operands();
        let tag = sum.word();
        let mut arms = Vec::with_capacity(payloads.len());
        match self.known(tag) {
            Some(known) => {
                let block = self.block(&[])?;
                let reached = |arm: usize| i64::try_from(arm) == Ok(known);
                arms.extend((0..payloads.len()).map(|arm| reached(arm).then_some(block)));
                self.finish(End::Jump(block, Box::default()));
            }
            None => {
                for _ in &payloads {
                    arms.push(Some(self.block(&[])?));
                }
                let targets: Vec<BlockId> = arms.iter().copied().flatten().collect();
                self.finish(match targets[..] {
                    [only] => End::Jump(only, Box::default()),
                    [zero, one] => End::Branch(tag, one, zero),
                    _ => End::Switch(tag, targets.into()),
                });
            }
        }
        let frame = self.frame();
        let floor = frame.stack.len();
        frame.cases.push(OpenCase {
            sum,
            arms,
            arm: 0,
            floor,
            ends: Vec::new(),
        });
        self.start_arm();
        Ok(())
    }

    /// Goes on at the arm whose turn it is.
    fn start_arm(&mut self) {
        let case = self.open_case();
        let (arm, sum) = (case.arm, case.sum.clone());
        let block = case.arms.get(arm).copied().flatten();
        self.at = None;
        if let Some(block) = block {
            self.start(block);
            let payload = self.payload(&sum, arm);
            self.register = payload;
        }
    }

    fn next_arm(&mut self) {
        self.close_arm();
        self.open_case().arm += 1;
        self.start_arm();
    }

    fn close_arm(&mut self) {
        let (at, register) = (self.at, self.register.clone());
        let frame = self.frame();
        let case = frame.cases.last_mut().expect("verified: a case is open");
        frame.stack.truncate(case.floor);
        case.ends.extend(at.map(|block| (block, register)));
    }

    /// The end of a case, or of a body.
    fn end(&mut self) -> Result<(), OverBudget> {
        if self.frame().cases.is_empty() {
            return self.leave();
        }
        self.close_arm();
        let case = self.frame().cases.pop().expect("just seen");
        self.join(&case.ends)
    }

    /// Brings the ends of arms together. What is the same in all is no parameter.
    fn join(&mut self, ends: &[(BlockId, Symbol)]) -> Result<(), OverBudget> {
        let Some(((only, first), others)) = ends.split_first() else {
            self.at = None;
            return Ok(());
        };
        if others.is_empty() {
            self.at = Some(*only);
            self.register = first.clone();
            return Ok(());
        }
        let mut slots: Vec<Name> = first.names().collect();
        let mut differs = vec![false; slots.len()];
        for (_, other) in others {
            self.spend(slots.len())?;
            for (index, name) in other.names().enumerate() {
                differs[index] |= name != slots[index];
            }
        }
        let join = self.block(&[])?;
        let mut parameters = Vec::new();
        for index in (0..slots.len()).filter(|index| differs[*index]) {
            let kind = self.kind_of_parameter(slots[index]);
            slots[index] = self.name(kind)?;
            parameters.push(slots[index]);
        }
        self.graph.blocks[join.index()].parameters = parameters.into();
        for (block, symbol) in ends {
            let names = symbol.names().zip(&differs);
            let given = names.filter(|(_, differs)| **differs);
            let given = given.map(|(name, _)| used(name)).collect();
            self.graph.blocks[block.index()].end = End::Jump(join, given);
        }
        self.register = self.symbol(first.id, &slots);
        self.start(join);
        Ok(())
    }

    fn call(&mut self, callee: FunctionId) -> Result<(), OverBudget> {
        if self.inlining.in_place(callee) {
            self.enter(callee, After::Call);
            return Ok(());
        }
        self.spend(self.layouts.of(self.register.id).slots())?;
        let arguments = self.register.names().map(used).collect();
        let (_, codomain) = self.code.function_type(callee);
        let to = self.fresh(codomain)?;
        self.emit(Operation::Call {
            function: callee,
            arguments,
            to: to.clone().into(),
        });
        self.register = self.symbol(codomain, &to);
        Ok(())
    }

    /// Along one path a closure has one function, and here it is.
    fn apply(&mut self) -> Result<(), OverBudget> {
        let Some(Slot::Closure(closure)) = self.pop().handles.slots().first().copied() else {
            unreachable!("verified: `app` has a closure on the stack")
        };
        let Closure { function, captured } = self.closures[closure].clone();
        self.charge(self.code.certificate(function).cost);
        let (domain, _) = self.code.function_type(function);
        self.register = self.product(domain, &[captured, self.register.clone()])?;
        self.call(function)
    }

    /// A closure exists in the translation only.
    fn curry(&mut self, function: FunctionId, id: TypeId) {
        let captured = self.register.clone();
        self.closures.push(Closure { function, captured });
        self.register = Symbol {
            id,
            words: Run::from_iter([]),
            handles: Run::from_iter([Slot::Closure(self.closures.len() - 1)]),
        };
    }

    fn enter(&mut self, function: FunctionId, after: After) {
        self.frames.push(Frame {
            code: self.code.body(function).iter(),
            stack: Vec::new(),
            cases: Vec::new(),
            after,
        });
    }

    fn leave(&mut self) -> Result<(), OverBudget> {
        let frame = self.frames.pop().expect("a body is being translated");
        match frame.after {
            After::Return => {
                if self.at.is_some() {
                    let slots = self.register.names().map(used).collect();
                    self.finish(End::Return(slots));
                }
                Ok(())
            }
            After::Call => Ok(()),
            After::Loop(own) => self.end_round(*own),
        }
    }

    /// The payload of a sum's constructor: the first slots of the sum's room.
    fn payload(&self, sum: &Symbol, constructor: usize) -> Symbol {
        let Type::Sum(payloads) = self.code.types().get(sum.id) else {
            unreachable!("verified: a case has a sum")
        };
        let layout = self.layouts.of(payloads[constructor]);
        Symbol {
            id: payloads[constructor],
            words: sum.words.part(1, layout.words),
            handles: sum.handles.part(0, layout.handles),
        }
    }

    /// A symbol of type `id` from names, words first.
    fn symbol(&self, id: TypeId, names: &[Name]) -> Symbol {
        let slots: Run = names.iter().map(|name| Slot::Name(*name)).collect();
        let layout = self.layouts.of(id);
        Symbol {
            id,
            words: slots.part(0, layout.words),
            handles: slots.part(layout.words, layout.handles),
        }
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().expect("a body is being translated")
    }

    fn open_case(&mut self) -> &mut OpenCase {
        let case = self.frame().cases.last_mut();
        case.expect("verified: a case is open")
    }

    fn pop(&mut self) -> Symbol {
        let top = self.frame().stack.pop();
        top.expect("verified: the stack holds the operand")
    }

    /// A new block with parameters for values of `types`, in order.
    fn block(&mut self, types: &[TypeId]) -> Result<BlockId, OverBudget> {
        let id = u32::try_from(self.graph.blocks.len()).map_err(|_| OverBudget)?;
        let mut parameters = Vec::new();
        for own in types {
            parameters.extend(self.fresh(*own)?);
        }
        self.spend(1)?;
        self.graph.blocks.push(Block {
            parameters: parameters.into(),
            operations: Vec::new(),
            end: End::Open,
        });
        Ok(BlockId(id))
    }

    fn parameters(&self, block: BlockId) -> Box<[Name]> {
        self.graph.blocks[block.index()].parameters.clone()
    }

    /// Fills `block` from here on.
    fn start(&mut self, block: BlockId) {
        self.graph.order.push(block);
        self.at = Some(block);
    }

    fn finish(&mut self, end: End) {
        if let Some(block) = self.at.take() {
            self.graph.blocks[block.index()].end = end;
        }
    }

    fn emit(&mut self, operation: Operation) {
        if let Some(block) = self.at {
            self.graph.blocks[block.index()].operations.push(operation);
        }
    }

    fn binary(&mut self, binary: Binary, left: Name, right: Name) -> Result<Name, OverBudget> {
        let to = self.name(Kind::Word)?;
        self.emit(Operation::Binary {
            binary,
            to,
            left,
            right,
        });
        Ok(to)
    }

    /// New names for a value of type `id`.
    fn fresh(&mut self, id: TypeId) -> Result<Vec<Name>, OverBudget> {
        let layouts = self.layouts;
        let layout = layouts.of(id);
        let words = (0..layout.words).map(|_| Kind::Word);
        let handles = (0..layout.handles).map(|_| Kind::Handle);
        words.chain(handles).map(|kind| self.name(kind)).collect()
    }

    fn name(&mut self, kind: Kind) -> Result<Name, OverBudget> {
        let index = self.graph.kinds.len();
        if index == GRAPH_NAMES_MAX {
            return Err(OverBudget);
        }
        self.spend(1)?;
        self.graph.kinds.push(kind);
        Ok(Name(u32::try_from(index).map_err(|_| OverBudget)?))
    }

    fn constant(&mut self, constant: Constant) -> Result<Name, OverBudget> {
        if let Some(name) = self.names.get(&constant) {
            return Ok(*name);
        }
        let name = self.name(match constant {
            Constant::Word(_) => Kind::Word,
            Constant::Nothing | Constant::Pool(..) => Kind::Constant,
        })?;
        self.names.insert(constant, name);
        self.graph.constants.push((name, constant));
        Ok(name)
    }

    fn word(&mut self, word: i64) -> Result<Name, OverBudget> {
        self.constant(Constant::Word(word))
    }

    /// The word that a name stands for in every run.
    fn known(&self, name: Name) -> Option<i64> {
        let found = self
            .graph
            .constants
            .binary_search_by_key(&name, |own| own.0);
        match self.graph.constants[found.ok()?].1 {
            Constant::Word(word) => Some(word),
            Constant::Nothing | Constant::Pool(..) => None,
        }
    }

    fn kind_of_parameter(&self, name: Name) -> Kind {
        match self.graph.kinds[name.index()] {
            Kind::Word => Kind::Word,
            Kind::Handle | Kind::Constant => Kind::Handle,
        }
    }

    /// Counts what is copied and made, so that hostile code cannot multiply the work.
    fn spend(&mut self, slots: usize) -> Result<(), OverBudget> {
        self.slots_left = self.slots_left.checked_sub(slots).ok_or(OverBudget)?;
        Ok(())
    }
}

/// A use; whether it is the last is found later.
fn used(name: Name) -> Use {
    Use { name, last: false }
}
