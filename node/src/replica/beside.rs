//! What a machine would be after an upgrade that nobody makes durable: plans, rehearsals, shadows; and what it became
//! before, when a start lives through its journal again.

use super::Replica;
use crate::journal::{Apply, Command, Effect, Index};

impl Replica {
    /// The machine after an upgrade, for what is only tried out.
    ///
    /// # Errors
    /// Why the upgrade does not fit.
    pub(crate) fn upgraded(self, at: Index, command: &Command) -> Result<Replica, String> {
        let upgraded = self.upgraded_for_good(at, command);
        upgraded.map(Replica::without_sessions)
    }

    fn upgraded_for_good(mut self, at: Index, command: &Command) -> Result<Replica, String> {
        let Command::Upgrade {
            at_ms,
            by,
            signers,
            bundle,
            ..
        } = command
        else {
            return Err("not an upgrade".to_owned());
        };
        let moment = self.moment(*at_ms, by);
        let staged = self.stage(&moment, bundle, signers, None);
        let staged = staged.map_err(|refusal| String::from(refusal.reason))?;
        self.adopt(at, command, staged.rehearsed());
        Ok(self)
    }

    /// The machine after a command that was applied before, on no trial: what a trial decided is in the journal, and is
    /// not decided again.
    ///
    /// # Errors
    /// Why the command does something else now, after a colon; nothing where there is no reason to give.
    pub(crate) fn lived(mut self, at: Index, command: &Command) -> Result<Replica, String> {
        match command {
            Command::Upgrade { .. } => {
                let upgraded = self.upgraded_for_good(at, command);
                let upgraded = upgraded.map_err(|why| format!(": {why}"))?;
                Ok(upgraded.on_trial(None))
            }
            Command::Pass { .. } => {
                self.index = at;
                self.last_ms = command.at_ms();
                Ok(self)
            }
            Command::Input { .. } | Command::Rollback { .. } | Command::Retire { .. } => {
                match self.apply_again(at, command) {
                    Effect::Done(_) => Ok(self),
                    _ => Err(String::new()),
                }
            }
        }
    }
}
