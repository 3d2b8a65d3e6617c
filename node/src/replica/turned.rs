//! A machine on its way through a turn: an upgrade that is worked out, and what a rollback leads to.

use cam::instance::{Context, Instance};

use super::Replica;
use crate::bundle::Bundle;
use crate::head_start::HeadStart;
use crate::journal::Index;
use crate::protocol::{Refusal, RefusalCode};
use crate::refused;
use crate::upgrade::{MigratedUpgrade, Position};

impl Replica {
    /// The running machine itself.
    #[must_use]
    pub(crate) fn into_instance(self) -> Option<Instance> {
        self.instance
    }

    /// The machine after a rollback to the program before, at a place and at a time. Steps are never counted back:
    /// their numbers have been answered.
    #[must_use]
    pub(crate) fn gone_back(
        mut self,
        instance: Instance,
        position: Position,
        (at, at_ms): (Index, i64),
    ) -> Replica {
        self.instance = Some(instance);
        self.position = position;
        self.lineage.pop();
        self.forget_clients();
        self.trial = None;
        self.index = at;
        self.last_ms = at_ms;
        self.since_ms = at_ms;
        self
    }

    /// The machine with at least as many steps as another that has lived the same inputs.
    #[must_use]
    pub(crate) fn with_steps_from(mut self, other: &Replica) -> Replica {
        self.steps = self.steps.max(other.steps);
        self
    }

    /// The machine, counted from where its trial began, one step for each of so many inputs since. After a crash loop
    /// nobody knows which of them made a step that was answered, and the journal alone must say how it goes on.
    #[must_use]
    pub(crate) fn counted_from(mut self, before: &Replica, inputs: u64) -> Replica {
        self.steps = before.steps.saturating_add(inputs);
        self.traps = before.traps;
        self.old_clients.clone_from(&before.old_clients);
        self
    }

    /// Works an upgrade out, with what was worked out aside for it, if that is still of use.
    pub(super) fn stage(
        &self,
        moment: &Context,
        bundle: &[u8],
        signers: &[String],
        head_start: Option<&mut HeadStart>,
    ) -> Result<MigratedUpgrade, Refusal> {
        let refused = |error| refused::upgrade(&error, &self.name, self.position);
        let state = self.instance().map(Instance::state);
        if let (Some(head_start), Some(state)) = (head_start, &state)
            && let Some(migrated) = head_start.migrate(self.position, moment, state)
        {
            return migrated.map_err(refused);
        }
        let malformed = |error: crate::bundle::MalformedBundle| {
            self.refusal(RefusalCode::MALFORMED_BUNDLE, &error.to_string())
        };
        let bundle = Bundle::decode(bundle).map_err(malformed)?;
        let authentic = bundle.recall(signers.to_vec()).map_err(malformed)?;
        let running = self.instance().map(Instance::program);
        authentic
            .verify(self.position, running)
            .and_then(|verified| verified.migrate(moment, state.as_ref()))
            .map_err(refused)
    }
}
