//! What is true of one node of a rollout, and what of all of them.

use cam::digest::Digest;
use node::protocol::RolledBack;
use node::rollback::Way;
use serde_json::{Value, json};

use crate::command::rollback;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{Console, count, error_object};
use crate::session::{NO_ANSWER, NOT_REACHABLE};

/// What is known of a node. Nothing is guessed: who cannot say is unknown.
#[derive(Debug)]
pub(super) enum Standing {
    /// The rollout has not come to it. Nothing that changes anything was sent.
    NotPushed,
    /// It said no. Nothing has changed there.
    Refused(Box<Trouble>),
    /// Nothing was sent, or nothing that changes anything.
    Unreachable(Box<Trouble>),
    /// The bundle or the way back was sent, and what came of it is not known.
    Unknown(Box<Trouble>),
    /// It runs the program of the bundle.
    Running(Running),
    /// It ran that, and has gone back since without our asking.
    WentBack(Box<RolledBack>),
    /// It ran that, and was taken back by the policy.
    RolledBack(Box<RolledBack>),
    /// It ran that, and somebody has brought it another bundle since, which leads to this program.
    Replaced(Digest),
}

/// A node that runs the program of the bundle.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// Whether that is the doing of this command.
    pub(super) is_news: bool,
    /// What ran before, if that is the doing of this command.
    pub(super) from: Option<Digest>,
    /// What runs.
    pub(super) program: Digest,
    /// The number of the bundle in the machine's life.
    pub(super) sequence: u64,
    /// What is known of its trial.
    pub(super) trial: Trial,
    /// Why it was not taken back.
    pub(super) stays: Option<Box<Trouble>>,
}

/// What is known of a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trial {
    /// Nobody asked.
    Unasked,
    /// There is none, or none any more.
    None,
    /// It goes on.
    On,
    /// It is over, and the program stays.
    Passed,
}

/// A failure in a form that can leave its thread.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    exit: Exit,
    code: String,
    text: String,
    object: Value,
}

impl Trouble {
    pub(super) fn of(console: Console, failure: &dyn Failure) -> Box<Trouble> {
        Box::new(Trouble {
            exit: failure.exit(),
            code: failure.code().into_owned(),
            text: console.render(failure),
            object: error_object(failure),
        })
    }

    /// Whether there was no answer, so that nothing is known but what was asked.
    fn is_silence(&self) -> bool {
        [NOT_REACHABLE, NO_ANSWER].contains(&self.code.as_str())
    }

