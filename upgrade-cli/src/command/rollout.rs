//! A push to several nodes: all plans first, then wave after wave, and in the end what is true of every node.
//!
//! A wave is over when each of its nodes has passed its trial. When one has not, no further wave begins, and by
//! policy the nodes that this command has upgraded are taken back. A node that has the bundle already counts as
//! upgraded by somebody else: its trial is waited for, but it is not taken back.

mod errand;
mod gate;
mod member;
mod shown;
mod standing;

use std::time::Duration;

use super::{Context, history, push};
use crate::arguments::{OnFailure, Push, Waves};
use crate::bundle_file::BundleFile;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::interrupt;
use crate::nodes::NamedNode;
use crate::report::{Outcome, Report, count};
use errand::{Errand, Prospect};
use member::{Member, names, with_each};
use standing::{Running, Standing};

/// A node, and what it would do; nothing where its standing says why not.
type Planned = (Member, Option<Prospect>);

pub(super) fn run(context: &Context, arguments: &Push, nodes: Vec<NamedNode>) -> Outcome {
    let file = BundleFile::read(&arguments.file)?;
    let patience = check(arguments, nodes.len())?;
    let errand = Errand::new(context, arguments, &file)?;
    let planned = plan(&errand, nodes);
    if arguments.plan {
        return Ok(shown::planned_report(&errand, &planned));
    }
    context.console.talk(shown::plan_text(&planned).trim_end());
    let is_whole = planned.iter().all(|(_, prospect)| prospect.is_some());
    let may_roll = is_whole || arguments.rollout.keep_going;
    let changed = would_change(&planned);
    let question = format!("go on with {}?", count(changed, "node"));
    let asks = may_roll && changed > 0 && !arguments.yes;
    if asks && !context.console.agrees(&question) {
        return Ok(shown::declined_report(&errand, &planned));
    }
    let mut members: Vec<Member> = planned.into_iter().map(|(member, _)| member).collect();
    let stopped = match may_roll {
        true => roll(context, &errand, &mut members, patience),
        false => {
            Some("not all of them would take it, so nothing was changed (--keep-going)".to_owned())
        }
    };
    let report = shown::report(&errand, &members, stopped.as_deref());
    Ok(noted(context, &errand, &members, report))
}

/// How many nodes the bundle would change.
fn would_change(planned: &[Planned]) -> usize {
    let prospects = planned.iter().map(|(_, prospect)| prospect);
    let changed = prospects
        .filter(|prospect| matches!(prospect, Some(Prospect::Takes(..) | Prospect::Silent)));
    changed.count()
}

/// What can be known to be wrong before anybody is asked. Gives how long a wave waits for its trials, if it does.
fn check(arguments: &Push, nodes: usize) -> Result<Option<Duration>, Misfit> {
    let rollout = &arguments.rollout;
    if nodes == 0 {
        return Err(Misfit::NoNodes);
    }
    let Some(waves) = &rollout.wave else {
        return Ok(None);
    };
    let waves = waves.over(nodes);
    waves.map_err(|taken| Misfit::TooFew { taken, nodes })?;
    match arguments.trial.terms() {
        None => Ok(None),
        Some(terms) => rollout.patience(terms).map(Some).ok_or(Misfit::Endless),
    }
}

/// Asks every node what it would do.
fn plan(errand: &Errand<'_>, nodes: Vec<NamedNode>) -> Vec<Planned> {
    let prospects = with_each(&nodes, |node| errand.plan(node));
    let planned = |(node, prospect)| match prospect {
        Ok(Prospect::Has) => (Member::new(node, errand.has_it()), Some(Prospect::Has)),
        Ok(prospect) => (Member::new(node, Standing::NotPushed), Some(prospect)),
        Err(trouble) => (Member::new(node, Standing::unchanged(trouble)), None),
    };
    nodes.into_iter().zip(prospects).map(planned).collect()
}

/// Wave after wave. Says why it stopped, if it did not come to its end.
fn roll(
    context: &Context,
    errand: &Errand<'_>,
    members: &mut [Member],
    patience: Option<Duration>,
) -> Option<String> {
    // Until here nothing was changed, and an interruption may end the command at once, as it does where signals
    // cannot be had.
    let _ = interrupt::watch();
    // Waves are counted over those that would take it: a first wave without anybody would try nothing out.
    let takers = members.iter_mut();
    let takers = takers.filter(|member| member.standing.trouble().is_none());
    let mut takers: Vec<&mut Member> = takers.collect();
    let rollout = &errand.arguments.rollout;
    let waves = rollout.wave.clone().unwrap_or(Waves::one());
    let waves = waves.over(takers.len()).unwrap_or_default();
    if rollout.wave.is_some() && patience.is_none() {
        let talk = "no wave waits: nothing is put on trial (--trial)";
        context.console.talk(talk);
    }
    let mut begin = 0;
    for (size, number) in waves.into_iter().zip(1..) {
        let wave = &mut takers[begin..begin + size];
        begin += size;
        if let Some(why) = one_wave(context, errand, (number, wave), patience) {
            if rollout.on_failure == OnFailure::Return && !interrupt::is_interrupted() {
                find_out(errand, &mut takers[..begin]);
                take_back(context, errand, &mut takers[..begin]);
            }
            return Some(why);
        }
    }
    None
}

