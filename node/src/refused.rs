//! What a refusal says is true on the node, in one place, so that it is always said.

use crate::losses::Misstated;
use crate::protocol::{Refusal, RefusalCode};
use crate::upgrade::{Position, UpgradeError};

/// Adds what runs, and that it runs on as it was.
pub(crate) fn unchanged(refusal: Refusal, machine: &str, position: Position) -> Refusal {
    let refusal = refusal.sequence(position.sequence);
    match position.program {
        None => refusal.now(format!(
            "nothing was changed; no machine `{machine}` runs here"
        )),
        Some(program) => refusal.running(program.0).now(format!(
            "nothing was changed; `{machine}` runs {} as before",
            program.short()
        )),
    }
}

/// The refusal of an upgrade.
pub(crate) fn upgrade(error: &UpgradeError, machine: &str, position: Position) -> Refusal {
    let refusal = unchanged(
        Refusal::new(error.code(), error.to_string()),
        machine,
        position,
    );
    match error {
        UpgradeError::StaleProgram {
            expected: Some(expected),
            ..
        } => refusal.expected(expected.0),
        _ => refusal,
    }
}

/// The refusal of a request to a machine that does not run.
pub(crate) fn no_machine(machine: &str) -> Refusal {
    let reason = format!("no machine `{machine}` runs here");
    Refusal::new(RefusalCode::UNKNOWN_MACHINE, reason)
}

impl UpgradeError {
    /// The number on the wire.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        match self {
            UpgradeError::AlreadyRunning => RefusalCode::ALREADY_RUNNING,
            UpgradeError::StaleProgram { .. } => RefusalCode::STALE_PROGRAM,
            UpgradeError::StaleSequence { .. } | UpgradeError::StaleBundle { .. } => {
                RefusalCode::STALE_SEQUENCE
            }
            UpgradeError::OtherNode => RefusalCode::OTHER_NODE,
            UpgradeError::OtherMachine { .. } => RefusalCode::OTHER_MACHINE,
            UpgradeError::Malformed { .. } => RefusalCode::MALFORMED_PROGRAM,
            UpgradeError::Invalid { part, .. } if *part == "migration" => {
                RefusalCode::INVALID_MIGRATION
            }
            UpgradeError::Invalid { .. } => RefusalCode::INVALID_PROGRAM,
            UpgradeError::Misfit(_) if self.is_adapter() => RefusalCode::INVALID_ADAPTER,
            UpgradeError::Misfit(_) => RefusalCode::INVALID_MIGRATION,
            UpgradeError::Misstated(Misstated::Unacknowledged(_)) => RefusalCode::LOSS_NOT_SIGNED,
            UpgradeError::Misstated(_) => RefusalCode::LOSS_MISSTATED,
            UpgradeError::Trapped(_) => RefusalCode::MIGRATION_TRAPPED,
            UpgradeError::CheckFailed(_) => RefusalCode::CHECK_FAILED,
        }
    }
}
