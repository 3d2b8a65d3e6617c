//! What is asked of one node of a rollout, in conversations of their own: a node that is away, or starts again in
//! between, holds up nobody else.

use std::time::Duration;

use cam::digest::Digest;
use node::bundle::BundleId;
use node::ledger::Event;
use node::limits::BUNDLE_BYTES_MAX;
use node::protocol::{Entry, Plan, Request, RequestKind, Response};
use node::trial::Cause;

use super::standing::{Running, Standing, Trial, Trouble};
use crate::arguments::Push;
use crate::bundle_file::BundleFile;
use crate::command::plan::Forecast;
use crate::command::{Context, history, plan, push, rollback, trial};
use crate::failure::{AnyFailure, Failure};
use crate::keys::NamedKey;
use crate::nodes::NamedNode;
use crate::session::{Session, SessionError, Waits};
use node::protocol::RolledBack;

/// What is brought to every node.
pub(super) struct Errand<'a> {
    context: &'a Context,
    /// How it is brought.
    pub(super) arguments: &'a Push,
    key: NamedKey,
    /// The bundle and its file.
    pub(super) file: &'a BundleFile,
    bundle: Vec<u8>,
}

/// What a node says to the bundle before it is pushed.
pub(super) enum Prospect {
    /// It would take it.
    Takes(Box<Plan>, Vec<String>),
    /// It has it.
    Has,
    /// It is older than plans.
    Silent,
}

/// What has become of a node, by its ledger.
pub(super) enum Look {
    /// It runs the program of the bundle, whose trial goes on.
    OnTrial,
    /// It runs that, and is not on trial.
    Stays,
    /// It went back.
    WentBack(Box<RolledBack>),
    /// Somebody has brought it another bundle since, which leads to this program.
    Replaced(Digest),
    /// It has not accepted the bundle.
    Never,
}

