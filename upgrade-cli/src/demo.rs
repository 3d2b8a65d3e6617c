//! stub
use crate::report::{Console, Outcome, Report};
pub(crate) fn run(_console: Console) -> Outcome {
    Ok(Report::new())
}
