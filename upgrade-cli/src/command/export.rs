//! `cam export`: a machine's life as a file, lived again before it is written.

use cam::digest::Digest;
use node::biography::{Biography, LifeFile, Mark, is_turn, up_to_turns};
use node::limits::{JOURNAL_COMMANDS_MAX, LIFE_BYTES_MAX};
use node::protocol::{Command, Request, RequestKind, Response};

use super::replay::{LifeError, hash_name};
use super::state::machine_or_only;
use super::{Context, history};
use crate::arguments::Export;
use crate::failure::AnyFailure;
use crate::project::files;
use crate::report::{Outcome, Report, count};
use crate::session::Session;

/// Marks on the way: more of them find more exactly where a life begins to differ.
const MARKS_MAX: usize = 256;

pub(super) fn run(context: &Context, arguments: &Export) -> Outcome {
    let session = context.session(&arguments.node, &arguments.speak, RequestKind::Journal)?;
    let machine = machine_or_only(&session, arguments.machine.as_deref())?;
    let (mut life, end) = fetch(&session, &machine)?;
    mark(&mut life, end)?;
    let bytes = life.encode();
    if bytes.len() > LIFE_BYTES_MAX {
        return Err(LifeError::TooLong.into());
    }
    files::write_private(&arguments.out, &bytes)?;
    let out = arguments.out.display();
    let begins = match life.is_complete() {
        true => "from its first bundle on",
        false => "from later on: the node no longer has its beginning",
    };
    let commands = count(life.commands.len(), "command");
    Ok(Report::new()
        .line(format!(
            "exported: `{machine}` on {} into `{out}`",
            arguments.node
        ))
        .line(format!("    life     {commands}, {begins}"))
        .line(format!(
            "    state    {}, after step {}",
            hash_name(&end),
            end.steps
        ))
        .next(format!("cam replay {out}"))
        .field("node", &arguments.node)
        .field("machine", &machine)
        .field("file", out.to_string())
        .field("complete", life.is_complete())
        .field("commands", life.commands.len())
        .field("steps", end.steps)
        .field("state", hash_name(&end)))
}

/// The life as far as the node has it, up to where the machine is when it is asked, and where that is.
pub(super) fn fetch(session: &Session, machine: &str) -> Result<(LifeFile, Mark), AnyFailure> {
    let (first, _) = page(session, machine, 0, 1)?;
    let mut origin = None;
    if first != 1 {
        // Asked for before the end is: what lies between must be there.
        let request = Request::Origin {
            machine: machine.to_owned(),
        };
        let Response::Origin(found) = session.request(&request)? else {
            return Err(session.strange(request.kind()).into());
        };
        origin = Some(*found);
    }
    let request = Request::Mark {
        machine: machine.to_owned(),
    };
    let Response::Mark(end) = session.request(&request)? else {
        return Err(session.strange(request.kind()).into());
    };
    let mut place = origin.as_ref().map_or(0, |origin| origin.snapshot.index);
    let mut commands = Vec::new();
    while place < end.at {
        let (_, page) = page(session, machine, place, JOURNAL_COMMANDS_MAX)?;
        let Some((last, _)) = page.last() else {
            return Err(session.strange(RequestKind::Journal).into());
        };
        place = (*last).max(place + 1);
        commands.extend(page.into_iter().filter(|(at, _)| *at <= end.at));
    }
    let mut ledger = Vec::new();
    if origin.is_none() {
        let turns = commands.iter().filter(|(_, command)| is_turn(command));
        ledger = up_to_turns(history::entries(session, machine)?, turns.count());
    }
    let life = LifeFile {
        machine: machine.to_owned(),
        origin,
        ledger,
        commands,
        marks: Vec::new(),
    };
    Ok((life, end))
}

/// One answer's commands after a place, and the first that the node has.
pub(super) fn page(
    session: &Session,
    machine: &str,
    after: u64,
    limit: u32,
) -> Result<(u64, Vec<(u64, Command)>), AnyFailure> {
    let request = Request::Journal {
        machine: machine.to_owned(),
        after,
        limit,
    };
    match session.request(&request)? {
        Response::Journal {
            first, commands, ..
        } => Ok((first, commands)),
        _ => Err(session.strange(request.kind()).into()),
    }
}

/// Lives it once, notes where it was on its way, and holds its end to what the node says.
fn mark(life: &mut LifeFile, end: Mark) -> Result<(), LifeError> {
    let each = life.commands.len() / MARKS_MAX + 1;
    let mut marks = Vec::new();
    let mut lived = 0_usize;
    let look = |life: &Biography, _: &_, _: &_| {
        lived += 1;
        if lived.is_multiple_of(each) {
            marks.extend(Mark::of(life.replica()));
        }
        true
    };
    let biography = life.replay(life.begin()?, look)?;
    if Mark::of(biography.replica()) != Some(end) {
        return Err(LifeError::OtherEnd { at: end.at });
    }
    marks.retain(|mark| mark.at < end.at);
    marks.push(end);
    life.marks = marks;
    Ok(())
}

/// A program for people: its version and its digest.
pub(super) fn program_name(program: &cam::verify::Program) -> String {
    let digest: Digest = program.digest();
    format!("version {}  {digest}", program.schema().version)
}
