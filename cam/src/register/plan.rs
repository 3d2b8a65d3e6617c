//! The plan of a step: where it finds and leaves what, settled when a program is taken up.

use crate::limits::{INPUT_WEIGHT_MAX, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX};
use crate::register::boundary::Start;
use crate::register::code::{Code, Place, Register};
use crate::register::codec::Codec;
use crate::register::moves::{Move, in_sequence};
use crate::schema::Stamp;
use crate::types::TypeId;
use crate::verify::Program;

/// Where a step finds and leaves what. A state lies between steps where the step's argument has it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) entry: u32,
    pub(super) link: Register,
    /// The step's static fuel.
    pub(super) cost: u64,
    /// What is stamped, and where.
    pub(super) stamps: Box<[(Stamp, usize)]>,
    pub(super) input_start: Start,
    pub(super) input: Option<Codec>,
    /// What the containers of an input may weigh, if all else in it is as heavy as it can be.
    pub(super) input_weight_left: u64,
    pub(super) state_start: Start,
    pub(super) state: Place,
    /// The new state and the output; nothing of them is to be taken.
    pub(super) next: Place,
    pub(super) output: Place,
    pub(super) output_codec: Option<Codec>,
    /// Whether the type alone does not say that a value is within its limit.
    pub(super) next_is_weighed: bool,
    pub(super) output_is_weighed: bool,
    /// From the new state's words to the state's.
    pub(super) moves: Box<[Move]>,
}

impl Plan {
    pub(super) fn of(program: &Program, code: &Code) -> Option<Plan> {
        let step = code.routine(program.step())?;
        let (types, layouts) = (program.types(), &code.layouts);
        let (state_id, input_id) = (program.state_type(), program.input_type());
        let layout = layouts.of(state_id);
        let stamped = layouts.of(program.stamped_input_type());
        let words = usize::from(step.argument);
        let handles = words + stamped.words + layout.words;
        let (stamps, input_start) = stamps(program, (words, handles));
        let state_start = (words + stamped.words, handles + stamped.handles);
        let place = |id: TypeId, words: &[Register], handles: &[Register]| {
            let handles = handles.iter().map(|own| (*own, false)).collect();
            Place::new(types, id, words.into(), handles)
        };
        let input = (
            registers(input_start.0, layouts.of(input_id).words)?,
            registers(input_start.1, layouts.of(input_id).handles)?,
        );
        let state_words = registers(state_start.0, layout.words)?;
        let state_handles = registers(state_start.1, layout.handles)?;
        let result = step.result.as_ref()?;
        let (next_words, output_words) = result.words.split_at_checked(layout.words)?;
        let result_handles: Vec<Register> = result.handles.iter().map(|(own, _)| *own).collect();
        let (next_handles, output_handles) = result_handles.split_at_checked(layout.handles)?;
        let output_id = program.output_type();
        let moves = next_words.iter().zip(&state_words).map(|(from, to)| Move {
            to: *to,
            from: *from,
            duplicate: false,
        });
        let is_weighed = |id: TypeId, weight_max: u64| {
            let layout = layouts.of(id);
            layout.handles > 0 || layout.heaviest > weight_max
        };
        Some(Plan {
            entry: step.entry,
            link: step.link,
            cost: program.code().certificate(program.step()).cost,
            stamps,
            input_start,
            input: Codec::new(types, layouts, input_id, &input.0, &input.1),
            input_weight_left: INPUT_WEIGHT_MAX.saturating_sub(layouts.of(input_id).heaviest),
            state_start,
            moves: in_sequence(moves).into(),
            state: place(state_id, &state_words, &state_handles),
            next: place(state_id, next_words, next_handles),
            output: place(output_id, output_words, output_handles),
            output_codec: Codec::new(types, layouts, output_id, output_words, output_handles),
            next_is_weighed: is_weighed(state_id, STATE_WEIGHT_MAX),
            output_is_weighed: is_weighed(output_id, OUTPUT_WEIGHT_MAX),
        })
    }
}

/// The register of each stamp, and where the input itself starts.
fn stamps(program: &Program, start: Start) -> (Box<[(Stamp, usize)]>, Start) {
    let mut at = start;
    let stamps = program.schema().stamps.iter().map(|stamp| match stamp {
        Stamp::At | Stamp::Sequence => {
            at.0 += 1;
            (*stamp, at.0 - 1)
        }
        Stamp::From => {
            at.1 += 1;
            (*stamp, at.1 - 1)
        }
    });
    (stamps.collect(), at)
}

fn registers(start: usize, count: usize) -> Option<Vec<Register>> {
    let registers = (start..start + count).map(|own| Register::try_from(own).ok());
    registers.collect()
}
