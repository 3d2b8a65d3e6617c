//! Refusals of operations with a result type of their own, beside acceptances.

use super::{Row, row};

/// Loads the parts of a product as three operands.
const THREE: &str = "push; proj 0; push; acc 1; proj 1; push; acc 2; proj 2;";

/// Operations with a result type of their own, operand by operand and result by result.
pub(super) fn operation_rows() -> Vec<Row> {
    let scaled = format!("type T = prod Int Int Int\nfn f T -> Int\n  {THREE} muldiv; drop 1; end");
    let cut = format!(
        "type T = prod Text Int Int\ntype O = sum Unit Text\nfn f T -> O\n  {THREE} tsub O; drop 1; end"
    );
    let find = format!(
        "type T = prod Text Text Int\ntype O = sum Unit Int\nfn f T -> O\n  {THREE} tfind O; drop 1; end"
    );
    let bytes = format!(
        "type T = prod Bytes Int Int\ntype O = sum Unit Bytes\nfn f T -> O\n  {THREE} bsub O; drop 1; end"
    );
    let both = "fn f Text -> Text\n  push; tcat; end";
    let read = "type O = sum Unit Int\nfn f Text -> O\n  ttoi O; end";
    vec![
        row("Mismatch", "f:8", &scaled, "proj 2", "tuple Unit"),
        row("Mismatch", "f:8", &scaled, "proj 1", "tuple Unit"),
        row("Mismatch", "f:8", &scaled, "proj 0", "tuple Unit"),
        row(
            "StackUnderflow",
            "f:3",
            &scaled,
            THREE,
            "int 1; push; int 1;",
        ),
        row("Mismatch", "f:8", &cut, "proj 2", "proj 0"),
        row("Mismatch", "f:8", &cut, "proj 1", "tuple Unit"),
        row("Mismatch", "f:8", &cut, "push; proj 0", "push; proj 1"),
        row("WrongForm", "f:8", &cut, "sum Unit Text", "sum Unit Int"),
        row("WrongForm", "f:8", &cut, "sum Unit Text", "sum Text Unit"),
        row("WrongForm", "f:8", &cut, "tsub O", "tsub Bool"),
        row("Mismatch", "f:8", &find, "proj 2", "proj 0"),
        row("Mismatch", "f:8", &find, "push; proj 0", "push; proj 2"),
        row("WrongForm", "f:8", &find, "tfind O", "tfind Int"),
        row("Mismatch", "f:8", &bytes, "bsub O", "tsub O"),
        row(
            "WrongForm",
            "f:8",
            &bytes,
            "sum Unit Bytes",
            "sum Unit Text",
        ),
        row("Mismatch", "f:1", both, "tcat", "bcat"),
        row("Mismatch", "f:1", both, "tcat", "addw"),
        row("Mismatch", "f:1", both, "fn f Text", "fn f Bytes"),
        row("WrongForm", "f:0", read, "sum Unit Int", "sum Unit Bool"),
        row("Mismatch", "f:0", read, "ttoi", "btot"),
    ]
}

pub(super) fn list_rows() -> Vec<Row> {
    let set = format!(
        "type L = list Int\ntype T = prod L Int Int\ntype O = sum Unit L\nfn f T -> O\n  {THREE} lset O; drop 1; end"
    );
    let part = format!(
        "type L = list Int\ntype T = prod L Int Int\nfn f T -> L\n  {THREE} lsub; drop 1; end"
    );
    let split = "type L = list Text\nfn f Text -> L\n  push; tsplit L; end";
    let listed = "type L = list Int\nfn f Text -> L\n  ttol L; end";
    let unlisted = "type O = sum Unit Text\ntype L = list Int\nfn f L -> O\n  ltot O; end";
    vec![
        row("Mismatch", "f:8", &set, "proj 2", "tuple Unit"),
        row("Mismatch", "f:8", &set, "proj 1", "tuple Unit"),
        row("WrongForm", "f:8", &set, "push; proj 0", "push; proj 1"),
        row("WrongForm", "f:8", &set, "sum Unit L", "sum Unit T"),
        row("Mismatch", "f:8", &part, "proj 2", "tuple Unit"),
        row("Mismatch", "f:8", &part, "proj 1", "tuple Unit"),
        row("WrongForm", "f:8", &part, "push; proj 0", "push; proj 1"),
        row("Mismatch", "f:1", split, "list Text", "list Int"),
        row("WrongForm", "f:1", split, "tsplit L", "tsplit Bool"),
        row("WrongForm", "f:1", split, "tsplit L", "tjoin"),
        row("Mismatch", "f:0", listed, "list Int", "list Text"),
        row("Mismatch", "f:0", listed, "ttol", "btol"),
        row("Mismatch", "f:0", unlisted, "list Int", "list Bool"),
        row(
            "WrongForm",
            "f:0",
            unlisted,
            "sum Unit Text",
            "sum Unit Int",
        ),
    ]
}
