//! What a run found wrong with a machine, as a problem at the place in the source that says otherwise.

use cam::schema::Schema;
use cam::trap::Trap;
use cam::value::Value;

use crate::chain::{Upgrade, shown};
use crate::compile::Compiled;
use crate::play::Broken;
use crate::problem::Problem;
use crate::problem::catalogue::{R007, R008, R009, R010, R011, R013};
use crate::source::Span;
use crate::trace::described;
use crate::typed::{ClaimKind, Conversion};
use crate::value::print;

/// The problem, at the claim or the member that does not hold.
pub(crate) fn problem(compiled: &Compiled, from: Option<u32>, broken: &Broken) -> Problem {
    let machine = compiled.machine();
    let upgrade = from.and_then(|from| compiled.upgrade_from(from));
    // What goes wrong on a chain is shown at the step that the source says.
    let said = upgrade.map(Upgrade::last_from).or(from);
    let chain = upgrade.filter(|upgrade| upgrade.is_composed());
    match broken {
        Broken::Claim { position, stops } => {
            let claim = &machine.claims.list[*position];
            let (word, name) = (claim.kind.word(), &claim.name);
            if let Some(trap) = stops {
                let title = format!("the {word} `{name}` stops: {}", described(*trap));
                return Problem::new(R009, claim.condition, title)
                    .helping("a claim must be true or false wherever the machine can be");
            }
            let (code, title) = match claim.kind {
                ClaimKind::Law => (R008, format!("the {word} `{name}` does not hold")),
                ClaimKind::Invariant => (R007, format!("the {word} `{name}` is broken")),
                _ => (R008, format!("the {word} `{name}` is broken")),
            };
            Problem::new(code, claim.condition, title).saying("this does not hold")
        }
        Broken::Migration(trap) => {
            let at = place(&machine.migrations, said);
            let title = match chain {
                None => format!("the migration stops: {}", described(*trap)),
                Some(chain) => {
                    let way = shown(&chain.versions());
                    format!("the migration {way} stops: {}", described(*trap))
                }
            };
            Problem::new(R011, at, title)
                .noting("a node refuses the upgrade then, and the old version goes on")
                .helping("give every state that the old version can be in a new one")
        }
        Broken::BackStops(trap) => {
            let at = place(&machine.backs, said);
            let title = format!("the way back stops: {}", described(*trap));
            Problem::new(R010, at, title)
        }
        Broken::Chain {
            through,
            direct,
            chained,
        } => {
            let at = place(&machine.migrations, said);
            let title = format!("the way through version {through} leads to another state");
            let (ways, help) = two_ways(compiled, chain, *through, direct, chained);
            let problem = Problem::new(R013, at, title).helping(help);
            ways.into_iter().fold(problem, Problem::noting)
        }
        Broken::Back { before, again } => {
            let at = place(&machine.backs, from);
            let old = from.and_then(|version| compiled.history().get(version));
            let [before, again] = [before, again].map(|state| printed(old, state));
            Problem::new(R010, at, "the way back leads to another state")
                .noting(format!("before the upgrade: `{before}`"))
                .noting(format!("there and back:     `{again}`"))
        }
    }
}

/// Where both ways lead that should lead to the same state, and what to do.
fn two_ways(
    compiled: &Compiled,
    chain: Option<&Upgrade>,
    through: u32,
    direct: &Value,
    chained: &Result<Value, Trap>,
) -> ([String; 2], &'static str) {
    let own = Some(compiled.schema());
    let (first, help) = match chain {
        None => (
            "directly".to_owned(),
            "let both migrations make the same of every state, or remove the direct one",
        ),
        Some(chain) => (
            shown(&chain.versions()),
            "let all ways make the same of every state: remove the newest migration of one of them",
        ),
    };
    let chained = match chained {
        Ok(state) => printed(own, state),
        Err(trap) => format!("stops: {}", described(*trap)),
    };
    let (first, second) = (format!("{first}:"), format!("through version {through}:"));
    let width = first.chars().count().max(second.chars().count());
    let direct = printed(own, direct);
    let ways = [
        format!("{first:width$} `{direct}`"),
        format!("{second:width$} `{chained}`"),
    ];
    (ways, help)
}

fn printed(schema: Option<&Schema>, state: &Value) -> String {
    schema.map_or_else(String::new, |schema| {
        print(&schema.shapes, schema.state, state)
    })
}

/// The member about a version.
fn place(conversions: &[Conversion], from: Option<u32>) -> Span {
    conversions
        .iter()
        .find(|conversion| Some(conversion.version) == from)
        .map_or_else(Span::default, |conversion| conversion.span)
}
