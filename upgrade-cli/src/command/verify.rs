//! `cam verify`: everything that can be known of a bundle, or of a bare module, without a node.

use super::Context;
use crate::arguments::Verify;
use crate::bundle_file::{self, BundleFile};
use crate::file_kind::{FileKind, WrongKind};
use crate::module_file::ModuleFile;
use crate::project::files;
use crate::report::{Outcome, Report};

pub(super) fn run(context: &Context, arguments: &Verify) -> Outcome {
    let bytes = files::read(&arguments.file)?;
    match FileKind::of(&bytes) {
        FileKind::Module => return module(&ModuleFile::judge(&arguments.file, &bytes)?),
        FileKind::Bundle => {}
        kind => return Err(WrongKind::neither(&arguments.file, kind).into()),
    }
    let file = BundleFile::of_bytes(&arguments.file, &bytes)?;
    file.check_signatures()?;
    let judged = file.judge()?;
    file.check_losses(&judged)?;
    let (path, id) = (file.path.display(), file.bundle.id());
    let mut report = Report::new().line(format!("{path}  {id}"));
    for line in bundle_file::lines(&file, &judged) {
        report = report.line(line);
    }
    let signers = file.signers(&context.keys()?);
    for signer in &signers {
        report = report.line(format!("    signed   {}", signer.text()));
    }
    let mut found = vec!["✓ hashes", "✓ code"];
    if judged.migration.is_some() {
        found.push("✓ migration fits");
        found.push("✓ losses");
    }
    found.push(if signers.is_empty() {
        "– not signed"
    } else {
        "✓ signatures"
    });
    report = report.line(found.join("   "));
    if !signers.is_empty() {
        report = report.talk("whether these keys are trusted is the business of each node");
    }
    let signers: Vec<_> = signers.iter().map(|signer| signer.object()).collect();
    Ok(report
        .field("bundle", bundle_file::object(&file, &judged))
        .field("signers", signers))
}

fn module(file: &ModuleFile) -> Outcome {
    let mut report = Report::new();
    for line in file.lines() {
        report = report.line(line);
    }
    report = report.line("✓ code").field("module", file.object());
    Ok(match file.is_machine() {
        true => report.next(format!("cam bundle --module {}", file.path.display())),
        false => report,
    })
}
