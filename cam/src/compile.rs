//! Combinators -> Bytecode.
//!
//! The textbook compilation of `<f, g>` is `push f swap g cons`: every environment is built, and every
//! variable is dug out of it again. Here an environment is not built until somebody needs it as a value.
//! The compiler keeps a `Place` for what an arrow starts from: the register, a slot of the stack, a
//! constant, or a tuple of places. Projections and tuples then cost nothing, a variable is an `acc`, and
//! nested pairs of any depth never reach the bytecode. (CAML's ZINC machine kept its environment on the
//! stack for the same reason; SimplicityHL compiles a variable to a path, which is this with the path
//! walked at run time.)
//!
//! The order of effects is that of the arrows: what can stop is compiled where it stands, only
//! structure is put off. What is known now is not asked again: of a `case` whose sum is a constant only the
//! arm that is taken is compiled, and an operation on constants that does not stop is its result.

use std::rc::Rc;

use crate::bytecode::{Body, Bytecode};
use crate::combinator::{Arrow, Combinator, Combinators, Draft};
use crate::debug::{Run, Span, Trail};
use crate::encode;
use crate::instruction::Instruction;
pub use crate::layout::TooLarge;
use crate::layout::{Constants, lay_out, reached};
use crate::limits::{FUNCTION_INSTRUCTIONS_MAX, MODULE_BYTES_MAX, STACK_MAX};
use crate::types::{Type, TypeId, UNIT};
use crate::value::Value;

/// Compiles a program. What it gives still has to be verified: nobody trusts a compiler.
///
/// # Errors
/// [`TooLarge`] if a limit of the machine is exceeded.
pub fn compile(program: Combinators) -> Result<Bytecode, TooLarge> {
    compile_with_trails(program).map(|(bytecode, _)| bytecode)
}

/// Compiles a program, and says of each function of the module what it is called and where its instructions
/// are from.
///
/// # Errors
/// As [`compile`].
pub fn compile_with_trails(program: Combinators) -> Result<(Bytecode, Vec<Trail>), TooLarge> {
    let Combinators {
        mut draft,
        exports,
        schema,
    } = program;
    let mut constants = Constants::default();
    let mut bodies = Vec::with_capacity(draft.functions().len());
    let mut trails = Vec::with_capacity(draft.functions().len());
    for index in 0..draft.functions().len() {
        let function = draft.functions()[index].clone();
        let compiled = Compiler::new(&mut draft, &mut constants).function(function.arrow);
        let name = function.name;
        match compiled {
            Ok((body, runs)) => {
                bodies.push(body);
                trails.push(Trail { name, runs });
            }
            Err((what, limit)) => {
                let function = Some(name);
                return Err(TooLarge {
                    function,
                    what,
                    limit,
                });
            }
        }
    }
    let mut reached = reached(&bodies, &exports).into_iter();
    trails.retain(|_| reached.next() == Some(true));
    let bytecode = lay_out(&draft.types, constants, bodies, exports, schema)?;
    if encode::module(&bytecode).len() > MODULE_BYTES_MAX {
        let what = "bytes in the module";
        return Err(TooLarge {
            function: None,
            what,
            limit: MODULE_BYTES_MAX,
        });
    }
    Ok((bytecode, trails))
}

/// A limit that was passed: of what, and how much is allowed.
type Excess = (&'static str, usize);

/// Where a value is, or how to make it without any effect.
#[derive(Clone)]
enum Place {
    /// In the register, until the next instruction.
    Register,
    /// On the function's stack, counted from its bottom.
    Slot(usize),
    /// Known now.
    Constant(Value),
    /// In parts. The flag says whether the register is among them.
    Tuple(Rc<[Place]>, bool),
}

impl Place {
    fn tuple(parts: Vec<Place>) -> Place {
        let in_register = parts.iter().any(Place::in_register);
        Place::Tuple(parts.into(), in_register)
    }

    fn in_register(&self) -> bool {
        match self {
            Place::Register => true,
            Place::Slot(_) | Place::Constant(_) => false,
            Place::Tuple(_, in_register) => *in_register,
        }
    }

    /// The same place after the register has been pushed to `slot`.
    fn moved(&self, slot: usize) -> Place {
        match self {
            Place::Register => Place::Slot(slot),
            Place::Tuple(parts, true) => {
                Place::tuple(parts.iter().map(|part| part.moved(slot)).collect())
            }
            other => other.clone(),
        }
    }
}

/// A constant heavier than this is not folded into a larger one: folding shares nothing in the pool.
const FOLDED_WEIGHT_MAX: u64 = 1 << 12;

struct Compiler<'a> {
    draft: &'a mut Draft,
    constants: &'a mut Constants,
    code: Vec<Instruction>,
    /// Where the instructions are from, by neighbours.
    runs: Vec<Run<Span>>,
    /// Where the next one is from.
    at: Option<Span>,
    height: usize,
}

