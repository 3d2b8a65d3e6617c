//! The flow through code: every instruction run once on origins instead of values.
//!
//! Code is run as it is called, so a function is seen with what it is given there. All arms of a case that can be
//! taken are run and come together at its end; rounds are run until nothing new is learnt. What a case decides
//! reaches whatever differs between its arms: this is information flow with implicit flows, after Denning and
//! Denning (1977). It says nothing about runs that stop: a value that decides only whether the migration traps
//! reaches no new state.

use std::rc::Rc;

use crate::code::Instructions;
use crate::combinator::FunctionId;
use crate::instruction::Instruction;
use crate::limits::{CALL_HEIGHT_MAX, FLOW_WORK_MAX};
use crate::provenance::TooMuch;
use crate::provenance::join::{Arm, Subject};
use crate::provenance::origin::{Form, Origin, Tag, What};
use crate::provenance::place::Places;
use crate::provenance::sources::Reach;
use crate::types::Type;
use crate::value::Value;
use crate::verify::Verified;

/// The flow through one module.
pub(super) struct Flow<'a> {
    pub(super) code: &'a Verified,
    pub(super) places: &'a Places,
    work_left: usize,
    height: u32,
}

/// A function that is being run.
pub(super) struct Frame<'a> {
    code: Instructions<'a>,
    pub(super) register: Origin,
    pub(super) stack: Vec<Origin>,
    cases: Vec<OpenCase>,
    /// Whether a run can come here.
    is_live: bool,
}

struct OpenCase {
    subject: Origin,
    tag: Tag,
    arm: usize,
    floor: usize,
    ends: Vec<Arm>,
    /// Whether a run can come to the case.
    is_live: bool,
}

