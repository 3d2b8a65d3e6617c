//! What a machine would be after an upgrade that nobody makes durable: plans, rehearsals, shadows.

use super::Replica;
use crate::journal::{Apply, Command, Index};

impl Replica {
    /// The machine after an upgrade, for what is only tried out.
    ///
    /// # Errors
    /// Why the upgrade does not fit.
    pub(crate) fn upgraded(mut self, at: Index, command: &Command) -> Result<Replica, String> {
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
        let staged = self.stage(&moment, bundle, signers);
        let staged = staged.map_err(|refusal| String::from(refusal.reason))?;
        self.adopt(at, command, staged.rehearsed());
        Ok(self.without_sessions())
    }
}
