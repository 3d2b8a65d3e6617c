//! Delivery: a bundle is judged as far as that is possible outside the journal, then submitted.

use std::sync::Arc;

use cam::instance::Instance;

use super::life::unreadable;
use super::{Service, no_outcome, response};
use crate::bundle::{AuthenticBundle, Bundle, UnauthenticBundle};
use crate::head_start::HeadStart;
use crate::journal::{Command, Journal};
use crate::limits::MACHINE_NAME_LETTERS;
use crate::plan;
use crate::printable::Printable;
use crate::protocol::{Refusal, RefusalCode, Response};
use crate::push_log;
use crate::refused;
use crate::replica::Replica;
use crate::server::Peer;
use crate::trial::Terms;
use crate::trust::Right;
use crate::upgrade::{Position, UpgradeError, VerifiedUpgrade};

/// A bundle that nothing speaks against.
pub(super) enum Judged {
    /// It was applied before; this is what to answer.
    Running(Response),
    /// It fits what runs.
    Fits(Box<VerifiedUpgrade>),
}

impl<J: Journal> Service<J> {
    /// Delivers a bundle and logs what came of it. A bundle that is not authentic names no machine yet.
    pub(super) async fn push(
        &self,
        peer: &Peer,
        bytes: Vec<u8>,
        reason: String,
        trial: Option<Terms>,
    ) -> Result<Response, Refusal> {
        let terms = trial.map_or(Ok(()), |terms| terms.check());
        terms.map_err(|error| Refusal::new(RefusalCode::BAD_TERMS, error.to_string()))?;
        let authentic = self
            .authenticate(peer, &bytes)
            .inspect_err(|refusal| push_log::refused(peer.name(), None, refusal))?;
        let machine = authentic.manifest().machine.clone();
        let signers = authentic.signers().to_vec();
        let delivered = self
            .deliver(peer, authentic, bytes, (reason, trial))
            .await
            .unwrap_or_else(Response::Refused);
        push_log::outcome(peer.name(), &machine, &signers, &delivered);
        Ok(delivered)
    }

    /// Judges a bundle, then submits it. The journal judges again, against what is true when its turn has come.
    async fn deliver(
        &self,
        peer: &Peer,
        authentic: AuthenticBundle,
        bytes: Vec<u8>,
        (reason, trial): (String, Option<Terms>),
    ) -> Result<Response, Refusal> {
        let machine = authentic.manifest().machine.clone();
        let (id, signers) = (authentic.id(), authentic.signers().to_vec());
        match self.judge(peer, authentic).await? {
            Judged::Running(response) => Ok(response),
            Judged::Fits(upgrade) => {
                let head_start = self.head_start(peer, &machine, *upgrade).await?;
                let by = peer.name().to_owned();
                let command = Command::Upgrade {
                    at_ms: 0,
                    by,
                    signers,
                    bundle: bytes,
                    reason,
                    trial,
                    plan: self.plans.of(&machine, id),
                };
                let Some(head_start) = head_start else {
                    return self.submit(&machine, command).await;
                };
                let upgraded = self.journal.upgrade(&machine, command, head_start);
                Ok(response(upgraded.await.map_err(no_outcome)?, &machine))
            }
        }
    }

    /// Works an upgrade of a large state out, aside, while the machine goes on.
    async fn head_start(
        &self,
        peer: &Peer,
        machine: &str,
        upgrade: VerifiedUpgrade,
    ) -> Result<Option<HeadStart>, Refusal> {
        let replica = self.published.machine(machine);
        let Some(replica) = replica.filter(|replica| self.published.is_large(replica)) else {
            return Ok(None);
        };
        let (position, from) = (replica.position(), upgrade.from());
        let (published, clock) = (self.published.clone(), Arc::clone(&self.clock));
        let (by, name) = (peer.name().to_owned(), machine.to_owned());
        let worked_out = self.apart(peer, move || {
            let now = || {
                let replica = published.machine(&name)?;
                let state = replica.instance()?.state();
                let at_ms = clock().max(replica.last_ms());
                (replica.position() == from).then(|| (replica.moment(at_ms, &by), state))
            };
            let Some((moment, state)) = now() else {
                return Ok(None);
            };
            let mut head_start = HeadStart::work_out(upgrade, &moment, &state)?;
            head_start.follow(now)?;
            Ok(Some(head_start))
        });
        let refused = |error| refused::upgrade(&error, machine, position);
        worked_out.await?.map_err(refused)
    }

