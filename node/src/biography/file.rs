//! The file of a life: an exported journal, with what it takes to live it again and to see that it fits.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{Biography, Misfit, Origin, StateHash, Told, UnusableOrigin, is_turn};
use crate::journal::{Command, Index, Outcome};
use crate::ledger::Entry;
use crate::limits::{LIFE_BYTES_MAX, NAME_BYTES_MAX};
use crate::replica::Replica;

/// The first field of every such file.
const MAGIC: &str = "camshaft-life";

/// The newest format that is read and written here.
const FORMAT: u16 = 1;

/// Separates the seal from every other use of BLAKE3.
const SEAL_CONTEXT: &str = "camshaft 2026-11 life seal 1";

/// Where a life was at a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The command.
    pub at: Index,
    /// Steps taken by then.
    pub steps: u64,
    /// The [`StateHash`] after it.
    #[serde(with = "serde_bytes")]
    pub state: [u8; 32],
}

impl Mark {
    /// Where a machine is; none before its first bundle.
    #[must_use]
    pub fn of(replica: &Replica) -> Option<Mark> {
        Some(Mark {
            at: replica.index(),
            steps: replica.steps(),
            state: StateHash::of(replica)?.0,
        })
    }
}

/// A life that can be lived again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LifeFile {
    /// The machine's name on its node.
    pub machine: String,
    /// Where the life begins here; nothing if it is there from the first bundle on.
    pub origin: Option<Origin>,
    /// The ledger up to the last turn among the commands; empty if the beginning is gone.
    pub ledger: Vec<Entry>,
    /// The commands, each after the one before.
    pub commands: Vec<(Index, Command)>,
    /// Where the life was on its way, and at its end.
    pub marks: Vec<Mark>,
}

/// The file as it is written: a flat array. The seal is over the array with an empty seal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    magic: String,
    format: u16,
    machine: String,
    origin: Option<Origin>,
    ledger: Vec<Entry>,
    commands: Vec<(Index, Command)>,
    marks: Vec<Mark>,
    seal: ByteBuf,
}

/// Bytes that are no file of a life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedLife {
    /// Longer than such a file may be.
    #[error("more than {LIFE_BYTES_MAX} bytes")]
    TooLong,
    /// It does not decode, or not from its one canonical form.
    #[error("it is not well-formed")]
    Form,
    /// It is of a newer format.
    #[error("it is of format {need}, formats up to {FORMAT} are known here")]
    NeedsFormat {
        /// The file's format.
        need: u16,
    },
    /// It was changed since it was written.
    #[error("its seal does not fit: it was changed or damaged since it was written")]
    Seal,
}

impl LifeFile {
    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Fields {
            magic: MAGIC.to_owned(),
            format: FORMAT,
            machine: self.machine.clone(),
            origin: self.origin.clone(),
            ledger: self.ledger.clone(),
            commands: self.commands.clone(),
            marks: self.marks.clone(),
            seal: ByteBuf::new(),
        };
        let seal = blake3::derive_key(SEAL_CONTEXT, &bytes(&fields));
        fields.seal = ByteBuf::from(seal.to_vec());
        bytes(&fields)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`MalformedLife`].
    pub fn decode(bytes: &[u8]) -> Result<LifeFile, MalformedLife> {
        if bytes.len() > LIFE_BYTES_MAX {
            return Err(MalformedLife::TooLong);
        }
        let fields: Fields = rmp_serde::from_slice(bytes).map_err(|_| MalformedLife::Form)?;
        if fields.magic != MAGIC {
            return Err(MalformedLife::Form);
        }
        if fields.format != FORMAT {
            let need = fields.format;
            return Err(MalformedLife::NeedsFormat { need });
        }
        let named = (1..=NAME_BYTES_MAX).contains(&fields.machine.len());
        let file = LifeFile {
            machine: fields.machine,
            origin: fields.origin,
            ledger: fields.ledger,
            commands: fields.commands,
            marks: fields.marks,
        };
        // Encoding makes the seal anew, so one comparison holds the form and the seal to it.
        let canonical = file.encode();
        if canonical == bytes && named {
            return Ok(file);
        }
        let body = |bytes: &[u8]| bytes.len().checked_sub(fields.seal.len());
        match body(&canonical) == body(bytes) && named {
            true => Err(MalformedLife::Seal),
            false => Err(MalformedLife::Form),
        }
    }

    /// Whether the life is there from the first bundle on.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.origin.is_none()
    }

    /// Where the machine was at the end.
    #[must_use]
    pub fn end(&self) -> Option<&Mark> {
        self.marks.last()
    }

    /// The machine where this life begins.
    ///
    /// # Errors
    /// [`UnusableOrigin`].
    pub fn begin(&self) -> Result<Biography, UnusableOrigin> {
        match &self.origin {
            None => Ok(Biography::from_birth(&self.machine)),
            Some(origin) => Biography::from_origin(&self.machine, origin),
        }
    }

    /// Lives it again and holds each command to the ledger and each mark to the state. `look` sees the machine
    /// after each command, and says whether to go on.
    ///
    /// # Errors
    /// The first command that does not fit.
    pub fn replay(
        &self,
        mut biography: Biography,
        mut look: impl FnMut(&Biography, &Command, &Outcome) -> bool,
    ) -> Result<Biography, Misfit> {
        let mut told = Told::of(&self.ledger);
        let mut marks = self.marks.iter().peekable();
        for (at, command) in &self.commands {
            let entry = match is_turn(command) && self.is_complete() {
                true => Some(told.next_turn()),
                false => None,
            };
            let entry = entry.transpose().map_err(|what| Misfit {
                at: *at,
                step: biography.replica().steps(),
                what: what.to_owned(),
            })?;
            let outcome = biography.live(*at, command, entry)?;
            while let Some(mark) = marks.next_if(|mark| mark.at <= *at) {
                holds(&biography, mark)?;
            }
            if !look(&biography, command, &outcome) {
                return Ok(biography);
            }
        }
        // What is marked after the last command, or was told of no command, never happened.
        match (marks.next(), told.is_over()) {
            (None, true) => Ok(biography),
            (Some(mark), _) if self.commands.is_empty() => {
                holds(&biography, mark).map(|()| biography)
            }
            _ => Err(misfit(&biography, "commands are missing after it")),
        }
    }
}

fn holds(biography: &Biography, mark: &Mark) -> Result<(), Misfit> {
    match Mark::of(biography.replica()) {
        Some(found) if found == *mark => Ok(()),
        _ => Err(misfit(
            biography,
            "the state is another one than was recorded here, and was not so at the mark before",
        )),
    }
}

fn misfit(biography: &Biography, what: &str) -> Misfit {
    let replica = biography.replica();
    Misfit {
        at: replica.index(),
        step: replica.steps(),
        what: what.to_owned(),
    }
}

fn bytes(fields: &Fields) -> Vec<u8> {
    rmp_serde::to_vec(fields).expect("lives hold nothing that MessagePack cannot")
}
