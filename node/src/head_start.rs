//! An upgrade of a large state, worked out aside before its turn has come.
//!
//! The migration runs on the state as readers see it, while the machine goes on; then on what has changed, until
//! little has; and for the last time when the journal comes to the upgrade, which decides. Nothing is believed of what
//! was worked out here: the last run is told the journal's moment, and comes to the verdict of a full run.

use cam::instance::Context;
use cam::measure::Measured;
use cam::memo::Memo;
use cam::value::Value;

use crate::limits::{CATCH_UP_ROUNDS_FEW, CATCH_UPS_MAX};
use crate::upgrade::{MigratedUpgrade, Position, Sizes, UpgradeError, VerifiedUpgrade};

/// What is known of an upgrade before its turn.
#[derive(Debug)]
pub struct HeadStart {
    /// Nothing once it is migrated.
    upgrade: Option<VerifiedUpgrade>,
    memo: Memo,
    before: Measured,
    after: Measured,
}

impl HeadStart {
    /// Works an upgrade out on a state, and asks the new program's check about the result.
    ///
    /// # Errors
    /// [`UpgradeError`], as it would be refused now.
    pub fn work_out(
        upgrade: VerifiedUpgrade,
        moment: &Context,
        state: &Value,
    ) -> Result<HeadStart, UpgradeError> {
        let mut memo = Memo::default();
        let instance = upgrade.instance(moment, Some(state), Some(&mut memo))?;
        upgrade.is_approved(&instance)?;
        Ok(HeadStart {
            upgrade: Some(upgrade),
            memo,
            before: Measured::of(state.clone()),
            after: Measured::of(instance.state()),
        })
    }

    /// Follows a machine that goes on, until little is left to be made at the turn itself: `now` gives its moment and
    /// its state, or nothing if it is no longer where the upgrade found it.
    ///
    /// # Errors
    /// As [`HeadStart::work_out`].
    pub fn follow(
        &mut self,
        mut now: impl FnMut() -> Option<(Context, Value)>,
    ) -> Result<(), UpgradeError> {
        let mut rounds_before = u64::MAX;
        for _ in 0..CATCH_UPS_MAX {
            let (Some((moment, state)), Some(upgrade)) = (now(), &self.upgrade) else {
                return Ok(());
            };
            let instance = upgrade.instance(&moment, Some(&state), Some(&mut self.memo))?;
            self.before.follow(&state);
            self.after.follow(&instance.state());
            let rounds = self.memo.rounds();
            // A migration whose every entry depends on what changes all the time never comes closer.
            if rounds <= CATCH_UP_ROUNDS_FEW || rounds >= rounds_before {
                return Ok(());
            }
            rounds_before = rounds;
        }
        Ok(())
    }

    /// Migrates the state as it is at the turn, if it was worked out for a machine in this position. What is no
    /// longer needed stays here, to be dropped elsewhere: it may be a million entries.
    ///
    /// # Errors
    /// [`UpgradeError`], as of a migration in full.
    pub fn migrate(
        &mut self,
        from: Position,
        moment: &Context,
        state: &Value,
    ) -> Option<Result<MigratedUpgrade, UpgradeError>> {
        let upgrade = self.upgrade.take_if(|upgrade| upgrade.from() == from)?;
        let instance = upgrade.instance(moment, Some(state), Some(&mut self.memo));
        let approved = instance.and_then(|instance| {
            upgrade.is_approved(&instance)?;
            Ok(instance)
        });
        Some(approved.map(|instance| {
            self.before.follow(state);
            self.after.follow(&instance.state());
            let sizes = Sizes {
                before: self.before.bytes(),
                after: self.after.bytes(),
            };
            upgrade.migrated(instance, sizes)
        }))
    }
}
