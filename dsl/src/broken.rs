//! What a run found wrong with a machine, as a problem at the place in the source that says otherwise.

use cam::schema::Schema;
use cam::value::Value;

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
            let at = place(&machine.migrations, from);
            let title = format!("the migration stops: {}", described(*trap));
            Problem::new(R011, at, title)
                .noting("a node refuses the upgrade then, and the old version goes on")
                .helping("give every state that the old version can be in a new one")
        }
        Broken::BackStops(trap) => {
            let at = place(&machine.backs, from);
            let title = format!("the way back stops: {}", described(*trap));
            Problem::new(R010, at, title)
        }
        Broken::Chain {
            through,
            direct,
            chained,
        } => {
            let at = place(&machine.migrations, from);
            let own = Some(compiled.schema());
            let chained = match chained {
                Ok(state) => shown(own, state),
                Err(trap) => format!("stops: {}", described(*trap)),
            };
            let title = format!("the way through version {through} leads to another state");
            Problem::new(R013, at, title)
                .noting(format!("directly:          `{}`", shown(own, direct)))
                .noting(format!("through version {through}: `{chained}`"))
                .helping(
                    "let both migrations make the same of every state, or remove the direct one",
                )
        }
        Broken::Back { before, again } => {
            let at = place(&machine.backs, from);
            let old = from.and_then(|version| compiled.history().get(version));
            let [before, again] = [before, again].map(|state| shown(old, state));
            Problem::new(R010, at, "the way back leads to another state")
                .noting(format!("before the upgrade: `{before}`"))
                .noting(format!("there and back:     `{again}`"))
        }
    }
}

fn shown(schema: Option<&Schema>, state: &Value) -> String {
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
