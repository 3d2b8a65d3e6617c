//! What is around a document on disk: the project, and the versions that it has released.

use std::fs;
use std::path::{Path, PathBuf};

use dsl::history::History;

use crate::project::released::Released;
use crate::project::{MANIFEST, Project};

/// What a document is checked against.
#[derive(Default)]
pub(super) struct Surroundings {
    /// What messages call the document.
    pub(super) name: String,
    /// The released versions of its project; none outside of one.
    pub(super) history: History,
    /// Why they could not be read.
    pub(super) trouble: Option<String>,
}

impl Surroundings {
    /// Those of a document named by the protocol. One that is no file has none.
    pub(super) fn of(uri: &str) -> Surroundings {
        let Some(path) = path_of(uri) else {
            return Surroundings {
                name: uri.to_owned(),
                ..Surroundings::default()
            };
        };
        let (history, trouble) = match released(&path) {
            Ok(history) => (history, None),
            Err(why) => (History::new(), Some(why)),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Surroundings {
            name: name.into_owned(),
            history,
            trouble,
        }
    }
}

/// The versions before the document: all, for the source of the project; those below, for a released one.
fn released(path: &Path) -> Result<History, String> {
    let folders = path.ancestors().skip(1);
    let Some(root) = folders.into_iter().find(|it| it.join(MANIFEST).is_file()) else {
        return Ok(History::new());
    };
    let project = Project::find(Some(root)).map_err(|error| told(&error))?;
    let before = if is_same(&project.source(), path) {
        None
    } else {
        match released_version(&project, path) {
            Some(version) => Some(version),
            None => return Ok(History::new()),
        }
    };
    let released = Released::read(&project, before).map_err(|error| told(&error))?;
    Ok(released.history())
}

/// The version of a source in `history/`.
fn released_version(project: &Project, path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    let number = name.split_once('@')?.1.strip_suffix(".cam")?;
    let version = number.parse().ok()?;
    is_same(&project.released(version, "cam"), path).then_some(version)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    one == other || real(one) == real(other)
}

/// An error with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let mut text = error.to_string();
    for cause in causes {
        text = format!("{text}: {cause}");
    }
    text
}

/// The path in `file:///door/src/door.cam`.
fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let start = rest.find('/')?; // a host before it is this one
    let path = decoded(&rest[start..])?;
    let has_drive =
        matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    let path = match has_drive && cfg!(windows) {
        true => &path[1..],
        false => &path,
    };
    Some(PathBuf::from(path))
}

/// A text with `%20` and the like replaced; nothing if that is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_in_the_name_of_a_file() {
        let table = [
            ("file:///a/b.cam", Some("/a/b.cam")),
            ("file:///a%20b/%C3%A7.cam", Some("/a b/ç.cam")),
            ("file://localhost/a.cam", Some("/a.cam")),
            ("file://", None),
            ("file:///%", None),
            ("file:///%zz", None),
            ("file:///%ff", None),
            ("untitled:Untitled-1", None),
            ("", None),
        ];
        for (uri, expected) in table {
            assert_eq!(path_of(uri), expected.map(PathBuf::from), "{uri}");
        }
    }
}
