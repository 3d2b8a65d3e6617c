//! Bundle files: read, and judged as far as that is possible without a node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cam::verify::{Invalid, Migration, Misfit, Program};
use cam::{decode, verify};
use node::bundle::{Bundle, MalformedBundle, Manifest, Parts};
use node::key::PublicKey;
use node::losses::{Losses, Misstated};
use node::printable::Printable;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::file_kind::{FileKind, WrongKind};
use crate::keys::Keys;
use crate::project::files::{self, FileError};

/// A bundle and the file it is in.
#[derive(Clone, Debug)]
pub(crate) struct BundleFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// The bundle.
    pub(crate) bundle: Bundle,
    /// What it claims to do.
    pub(crate) manifest: Manifest,
}

/// The verified code of a bundle that fits together.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// The program it starts from.
    pub(crate) old: Option<Arc<Program>>,
    /// The program it leads to.
    pub(crate) new: Arc<Program>,
    /// The way from the one to the other.
    pub(crate) migration: Option<Arc<Migration>>,
}

impl BundleFile {
    /// Reads a file whose parts are those that its manifest names.
    pub(crate) fn read(path: &Path) -> Result<BundleFile, BundleFileError> {
        BundleFile::of_bytes(path, &files::read(path)?)
    }

    /// The bundle in the bytes of a file.
    pub(crate) fn of_bytes(path: &Path, bytes: &[u8]) -> Result<BundleFile, BundleFileError> {
        let wrong = |reason| BundleFileError::Malformed {
            path: path.to_owned(),
            reason,
        };
        let bundle = Bundle::decode(bytes).map_err(|reason| match FileKind::of(bytes) {
            FileKind::Bundle => wrong(reason),
            kind => WrongKind::no_bundle(path, kind).into(),
        })?;
        let (manifest, _) = bundle.claims().map_err(wrong)?;
        Ok(BundleFile {
            path: path.to_owned(),
            bundle,
            manifest,
        })
    }

    /// Writes it.
    pub(crate) fn write(&self) -> Result<(), BundleFileError> {
        Ok(files::write(&self.path, &self.bundle.encode())?)
    }

    /// Verifies all code as a node would, and that it fits together. Signatures are not looked at.
    pub(crate) fn judge(&self) -> Result<Judged, BundleFileError> {
        let (_, parts) = self.claims()?;
        let Parts {
            old_program,
            new_program,
            migration,
        } = parts;
        let new = Arc::new(self.program("new program", new_program)?);
        let old = match old_program {
            Some(bytes) => Some(Arc::new(self.program("old program", bytes)?)),
            None => None,
        };
        if let Some(old) = &old
            && old.schema().machine != new.schema().machine
        {
            return Err(BundleFileError::OtherMachine {
                old: old.schema().machine.to_string(),
                new: new.schema().machine.to_string(),
            });
        }
        let migration = match (migration, &old) {
            (Some(bytes), Some(old)) => {
                let migration = self.migration(bytes)?;
                migration.fits(old, &new)?;
                Some(Arc::new(migration))
            }
            _ => None,
        };
        Ok(Judged {
            old,
            new,
            migration,
        })
    }

    /// Holds what the manifest says is lost to what the code does, as a node would.
    pub(crate) fn check_losses(&self, judged: &Judged) -> Result<(), BundleFileError> {
        if let (Some(old), Some(migration)) = (&judged.old, &judged.migration) {
            let found = Losses::of(migration, old.schema(), judged.new.schema());
            found.hold(self.manifest.losses.as_ref())?;
        }
        Ok(())
    }

    /// The manifest and the modules that it names.
    pub(crate) fn claims(&self) -> Result<(Manifest, &Parts), BundleFileError> {
        self.bundle.claims().map_err(|reason| {
            let path = self.path.clone();
            BundleFileError::Malformed { path, reason }
        })
    }

    /// Checks that every signature in it holds.
    pub(crate) fn check_signatures(&self) -> Result<(), BundleFileError> {
        match self.bundle.forged().next() {
            None => Ok(()),
            Some(key) => Err(BundleFileError::Altered { key: *key }),
        }
    }

    /// Who signed it: public keys, with the names they have in our key folder.
    pub(crate) fn signers(&self, keys: &Keys) -> Vec<Signer> {
        let names = keys.names().unwrap_or_default();
        let known: Vec<_> = names
            .iter()
            .filter_map(|name| keys.get(name).ok())
            .collect();
        let name_of = |key: &PublicKey| {
            let mine = known.iter().find(|mine| mine.public() == *key);
            mine.map(|mine| mine.name.clone())
        };
        let signers = self.bundle.signers();
        signers
            .map(|key| Signer {
                key: *key,
                name: name_of(key),
            })
            .collect()
    }

    fn program(&self, part: &'static str, bytes: &[u8]) -> Result<Program, BundleFileError> {
        let code = decode::module(bytes);
        let code = code.map_err(|reason| BundleFileError::Module { part, reason })?;
        verify::machine(code).map_err(|reason| BundleFileError::Invalid { part, reason })
    }

    fn migration(&self, bytes: &[u8]) -> Result<Migration, BundleFileError> {
        let part = "migration";
        let code = decode::module(bytes);
        let code = code.map_err(|reason| BundleFileError::Module { part, reason })?;
        verify::migration(code).map_err(|reason| BundleFileError::Invalid { part, reason })
    }
}

/// Somebody who signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Signer {
    /// Their key.
    pub(crate) key: PublicKey,
    /// What we call it, if it is ours.
    pub(crate) name: Option<String>,
}

