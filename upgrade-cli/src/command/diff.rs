//! `cam diff`: what differs between two versions, for the state and for old clients, in types or in what they do.

use cam::schema::Schema;
use dsl::chain::{self, Unchained, Upgrade};
use dsl::diff::{self, Change, ChangeKind, Clients};
use dsl::square::{Difference, Incomparable, Noticed, Square};
use serde_json::{Value, json};

use super::chances::{self, seed};
use super::{Context, chain as told, check};
use crate::arguments::Diff;
use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::project::compilation::Compilation;
use crate::project::released::Released;
use crate::report::{Outcome, Report, count, table};

pub(super) fn run(context: &Context, arguments: &Diff) -> Outcome {
    let project = context.project()?;
    let released = Released::read(&project, None)?;
    if let (Some(old), Some(new)) = (arguments.old, arguments.new) {
        let (old, new) = (schema_of(&released, old)?, schema_of(&released, new)?);
        return Ok(between(arguments, &released, old, new));
    }
    let (compilation, report) = check::compile(context, &project)?;
    let own = compilation.compiled.schema().version;
    let latest = released.latest_before(own);
    let from = arguments
        .old
        .or(latest)
        .ok_or(NoOlder::None { version: own })?;
    let old = schema_of(&released, from)?;
    if arguments.behaviour {
        return behaviour(context, arguments, &compilation, from, report);
    }
    Ok(types(arguments, &released, &compilation, old, report))
}

fn schema_of(released: &Released, version: u32) -> Result<&Schema, NoOlder> {
    let program = released.program(version);
    let program = program.ok_or(NoOlder::Unknown { version })?;
    Ok(program.schema())
}

/// Two released versions: their types, and the way between them through released migrations.
fn between(arguments: &Diff, released: &Released, old: &Schema, new: &Schema) -> Report {
    let head = format!(
        "{}  {} (history) → {} (history)",
        new.machine, old.version, new.version
    );
    let parts = parts(old, new);
    let mut rows = rows(&parts);
    let upgrade = chain::released(&released.history(), old.version, new.version);
    if old.version < new.version {
        rows.push(row(
            "upgrade",
            match &upgrade {
                Ok(Some(upgrade)) => along(upgrade, false),
                Ok(None) => "none: no released migrations lead there".to_owned(),
                Err(unchained) => unchained_way(unchained),
            },
        ));
    }
    rows.push(row("code", code(released, old, new)));
    let chain = upgrade.ok().flatten();
    let differs = parts.iter().any(|(_, changes)| !changes.is_empty()) || old != new;
    finished(Report::new().line(head), arguments, &rows, differs)
        .field("changes", changes_object(&parts))
        .field("chain", chain.as_ref().map(told::object))
}

fn types(
    arguments: &Diff,
    released: &Released,
    compilation: &Compilation,
    old: &Schema,
    report: Report,
) -> Report {
    let compiled = &compilation.compiled;
    let new = compiled.schema();
    let head = format!(
        "{}  {} (history) → {} (source)",
        new.machine, old.version, new.version
    );
    let parts = parts(old, new);
    let mut rows = rows(&parts);
    let leaves = compiled.leaves(old.version).unwrap_or_default();
    for (index, leaf) in leaves.iter().enumerate() {
        let name = if index == 0 { "migrate" } else { "" };
        rows.push(row(name, leaf.to_string()));
    }
    let clients = diff::clients(compiled, old.version);
    let chain = compiled.upgrade_from(old.version);
    let chain = chain.filter(|upgrade| upgrade.is_composed());
    if old.version < new.version {
        rows.extend(match &chain {
            Some(chain) => vec![row("clients", met_on_a_chain(chain))],
            None => client_rows(clients.as_ref(), old.version),
        });
        rows.push(row("upgrade", ways(compilation, old.version)));
    }
    let was = released
        .program(old.version)
        .map(|program| program.digest());
    let is = compiled.program().digest();
    rows.push(row(
        "code",
        digests(was.map(|digest| digest.to_string()), &is.to_string()),
    ));
    let differs = was != Some(is);
    let leaves = leaves.iter().map(
        |leaf| json!({"place": leaf.place, "fate": leaf.fate.word(), "from": leaf.fate.sources()}),
    );
    finished(report.line(head), arguments, &rows, differs)
        .field("changes", changes_object(&parts))
        .field("migrate", leaves.collect::<Vec<_>>())
        .field("clients", clients.as_ref().map(clients_object))
        .field("chain", chain.map(told::object))
}

