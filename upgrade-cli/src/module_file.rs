//! Module files: bytecode that stands alone, whoever wrote it, judged as a node would judge it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cam::combinator::FunctionId;
use cam::decode::{self, Malformed};
use cam::digest::Digest;
use cam::schema::{Name, Schema, Shape, ShapeId, Shapes};
use cam::verify::{self, Certificate, Migration, Program, Verified};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::file_kind::{FileKind, WrongKind};
use crate::project::files::{self, FileError};
use crate::verdict::{self, Unverified};

/// Letters of an interface that are shown. A verified type of a few bytes can be as long in words as the
/// patience of its author.
const SHAPE_LETTERS: usize = 300;

/// A verified module and the file it is in.
#[derive(Clone, Debug)]
pub(crate) struct ModuleFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// The length of the module.
    pub(crate) bytes: usize,
    /// What it is.
    pub(crate) module: Module,
}

/// The two kinds of module. The one has a schema, the other has not.
#[derive(Clone, Debug)]
pub(crate) enum Module {
    /// A machine.
    Machine(Arc<Program>),
    /// The way from one machine to the next.
    Migration(Arc<Migration>),
}

impl ModuleFile {
    /// Reads a file and verifies what is in it.
    pub(crate) fn read(path: &Path) -> Result<ModuleFile, ModuleFileError> {
        ModuleFile::judge(path, &files::read(path)?)
    }

    /// Verifies the bytes of a file.
    pub(crate) fn judge(path: &Path, bytes: &[u8]) -> Result<ModuleFile, ModuleFileError> {
        match FileKind::of(bytes) {
            FileKind::Module => {}
            kind => return Err(WrongKind::no_module(path, kind).into()),
        }
        let path = path.to_owned();
        let bytecode = match decode::module(bytes) {
            Ok(bytecode) => bytecode,
            Err(source) => return Err(ModuleFileError::Malformed { path, source }),
        };
        let judged = if bytecode.schema.is_some() {
            verify::machine(bytecode).map(|program| Module::Machine(Arc::new(program)))
        } else {
            verify::migration(bytecode).map(|way| Module::Migration(Arc::new(way)))
        };
        match judged {
            Ok(module) => Ok(ModuleFile {
                path,
                bytes: bytes.len(),
                module,
            }),
            Err(invalid) => Err(ModuleFileError::Invalid {
                path,
                source: Box::new(Unverified::new(invalid, bytes)),
            }),
        }
    }

    /// The machine, if it is one.
    pub(crate) fn machine(self) -> Result<Arc<Program>, ModuleFileError> {
        match self.module {
            Module::Machine(program) => Ok(program),
            Module::Migration(_) => Err(ModuleFileError::NotAMachine { path: self.path }),
        }
    }

    /// The migration, if it is one.
    pub(crate) fn migration(self) -> Result<Arc<Migration>, ModuleFileError> {
        match self.module {
            Module::Migration(migration) => Ok(migration),
            Module::Machine(_) => Err(ModuleFileError::NotAMigration { path: self.path }),
        }
    }

    /// Whether it is a machine.
    pub(crate) fn is_machine(&self) -> bool {
        matches!(self.module, Module::Machine(_))
    }

    fn code(&self) -> &Verified {
        match &self.module {
            Module::Machine(program) => program.code(),
            Module::Migration(migration) => migration.code(),
        }
    }

    fn digest(&self) -> Digest {
        match &self.module {
            Module::Machine(program) => program.digest(),
            Module::Migration(migration) => migration.digest(),
        }
    }

    /// What is in it, in lines for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let (path, digest) = (self.path.display(), self.digest());
        let mut lines = vec![format!("{path}  {} bytes  {digest}", self.bytes)];
        match &self.module {
            Module::Machine(program) => lines.extend(interface_lines(program.schema())),
            Module::Migration(_) => lines.push("    migration".to_owned()),
        }
        for (role, function) in self.exports() {
            let proved = self.code().certificate(function);
            let (stack, height, cost) = (proved.stack, proved.height, proved.cost);
            let more = more(proved);
            lines.push(format!(
                "    {role:8} stack {stack}, calls {height}, cost {cost}{more}"
            ));
        }
        lines
    }

    /// The same for programs.
    pub(crate) fn object(&self) -> Value {
        let certificate = |(role, function): (String, FunctionId)| {
            let proved = self.code().certificate(function);
            json!({
                "role": role,
                "stack": proved.stack,
                "height": proved.height,
                "cost": proved.cost,
                "loops": proved.loops,
                "sized": proved.sized,
                "may_fail": proved.may_fail,
            })
        };
        let exports: Vec<Value> = self.exports().into_iter().map(certificate).collect();
        let mut object = json!({
            "file": self.path.display().to_string(),
            "bytes": self.bytes,
            "digest": self.digest().to_string(),
            "kind": match self.module {
                Module::Machine(_) => "machine",
                Module::Migration(_) => "migration",
            },
            "exports": exports,
        });
        if let Module::Machine(program) = &self.module {
            let schema = program.schema();
            object["machine"] = json!(&*schema.machine);
            object["version"] = json!(schema.version);
            for (name, shape) in interface(schema) {
                object[name] = json!(words(schema, shape));
            }
        }
        object
    }

    fn exports(&self) -> Vec<(String, FunctionId)> {
        let exports = &self.code().bytecode().exports;
        let named = |(role, function): &(cam::combinator::Role, FunctionId)| {
            (role.word().to_owned(), *function)
        };
        exports.iter().map(named).collect()
    }
}

