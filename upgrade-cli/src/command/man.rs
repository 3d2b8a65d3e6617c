//! `cam man`: manual pages, from the same table as `--help`.

use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man as Page;

use crate::arguments::{Arguments, Man};
use crate::exit::Exit;
use crate::failure::{Code, Failure};
use crate::project::files;
use crate::report::{Outcome, Report, count};

pub(super) fn run(arguments: &Man) -> Outcome {
    // Building it gives every command its full name and the options of all.
    let mut command = Arguments::command();
    command.build();
    let Some(folder) = &arguments.folder else {
        let page = rendered(command)?;
        return Ok(Report::new().text(&page).field("page", &page));
    };
    let pages = pages(command)?;
    for (name, page) in &pages {
        files::write(&folder.join(name), page.as_bytes())?;
    }
    let names: Vec<_> = pages.iter().map(|(name, _)| name).collect();
    let shown = Path::new(folder).display().to_string();
    Ok(Report::new()
        .line(format!("wrote {} to {shown}", count(pages.len(), "page")))
        .field("folder", shown)
        .field("pages", names))
}

/// A page for the command itself and for each below it that is shown: `cam-key-new.1`.
fn pages(command: clap::Command) -> Result<Vec<(String, String)>, Unrendered> {
    let mut pages = Vec::new();
    let mut commands = vec![(command.get_name().to_owned(), command)];
    while let Some((name, command)) = commands.pop() {
        let below = command.get_subcommands().filter(|one| !one.is_hide_set());
        let below = below.filter(|one| one.get_name() != "help").cloned();
        commands.extend(below.map(|one| (format!("{name}-{}", one.get_name()), one)));
        pages.push((format!("{name}.1"), rendered(command)?));
    }
    pages.sort();
    Ok(pages)
}

fn rendered(command: clap::Command) -> Result<String, Unrendered> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page).map_err(Unrendered)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[derive(Debug, thiserror::Error)]
#[error("the manual page cannot be laid out")]
struct Unrendered(#[source] io::Error);

impl Failure for Unrendered {
    fn exit(&self) -> Exit {
        Exit::Bug
    }

    fn code(&self) -> Code {
        "F902".into()
    }
}