    /// Whether asking again cannot help.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.exit, Exit::Refused | Exit::Keys)
    }

    /// Its code.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// The whole message.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Standing {
    /// After a request that changes nothing, or was refused: whatever happened, nothing has changed.
    pub(super) fn unchanged(trouble: Box<Trouble>) -> Standing {
        match trouble.exit {
            Exit::Unknown => Standing::Unreachable(trouble),
            _ if trouble.is_silence() => Standing::Unreachable(trouble),
            _ => Standing::Refused(trouble),
        }
    }

    /// After a request that changes something.
    pub(super) fn after_change(trouble: Box<Trouble>) -> Standing {
        match trouble.exit {
            Exit::Unknown => Standing::Unknown(trouble),
            _ => Standing::unchanged(trouble),
        }
    }

    /// What is wrong, to be shown in full.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        match self {
            Standing::Refused(trouble)
            | Standing::Unreachable(trouble)
            | Standing::Unknown(trouble) => Some(trouble.as_ref()),
            Standing::Running(running) => running.stays.as_deref(),
            _ => None,
        }
    }

    /// In two words.
    pub(super) fn word(&self) -> String {
        match self {
            Standing::NotPushed => "not pushed".to_owned(),
            Standing::Refused(trouble) => format!("refused {}", trouble.code),
            Standing::Unreachable(_) => "unreachable".to_owned(),
            Standing::Unknown(_) => "unknown".to_owned(),
            Standing::Running(running) if running.is_news => "applied".to_owned(),
            Standing::Running(_) => "already running".to_owned(),
            Standing::WentBack(_) => "went back".to_owned(),
            Standing::RolledBack(_) => "rolled back".to_owned(),
            Standing::Replaced(_) => "replaced".to_owned(),
        }
    }

    /// What else is to be said.
    pub(super) fn note(&self) -> String {
        match self {
            Standing::Running(running) => match (&running.stays, running.trial) {
                (Some(trouble), _) => format!("not taken back: {}", trouble.code),
                (None, Trial::Unasked | Trial::None) => String::new(),
                (None, Trial::On) => "on trial".to_owned(),
                (None, Trial::Passed) => "its trial is passed".to_owned(),
            },
            Standing::WentBack(report) => format!("{}; {}", report.cause, way(report)),
            Standing::RolledBack(report) => way(report),
            Standing::Replaced(program) => {
                format!(
                    "somebody has brought it another bundle: {}",
                    program.short()
                )
            }
            _ => String::new(),
        }
    }

    /// For programs. Fields that do not apply are `null`.
    pub(super) fn object(&self, node: &str, wave: Option<usize>) -> Value {
        let running = match self {
            Standing::Running(running) => Some(running),
            _ => None,
        };
        let trial = running.and_then(|running| match running.trial {
            Trial::Unasked => None,
            Trial::None => Some("none"),
            Trial::On => Some("on"),
            Trial::Passed => Some("passed"),
        });
        let from = running.and_then(|running| running.from);
        json!({
            "node": node,
            "wave": wave,
            "result": self.name(),
            "from": from.map(|from| from.to_string()),
            "program": self.program().map(|program| program.to_string()),
            "sequence": running.map(|running| running.sequence),
            "trial": trial,
            "rollback": self.rollback().map(rollback::object),
            "error": self.trouble().map(|trouble| &trouble.object),
        })
    }

    /// The program that runs, where this command knows it.
    fn program(&self) -> Option<Digest> {
        match self {
            Standing::Running(running) => Some(running.program),
            Standing::Replaced(program) => Some(*program),
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Standing::NotPushed => "not-pushed",
            Standing::Refused(_) => "refused",
            Standing::Unreachable(_) => "unreachable",
            Standing::Unknown(_) => "unknown",
            Standing::Running(running) if running.is_news => "applied",
            Standing::Running(_) => "already-running",
            Standing::WentBack(_) => "went-back",
            Standing::RolledBack(_) => "rolled-back",
            Standing::Replaced(_) => "replaced",
        }
    }

    /// Whether a push that ended so has changed the node, or may have: who had the bundle before has not been changed.
    pub(super) fn is_ours(&self, before: &Standing) -> bool {
        match self {
            Standing::Running(running) => running.is_news,
            Standing::Unknown(_) => !before.is_running(),
            _ => false,
        }
    }

    /// Whether it runs the program of the bundle.
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Standing::Running(_))
    }

    /// Whether a trial of it may still end either way.
    pub(super) fn is_undecided(&self) -> bool {
        match self {
            Standing::Running(running) => !matches!(running.trial, Trial::Passed | Trial::None),
            _ => false,
        }
    }

    /// Whether it runs that, as far as is known.
    pub(super) fn may_run(&self) -> bool {
        matches!(self, Standing::Running(_) | Standing::Unknown(_))
    }

    /// Whether it is certain that it has accepted the bundle.
    pub(super) fn has_had_it(&self) -> bool {
        self.is_running() || self.has_left()
    }

    /// Whether it is certain that it ran the program of the bundle, and does no more.
    pub(super) fn has_left(&self) -> bool {
        self.rollback().is_some() || matches!(self, Standing::Replaced(_))
    }

    /// How it went back.
    pub(super) fn rollback(&self) -> Option<&RolledBack> {
        match self {
            Standing::WentBack(report) | Standing::RolledBack(report) => Some(report),
            _ => None,
        }
    }
}

/// How the state came back.
fn way(report: &RolledBack) -> String {
    let replayed = match &report.way {
        Way::Mapped => return "state mapped back".to_owned(),
        Way::Replayed(replayed) => replayed,
    };
    let (same, different, lost) = (replayed.same, replayed.different, replayed.lost);
    let inputs = same + different + lost;
    let inputs = count(inputs, "input");
    match replayed.compared {
        true => {
            format!("{inputs} replayed: {same} as they were, {different} otherwise, {lost} lost")
        }
        false => format!("{inputs} replayed, not compared, {lost} lost"),
    }
}