impl<'a> Errand<'a> {
    pub(super) fn new(
        context: &'a Context,
        arguments: &'a Push,
        file: &'a BundleFile,
    ) -> Result<Errand<'a>, AnyFailure> {
        let bundle = file.bundle.encode();
        debug_assert!(bundle.len() <= BUNDLE_BYTES_MAX, "it was read within that");
        Ok(Errand {
            context,
            arguments,
            key: context.key(arguments.speak.key.as_deref())?,
            file,
            bundle,
        })
    }

    /// The machine that the bundle is for.
    pub(super) fn machine(&self) -> &str {
        &self.file.manifest.machine
    }

    /// Asks for the plan.
    pub(super) fn plan(&self, node: &NamedNode) -> Result<Prospect, Box<Trouble>> {
        let session = match self.session(node, RequestKind::Push) {
            Ok(session) => session,
            Err(error) => return Err(self.trouble(&error)),
        };
        Ok(match plan::of_bundle(&session, &self.bundle) {
            Ok(Forecast::Has { .. }) => Prospect::Has,
            Ok(Forecast::Silent(_)) => Prospect::Silent,
            Ok(Forecast::Takes(plan)) => {
                let first = plan.rehearsal.as_ref();
                let first = first.and_then(|rehearsal| rehearsal.first.as_ref());
                let shown = |first| rollback::difference(&session, &plan.machine, first);
                let lines = first.map(shown).unwrap_or_default();
                Prospect::Takes(plan, lines)
            }
            Err(error) => return Err(self.explained(&session, error)),
        })
    }

    /// What is true of a node that has the bundle.
    pub(super) fn has_it(&self) -> Standing {
        Standing::Running(Running {
            is_news: false,
            from: None,
            program: self.file.manifest.new_program,
            sequence: self.file.manifest.sequence,
            trial: Trial::Unasked,
            stays: None,
        })
    }

    /// Looks once more at a node to which the bundle was sent, and of which nothing has been known since.
    pub(super) fn find_out(&self, node: &NamedNode) -> Option<Standing> {
        let running = |trial| {
            Standing::Running(Running {
                is_news: true,
                from: self.file.manifest.old_program,
                program: self.file.manifest.new_program,
                sequence: self.file.manifest.sequence,
                trial,
                stays: None,
            })
        };
        match self.look(node) {
            Ok(Look::OnTrial) => Some(running(Trial::On)),
            Ok(Look::Stays) => Some(running(Trial::None)),
            Ok(Look::WentBack(report)) => Some(Standing::WentBack(report)),
            Ok(Look::Replaced(program)) => Some(Standing::Replaced(program)),
            // What was sent may still arrive.
            Ok(Look::Never) | Err(_) => None,
        }
    }

    /// Pushes.
    pub(super) fn push(&self, node: &NamedNode) -> Standing {
        let session = match self.session(node, RequestKind::Push) {
            Ok(session) => session,
            Err(error) => return Standing::unchanged(self.trouble(&error)),
        };
        match session.request(&push::delivery(self.arguments, self.bundle.clone())) {
            Ok(Response::Applied(applied)) => {
                let has_trial = applied.from.is_some() && self.arguments.trial.terms().is_some();
                Standing::Running(Running {
                    is_news: true,
                    from: applied.from.map(Digest),
                    program: Digest(applied.to),
                    sequence: applied.sequence,
                    trial: if has_trial { Trial::On } else { Trial::Unasked },
                    stays: None,
                })
            }
            Ok(Response::AlreadyRunning { .. }) => self.has_it(),
            Ok(_) => {
                let strange = session.strange(RequestKind::Push);
                Standing::after_change(self.trouble(&strange))
            }
            Err(error) => Standing::after_change(self.explained(&session, error)),
        }
    }

    /// Asks what has become of the bundle. The ledger knows: neither that something is on trial nor that nothing is
    /// would say what that something is.
    pub(super) fn look(&self, node: &NamedNode) -> Result<Look, Box<Trouble>> {
        let look = || -> Result<Look, AnyFailure> {
            let session = self.session(node, RequestKind::Life)?;
            // Before the ledger: a trial that ends in between is in there then.
            let is_on_trial = trial::life(&session, self.machine())?.trial.is_some();
            let entries = history::entries(&session, self.machine())?;
            Ok(fate(&entries, self.file.bundle.id(), is_on_trial))
        };
        look().map_err(|failure| self.trouble(failure.as_ref()))
    }

    /// Takes a node back that runs the bundle's program.
    pub(super) fn take_back(&self, node: &NamedNode, running: &Running) -> Standing {
        let request = Request::Rollback {
            machine: self.machine().to_owned(),
            running: running.program.0,
            reason: "the rollout failed".to_owned(),
            rehearse: false,
        };
        let asked = self.session(node, RequestKind::Rollback);
        let asked = asked.and_then(|session| match session.request(&request)? {
            Response::RolledBack { report, .. } => Ok(report),
            _ => Err(session.strange_to(&request)),
        });
        let trouble = match asked {
            Ok(report) => return Standing::RolledBack(report),
            Err(error) => self.trouble(&error),
        };
        let may_come = matches!(
            Standing::after_change(trouble.clone()),
            Standing::Unknown(_)
        );
        // It may have gone back by itself, or be somebody else's by now: who cannot be asked is unknown.
        match self.look(node) {
            Ok(Look::WentBack(report)) if may_come && report.cause == Cause::Asked => {
                Standing::RolledBack(report)
            }
            Ok(Look::WentBack(report)) => Standing::WentBack(report),
            Ok(Look::Replaced(program)) => Standing::Replaced(program),
            Ok(Look::OnTrial | Look::Stays) if !may_come => Standing::Running(Running {
                stays: Some(trouble),
                ..running.clone()
            }),
            Ok(_) | Err(_) => Standing::Unknown(trouble),
        }
    }

    fn session(&self, node: &NamedNode, purpose: RequestKind) -> Result<Session, SessionError> {
        let speak = &self.arguments.speak;
        // A rollout has its own times to wait for a node.
        let mut waits = Waits::of(speak);
        waits.patience = Duration::from_secs(speak.patience.unwrap_or(0));
        Session::open(node, &self.key, waits, purpose)
    }

    /// A refusal of the bundle, with what is known of it here.
    fn explained(&self, session: &Session, error: SessionError) -> Box<Trouble> {
        match error {
            SessionError::Refused(refused) => {
                let entries = push::entries(session, &refused, self.machine());
                let offer = push::offer(self.context, &entries, &refused, self.file);
                self.trouble(&refused.of_bundle(offer))
            }
            error => self.trouble(&error),
        }
    }

    fn trouble(&self, failure: &dyn Failure) -> Box<Trouble> {
        Trouble::of(self.context.console, failure)
    }
}

