//! `cam verify`: everything that can be known of a bundle without a node.

use super::Context;
use crate::arguments::Verify;
use crate::bundle_file::{self, BundleFile};
use crate::report::{Outcome, Report};

pub(super) fn run(context: &Context, arguments: &Verify) -> Outcome {
    let file = BundleFile::read(&arguments.file)?;
    file.check_signatures()?;
    let judged = file.judge()?;
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
