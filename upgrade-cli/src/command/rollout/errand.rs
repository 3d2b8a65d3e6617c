//! What is asked of one node of a rollout, in conversations of their own: a node that is away, or starts again in
//! between, holds up nobody else.

use std::time::Duration;

use cam::digest::Digest;
use node::limits::BUNDLE_BYTES_MAX;
use node::protocol::{Plan, RefusalCode, Request, RequestKind, Response};

use super::standing::{Running, Standing, Trial, Trouble};
use crate::arguments::Push;
use crate::bundle_file::BundleFile;
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

/// What has become of a node at the gate.
pub(super) enum Look {
    /// Its trial goes on.
    OnTrial,
    /// Its trial is over, and the program stays.
    Passed,
    /// It went back.
    WentBack(Box<RolledBack>),
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
        let plan = match plan::of_bundle(&session, &self.bundle) {
            Ok(Some(plan)) => plan,
            Ok(None) => return Ok(Prospect::Has),
            Err(SessionError::Refused(refused))
                if refused.reason() == RefusalCode::UNKNOWN_REQUEST =>
            {
                return Ok(Prospect::Silent);
            }
            Err(error) => return Err(self.explained(&session, error)),
        };
        let first = plan.rehearsal.as_ref();
        let first = first.and_then(|rehearsal| rehearsal.first.as_ref());
        match first.map(|first| rollback::difference(&session, &plan.machine, first)) {
            Some(Err(failure)) => Err(self.trouble(failure.as_ref())),
            Some(Ok(lines)) => Ok(Prospect::Takes(Box::new(plan), lines.to_vec())),
            None => Ok(Prospect::Takes(Box::new(plan), Vec::new())),
        }
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

    /// Asks how its trial goes. The ledger knows; that nothing is on trial any more would not say why.
    pub(super) fn look(&self, node: &NamedNode, sequence: u64) -> Result<Look, Box<Trouble>> {
        let look = || -> Result<Look, AnyFailure> {
            let session = self.session(node, RequestKind::Life)?;
            if trial::life(&session, self.machine())?.trial.is_some() {
                return Ok(Look::OnTrial);
            }
            let entries = history::entries(&session, self.machine())?;
            let mut rollbacks = history::rollbacks(&entries).into_iter();
            let back = rollbacks.find(|report| report.sequence == sequence + 1);
            Ok(match back {
                Some(report) => Look::WentBack(Box::new(report.clone())),
                None => Look::Passed,
            })
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
        let trouble = match self.session(node, RequestKind::Rollback) {
            Err(error) => self.trouble(&error),
            Ok(session) => match session.request(&request) {
                Ok(Response::RolledBack { report, .. }) => return Standing::RolledBack(report),
                Ok(_) => {
                    let strange = session.strange(RequestKind::Rollback);
                    return Standing::Unknown(self.trouble(&strange));
                }
                Err(error) => match Standing::after_change(self.trouble(&error)) {
                    Standing::Refused(trouble) | Standing::Unreachable(trouble) => trouble,
                    unknown => return unknown,
                },
            },
        };
        // It may have gone back by itself in the meantime.
        match self.look(node, running.sequence) {
            Ok(Look::WentBack(report)) => Standing::WentBack(report),
            _ => Standing::Running(Running {
                stays: Some(trouble),
                ..running.clone()
            }),
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
