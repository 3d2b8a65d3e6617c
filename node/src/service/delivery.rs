//! Delivery: a bundle is judged as far as that is possible outside the journal, then submitted.

use cam::instance::Instance;

use super::Service;
use crate::bundle::{AuthenticBundle, Bundle, UnauthenticBundle};
use crate::journal::{Command, Journal};
use crate::limits::MACHINE_NAME_LETTERS;
use crate::printable::Printable;
use crate::protocol::{Refusal, RefusalCode, Response};
use crate::push_log;
use crate::refused;
use crate::server::Peer;
use crate::trial::Terms;
use crate::trust::Right;
use crate::upgrade::{Position, UpgradeError};

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

    /// Judges a bundle as far as that is possible outside the journal, then submits it. The journal
    /// judges again, against what is true when its turn has come.
    async fn deliver(
        &self,
        peer: &Peer,
        authentic: AuthenticBundle,
        bytes: Vec<u8>,
        (reason, trial): (String, Option<Terms>),
    ) -> Result<Response, Refusal> {
        let machine = authentic.manifest().machine.clone();
        if !peer.allows(Right::Deliver, &machine) {
            return Err(peer.refuse(Right::Deliver, Some(&machine)));
        }
        let signers = authentic.signers().to_vec();
        let replica = self.published.machine(&machine);
        let position = replica
            .as_ref()
            .map_or(Position::default(), |replica| replica.position());
        if authentic
            .manifest()
            .node
            .is_some_and(|node| node != self.node)
        {
            return Err(refused::upgrade(
                &UpgradeError::OtherNode,
                &machine,
                position,
            ));
        }
        let on_trial = replica.as_ref().filter(|replica| replica.trial().is_some());
        let on_trial = on_trial.map(|replica| replica.still_on_trial());
        let verify = move || {
            let running = replica.as_ref().and_then(|replica| replica.instance());
            authentic.verify(position, running.map(Instance::program))
        };
        match self.apart(verify).await? {
            Err(UpgradeError::AlreadyRunning) => Ok(already_running(&machine, position)),
            Err(error) => Err(refused::upgrade(&error, &machine, position)),
            Ok(_) => {
                if let Some(refusal) = on_trial {
                    return Err(refusal);
                }
                let by = peer.name().to_owned();
                let command = Command::Upgrade {
                    at_ms: 0,
                    by,
                    signers,
                    bundle: bytes,
                    reason,
                    trial,
                };
                self.submit(&machine, command).await
            }
        }
    }

    fn authenticate(&self, peer: &Peer, bytes: &[u8]) -> Result<AuthenticBundle, Refusal> {
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
