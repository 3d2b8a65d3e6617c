//! `cam check`: whether the source is right, and what it is.

use cam::schema::{Schema, Shape, ShapeId};
use dsl::chain::{Upgrade, shown};
use dsl::flags::Flags;
use dsl::leaves::Leaf;
use serde_json::{Value, json};

use super::{Context, chain as told};
use crate::project::Project;
use crate::project::compilation::{self, Compilation};
use crate::project::released::Released;
use crate::report::{Outcome, Report, count};

pub(super) fn run(context: &Context) -> Outcome {
    let project = context.project()?;
    let (compilation, report) = compile(context, &project)?;
    let schema = compilation.compiled.schema();
    let upgrades = compilation.compiled.upgrades();
    let from: Vec<u32> = upgrades.iter().map(|upgrade| upgrade.from).collect();
    let all = compilation.compiled.all_upgrades();
    let chains: Vec<&Upgrade> = all.filter(|upgrade| upgrade.is_composed()).collect();
    let mut parts = vec![
        count(constructors(schema, schema.input), "input"),
        count(constructors(schema, schema.output), "output"),
        count(compilation.compiled.trace_count(), "trace"),
    ];
    parts.extend(
        from.iter()
            .map(|version| format!("upgrades from {version}")),
    );
    let through = chains.iter();
    parts.extend(through.map(|chain| format!("from {} by {}", chain.from, told::way(chain))));
    let (machine, version) = (&schema.machine, schema.version);
    let mut report = report.line(format!(
        "✓ {machine} version {version}: {}",
        parts.join(", ")
    ));
    let automatic = from
        .iter()
        .filter(|version| compilation.compiled.is_automatic(**version));
    for version in automatic {
        report = report.line(format!("  migrate from {version} auto"));
        let leaves = compilation.compiled.leaves(*version).unwrap_or_default();
        for leaf in leaves {
            report = report.line(format!("    {leaf}"));
        }
    }
    for chain in &chains {
        for lacks in told::lacks(chain) {
            report = report.line(format!("  {}: {lacks}", told::way(chain)));
        }
    }
    let reached: Vec<u32> = compilation
        .compiled
        .all_upgrades()
        .map(|upgrade| upgrade.from)
        .collect();
    let chains: Vec<Value> = chains.into_iter().map(told::object).collect();
    Ok(report
        .field("migrations", migrations(&compilation, &from))
        .field("chains", chains)
        .field("functions", functions(&compilation))
        .field("handlers", handlers(&compilation))
        .field("program", program_object(&compilation))
        .field("upgrades_from", reached)
        .next(if compilation.compiled.trace_count() > 0 {
            "cam test"
        } else {
            "cam build"
        }))
}

/// What is proved of each function.
fn functions(compilation: &Compilation) -> Value {
    let flags = compilation.compiled.flags().functions.into_iter();
    flags
        .map(|function| with_flags(json!({ "name": &*function.name }), function.flags))
        .collect()
}

/// What is proved of each handler, in the order in which they are tried.
fn handlers(compilation: &Compilation) -> Value {
    let flags = compilation.compiled.flags().handlers.into_iter();
    flags
        .map(|handler| {
            let inputs: Vec<&str> = handler.inputs.iter().map(|name| &**name).collect();
            let line = compilation.source.position(handler.span.start).line;
            let object = json!({ "inputs": inputs, "line": line, "query": handler.is_query() });
            with_flags(object, handler.flags)
        })
        .collect()
}

fn with_flags(mut object: Value, flags: Flags) -> Value {
    object["faults"] = json!(flags.faults);
    object["reads"] = json!(flags.reads);
    object["writes"] = json!(flags.writes);
    object
}

/// What becomes of each value of the older states.
fn migrations(compilation: &Compilation, from: &[u32]) -> Value {
    let leaf = |leaf: &Leaf| {
        json!({
            "place": leaf.place,
            "fate": leaf.fate.word(),
            "from": leaf.fate.sources(),
        })
    };
    let migration = |version: &u32| {
        let compiled = &compilation.compiled;
        let leaves = compiled.leaves(*version).unwrap_or_default();
        json!({
            "from": version,
            "automatic": compiled.is_automatic(*version),
            "values": leaves.iter().map(leaf).collect::<Vec<Value>>(),
        })
    };
    from.iter().map(migration).collect()
}

/// Compiles the source of a project, and begins the report with what is worth saying although it compiles.
pub(super) fn compile(
    context: &Context,
    project: &Project,
) -> Result<(Compilation, Report), crate::failure::AnyFailure> {
    let released = Released::read(project, None)?;
    let compilation = compilation::compile(&project.source(), &released.history())?;
    let mut report = Report::new().problem(compilation.warnings(context.console.style));
    let mut notes = Vec::new();
    let program = compilation.compiled.program();
    let version = program.schema().version;
    let other = released
        .program(version)
        .filter(|old| old.digest() != program.digest());
    if other.is_some() {
        notes.push(format!(
            "version {version} was released with another program: raise the version before the next bundle"
        ));
    }
    if let Some(older) = unbridged(&compilation, &released) {
        notes.push(format!(
            "cam bundle will ask for `migrate from {older}`: history/ has version {older}"
        ));
    }
    notes.extend(compilation.compiled.unchained().iter().map(|unchained| {
        let way = shown(&unchained.versions);
        format!("the way {way} is no single upgrade: {}", unchained.reason)
    }));
    let mut diagnostics = compilation.diagnostics();
    for note in notes {
        if let Value::Array(list) = &mut diagnostics {
            list.push(note_object(&note));
        }
        report = report.talk(note);
    }
    let report = report.field("diagnostics", diagnostics);
    Ok((compilation, report))
}

/// A note about the whole project, in the shape of a diagnostic that has no place in the source.
fn note_object(title: &str) -> Value {
    json!({
        "code": null, "severity": "note", "title": title, "primary": null,
        "labels": [], "notes": [], "help": [], "fixes": [],
    })
}

/// The last released version, if the source does not say what becomes of its state.
fn unbridged(compilation: &Compilation, released: &Released) -> Option<u32> {
    let older = released.latest_before(compilation.compiled.schema().version)?;
    let bridged = compilation.compiled.upgrade_from(older).is_some();
    (!bridged).then_some(older)
}

/// What identifies a program, for `--json`.
pub(super) fn program_object(compilation: &Compilation) -> Value {
    let program = compilation.compiled.program();
    let schema = program.schema();
    json!({
        "machine": &*schema.machine,
        "version": schema.version,
        "digest": program.digest().to_string(),
    })
}

/// How many things can be said in a type.
fn constructors(schema: &Schema, shape: ShapeId) -> usize {
    match schema.shapes.get(shape) {
        Shape::Variant(_, constructors) => constructors.len(),
        _ => 1,
    }
}