/// Pushes to the nodes of a wave, and waits for their trials. Says why no other wave may follow.
fn one_wave(
    context: &Context,
    errand: &Errand<'_>,
    (number, wave): (usize, &mut [&mut Member]),
    patience: Option<Duration>,
) -> Option<String> {
    let console = context.console;
    let standings = with_each(wave, |member| {
        let go_on = !interrupt::is_interrupted();
        go_on.then(|| errand.push(&member.node))
    });
    for (member, standing) in wave.iter_mut().zip(standings) {
        if let Some(standing) = standing {
            member.wave = Some(number);
            member.is_sent = standing.is_ours(&member.standing);
            member.standing = standing;
        }
    }
    let is_up = |member: &&mut Member| member.standing.is_running();
    if let (Some(patience), true) = (patience, wave.iter().all(is_up)) {
        let names = names(wave.iter().map(|member| &**member));
        console.talk(&format!("wave {number}: {names} on trial"));
        gate::wait(errand, wave, patience);
    }
    if interrupt::is_interrupted() {
        return Some("interrupted".to_owned());
    }
    let failing = failing(wave, patience.is_some());
    if !failing.is_empty() {
        return Some(format!("wave {number}: {failing}"));
    }
    if errand.arguments.rollout.wave.is_some() {
        console.talk(&format!("wave {number}: done"));
    }
    None
}

/// The nodes because of which a wave has failed; those that might still pass only if there are no others.
fn failing(wave: &[&mut Member], is_gated: bool) -> String {
    let failed = wave.iter().filter(|member| !member.standing.is_running());
    let failed: Vec<_> = failed
        .map(|member| format!("{} {}", member.name(), member.standing.word()))
        .collect();
    let late = wave.iter().filter(|member| member.standing.is_undecided());
    let late = late.map(|member| format!("{} still on trial", member.name()));
    match failed.is_empty() && is_gated {
        true => late.collect::<Vec<_>>().join(", "),
        false => failed.join(", "),
    }
}

/// Looks once more at the nodes that this command may have upgraded, and of which nothing is known.
fn find_out(errand: &Errand<'_>, members: &mut [&mut Member]) {
    let lost: Vec<(usize, &NamedNode)> = members
        .iter()
        .enumerate()
        .filter(|(_, member)| member.is_sent && matches!(member.standing, Standing::Unknown(_)))
        .map(|(place, member)| (place, &member.node))
        .collect();
    let found = with_each(&lost, |(place, node)| (*place, errand.find_out(node)));
    for (place, standing) in found {
        if let Some(standing) = standing {
            members[place].standing = standing;
        }
    }
}

/// Takes back the nodes that this command has upgraded.
fn take_back(context: &Context, errand: &Errand<'_>, members: &mut [&mut Member]) {
    let ours: Vec<(usize, &NamedNode, &Running)> = members
        .iter()
        .enumerate()
        .filter_map(|(place, member)| match &member.standing {
            Standing::Running(running) if running.is_news => Some((place, &member.node, running)),
            _ => None,
        })
        .collect();
    for (_, node, _) in &ours {
        context.console.talk(&format!("taking back {}", node.name));
    }
    let standings = with_each(&ours, |(place, node, running)| {
        (*place, errand.take_back(node, running))
    });
    for (place, standing) in standings {
        members[place].standing = standing;
    }
}

/// Notes in the history which nodes have the bundle, and where the machine is if it went back. What was done
/// is done, whatever comes of it.
fn noted(context: &Context, errand: &Errand<'_>, members: &[Member], report: Report) -> Report {
    let note = || -> Result<(), AnyFailure> {
        let has_it = members.iter().filter(|member| member.standing.has_had_it());
        let has_it: Vec<&str> = has_it.map(Member::name).collect();
        push::mark_pushed(context, &has_it, errand.file.bundle.id())?;
        // The nodes that stay are those that the next bundle is for. Who left them needs one of its own.
        if members.iter().any(|member| member.standing.may_run()) {
            return Ok(());
        }
        for member in members {
            if let Some(report) = member.standing.rollback() {
                history::note_rollbacks(context, (member.name(), errand.machine()), &[report])?;
            }
        }
        Ok(())
    };
    match note() {
        Ok(()) => report,
        Err(failure) => report.problem(format!(
            "warning: history/ does not note which nodes have this bundle: {failure}\n"
        )),
    }
}

/// A rollout that cannot begin.
#[derive(Debug, thiserror::Error)]
enum Misfit {
    #[error("no nodes are named")]
    NoNodes,
    #[error("the waves take {taken} of {}", count(*nodes, "node"))]
    TooFew { taken: usize, nodes: usize },
    #[error("a trial that counts steps has no time after which a wave has waited long enough")]
    Endless,
}

impl Failure for Misfit {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        let code = match self {
            Misfit::TooFew { .. } => "F361",
            Misfit::Endless => "F362",
            Misfit::NoNodes => "F363",
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Misfit::NoNodes => "the group is empty: write names of nodes into it",
            Misfit::TooFew { .. } => "end them with `rest`: --wave 1,5,rest",
            Misfit::Endless => "--gate TIME says how long",
        };
        vec![help.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node::key::SecretKey;

    #[test]
    fn nobody_is_asked_about_what_would_change_nothing() {
        let planned = |prospect| {
            let node = NamedNode {
                name: "hall".to_owned(),
                address: "h:1".parse().unwrap(),
                key: SecretKey::from_seed(&[1; 32]).public(),
                file: "cam.toml".into(),
            };
            (Member::new(node, Standing::NotPushed), prospect)
        };
        let has = || planned(Some(Prospect::Has));
        assert_eq!(would_change(&[has(), planned(None)]), 0);
        let silent = planned(Some(Prospect::Silent));
        assert_eq!(would_change(&[has(), silent]), 1);
    }
}