/// What has become of a bundle, by the ledger of the machine.
fn fate(entries: &[Entry], bundle: BundleId, is_on_trial: bool) -> Look {
    let mut after = entries
        .iter()
        .skip_while(|entry| history::bundle_after(entry).is_none_or(|(_, id)| id != bundle));
    if after.next().is_none() {
        return Look::Never;
    }
    let next = after.find_map(|entry| match &entry.event {
        Event::Applied(accepted) => Some(Look::Replaced(Digest(accepted.to))),
        Event::RolledBack(report) => Some(Look::WentBack(Box::new(report.clone()))),
        Event::Passed { .. } | Event::Retired { .. } | Event::Shadowed(_) => None,
    });
    match (next, is_on_trial) {
        (Some(next), _) => next,
        (None, true) => Look::OnTrial,
        (None, false) => Look::Stays,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::ledger::Accepted;
    use node::rollback::Way;

    fn entry(event: Event) -> Entry {
        let before: Option<&Entry> = None;
        let entry = Entry {
            number: 0,
            before: [0; 32],
            at_ms: 0,
            step: 0,
            by: "ops".to_owned(),
            reason: String::new(),
            event,
        };
        entry.behind(before)
    }

    fn applied(sequence: u64, bundle: u8) -> Entry {
        entry(Event::Applied(Accepted {
            sequence,
            bundle: [bundle; 32],
            from: None,
            to: [bundle; 32],
            machine_version: 1,
            signers: Vec::new(),
            note: String::new(),
            state_bytes: 1,
            pause_us: None,
            trial: None,
            plan: None,
        }))
    }

    fn rolled_back(sequence: u64) -> Entry {
        entry(Event::RolledBack(RolledBack {
            sequence,
            id: [0xff; 32],
            from: [2; 32],
            to: [1; 32],
            machine_version: 1,
            cause: Cause::Asked,
            way: Way::Mapped,
            state_bytes: 1,
        }))
    }

    #[test]
    fn what_has_become_of_a_bundle_is_what_came_next_after_it_and_not_what_is_on_trial_now() {
        let passed = || entry(Event::Passed { sequence: 2 });
        let table = [
            (vec![applied(1, 1)], "never"),
            (vec![applied(1, 1), applied(2, 2)], "runs"),
            (vec![applied(1, 1), applied(2, 2), passed()], "runs"),
            (vec![applied(2, 2), passed(), applied(3, 3)], "replaced"),
            (vec![applied(2, 2), rolled_back(3)], "went back"),
            (
                vec![applied(2, 2), rolled_back(3), applied(4, 4)],
                "went back",
            ),
        ];
        for (entries, expected) in table {
            for is_on_trial in [true, false] {
                let look = fate(&entries, BundleId([2; 32]), is_on_trial);
                let word = match look {
                    Look::OnTrial if is_on_trial => "runs",
                    Look::Stays if !is_on_trial => "runs",
                    Look::WentBack(_) => "went back",
                    Look::Replaced(program) if program == Digest([3; 32]) => "replaced",
                    Look::Never => "never",
                    _ => "something else",
                };
                assert_eq!(word, expected, "{entries:?}");
            }
        }
    }
}
