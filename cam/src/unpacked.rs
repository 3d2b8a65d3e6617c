//! Code as the reference interpreter runs it: taken apart, with the places where cases go on.
//!
//! The verifier needs none of it, so it is made when a program is run here for the first time.

use crate::code::Code;
use crate::instruction::Instruction;

/// The code of one verified function.
#[derive(Clone, Debug)]
pub(crate) struct Unpacked {
    /// The instructions, in order.
    pub(crate) instructions: Box<[Instruction]>,
    /// For a `case`, where its entries in `arms` start; for an `else`, where the case's `end` is. Empty
    /// without cases.
    links: Vec<usize>,
    /// The instructions at which the arms of the cases start.
    arms: Vec<usize>,
}

impl Unpacked {
    pub(crate) fn new(code: &Code) -> Unpacked {
        let mut unpacked = Unpacked {
            instructions: code.to_vec().into(),
            links: Vec::new(),
            arms: Vec::new(),
        };
        unpacked.link();
        unpacked
    }

    /// The instruction at which arm `arm` of the case at `case` starts.
    pub(crate) fn arm(&self, case: usize, arm: u8) -> usize {
        self.arms[self.links[case] + usize::from(arm)]
    }

    /// The end of the case whose arm the `else` at `end_of_arm` ends.
    pub(crate) fn end(&self, end_of_arm: usize) -> usize {
        self.links[end_of_arm]
    }

    fn link(&mut self) {
        // Of each open case, where it is and where its arms start.
        let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
        for (at, instruction) in self.instructions.iter().enumerate() {
            match instruction {
                Instruction::Case() => {
                    self.links.resize(self.instructions.len(), 0);
                    open.push((at, vec![at + 1]));
                }
                Instruction::Else() => {
                    let (_, starts) = open.last_mut().expect("verified: a case is open");
                    starts.push(at + 1);
                }
                Instruction::End() => {
                    let Some((case, starts)) = open.pop() else {
                        return; // the end of the body
                    };
                    // Before the start of each arm but the first stands the `else` that ends the one before.
                    starts[1..]
                        .iter()
                        .for_each(|start| self.links[start - 1] = at);
                    self.links[case] = self.arms.len();
                    self.arms.extend(starts);
                }
                _ => {}
            }
        }
    }
}