/// What the numbers of a certificate leave out.
fn more(proved: &Certificate) -> String {
    let words = [
        (proved.loops, " and rounds"),
        (proved.sized, " and sizes"),
        (proved.may_fail, ", may trap"),
    ];
    let words = words.iter().filter(|(holds, _)| *holds);
    words.map(|(_, word)| *word).collect()
}

fn interface_lines(schema: &Schema) -> Vec<String> {
    let stamps: Vec<_> = schema.stamps.iter().map(|stamp| stamp.word()).collect();
    let with = match &stamps[..] {
        [] => String::new(),
        some => format!(", stamped with {}", some.join(", ")),
    };
    let (machine, version) = (&schema.machine, schema.version);
    let mut lines = vec![format!("    machine  {machine} version {version}{with}")];
    for (name, shape) in interface(schema) {
        lines.push(format!("    {name:8} {}", words(schema, shape)));
    }
    lines
}

fn interface(schema: &Schema) -> [(&'static str, ShapeId); 3] {
    [
        ("state", schema.state),
        ("input", schema.input),
        ("output", schema.output),
    ]
}

/// A shape as the language writes it, constructors and all, cut where it gets too long.
fn words(schema: &Schema, shape: ShapeId) -> String {
    let mut words = Words {
        shapes: &schema.shapes,
        text: String::new(),
    };
    match schema.shapes.get(shape) {
        Shape::Variant(_, constructors) => words.constructors(constructors),
        _ => words.shape(shape),
    }
    match words.text.char_indices().nth(SHAPE_LETTERS) {
        Some((end, _)) => format!("{}…", &words.text[..end]),
        None => words.text,
    }
}

struct Words<'a> {
    shapes: &'a Shapes,
    text: String,
}

impl Words<'_> {
    /// Depth is bounded by the height of the shape's type, and length by the limit: nothing is added to
    /// what is long enough.
    fn shape(&mut self, shape: ShapeId) {
        if self.text.len() > SHAPE_LETTERS * 4 {
            return;
        }
        match self.shapes.get(shape) {
            Shape::Int => self.text.push_str("Int"),
            Shape::Text => self.text.push_str("Text"),
            Shape::Bytes => self.text.push_str("Bytes"),
            Shape::Bool => self.text.push_str("Bool"),
            Shape::Tuple(parts) => self.list("(", parts, ")"),
            Shape::Record(fields) => self.fields(fields),
            Shape::Variant(title, _) => self.text.push_str(title),
            Shape::Option(item) => self.list("Option(", &[*item], ")"),
            Shape::List(item) => self.list("List(", &[*item], ")"),
            Shape::Map(item, value) if matches!(self.shapes.get(*value), Shape::Tuple(parts) if parts.is_empty()) =>
            {
                self.list("Set(", &[*item], ")");
            }
            Shape::Map(key, value) => self.list("Map(", &[*key, *value], ")"),
        }
    }

    fn list(&mut self, open: &str, parts: &[ShapeId], close: &str) {
        self.text.push_str(open);
        for (at, part) in parts.iter().enumerate() {
            self.text.push_str(if at > 0 { ", " } else { "" });
            self.shape(*part);
        }
        self.text.push_str(close);
    }

    fn fields(&mut self, fields: &[(Name, ShapeId)]) {
        self.text.push_str("{ ");
        for (at, (name, shape)) in fields.iter().enumerate() {
            self.text.push_str(if at > 0 { ", " } else { "" });
            self.text.push_str(name);
            self.text.push_str(": ");
            self.shape(*shape);
        }
        self.text.push_str(" }");
    }

    fn constructors(&mut self, constructors: &[(Name, ShapeId)]) {
        for (at, (name, payload)) in constructors.iter().enumerate() {
            self.text.push_str(if at > 0 { " | " } else { "" });
            self.text.push_str(name);
            match self.shapes.get(*payload) {
                Shape::Tuple(parts) => {
                    if !parts.is_empty() {
                        self.list("(", parts, ")");
                    }
                }
                Shape::Record(fields) => {
                    self.text.push(' ');
                    self.fields(fields);
                }
                _ => self.list("(", &[*payload], ")"),
            }
        }
    }
}

/// Why a file is no module to work with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModuleFileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Kind(#[from] WrongKind),
    #[error("`{}` is no module", path.display())]
    Malformed { path: PathBuf, source: Malformed },
    #[error("the module in `{}` does not verify", path.display())]
    Invalid {
        path: PathBuf,
        source: Box<Unverified>,
    },
    #[error("`{}` is a migration, not a machine", path.display())]
    NotAMachine { path: PathBuf },
    #[error("`{}` is a machine, not a migration", path.display())]
    NotAMigration { path: PathBuf },
}

impl Failure for ModuleFileError {
    fn exit(&self) -> Exit {
        match self {
            ModuleFileError::File(error) => error.exit(),
            ModuleFileError::Kind(error) => error.exit(),
            _ => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            ModuleFileError::Malformed { .. } => "F201",
            ModuleFileError::Invalid { .. } => "F202",
            ModuleFileError::NotAMachine { .. } => "F203",
            ModuleFileError::NotAMigration { .. } => "F204",
            ModuleFileError::File(error) => return error.code(),
            ModuleFileError::Kind(error) => return error.code(),
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            ModuleFileError::Kind(error) => error.help(),
            ModuleFileError::Malformed { source, .. } => vec![verdict::of_bytes(source)],
            ModuleFileError::Invalid { source, .. } => vec![verdict::of_code(&source.invalid)],
            _ => Vec::new(),
        }
    }

    fn fields(&self) -> Map<String, Value> {
        match self {
            ModuleFileError::Malformed { source, .. } => verdict::malformed(source),
            ModuleFileError::Invalid { source, .. } => verdict::invalid(&source.invalid),
            _ => Map::new(),
        }
    }
}
