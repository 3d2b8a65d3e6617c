//! Shadows, as those ask for them who look after a machine.

use std::time::Instant;

use cam::instance::Instance;

use super::Service;
use super::delivery::Judged;
use crate::bundle::AuthenticBundle;
use crate::journal::Journal;
use crate::ledger::{Entry, Event};
use crate::limits::{SHADOW_LOOK_INTERVAL, SHADOW_PATIENCE};
use crate::protocol::{Refusal, RefusalCode, Request, Response};
use crate::push_log;
use crate::refused;
use crate::server::Peer;
use crate::shadow::{Beside, Offered, Order, Running};
use crate::upgrade::VerifiedUpgrade;

impl<J: Journal> Service<J> {
    /// Answers what is asked of a shadow.
    pub(super) async fn shadow(&self, peer: &Peer, request: Request) -> Result<Response, Refusal> {
        match request {
            Request::Shadow { bundle, reason } => self.run_beside(peer, bundle, reason).await,
            Request::ShadowStatus { machine } => self.beside(peer, &machine).await,
            Request::ShadowPromote {
                machine,
                bundle,
                reason,
                trial,
            } => {
                let running = self.running(&machine)?;
                let running = running.filter(|running| running.offered().bundle == bundle);
                let Some(running) = running else {
                    let reason = "no such version runs beside the machine";
                    let replica = self.machine(&machine)?;
                    return Err(replica.refusal(RefusalCode::NO_SHADOW, reason));
                };
                let bytes = running.bundle().to_vec();
                self.push(peer, bytes, reason, trial).await
            }
            Request::ShadowDrop {
                machine,
                bundle,
                reason,
            } => {
                let by = peer.name().to_owned();
                let order = Order::Drop { by, reason, bundle };
                self.order(&machine, order).await
            }
            _ => Err(Refusal::new(RefusalCode::BUG, "a request has no answer")),
        }
    }

    /// Judges a bundle like any other, and has it run beside its machine.
    async fn run_beside(
        &self,
        peer: &Peer,
        bytes: Vec<u8>,
        reason: String,
    ) -> Result<Response, Refusal> {
        let authentic = self
            .authenticate(peer, &bytes)
            .inspect_err(|refusal| push_log::refused(peer.name(), None, refusal))?;
        let machine = authentic.manifest().machine.clone();
        let begun = self.begin(peer, authentic, bytes, reason).await;
        match &begun {
            Ok(_) => push_log::beside(peer.name(), &machine),
            Err(refusal) => push_log::refused(peer.name(), Some(&machine), refusal),
        }
        begun
    }

    async fn begin(
        &self,
        peer: &Peer,
        authentic: AuthenticBundle,
        bundle: Vec<u8>,
        reason: String,
    ) -> Result<Response, Refusal> {
        let machine = authentic.manifest().machine.clone();
        let signers = authentic.signers().to_vec();
        let upgrade = match self.judge(peer, authentic).await? {
            Judged::Running(response) => return Ok(response),
            Judged::Fits(upgrade) => upgrade,
        };
        let replica = self.machine(&machine)?;
        if replica.position() != upgrade.from() {
            let reason = "the machine has moved on while this was judged";
            return Err(replica.refusal(RefusalCode::STALE_PROGRAM, reason));
        }
        let order = Order::Begin {
            from: upgrade.from(),
            offered: Offered {
                signers,
                by: peer.name().to_owned(),
                reason,
                ..offered(&upgrade)
            },
            bundle,
        };
        let state = replica.instance().map(Instance::state);
        // The journal would not stamp it earlier than what came last.
        let moment = replica.moment((self.clock)().max(replica.last_ms()), peer.name());
        let migrated = self.apart(peer, move || {
            upgrade.migrate(&moment, state.as_ref()).map(drop)
        });
        migrated
            .await?
            .map_err(|error| refused::upgrade(&error, &machine, replica.position()))?;
        self.order(&machine, order).await
    }

    async fn order(&self, machine: &str, order: Order) -> Result<Response, Refusal> {
        let outcome = self.journal.shadow(machine, order).await;
        let outcome = outcome.map_err(super::no_outcome)?;
        Ok(super::response(outcome, machine))
    }

    /// The shadow that runs, unless it has ended.
    fn running(&self, machine: &str) -> Result<Option<Running>, Refusal> {
        self.machine(machine)?;
        let running = self.published.shadow(machine);
        Ok(running.filter(|running| running.ended().is_none()))
    }

    /// How a shadow does. What was answered before the question is in it, if the shadow keeps up.
    async fn beside(&self, peer: &Peer, machine: &str) -> Result<Response, Refusal> {
        let asked_at = self.machine(machine)?.index();
        let asked = Instant::now();
        let published = loop {
            let published = self.published.shadow(machine);
            let is_behind = published.as_ref().is_some_and(|running| {
                running.ended().is_none() && running.shadow(asked_at).waiting > 0
            });
            if !is_behind || asked.elapsed() >= SHADOW_PATIENCE {
                break published;
            }
            tokio::time::sleep(SHADOW_LOOK_INTERVAL).await;
        };
        let index = self.machine(machine)?.index();
        let last = published.as_ref().and_then(Running::ended);
        let beside = match (published, last) {
            (Some(running), None) => Beside {
                running: Some(running.shadow(index)),
                last: None,
            },
            (_, Some(last)) => Beside {
                running: None,
                last: Some(last),
            },
            (None, None) => {
                let name = machine.to_owned();
                let ended = |entry: Entry| match entry.event {
                    Event::Shadowed(ended) => Some(ended),
                    _ => None,
                };
                let last = self.read(peer, move |store| store.newest(&name, ended));
                let last = last.await?;
                Beside {
                    running: None,
                    last,
                }
            }
        };
        Ok(Response::Shadow(Box::new(beside)))
    }
}

fn offered(upgrade: &VerifiedUpgrade) -> Offered {
    let program = upgrade.new_program();
    Offered {
        sequence: upgrade.bundle().manifest().sequence,
        bundle: upgrade.bundle().id().0,
        program: program.digest().0,
        machine_version: program.schema().version,
        signers: Vec::new(),
        by: String::new(),
        reason: String::new(),
        began_ms: 0,
    }
}