impl<'a> Compiler<'a> {
    fn new(draft: &'a mut Draft, constants: &'a mut Constants) -> Compiler<'a> {
        Compiler {
            draft,
            constants,
            code: Vec::new(),
            runs: Vec::new(),
            at: None,
            height: 0,
        }
    }

    fn function(mut self, arrow: Arrow) -> Result<(Body, Vec<Run<Span>>), Excess> {
        let (domain, codomain) = (self.draft.domain(arrow), self.draft.codomain(arrow));
        self.evaluate(arrow, Place::Register)?;
        self.emit(Instruction::End())?;
        let body = Body {
            domain,
            codomain,
            code: self.code.into_iter().collect(),
        };
        Ok((body, self.runs))
    }

    /// Runs `arrow` from `place`, leaves its result in the register and the stack as it was.
    fn evaluate(&mut self, arrow: Arrow, place: Place) -> Result<(), Excess> {
        let height = self.height;
        let result = self.arrow(arrow, place)?;
        self.load(&result, self.draft.codomain(arrow))?;
        self.drop_to(height)
    }

    /// Runs `arrow` from `place`. Slots it has filled stay until the caller drops them.
    fn arrow(&mut self, arrow: Arrow, place: Place) -> Result<Place, Excess> {
        let outside = self.at;
        let chain = self.flattened(arrow);
        let mut place = place;
        let mut rest = chain.iter().copied().peekable();
        while let Some(next) = rest.next() {
            let node = self.draft.node(next).clone();
            self.at = node.at.or(outside);
            place = match node.combinator {
                Combinator::Identity => place,
                Combinator::Constant(value) => Place::Constant(value),
                Combinator::Project(index) => self.project(place, index, node.domain)?,
                Combinator::Tuple(parts) => {
                    // A product of one part is one operand, and not its part.
                    let operation = rest
                        .peek()
                        .filter(|_| parts.len() > 1)
                        .and_then(|next| self.operation(*next, parts.len()));
                    match operation {
                        Some(instruction)
                            if let Some(value) = self.known(&parts, &place, &instruction) =>
                        {
                            rest.next();
                            Place::Constant(value)
                        }
                        Some(instruction) => {
                            self.operands(&parts, place)?;
                            let next = rest.next().and_then(|next| self.draft.node(next).at);
                            self.at = next.or(self.at);
                            self.consume(instruction, parts.len())?
                        }
                        None => self.tuple(&parts, place)?,
                    }
                }
                Combinator::Inject(index) => {
                    self.inject(&place, index, &node.domain, node.codomain)?
                }
                Combinator::Case(arms) => self.case(&arms, place, node.domain)?,
                Combinator::Call(function) => {
                    self.load(&place, node.domain)?;
                    self.emit(Instruction::Call(function))?;
                    Place::Register
                }
                Combinator::Abort => {
                    self.load(&place, node.domain)?;
                    self.emit(Instruction::Abort(node.codomain))?;
                    Place::Register
                }
                Combinator::Replace(_)
                | Combinator::Apply(_)
                | Combinator::FoldList(_)
                | Combinator::FoldMap(_)
                | Combinator::MapList(_)
                | Combinator::MapMap(_)
                | Combinator::FilterMap(_)
                | Combinator::Iterate(_)
                | Combinator::Curry(_)
                | Combinator::Evaluate => self.apply(next, place, node.domain)?,
                Combinator::Compose(..) | Combinator::Get | Combinator::Put => {
                    unreachable!("compositions are flattened, and no function is stateful")
                }
            };
        }
        self.at = outside;
        Ok(place)
    }

    /// The parts of a composition in order, found with a stack of our own.
    fn flattened(&self, arrow: Arrow) -> Vec<Arrow> {
        let mut waiting = vec![arrow];
        let mut chain = Vec::new();
        while let Some(next) = waiting.pop() {
            match &self.draft.node(next).combinator {
                Combinator::Compose(f, g) => waiting.extend([*g, *f]),
                _ => chain.push(next),
            }
        }
        chain
    }

    fn project(&mut self, place: Place, index: usize, product: TypeId) -> Result<Place, Excess> {
        match place {
            Place::Tuple(parts, _) => Ok(parts[index].clone()),
            Place::Constant(Value::Product(parts)) => Ok(Place::Constant(parts[index].clone())),
            other => {
                self.load(&other, product)?;
                self.emit(Instruction::Project(narrow(index)))?;
                Ok(Place::Register)
            }
        }
    }

    /// A tuple of places; nothing is built. What is computed is kept in a slot.
    fn tuple(&mut self, parts: &[Arrow], place: Place) -> Result<Place, Excess> {
        let place = self.kept_for(parts, place)?;
        let mut places = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let height = self.height;
            let mut result = self.arrow(*part, place.clone())?;
            if matches!(result, Place::Register) {
                self.drop_to(height)?;
            }
            if index + 1 < parts.len() {
                result = self.kept(result)?;
            }
            places.push(result);
        }
        Ok(folded(&places).unwrap_or_else(|| Place::tuple(places)))
    }

    fn inject(
        &mut self,
        place: &Place,
        index: usize,
        payload: &TypeId,
        sum: TypeId,
    ) -> Result<Place, Excess> {
        let tag = u8::try_from(index).map_err(|_| ("constructors in a variant", 255))?;
        if let Place::Constant(value) = place
            && value.weight() <= FOLDED_WEIGHT_MAX
        {
            return Ok(Place::Constant(Value::sum(tag, value.clone())));
        }
        self.load(place, *payload)?;
        self.emit(Instruction::Inject(sum, narrow(index)))?;
        Ok(Place::Register)
    }

    fn case(&mut self, arms: &[Arrow], place: Place, domain: TypeId) -> Result<Place, Excess> {
        let Type::Product(parts) = self.draft.types.get(domain).clone() else {
            unreachable!("a case starts at environment x sum")
        };
        let sum = parts[1];
        let (environment, scrutinee) = match place {
            Place::Tuple(parts, _) if !parts[0].in_register() => {
                (parts[0].clone(), parts[1].clone())
            }
            other => {
                let kept = self.kept(other)?;
                let environment = self.project(kept.clone(), 0, domain)?;
                (self.kept(environment)?, self.project(kept, 1, domain)?)
            }
        };
        if let Place::Constant(Value::Sum(tag, payload)) = &scrutinee {
            let payload = Place::Constant(Value::clone(payload));
            let start = Place::tuple(vec![environment, payload]);
            return self.arrow(arms[usize::from(*tag)], start);
        }
        self.load(&scrutinee, sum)?;
        self.emit(Instruction::Case())?;
        for (index, arm) in arms.iter().enumerate() {
            if index > 0 {
                self.emit(Instruction::Else())?;
            }
            let start = Place::tuple(vec![environment.clone(), Place::Register]);
            self.evaluate(*arm, start)?;
        }
        self.emit(Instruction::End())?;
        Ok(Place::Register)
    }

    /// An operation whose operands are not written as a tuple just before it.
    fn apply(&mut self, arrow: Arrow, place: Place, domain: TypeId) -> Result<Place, Excess> {
        if let Some(instruction) = self.operation(arrow, 1) {
            self.load(&place, domain)?;
            return self.consume(instruction, 1);
        }
        let Type::Product(types) = self.draft.types.get(domain).clone() else {
            unreachable!("an operation of several operands starts at a product")
        };
        let instruction = self.operation(arrow, types.len());
        let instruction =
            instruction.expect("an operation takes as many operands as its domain has");
        let place = self.kept(place)?;
        for (index, part) in types.iter().enumerate() {
            let operand = self.project(place.clone(), index, domain)?;
            self.load(&operand, *part)?;
            if index + 1 < types.len() {
                self.push()?;
            }
        }
        self.consume(instruction, types.len())
    }

    /// Evaluates operands onto the stack, the last into the register.
    fn operands(&mut self, parts: &[Arrow], place: Place) -> Result<(), Excess> {
        let place = self.kept_for(parts, place)?;
        for (index, part) in parts.iter().enumerate() {
            self.evaluate(*part, place.clone())?;
            if index + 1 < parts.len() {
                self.push()?;
            }
        }
        Ok(())
    }

    fn consume(&mut self, instruction: Instruction, operands: usize) -> Result<Place, Excess> {
        self.emit(instruction)?;
        self.height -= operands - 1;
        Ok(Place::Register)
    }

    /// `place`, out of the register's way if more than the first of `parts` starts from it.
    fn kept_for(&mut self, parts: &[Arrow], place: Place) -> Result<Place, Excess> {
        let others = parts.iter().skip(1).any(|part| !self.ignores_start(*part));
        if others { self.kept(place) } else { Ok(place) }
    }

    /// The result of an operation, if its operands are known and it does not stop.
    fn known(&self, parts: &[Arrow], place: &Place, instruction: &Instruction) -> Option<Value> {
        let [left, right] = parts else {
            return None;
        };
        let (left, right) = (self.constant(*left, place)?, self.constant(*right, place)?);
        match (instruction, left, right) {
            (Instruction::Equal(), left, right) => Some(Value::bool(left == right)),
            (Instruction::Less(), Value::Int(left), Value::Int(right)) => {
                Some(Value::bool(left < right))
            }
            (Instruction::LessOrEqual(), Value::Int(left), Value::Int(right)) => {
                Some(Value::bool(left <= right))
            }
            (Instruction::Add(), Value::Int(left), Value::Int(right)) => {
                left.checked_add(right).map(Value::Int)
            }
            (Instruction::Subtract(), Value::Int(left), Value::Int(right)) => {
                left.checked_sub(right).map(Value::Int)
            }
            (Instruction::Multiply(), Value::Int(left), Value::Int(right)) => {
                left.checked_mul(right).map(Value::Int)
            }
            _ => None,
        }
    }

    /// What an arrow gives at a place, if that is known.
    fn constant(&self, arrow: Arrow, place: &Place) -> Option<Value> {
        let mut place = place.clone();
        let chain = self.flattened(arrow);
        let mut rest = chain.iter();
        while let Some(next) = rest.next() {
            place = match (&self.draft.node(*next).combinator, place) {
                (Combinator::Identity, place) => place,
                (Combinator::Constant(value), _) => Place::Constant(value.clone()),
                (Combinator::Project(index), Place::Tuple(parts, _)) => parts[*index].clone(),
                (Combinator::Project(index), Place::Constant(Value::Product(parts))) => {
                    Place::Constant(parts[*index].clone())
                }
                (Combinator::Tuple(parts), place) => {
                    let instruction = self.operation(*rest.next()?, parts.len())?;
                    Place::Constant(self.known(parts, &place, &instruction)?)
                }
                _ => return None,
            };
        }
        match place {
            Place::Constant(value) if value.weight() <= FOLDED_WEIGHT_MAX => Some(value),
            _ => None,
        }
    }

    fn ignores_start(&self, arrow: Arrow) -> bool {
        let mut first = arrow;
        while let Combinator::Compose(f, _) = self.draft.node(first).combinator {
            first = f;
        }
        match &self.draft.node(first).combinator {
            Combinator::Constant(_) => true,
            Combinator::Tuple(parts) => parts.is_empty(),
            _ => false,
        }
    }

    /// `place`, with the register's content moved to a slot.
    fn kept(&mut self, place: Place) -> Result<Place, Excess> {
        if !place.in_register() {
            return Ok(place);
        }
        let slot = self.height;
        self.push()?;
        Ok(place.moved(slot))
    }

    /// Brings the value at `place` into the register.
    fn load(&mut self, place: &Place, id: TypeId) -> Result<(), Excess> {
        match place {
            Place::Register => Ok(()),
            Place::Slot(slot) => self.emit(Instruction::Acc(narrow(self.height - 1 - slot))),
            Place::Constant(Value::Int(integer)) => self.emit(Instruction::Int(*integer)),
            Place::Constant(_) if id == UNIT => self.emit(Instruction::Tuple(UNIT)),
            Place::Constant(value) => {
                let index = self.constants.index(id, value);
                self.emit(Instruction::Quote(index))
            }
            Place::Tuple(..) => self.build(place, id),
        }
    }

    fn build(&mut self, place: &Place, product: TypeId) -> Result<(), Excess> {
        if !self.draft.types.within_limits(product) {
            return Err(("parts, or levels, in a value that is built", 255));
        }
        let Place::Tuple(parts, _) = self.kept(place.clone())? else {
            unreachable!("moving the register leaves a tuple a tuple")
        };
        let types = self.draft.types.get(product).operands();
        for (index, (part, id)) in parts.iter().zip(types).enumerate() {
            self.load(part, id)?;
            if index + 1 < parts.len() {
                self.push()?;
            }
        }
        self.emit(Instruction::Tuple(product))?;
        self.height -= parts.len().saturating_sub(1);
        Ok(())
    }

    fn push(&mut self) -> Result<(), Excess> {
        self.emit(Instruction::Push())?;
        self.height += 1;
        if self.height > STACK_MAX {
            Err(("values on the stack", STACK_MAX))
        } else {
            Ok(())
        }
    }

    fn drop_to(&mut self, height: usize) -> Result<(), Excess> {
        let count = self.height - height;
        self.height = height;
        if count == 0 {
            Ok(())
        } else {
            self.emit(Instruction::Drop(narrow(count)))
        }
    }

    fn emit(&mut self, instruction: Instruction) -> Result<(), Excess> {
        // Right after a push the register still holds the top.
        if instruction == Instruction::Acc(0) && self.code.last() == Some(&Instruction::Push()) {
            return Ok(());
        }
        if self.code.len() == FUNCTION_INSTRUCTIONS_MAX {
            return Err(("instructions", FUNCTION_INSTRUCTIONS_MAX));
        }
        self.code.push(instruction);
        match self.runs.last_mut() {
            Some((count, at)) if *at == self.at => *count += 1,
            _ => self.runs.push((1, self.at)),
        }
        Ok(())
    }

    /// The instruction of an arrow that takes `operands` operands, if it is such an arrow.
    fn operation(&self, arrow: Arrow, operands: usize) -> Option<Instruction> {
        let end = self.draft.codomain(arrow);
        let (instruction, arity) = match self.draft.node(arrow).combinator {
            Combinator::Replace(part) => (Instruction::With(narrow(part)), 2),
            Combinator::FoldList(body) => (Instruction::ListFold(body), 3),
            Combinator::FoldMap(body) => (Instruction::MapFold(body), 3),
            Combinator::MapList(body) => (Instruction::ListMap(body, end), 2),
            Combinator::MapMap(body) => (Instruction::MapMap(body, end), 2),
            Combinator::FilterMap(body) => (Instruction::MapFilter(body), 2),
            Combinator::Iterate(body) => (Instruction::Loop(body, end), 3),
            Combinator::Curry(body) => (Instruction::Curry(body, end), 1),
            Combinator::Evaluate => (Instruction::Apply(), 2),
            Combinator::Apply(operation) => operation.instruction(end),
            _ => return None,
        };
        (arity == operands).then_some(instruction)
    }
}

/// One constant from constants, if they are light.
fn folded(places: &[Place]) -> Option<Place> {
    let mut values = Vec::with_capacity(places.len());
    let mut weight: u64 = 0;
    for place in places {
        let Place::Constant(value) = place else {
            return None;
        };
        weight = weight.saturating_add(value.weight());
        values.push(value.clone());
    }
    // Products of nothing weigh nothing: count the parts as well.
    let small = weight <= FOLDED_WEIGHT_MAX && !values.is_empty() && nodes(&values) <= 256;
    small.then(|| Place::Constant(Value::product(values)))
}

fn nodes(values: &[Value]) -> usize {
    values
        .iter()
        .map(|value| {
            if let Value::Product(parts) = value {
                nodes(parts) + 1
            } else {
                1
            }
        })
        .sum()
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("indices are bounded by the limits of code and arity")
}