fn finished(report: Report, arguments: &Diff, rows: &[Vec<String>], differs: bool) -> Report {
    let is_asked = arguments.exit_code && differs;
    report
        .text(table(rows))
        .field("differs", differs)
        .exit(if is_asked { Exit::Wrong } else { Exit::Done })
}

type Part = (&'static str, Vec<Change>);

fn parts(old: &Schema, new: &Schema) -> Vec<Part> {
    vec![
        ("state", diff::changes(old, new, |schema| schema.state)),
        ("input", diff::changes(old, new, |schema| schema.input)),
        ("output", diff::changes(old, new, |schema| schema.output)),
    ]
}

fn rows(parts: &[Part]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (name, changes) in parts {
        if changes.is_empty() {
            rows.push(row(name, "no difference".to_owned()));
        }
        for (index, change) in changes.iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            rows.push(row(name, told(change)));
        }
    }
    rows
}

fn row(name: &str, text: String) -> Vec<String> {
    vec![String::new(), name.to_owned(), text]
}

fn told(change: &Change) -> String {
    let place = match &*change.place {
        "" => "the whole",
        place => place,
    };
    let with = |mark: char, kind: &str| match kind {
        "" => format!("{mark} {place}"),
        kind => format!("{mark} {place}: {kind}"),
    };
    match &change.kind {
        ChangeKind::Added(kind) => with('+', kind),
        ChangeKind::Removed(kind) => with('-', kind),
        ChangeKind::Changed { from, to } => {
            let shown = |kind: &str| {
                if kind.is_empty() {
                    "()".to_owned()
                } else {
                    kind.to_owned()
                }
            };
            format!("~ {place}: {} → {}", shown(from), shown(to))
        }
    }
}

fn changes_object(parts: &[Part]) -> Value {
    let changes = parts.iter().flat_map(|(part, changes)| {
        changes.iter().map(move |change| {
            let (kind, from, to) = match &change.kind {
                ChangeKind::Added(to) => ("added", None, Some(to)),
                ChangeKind::Removed(from) => ("removed", Some(from), None),
                ChangeKind::Changed { from, to } => ("changed", Some(from), Some(to)),
            };
            json!({"part": part, "place": change.place, "kind": kind, "from": from, "to": to})
        })
    });
    changes.collect()
}

fn client_rows(clients: Option<&Clients>, version: u32) -> Vec<Vec<String>> {
    let Some(clients) = clients else {
        let refused = format!("refused: there is no `accept from {version}`");
        return vec![row("clients", refused)];
    };
    let listed = |names: &[(cam::schema::Name, diff::Met)]| {
        let named = names
            .iter()
            .map(|(name, met)| format!("{name} {}", met.word()));
        named.collect::<Vec<_>>().join(", ")
    };
    vec![
        row("clients", format!("send {}", listed(&clients.inputs))),
        row("", format!("are told {}", listed(&clients.outputs))),
    ]
}

fn clients_object(clients: &Clients) -> Value {
    let listed = |names: &[(cam::schema::Name, diff::Met)]| {
        let named = names
            .iter()
            .map(|(name, met)| (name.to_string(), json!(met.word())));
        Value::Object(named.collect())
    };
    json!({"inputs": listed(&clients.inputs), "outputs": listed(&clients.outputs)})
}

fn ways(compilation: &Compilation, version: u32) -> String {
    let compiled = &compilation.compiled;
    let mut unchained = compiled.unchained().iter();
    let unchained = unchained.find(|unchained| unchained.versions.first() == Some(&version));
    match (compiled.upgrade_from(version), unchained) {
        (Some(upgrade), _) => along(upgrade, compiled.is_lossy(version)),
        (None, Some(unchained)) => unchained_way(unchained),
        (None, None) => format!("none: there is no `migrate from {version}`"),
    }
}

/// Whether there is a way back, and through which versions both ways go.
fn along(upgrade: &Upgrade, is_lossy: bool) -> String {
    let way = match upgrade.is_composed() {
        true => format!("{}: ", told::way(upgrade)),
        false => String::new(),
    };
    let ends = match upgrade.one_way() {
        None if is_lossy => {
            "there and back, and the way back loses what the author says it may".to_owned()
        }
        None => "there and back".to_owned(),
        Some(step) => {
            let why = match upgrade.is_composed() {
                true => format!(" ({step} has none)"),
                false => String::new(),
            };
            format!(
                "there; no way back{why}: a machine can go back only while it is on trial, by the inputs since"
            )
        }
    };
    format!("{way}{ends}")
}

fn unchained_way(unchained: &Unchained) -> String {
    let way = chain::shown(&unchained.versions);
    format!("{way}: no single upgrade: {}", unchained.reason)
}

