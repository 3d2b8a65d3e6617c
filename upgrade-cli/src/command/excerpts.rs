//! The lines of a source that instructions are from, by the debug data beside a module.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cam::bytecode::Bytecode;
use cam::debug::{Debug, DebugError};
use cam::digest::Digest;
use node::printable::Printable;
use serde_json::{Value, json};

use super::Context;
use crate::exit::Exit;
use crate::failure::{AnyFailure, Code, Failure};
use crate::project::files;
use crate::project::released::DEBUG;

/// Letters of a line that are shown.
const LINE_LETTERS: usize = 100;

/// Debug data and the sources that it names, as far as they are there.
pub(super) struct Excerpts {
    debug: Debug,
    lines: BTreeMap<String, Vec<String>>,
}

impl Excerpts {
    /// Reads what stands beside the module in `file`.
    pub(super) fn read(
        context: &Context,
        file: &Path,
        bytes: &[u8],
        module: &Bytecode,
    ) -> Result<Excerpts, AnyFailure> {
        let path = file.with_extension(DEBUG);
        let found = files::read_if_there(&path)?;
        let Some(found) = found else {
            return Err(ExcerptsError::Missing { path }.into());
        };
        let debug = Debug::decode(&found).and_then(|debug| {
            debug.fits(Digest::of_module(bytes), module)?;
            Ok(debug)
        });
        let debug = match debug {
            Ok(debug) => debug,
            Err(source) => return Err(ExcerptsError::Debug { path, source }.into()),
        };
        let project = context.project_if_there()?;
        let mut lines = BTreeMap::new();
        for name in debug.files() {
            let here = project.as_ref().map(|project| project.file(name));
            let text = here.map(|path| files::read_text_if_there(&path));
            // A source that is gone leaves its name and the numbers of its lines.
            if let Some(Ok(Some(text))) = text {
                let text: Vec<String> = text.lines().map(shown).collect();
                lines.insert(name.to_owned(), text);
            }
        }
        Ok(Excerpts { debug, lines })
    }

    /// What to say above an instruction: its line, where it is another than that of the one before.
    pub(super) fn note(&self, function: usize, instruction: usize) -> Option<String> {
        let (file, at) = self.debug.position(function, instruction)?;
        let before = instruction.checked_sub(1);
        let before = before.and_then(|before| self.debug.position(function, before));
        if before.is_some_and(|(other, before)| (other, before.line) == (file, at.line)) {
            return None;
        }
        let line = usize::try_from(at.line).ok()?.checked_sub(1)?;
        let text = self.lines.get(file).and_then(|lines| lines.get(line));
        let text = text.map_or("", String::as_str);
        Some(
            format!("{}:{}  {text}", Printable(file), at.line)
                .trim_end()
                .to_owned(),
        )
    }

    /// The same for programs.
    pub(super) fn object(&self, function: usize, instruction: usize) -> Value {
        match self.debug.position(function, instruction) {
            Some((file, at)) => json!({"file": file, "line": at.line, "col": at.column}),
            None => Value::Null,
        }
    }
}

fn shown(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(LINE_LETTERS) {
        Some((end, _)) => format!("{}…", Printable(&line[..end])),
        None => Printable(line).to_string(),
    }
}

/// Why sources cannot be shown. The program runs all the same.
#[derive(Debug, thiserror::Error)]
enum ExcerptsError {
    #[error("there is no `{}` beside the module", path.display())]
    Missing { path: PathBuf },
    #[error("`{}` cannot be used", path.display())]
    Debug { path: PathBuf, source: DebugError },
}

impl Failure for ExcerptsError {
    fn exit(&self) -> Exit {
        match self {
            ExcerptsError::Missing { .. } => Exit::Usage,
            ExcerptsError::Debug { .. } => Exit::Wrong,
        }
    }

    fn code(&self) -> Code {
        let code = match self {
            ExcerptsError::Missing { .. } => "F231",
            ExcerptsError::Debug { .. } => "F232",
        };
        code.into()
    }

    fn help(&self) -> Vec<String> {
        vec![
            "`cam build` writes both from the source; without `--source` none is needed".to_owned(),
        ]
    }
}
