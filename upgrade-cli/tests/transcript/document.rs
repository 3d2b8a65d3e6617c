//! A transcript as a document: prose, files to write, and commands with what they say.
//!
//! A fence marked `console` holds commands after `$ ` with their output: the standard output as it is,
//! the other one after `2> `, and `[exit N]` if it is not 0. A fence marked with a language and a path
//! is a file. `cd`, `export` and a node in the background (`cam-node serve … &`) last to the end.

/// A piece of a document.
#[derive(Debug)]
pub(crate) enum Part {
    /// Lines for people, and fences of other kinds.
    Prose(String),
    /// A file.
    File {
        /// Where it goes.
        path: String,
        /// The line that opens the fence.
        fence: String,
        /// What is in it.
        body: String,
    },
    /// Commands.
    Console(Vec<Exchange>),
}

/// A command. What it said when the document was written is compared as text, with the whole.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// The command.
    pub(crate) command: String,
}

/// Reads a document.
pub(crate) fn parse(text: &str) -> Vec<Part> {
    let mut parts = vec![Part::Prose(String::new())];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            match parts.last_mut() {
                Some(Part::Prose(prose)) => {
                    prose.push_str(line);
                    prose.push('\n');
                }
                _ => parts.push(Part::Prose(format!("{line}\n"))),
            }
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let words: Vec<_> = info.split_whitespace().collect();
        parts.push(match words[..] {
            ["console"] => Part::Console(exchanges(&body)),
            [_, path] => Part::File {
                path: path.to_owned(),
                fence: line.to_owned(),
                body: body.iter().map(|line| format!("{line}\n")).collect(),
            },
            _ => panic!("a fence is `console`, or a language and a path: {line}"),
        });
    }
    parts
}

fn exchanges(lines: &[&str]) -> Vec<Exchange> {
    let commands = lines.iter().filter_map(|line| line.strip_prefix("$ "));
    commands
        .map(|command| Exchange {
            command: command.to_owned(),
        })
        .collect()
}
