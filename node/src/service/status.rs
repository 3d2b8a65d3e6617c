//! What runs, for those who may see it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cam::encode;

use super::{Service, milliseconds};
use crate::journal::Journal;
use crate::protocol::{MachineStatus, NodeStatus, Refusal, Response};
use crate::replica::Replica;
use crate::server::Peer;
use crate::trust::Right;

/// The lengths of the states that were asked for last. A state is encoded to know its length, which takes a second if
/// it is large; whoever asks again before the machine has moved on costs nothing.
#[derive(Clone, Default)]
pub(super) struct Sizes(Arc<Mutex<BTreeMap<String, Measured>>>);

struct Measured {
    /// Only to know it again: it keeps nothing alive.
    replica: Weak<Replica>,
    bytes: u64,
}

impl Sizes {
    /// The encoded length of a machine's state, in bytes.
    fn of(&self, replica: &Arc<Replica>) -> u64 {
        let known = {
            let sizes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let measured = sizes.get(replica.name());
            let measured = measured.filter(|one| one.replica.ptr_eq(&Arc::downgrade(replica)));
            measured.map(|measured| measured.bytes)
        };
        known.unwrap_or_else(|| {
            let state = replica.instance().map(cam::instance::Instance::state);
            let bytes = state.map_or(0, |state| encode::value(&state).len() as u64);
            let measured = Measured {
                replica: Arc::downgrade(replica),
                bytes,
            };
            let mut sizes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sizes.insert(replica.name().to_owned(), measured);
            bytes
        })
    }
}

impl<J: Journal> Service<J> {
    /// The status of one machine, or of all that the peer may observe; nothing is worked out about others.
    pub(super) async fn status(
        &self,
        peer: &Peer,
        machine: Option<&str>,
    ) -> Result<Response, Refusal> {
        let mut replicas = match machine {
            Some(name) => vec![self.machine(name)?],
            None => self.published.machines(),
        };
        replicas.retain(|replica| peer.allows(Right::Observe, replica.name()));
        let sizes = self.sizes.clone();
        let statuses = move || {
            let statuses = replicas.iter();
            let statuses = statuses.filter_map(|replica| machine_status(replica, &sizes));
            statuses.collect()
        };
        Ok(Response::Status(NodeStatus {
            node_key: *self.node.as_bytes(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now_ms: milliseconds((self.clock)()),
            machines: self.apart(peer, statuses).await?,
        }))
    }
}

fn machine_status(replica: &Arc<Replica>, sizes: &Sizes) -> Option<MachineStatus> {
    let instance = replica.instance()?;
    Some(MachineStatus {
        machine: replica.name().to_owned(),
        program: instance.program().digest().0,
        machine_version: instance.program().schema().version,
        sequence: replica.position().sequence,
        bundle: replica.position().bundle.map_or([0; 32], |id| id.0),
        steps: replica.steps(),
        traps: replica.traps(),
        state_bytes: sizes.of(replica),
        since_ms: milliseconds(replica.since_ms()),
        engine: instance.engine().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_measured_once_until_the_machine_moves_on() {
        let sizes = Sizes::default();
        let before = Arc::new(Replica::new("counter"));
        assert_eq!(sizes.of(&before), 0);
        let forged = |bytes| {
            let mut sizes = sizes.0.lock().expect("no panic");
            sizes.get_mut("counter").expect("it was measured").bytes = bytes;
        };
        forged(7);
        assert_eq!(sizes.of(&before), 7, "it was measured again");
        let after = Arc::new(Replica::clone(&before));
        assert_eq!(sizes.of(&after), 0, "it is another one");
        forged(8);
        assert_eq!((sizes.of(&after), sizes.of(&before)), (8, 0));
    }
}
