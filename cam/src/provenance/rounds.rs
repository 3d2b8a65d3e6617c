//! Rounds over containers, and loops.
//!
//! A body that makes one item of one item is run once: its result stands for every item, at the place of the one it
//! was made of. A body that carries something from round to round is run until nothing new is learnt, a few times at
//! most; above that, what it carries is taken to be made of everything that the body is given, which is always true.

use std::rc::Rc;

use crate::combinator::FunctionId;
use crate::instruction::Instruction;
use crate::provenance::TooMuch;
use crate::provenance::flow::{Flow, Frame};
use crate::provenance::forms::{spine_reach, tag_reach};
use crate::provenance::join::Subject;
use crate::provenance::origin::{Origin, Spine, Tag};
use crate::provenance::sources::Reach;

/// How often a body is run at most before all that it is given is taken for what it gives.
const ROUNDS: usize = 4;

impl<'a> Flow<'a> {
    pub(super) fn rounds(
        &mut self,
        instruction: Instruction,
        frame: &mut Frame<'a>,
    ) -> Result<Origin, TooMuch> {
        let register = Rc::clone(&frame.register);
        match instruction {
            Instruction::ListFold(body) | Instruction::MapFold(body) => {
                let (accumulator, environment) = (frame.pop(), frame.pop());
                let extra = self.walked(&register)?;
                let mut entry = Vec::new();
                if matches!(instruction, Instruction::MapFold(_)) {
                    let key = self.key(&register)?;
                    entry.push(self.worn(&key, &extra)?);
                }
                let item = self.item(&register)?;
                entry.push(self.worn(&item, &extra)?);
                self.fold(body, &environment, &accumulator, &entry, &extra)
            }
            Instruction::Loop(body, _) => {
                let (first, environment) = (frame.pop(), frame.pop());
                self.repeat(body, &environment, &first, &register)
            }
            _ => {
                let environment = frame.pop();
                self.each(instruction, &environment, &register)
            }
        }
    }

    /// One item, value or answer for each entry.
    fn each(
        &mut self,
        instruction: Instruction,
        environment: &Origin,
        container: &Origin,
    ) -> Result<Origin, TooMuch> {
        let body = instruction.callee().expect("rounds have a body");
        // What is the copy of an item out there is not the copy of this one.
        let mut given = vec![self.worn(environment, &Reach::default())?];
        let spine = self.spine(container)?;
        let item = self.item(container)?;
        if item.is_nothing() {
            return Ok(Rc::clone(container));
        }
        if let Instruction::ListMap(..) = instruction {
            given.push(item);
            let argument = self.product(given)?;
            let item = self.run(body, argument)?;
            return self.list(spine, item);
        }
        let key = self.key(container)?;
        given.extend([Rc::clone(&key), Rc::clone(&item)]);
        let argument = self.product(given)?;
        let result = self.run(body, argument)?;
        if let Instruction::MapMap(..) = instruction {
            return self.map(spine, key, result);
        }
        let kept = tag_reach(&self.tag(&result)?);
        let spine = spine_reach(&spine).and(&key.reach).and(&kept);
        let key = self.worn(&key, &Reach::default())?;
        let item = self.worn(&item, &Reach::default())?;
        self.map(Spine::Made(spine), key, item)
    }

    fn fold(
        &mut self,
        body: FunctionId,
        environment: &Origin,
        accumulator: &Origin,
        entry: &[Origin],
        extra: &Reach,
    ) -> Result<Origin, TooMuch> {
        if entry.iter().any(|part| part.is_nothing()) {
            return Ok(Rc::clone(accumulator));
        }
        let mut carried = self.worn(accumulator, extra)?;
        let subject = Subject::rounds(extra.clone());
        for _ in 0..ROUNDS {
            let mut given = vec![Rc::clone(environment), Rc::clone(&carried)];
            given.extend(entry.iter().cloned());
            let argument = self.product(given)?;
            let result = self.run(body, argument)?;
            let joined = self.join(&[(0, Rc::clone(&carried)), (1, result)], &subject)?;
            let next = self.worn(&joined, extra)?;
            if self.is_alike(&carried, &next)? {
                return Ok(next);
            }
            carried = next;
        }
        let reach = environment.reach.and(&carried.reach).and(extra);
        let reach = self.all(entry, reach)?;
        self.made(reach)
    }

    /// A loop that counts: what the number of rounds depends on decides, and so does what ends it.
    fn repeat(
        &mut self,
        body: FunctionId,
        environment: &Origin,
        first: &Origin,
        count: &Origin,
    ) -> Result<Origin, TooMuch> {
        let mut extra = count.reach.steering();
        let mut carried = self.worn(first, &extra)?;
        let mut found = self.nothing()?;
        for _ in 0..ROUNDS {
            let number = self.made(Reach::default())?;
            let given = vec![Rc::clone(environment), Rc::clone(&carried), number];
            let argument = self.product(given)?;
            let result = self.run(body, argument)?;
            let decides = extra.and(&tag_reach(&self.tag(&result)?).steering());
            let subject = Subject::rounds(decides.clone());
            let on = self.payload(&result, 0)?;
            let joined = self.join(&[(0, Rc::clone(&carried)), (1, on)], &subject)?;
            let next = self.worn(&joined, &decides)?;
            let out = self.payload(&result, 1)?;
            let joined = self.join(&[(0, Rc::clone(&found)), (1, out)], &subject)?;
            let ends = self.worn(&joined, &decides)?;
            let is_settled = decides == extra
                && self.is_alike(&carried, &next)?
                && self.is_alike(&found, &ends)?;
            (extra, carried, found) = (decides, next, ends);
            if is_settled {
                let tag = match found.is_nothing() {
                    true => Tag::Known(0),
                    false => Tag::Made(extra),
                };
                return self.sum(tag, vec![carried, found]);
            }
        }
        let reach = environment.reach.and(&carried.reach).and(&found.reach);
        let reach = reach.and(&extra);
        self.made(reach)
    }
}