/// What clients meet whose inputs and answers go through several adapters.
fn met_on_a_chain(chain: &Upgrade) -> String {
    match chain.refusing() {
        None => format!(
            "understood through {}: each step has adapters",
            told::way(chain)
        ),
        Some(step) => format!("refused: {}", told::refusal(step)),
    }
}

fn code(released: &Released, old: &Schema, new: &Schema) -> String {
    let digest = |schema: &Schema| {
        let program = released.program(schema.version);
        program.map(|program| program.digest().to_string())
    };
    digests(digest(old), &digest(new).unwrap_or_default())
}

fn digests(was: Option<String>, is: &str) -> String {
    match was {
        Some(was) if was == is => format!("the same: {is}"),
        Some(was) => format!("{was} → {is}"),
        None => is.to_owned(),
    }
}

fn behaviour(
    context: &Context,
    arguments: &Diff,
    compilation: &Compilation,
    from: u32,
    report: Report,
) -> Outcome {
    let square = chances::compare(
        context.console,
        &arguments.chances,
        &compilation.compiled,
        from,
    )
    .map_err(|why| NoOlder::Incomparable { version: from, why })?;
    let samples: u64 = square.inputs.iter().map(|input| input.samples).sum();
    let differs = square
        .inputs
        .iter()
        .any(|input| input.answers + input.states > 0);
    let head = format!(
        "same state of version {from}, same input, {}, seed {}: would an old client notice?",
        count(samples, "sample"),
        seed(square.plan)
    );
    let mut rows: Vec<Vec<String>> = Vec::new();
    for input in &square.inputs {
        rows.push(row(&input.name, noticed(input)));
        if let Some(example) = &input.example {
            rows.push(row("", shown(example)));
        }
    }
    if square.stuck > 0 {
        let times = count(square.stuck, "state");
        rows.push(row(
            "",
            format!("{times} cannot be migrated: see `cam test`"),
        ));
    }
    Ok(finished(report.line(head), arguments, &rows, differs).field("behaviour", object(&square)))
}

fn noticed(input: &Noticed) -> String {
    let tried = input.samples;
    match (input.answers, input.states) {
        (0, 0) => format!("{tried}  no"),
        (0, states) => format!("{tried}  not in the answer; the state differs {states} times"),
        (answers, _) => format!("{tried}  yes, {answers} times"),
    }
}

fn shown(example: &Difference) -> String {
    let Difference {
        input,
        state,
        old,
        new,
        is_of_states,
    } = example;
    let what = if *is_of_states { "leads to" } else { "answers" };
    format!("{input} in {state} {what} {old} → {new}")
}

fn object(square: &Square) -> Value {
    let inputs = square.inputs.iter().map(|input| {
        json!({
            "input": &*input.name,
            "samples": input.samples,
            "answers": input.answers,
            "states": input.states,
            "example": input.example.as_ref().map(|example| json!({
                "input": example.input,
                "state": example.state,
                "old": example.old,
                "new": example.new,
                "of": if example.is_of_states { "states" } else { "answers" },
            })),
        })
    });
    json!({
        "from": square.from,
        "seed": seed(square.plan),
        "inputs": inputs.collect::<Vec<_>>(),
        "stuck": square.stuck,
    })
}

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
enum NoOlder {
    #[error("history/ has no version before {version}")]
    None { version: u32 },
    #[error("history/ has no version {version}")]
    Unknown { version: u32 },
    #[error("version {version} and the source cannot be compared: {}", reason(*.why))]
    Incomparable { version: u32, why: Incomparable },
}

fn reason(why: Incomparable) -> &'static str {
    match why {
        Incomparable::NoProgram => "history/ has not its program",
        Incomparable::NoMigration => "no migration leads here",
        Incomparable::NoAdapter => "its clients are refused",
    }
}

impl Failure for NoOlder {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn code(&self) -> Code {
        let code = match self {
            NoOlder::None { .. } => "F131",
            NoOlder::Unknown { .. } => "F132",
            NoOlder::Incomparable { why, .. } => match why {
                Incomparable::NoProgram => "F133",
                Incomparable::NoMigration => "F134",
                Incomparable::NoAdapter => "F135",
            },
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            NoOlder::None { .. } => vec!["`cam bundle` puts a version into the history".to_owned()],
            NoOlder::Unknown { .. } => vec!["`ls history` shows what there is".to_owned()],
            NoOlder::Incomparable { version, why } => match why {
                Incomparable::NoProgram => Vec::new(),
                Incomparable::NoMigration => vec![format!("add `migrate from {version} …`")],
                Incomparable::NoAdapter => vec![format!("add `accept from {version}`")],
            },
        }
    }
}
