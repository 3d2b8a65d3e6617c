//! Files of a project: read whole within a bound, written so that no half of one is ever read.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use cam::limits::ASSEMBLY_BYTES_MAX;

use crate::exit::Exit;
use crate::failure::{Code, Failure};

/// No file of a project is longer: a bundle and a source have at most 4 MiB each.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    read_within(path, FILE_BYTES_MAX)
}

/// The assembly in a file, which may be longer than other files.
pub(crate) fn read_assembly(path: &Path) -> Result<String, FileError> {
    let bytes = read_within(path, ASSEMBLY_BYTES_MAX as u64)?;
    String::from_utf8(bytes).map_err(|_| FileError::NotText {
        path: path.to_owned(),
    })
}

/// The bytes of a file that may be so long.
pub(crate) fn read_within(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let mut bounded = file.take(limit + 1);
    bounded.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        let path = path.to_owned();
        return Err(FileError::Oversized { path, limit });
    }
    Ok(bytes)
}

/// The bytes of a file that need not be there.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match read(path) {
        Err(FileError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    String::from_utf8(read(path)?).map_err(|_| FileError::NotText {
        path: path.to_owned(),
    })
}

/// The text of a file that need not be there.
pub(crate) fn read_text_if_there(path: &Path) -> Result<Option<String>, FileError> {
    match read_if_there(path)?.map(String::from_utf8) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(FileError::NotText {
            path: path.to_owned(),
        }),
    }
}

/// Writes a file by way of another one beside it: a crash leaves the old file or the new one. Folders
/// that are missing are made.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = tempfile::Builder::new()
        .prefix(".cam-")
        .permissions(permissions(path))
        .tempfile_in(folder)
        // The file beside is ours, and its name would say nothing.
        .map_err(|error| failed(error.kind().into()))?;
    beside.write_all(bytes).map_err(failed)?;
    beside.as_file().sync_all().map_err(failed)?;
    beside
        .persist(path)
        .map_err(|error| failed(error.error))
        .map(drop)
}

/// Writes a file that nobody else may read, unless others may read the one that it replaces.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    use std::os::unix::fs::OpenOptionsExt;
    // Made empty and private first: a file that is replaced keeps its permissions.
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(FileError::Write {
            path: path.to_owned(),
            source,
        }),
        _ => write(path, bytes),
    }
}

/// Writes a file that was made of another one, which stays: a result in the place of what it came from is
/// a slip of the keyboard.
pub(crate) fn write_beside(path: &Path, source: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if are_same(path, source) {
        let path = path.to_owned();
        return Err(FileError::OverSource { path });
    }
    write(path, bytes)
}

/// Whether both are names of one file, which is there.
pub(crate) fn are_same(one: &Path, other: &Path) -> bool {
    let both = fs::canonicalize(one).and_then(|one| Ok((one, fs::canonicalize(other)?)));
    both.is_ok_and(|(one, other)| one == other)
}

/// Those of the file that is replaced, or what a new file gets.
fn permissions(path: &Path) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).map_or(fs::Permissions::from_mode(0o644), |old| old.permissions())
}

/// Why a file was not read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is longer than {limit} bytes", path.display())]
    Oversized { path: PathBuf, limit: u64 },
    #[error("`{}` is not UTF-8 text", path.display())]
    NotText { path: PathBuf },
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("`{}` is what it would be made from", path.display())]
    OverSource { path: PathBuf },
}

impl Failure for FileError {
    fn exit(&self) -> Exit {
        match self {
            FileError::Oversized { .. } | FileError::NotText { .. } => Exit::Wrong,
            FileError::Read { .. } | FileError::Write { .. } | FileError::OverSource { .. } => {
                Exit::Usage
            }
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            FileError::Read { .. } => "F002",
            FileError::Oversized { .. } => "F003",
            FileError::NotText { .. } => "F004",
            FileError::Write { .. } => "F005",
            FileError::OverSource { .. } => "F006",
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        match self {
            FileError::OverSource { .. } => vec!["name another file with `-o`".to_owned()],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out").join("a.bundle");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_over_what_it_was_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        write(&path("a"), b"one").unwrap();
        let same = folder.path().join(".").join("a");
        let refused = write_beside(&same, &path("a"), b"two");
        assert!(matches!(refused, Err(FileError::OverSource { .. })));
        assert_eq!(read(&path("a")).unwrap(), b"one");
        write_beside(&path("b"), &path("a"), b"two").unwrap();
        write_beside(&path("b"), &path("a"), b"three").unwrap();
        assert_eq!(read(&path("b")).unwrap(), b"three");
    }

    #[test]
    fn a_file_that_is_missing_is_told_apart_from_one_that_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read_if_there(&folder.path().join("no")), Ok(None)));
        assert!(read_if_there(folder.path()).is_err());
    }

    #[test]
    fn a_file_beyond_the_bound_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big");
        File::create(&path)
            .unwrap()
            .set_len(FILE_BYTES_MAX + 1)
            .unwrap();
        assert!(matches!(read(&path), Err(FileError::Oversized { .. })));
    }
}