impl Signer {
    /// For people.
    pub(crate) fn text(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.key),
            None => self.key.to_string(),
        }
    }

    /// For programs.
    pub(crate) fn object(&self) -> Value {
        json!({"key": self.key, "name": self.name})
    }
}

/// What a bundle does, in lines for people.
pub(crate) fn lines(file: &BundleFile, judged: &Judged) -> Vec<String> {
    let manifest = &file.manifest;
    let version = |program: &Program| {
        let schema = program.schema();
        format!("version {}  {}", schema.version, program.digest())
    };
    let old = judged.old.as_deref().map_or("nothing".to_owned(), version);
    let mut lines = vec![
        format!(
            "    machine  {}, bundle {}",
            manifest.machine, manifest.sequence
        ),
        format!("    from     {old}"),
        format!("    to       {}", version(&judged.new)),
    ];
    if let Some(migration) = &judged.migration {
        lines.push(format!("    carries  {}", carries(migration)));
    }
    lines.extend(lost(manifest));
    lines.extend(manifest.node.map(|node| format!("    only on  {node}")));
    if !manifest.note.is_empty() {
        let note = Printable(&manifest.note);
        lines.push(format!("    because  {note}"));
    }
    lines
}

/// What whoever signs agrees to lose.
fn lost(manifest: &Manifest) -> Vec<String> {
    let Some(losses) = &manifest.losses else {
        return Vec::new();
    };
    let named = |paths: &[String]| {
        let paths = paths.iter().map(|path| Printable(path).to_string());
        paths.collect::<Vec<_>>().join(", ")
    };
    let mut lines = Vec::new();
    if !losses.drops.is_empty() {
        lines.push(format!("    drops    {}", named(&losses.drops)));
    }
    if let Some(back) = losses.back.as_deref().filter(|back| !back.is_empty()) {
        lines.push(format!("    back     loses {}", named(back)));
    }
    lines
}

/// The parts of the old state that a bundle says it drops.
pub(crate) fn drops(manifest: &Manifest) -> &[String] {
    manifest.losses.as_ref().map_or(&[], |losses| &losses.drops)
}

fn carries(migration: &Migration) -> String {
    let adapters = match migration.adapters() {
        Some(_) => "adapters for old clients",
        None => "no adapters: old clients are refused",
    };
    let back = match migration.back() {
        Some(_) => "a way back",
        None => "no way back",
    };
    format!("the migration; {adapters}; {back}")
}

/// The same for programs.
pub(crate) fn object(file: &BundleFile, judged: &Judged) -> Value {
    let manifest = &file.manifest;
    let program = |program: &Program| {
        json!({
            "machine": &*program.schema().machine,
            "version": program.schema().version,
            "digest": program.digest().to_string(),
        })
    };
    let migration = judged.migration.as_ref();
    json!({
        "id": file.bundle.id().to_string(),
        "file": file.path.display().to_string(),
        "machine": manifest.machine,
        "node": manifest.node,
        "sequence": manifest.sequence,
        "previous": manifest.previous.map(|id| id.to_string()),
        "from": judged.old.as_deref().map(program),
        "to": program(&judged.new),
        "adapters": migration.is_some_and(|migration| migration.adapters().is_some()),
        "way_back": migration.is_some_and(|migration| migration.back().is_some()),
        "losses": manifest.losses.as_ref().map(|losses| json!({
            "drops": losses.drops,
            "back": losses.back,
        })),
        "note": manifest.note,
    })
}

/// Why a file is no bundle to work with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleFileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Kind(#[from] WrongKind),
    #[error("`{}` is no bundle: {reason}", path.display())]
    Malformed {
        path: PathBuf,
        reason: MalformedBundle,
    },
    #[error("the bundle was changed after it was signed by `{key}`")]
    Altered { key: PublicKey },
    #[error("the {part} does not decode: {reason}")]
    Module {
        part: &'static str,
        reason: decode::Malformed,
    },
    #[error("the {part} does not verify: {reason}")]
    Invalid { part: &'static str, reason: Invalid },
    #[error("the bundle leads from a `{old}` to a `{new}`")]
    OtherMachine { old: String, new: String },
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error(transparent)]
    Misstated(#[from] Misstated),
}

impl Failure for BundleFileError {
    fn exit(&self) -> Exit {
        match self {
            BundleFileError::File(error) => error.exit(),
            BundleFileError::Kind(error) => error.exit(),
            BundleFileError::Altered { .. } => Exit::Keys,
            _ => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            BundleFileError::Malformed { .. } => "F211",
            BundleFileError::Altered { .. } => "F212",
            BundleFileError::Module { .. } => "F213",
            BundleFileError::Invalid { .. } => "F214",
            BundleFileError::OtherMachine { .. } => "F215",
            BundleFileError::Misfit(_) => "F216",
            BundleFileError::Misstated(_) => "F217",
            BundleFileError::File(error) => return error.code(),
            BundleFileError::Kind(error) => return error.code(),
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            BundleFileError::File(_) => Vec::new(),
            BundleFileError::Kind(error) => error.help(),
            BundleFileError::OtherMachine { .. } => {
                vec!["a machine keeps its name through all its versions".to_owned()]
            }
            BundleFileError::Misfit(_) => vec![
                "`cam disasm` shows the types of each module; chapter 4 of the specification, \"Machines and migrations\", says which must agree".to_owned(),
            ],
            BundleFileError::Misstated(Misstated::Unacknowledged(_)) => {
                vec!["make the bundle again: `cam bundle` says what to agree to".to_owned()]
            }
            _ => vec!["do not push it: make the bundle again from source, and compare".to_owned()],
        }
    }
}