    /// Works out what a bundle would do, and changes nothing of the machine.
    pub(super) async fn plan(&self, peer: &Peer, bytes: Vec<u8>) -> Result<Response, Refusal> {
        let authentic = self.authenticate(peer, &bytes)?;
        let machine = authentic.manifest().machine.clone();
        let (id, signers) = (authentic.id(), authentic.signers().to_vec());
        let upgrade = match self.judge(peer, authentic).await? {
            Judged::Running(response) => return Ok(response),
            Judged::Fits(upgrade) => upgrade,
        };
        let (published, store) = (self.published.clone(), Arc::clone(&self.store));
        let at_ms = (self.clock)();
        let command = Command::Upgrade {
            at_ms,
            by: peer.name().to_owned(),
            signers,
            bundle: bytes,
            reason: String::new(),
            trial: None,
            plan: None,
        };
        let plan = self.apart(peer, move || {
            let new = || Arc::new(Replica::new(&machine));
            let base = published.base(&machine).unwrap_or_else(new);
            let now = published.machine(&machine).unwrap_or_else(new);
            // The journal may be ahead of what readers see; only what they see is looked at.
            let since = |give: plan::Give<'_>| {
                let places = base.index() + 1..=now.index();
                store.commands_until(&machine, places, give)
            };
            plan::work_out(&now, &base, *upgrade, &command, since)
        });
        let plan = plan.await?.map_err(|error| unreadable(&error))??;
        self.plans.remember(id, at_ms, &plan);
        Ok(Response::Plan(Box::new(plan)))
    }

    /// Judges a bundle as far as that is possible outside the journal.
    pub(super) async fn judge(
        &self,
        peer: &Peer,
        authentic: AuthenticBundle,
    ) -> Result<Judged, Refusal> {
        let machine = authentic.manifest().machine.clone();
        if !peer.allows(Right::Deliver, &machine) {
            return Err(peer.refuse(Right::Deliver, Some(&machine)));
        }
        let replica = self.published.machine(&machine);
        let position = replica
            .as_ref()
            .map_or(Position::default(), |replica| replica.position());
        let refused = |error: &UpgradeError| refused::upgrade(error, &machine, position);
        let node = authentic.manifest().node;
        if node.is_some_and(|node| node != self.node) {
            return Err(refused(&UpgradeError::OtherNode));
        }
        let on_trial = replica.as_ref().filter(|replica| replica.trial().is_some());
        let on_trial = on_trial.map(|replica| replica.still_on_trial());
        let verify = move || {
            let running = replica.as_ref().and_then(|replica| replica.instance());
            authentic.verify(position, running.map(Instance::program))
        };
        match (self.apart(peer, verify).await?, on_trial) {
            (Err(UpgradeError::AlreadyRunning), _) => {
                Ok(Judged::Running(already_running(&machine, position)))
            }
            (Err(error), _) => Err(refused(&error)),
            (Ok(_), Some(refusal)) => Err(refusal),
            (Ok(upgrade), None) => Ok(Judged::Fits(Box::new(upgrade))),
        }
    }

    pub(super) fn authenticate(
        &self,
        peer: &Peer,
        bytes: &[u8],
    ) -> Result<AuthenticBundle, Refusal> {
        let bundle = Bundle::decode(bytes)
            .map_err(|error| Refusal::new(RefusalCode::MALFORMED_BUNDLE, error.to_string()))?;
        let authentic = bundle.authenticate(peer.trust()).map_err(|error| {
            let code = match &error {
                UnauthenticBundle::Altered { .. } => RefusalCode::UNAUTHENTIC,
                UnauthenticBundle::TooFew { .. } => RefusalCode::NOT_SIGNED_ENOUGH,
                UnauthenticBundle::Malformed(_) => RefusalCode::MALFORMED_BUNDLE,
            };
            Refusal::new(code, error.to_string())
        })?;
        let name = &authentic.manifest().machine;
        if name
            .chars()
            .all(|letter| MACHINE_NAME_LETTERS.contains(letter))
        {
            return Ok(authentic);
        }
        let reason = format!(
            "`{}` is no machine name: expected small letters, digits, `-` and `_`",
            Printable(name)
        );
        Err(Refusal::new(RefusalCode::MALFORMED_BUNDLE, reason))
    }
}

fn already_running(machine: &str, position: Position) -> Response {
    Response::AlreadyRunning {
        machine: machine.to_owned(),
        program: position.program.map_or([0; 32], |digest| digest.0),
        sequence: position.sequence,
    }
}
