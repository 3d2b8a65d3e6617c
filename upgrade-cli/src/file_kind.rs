//! What a file seems to be, by its first bytes: who gives a command the wrong file is told which one it is.

use std::fmt;
use std::path::{Path, PathBuf};

use cam::{debug, encode};

use crate::exit::Exit;
use crate::failure::{Code, Failure};

/// Every bundle has this text among its first bytes.
const BUNDLE_TITLE: &[u8] = b"camshaft-bundle";
/// So many bytes are looked at.
const START: usize = 32;

/// What a file seems to be. Whether it is that in full is for others to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileKind {
    /// A module.
    Module,
    /// A bundle.
    Bundle,
    /// The debug data of a module.
    Debug,
    /// A source, assembly, or any other text.
    Text,
    /// Nothing.
    Empty,
    /// Bytes of some other kind.
    Other,
}

impl FileKind {
    /// The kind of a file with these bytes.
    pub(crate) fn of(bytes: &[u8]) -> FileKind {
        let start = &bytes[..bytes.len().min(START)];
        let mut windows = start.windows(BUNDLE_TITLE.len());
        if start.is_empty() {
            FileKind::Empty
        } else if start.starts_with(&encode::MAGIC) {
            FileKind::Module
        } else if start.starts_with(&debug::MAGIC) {
            FileKind::Debug
        } else if windows.any(|window| window == BUNDLE_TITLE) {
            FileKind::Bundle
        } else if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) {
            FileKind::Text
        } else {
            FileKind::Other
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::Module => "it is a module",
            FileKind::Bundle => "it is a bundle",
            FileKind::Debug => "it is debug data",
            FileKind::Text => "it is text",
            FileKind::Empty => "it is empty",
            FileKind::Other => "it does not start as one",
        })
    }
}

/// What a client speaks as.
const NO_PROGRAM: &str = "no program of a machine";

/// A file of another kind than the command needs.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is {not}: {kind}", path.display())]
pub(crate) struct WrongKind {
    path: PathBuf,
    not: &'static str,
    kind: FileKind,
}

impl WrongKind {
    /// Where a bundle is needed.
    pub(crate) fn no_bundle(path: &Path, kind: FileKind) -> WrongKind {
        WrongKind::new(path, "no bundle", kind)
    }

    /// Where a module is needed.
    pub(crate) fn no_module(path: &Path, kind: FileKind) -> WrongKind {
        WrongKind::new(path, "no module", kind)
    }

    /// Where one of the two is needed.
    pub(crate) fn neither(path: &Path, kind: FileKind) -> WrongKind {
        WrongKind::new(path, "neither a module nor a bundle", kind)
    }

    /// Where the program of a client is needed.
    pub(crate) fn no_program(path: &Path, kind: FileKind) -> WrongKind {
        WrongKind::new(path, NO_PROGRAM, kind)
    }

    fn new(path: &Path, not: &'static str, kind: FileKind) -> WrongKind {
        let path = path.to_owned();
        WrongKind { path, not, kind }
    }
}

impl Failure for WrongKind {
    fn exit(&self) -> Exit {
        Exit::Wrong
    }

    fn code(&self) -> Code {
        "F007".into()
    }

    fn help(&self) -> Vec<String> {
        if self.not == NO_PROGRAM {
            return vec!["a released version is in `history/NAME@VERSION.camb`".to_owned()];
        }
        let path = self.path.display();
        let extension = self.path.extension().and_then(|word| word.to_str());
        let help = match (self.kind, extension) {
            (FileKind::Module, _) => format!("a bundle of it: cam bundle --module {path}"),
            (FileKind::Bundle, _) => format!("the modules in it: cam disasm {path} --part new"),
            (FileKind::Debug, _) => {
                let module = self.path.with_extension("camb");
                format!("it belongs to the module beside it, `{}`", module.display())
            }
            (FileKind::Text, Some("cama")) => format!("a module of it: cam asm {path}"),
            (FileKind::Text, Some("cam")) => {
                "in the project of this source: cam build, or cam bundle".to_owned()
            }
            _ => return Vec::new(),
        };
        vec![help]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_how_it_starts() {
        for (bytes, kind) in [
            (&b""[..], FileKind::Empty),
            (b"\x7fCAM", FileKind::Module),
            (b"\x7fCAD\x01", FileKind::Debug),
            (b"\x97\xafcamshaft-bundle", FileKind::Bundle),
            (b"\x97\xafcamshaft-bundl", FileKind::Other),
            (b"machine Counter version 1 {", FileKind::Text),
            (b"a\0b", FileKind::Other),
        ] {
            assert_eq!(FileKind::of(bytes), kind, "{bytes:?}");
        }
    }
}
