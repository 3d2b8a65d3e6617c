//! `cam disasm`: a module as text. It is decoded and not verified: what is wrong can be looked at.

use cam::assembly::Listing;
use cam::bytecode::{Body, Bytecode, COST_MODEL};
use cam::decode::{self, Malformed};
use cam::digest::Digest;
use cam::verify;
use serde_json::{Map, Value, json};

use super::Context;
use super::excerpts::Excerpts;
use crate::arguments::{Disasm, Part};
use crate::bundle_file::BundleFile;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::file_kind::{FileKind, WrongKind};
use crate::project::files;
use crate::report::{Outcome, Report};
use crate::verdict;

pub(super) fn run(context: &Context, arguments: &Disasm) -> Outcome {
    let bytes = module(arguments)?;
    let bytecode = match decode::module(&bytes) {
        Ok(bytecode) => bytecode,
        Err(source) => {
            let file = arguments.file.display().to_string();
            return Err(DisasmError::Malformed { file, source }.into());
        }
    };
    let excerpts = match arguments.source {
        true => Some(Excerpts::read(context, &arguments.file, &bytes, &bytecode)?),
        false => None,
    };
    let note = |function, instruction| excerpts.as_ref()?.note(function, instruction);
    let listing = Listing::new(&bytecode).with_notes(&note);
    let mut report = Report::new();
    if let Some(path) = &arguments.output {
        let text = listing.to_string();
        files::write_beside(path, &arguments.file, text.as_bytes())?;
        let path = path.display();
        report = report
            .line(format!("{path}  {} lines", text.lines().count()))
            .field("written", path.to_string())
            .next(format!("cam asm {path}"));
    } else {
        report = report.text(listing.to_string());
    }
    for (name, value) in object(&bytes, &bytecode, &listing, excerpts.as_ref()) {
        report = report.field(name, value);
    }
    Ok(match refusal(bytecode) {
        None => report,
        Some(why) => report.talk(format!("no node takes it: {why}")),
    })
}

/// The bytes of the module that was asked for.
fn module(arguments: &Disasm) -> Result<Vec<u8>, AnyFailure> {
    let bytes = files::read(&arguments.file)?;
    match (FileKind::of(&bytes), arguments.part) {
        (FileKind::Module, None) => return Ok(bytes),
        (FileKind::Module, Some(_)) => return Err(DisasmError::NoParts.into()),
        (FileKind::Bundle, _) => {}
        (kind, _) => return Err(WrongKind::neither(&arguments.file, kind).into()),
    }
    if arguments.source {
        return Err(DisasmError::NoSource.into());
    }
    let file = BundleFile::of_bytes(&arguments.file, &bytes)?;
    let (_, parts) = file.claims()?;
    let (part, found) = match arguments.part.unwrap_or(Part::New) {
        Part::Old => ("old program", parts.old_program.as_ref()),
        Part::New => ("new program", Some(&parts.new_program)),
        Part::Migration => ("migration", parts.migration.as_ref()),
    };
    Ok(found.ok_or(DisasmError::NoSuchPart { part })?.clone())
}

fn refusal(bytecode: Bytecode) -> Option<String> {
    let judged = match bytecode.schema {
        Some(_) => verify::machine(bytecode).map(drop),
        None => verify::migration(bytecode).map(drop),
    };
    judged.err().map(|invalid| invalid.to_string())
}

fn object(
    bytes: &[u8],
    bytecode: &Bytecode,
    listing: &Listing<'_>,
    excerpts: Option<&Excerpts>,
) -> [(&'static str, Value); 6] {
    let names = listing.names();
    let code = |function: usize, body: &Body| -> Vec<Value> {
        let instructions = body.code.iter().enumerate();
        instructions
            .map(|(position, instruction)| {
                let row = instruction.row();
                let text = listing.instruction(instruction);
                let mut one = json!({"op": row.mnemonic, "opcode": row.code, "text": text});
                if let Some(excerpts) = excerpts {
                    one["source"] = excerpts.object(function, position);
                }
                one
            })
            .collect()
    };
    let functions = bytecode.functions.iter().enumerate();
    let functions: Vec<Value> = functions
        .map(|(index, body)| {
            json!({
                "name": names.function(index),
                "domain": names.type_name(body.domain),
                "codomain": names.type_name(body.codomain),
                "code": code(index, body),
            })
        })
        .collect();
    let exports = bytecode.exports.iter();
    let exports: Vec<Value> = exports
        .map(|(role, function)| {
            json!({
                "role": role.word(),
                "function": names.function(function.index()),
            })
        })
        .collect();
    [
        ("digest", json!(Digest::of_module(bytes).to_string())),
        ("format", json!(bytecode.format())),
        ("cost_model", json!(COST_MODEL)),
        ("text", json!(listing.to_string())),
        ("functions", json!(functions)),
        ("exports", json!(exports)),
    ]
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
enum DisasmError {
    #[error("`{file}` is no module")]
    Malformed { file: String, source: Malformed },
    #[error("a module has no parts: `--part` is for bundles")]
    NoParts,
    #[error("a bundle has no debug data: `--source` is for modules")]
    NoSource,
    #[error("the bundle has no {part}")]
    NoSuchPart { part: &'static str },
}

impl Failure for DisasmError {
    fn exit(&self) -> Exit {
        match self {
            DisasmError::Malformed { .. } => Exit::Wrong,
            DisasmError::NoParts | DisasmError::NoSource | DisasmError::NoSuchPart { .. } => {
                Exit::Usage
            }
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            DisasmError::Malformed { .. } => "F201",
            DisasmError::NoParts => "F221",
            DisasmError::NoSource => "F222",
            DisasmError::NoSuchPart { .. } => "F223",
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            DisasmError::NoSuchPart { .. } => vec![
                "a machine's first bundle has a new program only: leave `--part` out".to_owned(),
            ],
            DisasmError::Malformed { source, .. } => vec![verdict::of_bytes(source)],
            _ => Vec::new(),
        }
    }

    fn fields(&self) -> Map<String, Value> {
        match self {
            DisasmError::Malformed { source, .. } => verdict::malformed(source),
            _ => Map::new(),
        }
    }
}
