//! What the log says about every bundle that was pushed: the record of who changed what, beside the history.
//!
//! Neither inputs nor outputs are logged, nor the note of a bundle: they may hold what is private.

use cam::digest::Digest;

use crate::printable::Printable;
use crate::protocol::{Refusal, Response};

/// Logs what came of a bundle whose signatures hold.
pub(crate) fn outcome(by: &str, machine: &str, signers: &[String], response: &Response) {
    match response {
        Response::Refused(refusal) => refused(by, Some(machine), refusal),
        response => {
            if let Some(line) = done(by, signers, response) {
                tracing::info!("{line}");
            }
        }
    }
}

/// Logs a push that changed nothing. The machine is known once the bundle is authentic.
pub(crate) fn refused(by: &str, machine: Option<&str>, refusal: &Refusal) {
    tracing::info!("{}", not_done(by, machine, refusal));
}

/// Logs a bundle that runs beside its machine.
pub(crate) fn beside(by: &str, machine: &str) {
    let (by, machine) = (Printable(by), Printable(machine));
    tracing::info!("a bundle runs beside `{machine}` as its shadow, pushed by {by}");
}

fn done(by: &str, signers: &[String], response: &Response) -> Option<String> {
    let by = Printable(by);
    match response {
        Response::Applied(applied) => {
            let from = applied.from.map_or_else(
                || "nothing".to_owned(),
                |program| Digest(program).to_string(),
            );
            let signers = signers.join(", ");
            Some(format!(
                "applied bundle {} of `{}`: {from} → {}, pushed by {by}, signed by {}, state {} → {} bytes",
                applied.sequence,
                Printable(&applied.machine),
                Digest(applied.to),
                Printable(&signers),
                applied.state_bytes_before,
                applied.state_bytes,
            ))
        }
        Response::AlreadyRunning {
            machine, sequence, ..
        } => Some(format!(
            "bundle {sequence} of `{}` was applied before; pushed again by {by}",
            Printable(machine)
        )),
        _ => None,
    }
}

fn not_done(by: &str, machine: Option<&str>, refusal: &Refusal) -> String {
    let of = machine.map_or_else(String::new, |machine| {
        format!(" of `{}`", Printable(machine))
    });
    format!(
        "refused a bundle{of} pushed by {}: {} {}: {}",
        Printable(by),
        refusal.code.0,
        refusal.code,
        Printable(&refusal.reason)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Applied, RefusalCode};

    #[test]
    fn an_applied_bundle_is_logged_with_everything_that_changed_and_who_did_it() {
        let applied = Applied {
            machine: "counter".to_owned(),
            from: Some([1; 32]),
            to: [2; 32],
            sequence: 2,
            state_bytes_before: 1,
            state_bytes: 2,
        };
        let signers = ["ops".to_owned(), "eve".to_owned()];
        let line = |applied: &Applied| done("ops", &signers, &Response::Applied(applied.clone()));
        let (from, to) = (Digest([1; 32]), Digest([2; 32]));
        let expected = format!(
            "applied bundle 2 of `counter`: {from} → {to}, pushed by ops, signed by ops, eve, state 1 → 2 bytes"
        );
        assert_eq!(line(&applied), Some(expected));
        let first = Applied {
            from: None,
            ..applied
        };
        assert!(line(&first).unwrap().contains("`counter`: nothing → c1:"));
    }

    #[test]
    fn a_refused_bundle_is_one_line_whatever_a_peer_wrote_into_it() {
        let refusal = Refusal::new(RefusalCode::STALE_PROGRAM, "not\nthat one");
        let known = not_done("ops", Some("coun\u{1b}ter"), &refusal);
        assert_eq!(
            known,
            "refused a bundle of `coun\\u{1b}ter` pushed by ops: 303 stale-program: not\\nthat one"
        );
        assert!(not_done("ops", None, &refusal).starts_with("refused a bundle pushed by ops: "));
    }
}
