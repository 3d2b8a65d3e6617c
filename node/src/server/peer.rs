//! Who asks, and what they may.

use std::sync::Arc;

use crate::{
    key::PublicKey,
    printable::Printable,
    protocol::{Refusal, RefusalCode, Request, RequestKind, Response},
    trust::{Right, Trust},
};

/// Who asks, and what the trust file said when they did.
#[derive(Clone, Debug)]
pub struct Peer {
    name: String,
    key: PublicKey,
    trust: Arc<Trust>,
}

impl Peer {
    /// A peer as this trust knows it, or `None` if it does not.
    pub fn new(key: PublicKey, trust: Arc<Trust>) -> Option<Self> {
        let name = trust.entry(&key)?.name().to_owned();
        Some(Self { name, key, trust })
    }

    /// The name in the trust file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that was proved in the handshake.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The trust of the moment of this request. The keys that may sign a bundle are those in here.
    pub fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// Whether this peer has a right on a machine.
    pub fn allows(&self, right: Right, machine: &str) -> bool {
        self.trust.role_allows(&self.key, right, machine)
    }

    /// Whether this peer may deliver to any machine at all: whoever looks after machines gets in when the node is full.
    pub fn delivers(&self) -> bool {
        self.trust.role_allows_somewhere(&self.key, Right::Deliver)
    }

    /// The refusal for a right that this peer has not.
    pub fn refuse(&self, right: Right, machine: Option<&str>) -> Refusal {
        let roles: Vec<_> = right.roles().map(|role| format!("`{role}`")).collect();
        let place = machine.map_or_else(String::new, |machine| {
            format!(" for machine `{}`", Printable(machine))
        });
        let reason = format!(
            "key `{}` needs the role {}{place}",
            self.name,
            roles.join(" or ")
        );
        Refusal::new(RefusalCode::NOT_ALLOWED, reason)
    }

    /// Before the request is read: is there any machine on which it could be allowed?
    pub(super) fn check_kind(&self, kind: RequestKind) -> Result<(), Refusal> {
        if self.trust.role_allows_somewhere(&self.key, kind.right()) {
            return Ok(());
        }
        Err(self.refuse(kind.right(), None))
    }

    pub(super) fn check(&self, request: &Request) -> Result<(), Refusal> {
        let right = request.kind().right();
        self.check_kind(request.kind())?;
        match request.machine() {
            Some(machine) if !self.allows(right, machine) => Err(self.refuse(right, Some(machine))),
            _ => Ok(()),
        }
    }

    /// A key that is bound to some machines learns of no others.
    pub(super) fn without_unobservable(&self, mut response: Response) -> Response {
        if let Response::Status(status) = &mut response {
            status
                .machines
                .retain(|status| self.allows(Right::Observe, &status.machine));
        }
        response
    }
}
