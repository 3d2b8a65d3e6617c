//! `cam sign`: a signature over what a bundle does.

use super::Context;
use crate::arguments::Sign;
use crate::bundle_file::{self, BundleFile};
use crate::report::{Outcome, Report};

pub(super) fn run(context: &Context, arguments: &Sign) -> Outcome {
    let key = context.key(arguments.key.as_deref())?;
    let mut file = BundleFile::read(&arguments.file)?;
    // A signature says "I have judged this": what does not verify, or was altered, is not signed.
    let judged = file.judge()?;
    file.check_losses(&judged)?;
    file.check_signatures()?;
    file.bundle.sign(&key.secret);
    file.write()?;
    let path = file.path.display().to_string();
    let mut report =
        Report::new().line(format!("{path}  signed by {} ({})", key.name, key.public()));
    for line in bundle_file::lines(&file, &judged) {
        report = report.line(line);
    }
    let signers = file.signers(&context.keys()?);
    let signers: Vec<_> = signers.iter().map(|signer| signer.object()).collect();
    Ok(report
        .field("bundle", bundle_file::object(&file, &judged))
        .field("signers", signers)
        .next(format!("cam push {path} --to NODE")))
}