/// How a rollout ends: by what is true of all its nodes. `is_whole` says whether it came to its end.
pub(super) fn exit(standings: &[&Standing], is_whole: bool) -> Exit {
    let any = |test: fn(&Standing) -> bool| standings.iter().any(|standing| test(standing));
    let running = standings.iter().filter(|standing| standing.is_running());
    let running = running.count();
    if any(|standing| matches!(standing, Standing::Unknown(_))) {
        return Exit::Unknown;
    }
    if running == standings.len() {
        // Trials whose end was waited for in vain: who stays is not known yet.
        return if is_whole { Exit::Done } else { Exit::Unknown };
    }
    if running > 0 {
        return Exit::Partial;
    }
    if any(Standing::has_left) {
        return Exit::Returned;
    }
    // Nobody runs it and nobody says why not: that must not pass for a success.
    unchanged_exit(standings).unwrap_or(Exit::Refused)
}

/// The worst of the reasons for which nothing was done. Keys are worse than a node that is away.
pub(super) fn unchanged_exit(standings: &[&Standing]) -> Option<Exit> {
    let troubles = standings.iter().filter_map(|standing| standing.trouble());
    let exits = troubles.map(|trouble| trouble.exit.min(Exit::NotReachable));
    exits.max_by_key(|exit| (*exit == Exit::Keys, *exit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::trial::Cause;

    fn trouble(exit: Exit) -> Box<Trouble> {
        Box::new(Trouble {
            exit,
            code: "N303".to_owned(),
            text: String::new(),
            object: Value::Null,
        })
    }

    fn running() -> Standing {
        Standing::Running(Running {
            is_news: true,
            from: None,
            program: Digest([2; 32]),
            sequence: 2,
            trial: Trial::Unasked,
            stays: None,
        })
    }

    fn went_back() -> Standing {
        Standing::WentBack(Box::new(RolledBack {
            sequence: 3,
            id: [0; 32],
            from: [2; 32],
            to: [1; 32],
            machine_version: 1,
            cause: Cause::Asked,
            way: Way::Mapped,
            state_bytes: 1,
        }))
    }

    #[test]
    fn the_exit_code_says_what_is_true_of_all_nodes() {
        let refused = || Standing::Refused(trouble(Exit::Refused));
        let keys = || Standing::Refused(trouble(Exit::Keys));
        let away = || Standing::Unreachable(trouble(Exit::NotReachable));
        let unknown = || Standing::Unknown(trouble(Exit::Unknown));
        let replaced = || Standing::Replaced(Digest([3; 32]));
        let table = [
            (vec![running(), running()], Exit::Done),
            (vec![running(), refused()], Exit::Partial),
            (vec![running(), Standing::NotPushed], Exit::Partial),
            (vec![running(), went_back(), away()], Exit::Partial),
            (vec![running(), unknown()], Exit::Unknown),
            (vec![went_back(), unknown()], Exit::Unknown),
            (vec![went_back(), refused()], Exit::Returned),
            (vec![went_back(), Standing::NotPushed], Exit::Returned),
            (vec![refused(), away()], Exit::NotReachable),
            (vec![refused(), keys(), away()], Exit::Keys),
            (vec![refused(), Standing::NotPushed], Exit::Refused),
            (vec![running(), replaced()], Exit::Partial),
            (vec![replaced(), Standing::NotPushed], Exit::Returned),
            (vec![replaced(), unknown()], Exit::Unknown),
            (vec![Standing::NotPushed], Exit::Refused),
        ];
        for (standings, expected) in table {
            let standings: Vec<_> = standings.iter().collect();
            assert_eq!(exit(&standings, true), expected, "{standings:?}");
        }
        assert_eq!(exit(&[&running()], false), Exit::Unknown);
    }

    #[test]
    fn what_was_sent_and_not_answered_is_unknown_only_if_it_changes_something() {
        let unknown = || trouble(Exit::Unknown);
        assert_eq!(Standing::after_change(unknown()).word(), "unknown");
        assert_eq!(Standing::unchanged(unknown()).word(), "unreachable");
        let busy = Standing::after_change(trouble(Exit::NotReachable));
        assert_eq!(busy.word(), "refused N303");
        let mut silent = trouble(Exit::NotReachable);
        silent.code = NO_ANSWER.to_owned();
        assert_eq!(Standing::unchanged(silent).word(), "unreachable");
    }
}
