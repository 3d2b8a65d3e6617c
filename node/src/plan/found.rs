//! What plans have found, kept until the bundles come: the ledger then says what was known before they were applied.
//!
//! The node remembers it itself, so that nobody can claim a plan that was never worked out. After a restart nothing
//! is remembered, and the ledger says nothing of a plan.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::bundle::BundleId;

/// What the rehearsal of a plan has counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// When it was worked out, in milliseconds since 1970.
    pub at_ms: i64,
    /// The machine's last step then.
    pub step: u64,
    /// The inputs that both programs answer alike.
    pub same: u64,
    /// Those that the new one answers otherwise.
    pub different: u64,
    /// Those that it cannot take.
    pub lost: u64,
}

/// The newest plan of each machine. A bundle fits in one place of a machine's life only, so its name says all.
#[derive(Default)]
pub(crate) struct Plans(Mutex<BTreeMap<String, (BundleId, Found)>>);

impl Plans {
    /// Remembers what a plan has found, in place of the one before. The first bundle of a machine has nothing to
    /// be compared with, so only machines that run are remembered here.
    pub(crate) fn remember(&self, bundle: BundleId, at_ms: i64, plan: &Plan) {
        let Some(rehearsal) = plan.rehearsal.as_ref().filter(|found| found.compared) else {
            return;
        };
        let found = Found {
            at_ms,
            step: plan.step,
            same: rehearsal.same,
            different: rehearsal.different,
            lost: rehearsal.lost,
        };
        let machine = plan.machine.clone();
        self.newest().insert(machine, (bundle, found));
    }

    /// What the newest plan has found, if it was of this bundle.
    pub(crate) fn of(&self, machine: &str, bundle: BundleId) -> Option<Found> {
        let newest = self.newest();
        let (planned, found) = newest.get(machine)?;
        (*planned == bundle).then_some(*found)
    }

    fn newest(&self) -> MutexGuard<'_, BTreeMap<String, (BundleId, Found)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
