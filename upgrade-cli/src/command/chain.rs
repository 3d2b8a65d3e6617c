//! How an upgrade through versions between is told, for people and for programs.

use dsl::chain::{Step, Upgrade, shown};
use serde_json::{Value, json};

/// `1 → 2 → 3`
pub(super) fn way(upgrade: &Upgrade) -> String {
    shown(&upgrade.versions())
}

/// What a chain lacks, and which step is why; nothing if old clients are understood and there is a way back.
pub(super) fn lacks(upgrade: &Upgrade) -> Vec<String> {
    let adapters = upgrade.refusing().map(refusal);
    let adapters = adapters.map(|why| format!("old clients are refused: {why}"));
    let back = upgrade.one_way();
    let back = back.map(|step| format!("no way back: {step} has none"));
    adapters.into_iter().chain(back).collect()
}

/// Why clients of the oldest version are refused.
pub(super) fn refusal(step: Step) -> String {
    format!("{step} has no adapters")
}

/// A chain for programs; nothing for what a source says itself.
pub(super) fn object(upgrade: &Upgrade) -> Value {
    if !upgrade.is_composed() {
        return Value::Null;
    }
    let steps = upgrade.steps.iter().map(|step| {
        json!({
            "from": step.from,
            "to": step.to,
            "adapters": step.has_adapters,
            "way_back": step.has_back,
        })
    });
    json!({
        "versions": upgrade.versions(),
        "adapters": upgrade.refusing().is_none(),
        "way_back": upgrade.one_way().is_none(),
        "steps": steps.collect::<Vec<_>>(),
    })
}
