//! `cam doc`: the manual of a machine from its source.

use dsl::document;

use super::{Context, check};
use crate::arguments::Doc;
use crate::project::files;
use crate::report::Outcome;

pub(super) fn run(context: &Context, arguments: &Doc) -> Outcome {
    let project = context.project()?;
    let (compilation, report) = check::compile(context, &project)?;
    let (kind, text) = match arguments.html {
        true => ("html", document::html(&compilation.source)),
        false => ("markdown", document::markdown(&compilation.source)),
    };
    let report = report.field("program", check::program_object(&compilation));
    let Some(path) = &arguments.output else {
        return Ok(report.field(kind, &text).text(text));
    };
    files::write(path, text.as_bytes())?;
    Ok(report
        .line(format!("wrote {}", path.display()))
        .field("file", path.display().to_string()))
}