impl<'a> Flow<'a> {
    pub(super) fn new(code: &'a Verified, places: &'a Places) -> Flow<'a> {
        Flow {
            code,
            places,
            work_left: FLOW_WORK_MAX,
            height: 0,
        }
    }

    pub(super) fn spend(&mut self, work: usize) -> Result<(), TooMuch> {
        self.work_left = self.work_left.checked_sub(work).ok_or(TooMuch)?;
        Ok(())
    }

    /// Runs a function. Each level is one of the code's, and a module that calls deeper than modules may without
    /// closures is too much.
    pub(super) fn run(
        &mut self,
        function: FunctionId,
        argument: Origin,
    ) -> Result<Origin, TooMuch> {
        if self.height > CALL_HEIGHT_MAX {
            return Err(TooMuch);
        }
        self.height += 1;
        let code = self.code;
        let mut frame = Frame {
            code: code.body(function).iter(),
            register: argument,
            stack: Vec::new(),
            cases: Vec::new(),
            is_live: true,
        };
        while let Some(instruction) = frame.code.next() {
            self.spend(1)?;
            self.instruction(instruction, &mut frame)?;
        }
        self.height -= 1;
        match frame.is_live {
            true => Ok(frame.register),
            false => self.nothing(),
        }
    }

    fn instruction(
        &mut self,
        instruction: Instruction,
        frame: &mut Frame<'a>,
    ) -> Result<(), TooMuch> {
        match instruction {
            Instruction::Case() => return self.case(frame),
            Instruction::Else() => {
                close_arm(frame);
                open_case(frame).arm += 1;
                return self.start_arm(frame);
            }
            Instruction::End() => return self.end(frame),
            _ if !frame.is_live => return Ok(()),
            Instruction::Abort(_) => {
                frame.is_live = false;
                return Ok(());
            }
            _ => {}
        }
        let result = match instruction {
            Instruction::Call(callee) => self.run(callee, Rc::clone(&frame.register))?,
            Instruction::Apply() => self.apply(frame)?,
            Instruction::ListFold(_)
            | Instruction::MapFold(_)
            | Instruction::ListMap(..)
            | Instruction::MapMap(..)
            | Instruction::MapFilter(_)
            | Instruction::Loop(..) => self.rounds(instruction, frame)?,
            _ => return self.straight(instruction, frame),
        };
        frame.is_live = !result.is_nothing();
        frame.register = result;
        Ok(())
    }

    fn case(&mut self, frame: &mut Frame<'a>) -> Result<(), TooMuch> {
        let subject = Rc::clone(&frame.register);
        frame.cases.push(OpenCase {
            tag: self.tag(&subject)?,
            subject,
            arm: 0,
            floor: frame.stack.len(),
            ends: Vec::new(),
            is_live: frame.is_live,
        });
        self.start_arm(frame)
    }

    fn start_arm(&mut self, frame: &mut Frame<'a>) -> Result<(), TooMuch> {
        let case = open_case(frame);
        let (arm, subject) = (case.arm, Rc::clone(&case.subject));
        let is_taken = match &case.tag {
            Tag::Known(known) => *known == arm,
            Tag::Of(_, to) => to.contains(&Some(arm)),
            Tag::Made(_) => true,
        };
        frame.is_live = case.is_live && is_taken;
        if frame.is_live {
            frame.register = self.payload(&subject, arm)?;
            frame.is_live = !frame.register.is_nothing();
        }
        Ok(())
    }

    /// The end of a case, or of the body.
    fn end(&mut self, frame: &mut Frame<'a>) -> Result<(), TooMuch> {
        if frame.cases.is_empty() {
            return Ok(());
        }
        close_arm(frame);
        let Some(case) = frame.cases.pop() else {
            return Ok(());
        };
        let joined = self.join(&case.ends, &Subject::of(&case.tag))?;
        frame.is_live = !joined.is_nothing();
        frame.register = joined;
        Ok(())
    }

    fn apply(&mut self, frame: &mut Frame<'a>) -> Result<Origin, TooMuch> {
        let closure = frame.pop();
        let argument = Rc::clone(&frame.register);
        let What::Closure(function, captured) = &closure.what else {
            // Functions are no data, so no case and no round has made one that is not known.
            let reach = closure.reach.and(&argument.reach);
            return self.made(reach);
        };
        let argument = self.product(vec![Rc::clone(captured), argument])?;
        self.run(*function, argument)
    }

    fn straight(&mut self, instruction: Instruction, frame: &mut Frame<'a>) -> Result<(), TooMuch> {
        use Instruction as I;
        let register = Rc::clone(&frame.register);
        match instruction {
            I::Push() => frame.stack.push(register),
            I::Swap() => {
                let top = frame.pop();
                frame.stack.push(register);
                frame.register = top;
            }
            I::Pop() => frame.register = frame.pop(),
            I::Drop(count) => {
                let left = frame.stack.len().saturating_sub(count as usize);
                frame.stack.truncate(left);
            }
            I::Acc(index) => {
                let from_top = frame.stack.iter().nth_back(index as usize);
                frame.register = Rc::clone(from_top.expect("verified: the stack is that high"));
            }
            I::Int(word) => frame.register = self.node(What::Word(word), Reach::default())?,
            I::Quote(index) => {
                let code = self.code;
                let constant = code.bytecode().pool.get(index as usize);
                let (_, constant) = constant.expect("verified: the constant is there");
                frame.register = self.constant(constant)?;
            }
            I::Tuple(product) => {
                let code = self.code;
                let Type::Product(parts) = code.types().get(product) else {
                    unreachable!("verified: a tuple is of a product")
                };
                frame.register = self.tuple(parts.len(), frame)?;
            }
            I::Project(part) => frame.register = self.part(&register, part as usize)?,
            I::With(part) => frame.register = self.with(part as usize, frame)?,
            I::Inject(_, constructor) => {
                let constructor = constructor as usize;
                let mut payloads = vec![self.nothing()?; constructor];
                payloads.push(register);
                frame.register = self.sum(Tag::Known(constructor), payloads)?;
            }
            I::Curry(body, _) => {
                let reach = register.reach.clone();
                frame.register = self.node(What::Closure(body, register), reach)?;
            }
            _ => frame.register = self.operation(instruction, frame)?,
        }
        Ok(())
    }

    fn tuple(&mut self, arity: usize, frame: &mut Frame<'a>) -> Result<Origin, TooMuch> {
        if arity == 0 {
            return self.product(Vec::new());
        }
        let first = frame.stack.len().saturating_sub(arity - 1);
        let mut parts = frame.stack.split_off(first);
        parts.push(Rc::clone(&frame.register));
        self.product(parts)
    }

    fn with(&mut self, part: usize, frame: &mut Frame<'a>) -> Result<Origin, TooMuch> {
        let (product, new) = (frame.pop(), Rc::clone(&frame.register));
        let Form::Product(width) = self.form(&product) else {
            let reach = product.reach.and(&new.reach);
            return self.made(reach);
        };
        let mut parts = Vec::with_capacity(width);
        for index in 0..width {
            parts.push(match index == part {
                true => Rc::clone(&new),
                false => self.part(&product, index)?,
            });
        }
        self.product(parts)
    }

    /// A value of the pool. Recursion is bounded by the height of its type; an item stands for all of a container.
    fn constant(&mut self, value: &Value) -> Result<Origin, TooMuch> {
        self.spend(1)?;
        let nothing = Reach::default();
        match value {
            Value::Int(word) => self.node(What::Word(*word), nothing),
            Value::Product(parts) => {
                let parts: Result<Vec<Origin>, TooMuch> =
                    parts.iter().map(|part| self.constant(part)).collect();
                self.product(parts?)
            }
            Value::Sum(tag, payload) => {
                let mut payloads = vec![self.nothing()?; usize::from(*tag)];
                payloads.push(self.constant(payload)?);
                self.sum(Tag::Known(usize::from(*tag)), payloads)
            }
            _ => self.made(nothing),
        }
    }
}

impl Frame<'_> {
    pub(super) fn pop(&mut self) -> Origin {
        let top = self.stack.pop();
        top.expect("verified: the stack holds the operand")
    }
}

fn open_case<'f>(frame: &'f mut Frame<'_>) -> &'f mut OpenCase {
    let case = frame.cases.last_mut();
    case.expect("verified: a case is open")
}

fn close_arm(frame: &mut Frame<'_>) {
    let (is_live, register) = (frame.is_live, Rc::clone(&frame.register));
    let case = open_case(frame);
    let floor = case.floor;
    if is_live {
        case.ends.push((case.arm, register));
    }
    frame.stack.truncate(floor);
}
