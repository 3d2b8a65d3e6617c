//! Lines from a person, with history and editing, or from a pipe.

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use rustyline::history::History;

/// Where the lines of earlier sessions are kept, in the user's folder of configuration.
const HISTORY_FILE: &str = "run-history";

/// Lines, one after the other.
pub(super) enum Lines {
    /// A person at a terminal.
    Terminal {
        editor: Box<DefaultEditor>,
        file: Option<PathBuf>,
    },
    /// Anything else.
    Pipe(io::Lines<io::StdinLock<'static>>),
}

impl Lines {
    /// From the standard input, whatever that is.
    pub(super) fn open(config: Option<&Path>) -> Lines {
        let pipe = || Lines::Pipe(io::stdin().lock().lines());
        if !io::stdin().is_terminal() {
            return pipe();
        }
        let Ok(mut editor) = DefaultEditor::new() else {
            return pipe();
        };
        let file = config.map(|folder| folder.join(HISTORY_FILE));
        if let Some(file) = &file {
            // The first time there is none.
            let _ = editor.load_history(file);
        }
        Lines::Terminal {
            editor: Box::new(editor),
            file,
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Lines::Terminal { .. })
    }

    /// The next line; none at the end, or when the person has had enough.
    pub(super) fn next_line(&mut self) -> Option<String> {
        match self {
            Lines::Pipe(lines) => lines.next()?.ok(),
            Lines::Terminal { editor, .. } => {
                let mut is_leaving = false;
                loop {
                    match editor.readline("> ") {
                        Ok(line) => {
                            let _ = editor.add_history_entry(line.as_str());
                            return Some(line);
                        }
                        // The session would be lost with the line that somebody gives up.
                        Err(ReadlineError::Interrupted) if !is_leaving => {
                            eprintln!("Ctrl-C again, Ctrl-D or `:quit` ends the session");
                            is_leaving = true;
                        }
                        Err(_) => return None,
                    }
                }
            }
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let Lines::Terminal {
            editor,
            file: Some(file),
        } = self
        else {
            return;
        };
        if editor.history().is_empty() {
            return;
        }
        // A session whose lines cannot be kept was a session nevertheless.
        if let Some(folder) = file.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = editor.save_history(file);
    }
}
