//! Every refusal of the decoder and of the verifier, each beside an acceptance that differs by one thing.
//!
//! The rows are data. A reason without a row is found by reading the enumerations in the source.

#[path = "verifier/operations.rs"]
mod operations;

use std::collections::BTreeSet;

use cam::bytecode::{Bytecode, Parts};
use cam::combinator::Role;
use cam::limits::{CALL_HEIGHT_MAX, CASE_DEPTH_MAX, STACK_MAX};
use cam::trap::TrapReason;
use cam::types::{BOOL, INT, TEXT};
use cam::value::Value;
use cam::verify::InvalidReason;
use cam::{decode, verify};
use harness::assembly::Module;
use harness::bytes::from_hex;
use harness::{script, tree};

/// A module that is valid, and the one thing that makes it invalid.
#[derive(Clone)]
struct Row {
    reason: &'static str,
    /// Where it is refused, empty for the module as a whole.
    at: &'static str,
    accepted: String,
    from: String,
    to: String,
}

fn row(reason: &'static str, at: &'static str, accepted: &str, from: &str, to: &str) -> Row {
    Row {
        reason,
        at,
        accepted: accepted.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

const ADD: &str = "fn f Int -> Int\n  push; int 1; add; end";
const PART: &str = "type P = prod Int\nfn f P -> Int\n  proj 0; end";
const CHOICE: &str = "fn f Bool -> Int\n  case; int 0; else; int 1; end; end";
const TWO: &str = "fn g Int -> Int\n  push; int 1; add; end\nfn f Int -> Int\n  call g; end";
const QUOTE: &str = "const c Text \"a\"\nfn f Unit -> Text\n  quote c; end";
const ADAPTERS: &str = "fn f Int -> Int\n  end\nfn g Int -> Int\n  int 2; end
export migrate f
export input f
export output g
export back g";
const COUNTER: &str = "type A = prod Int Int
machine Counter 1
shape int = int
interface int int int
fn init Unit -> Int
  int 0; end
fn step A -> A
  push; proj 0; push; acc 1; proj 1; add; push; tuple A; swap; pop; end
export init init
export step step";

fn typing_rows() -> Vec<Row> {
    let map = "type O = sum Unit Int\ntype M = map Text Int\ntype A = prod M Text\nfn f A -> O\n  \
               push; push; proj 0; swap; proj 1; mget O; swap; pop; end";
    let fold = "type B = prod Unit Int Int\ntype L = list Int\nfn b B -> Int\n  push; proj 1; swap; \
                proj 2; add; end\nfn f L -> Int\n  push; tuple Unit; push; int 0; push; acc 2; \
                lfold b; drop 1; end";
    vec![
        row("Mismatch", "f:2", ADD, "int 1", "tuple Unit"),
        row("Mismatch", "f:5", CHOICE, "-> Int", "-> Bool"),
        row("Mismatch", "f:0", TWO, "fn f Int", "fn f Bool"),
        row("Mismatch", "f:5", map, "proj 1;", "tuple Unit;"),
        row("WrongForm", "f:0", PART, "proj 0", "llen"),
        row("WrongForm", "f:0", CHOICE, "fn f Bool", "fn f Int"),
        row("WrongForm", "f:5", map, "mget O", "mget Bool"),
        row("WrongForm", "f:6", fold, "acc 2", "int 5"),
        row("WrongForm", "f:6", fold, "tuple Unit", "int 7"),
        row(
            "Mismatch",
            "f:6",
            fold,
            "b B -> Int\n  push; proj 1; swap; proj 2; add",
            "b B -> Bool\n  push; proj 1; swap; proj 2; lt",
        ),
        row("NoSuchPart", "f:0", PART, "proj 0", "proj 1"),
        row(
            "NoSuchPart",
            "f:0",
            "fn f Unit -> Bool\n  inj Bool 1; end",
            "inj Bool 1",
            "inj Bool 2",
        ),
        row(
            "NoSuchType",
            "f:0",
            "fn f Int -> Int\n  abort Int; end",
            "abort Int",
            "abort 6",
        ),
        row("NoSuchConstant", "f:0", QUOTE, "quote c", "quote 1"),
        row("NeedlessConstant", "f:0", QUOTE, "Text \"a\"", "Int 7"),
        row("ForwardCall", "f:0", TWO, "call g", "call f"),
        row("ForwardCall", "f:0", TWO, "call g", "call 7"),
    ]
}

/// Functions where only data may stand.
fn function_rows() -> Vec<Row> {
    let closure = "type P = prod Unit Int\ntype F = fn Int Int\nfn b P -> Int\n  proj 1; end\n\
                   fn f Bool -> Int\n  case; cur b F; push; int 1; app; else; cur b F; push; int 2; \
                   abort Int; app; end; end";
    let carried = "type P = prod Unit Int\ntype B = prod Unit Int Int\ntype L = list Int\n\
                   type F = fn Int Int\nfn b P -> Int\n  proj 1; end\nfn l B -> Int\n  proj 2; end\n\
                   fn f L -> Int\n  push; tuple Unit; push; cur b F; push; int 0; app; push; acc 2; \
                   lfold l; drop 1; end";
    vec![
        row(
            "FunctionNotAllowed",
            "f:2",
            closure,
            "push; int 1; app; else",
            "else",
        ),
        row("FunctionNotAllowed", "f:9", closure, "abort Int", "abort F"),
        row(
            "FunctionNotAllowed",
            "f:6",
            carried,
            "int 0; app; push; ",
            "",
        ),
        row(
            "FunctionNotAllowed",
            "",
            closure,
            "fn f",
            "fn g P -> F\n  proj 0; cur b F; end\nexport migrate f\nexport back g\nfn f",
        ),
    ]
}

fn stack_rows() -> Vec<Row> {
    let kept = "fn f Int -> Int\n  push; drop 1; end";
    let arm = "fn f Bool -> Int\n  push; case; int 0; else; int 1; end; drop 1; end";
    let full = format!(
        "fn f Int -> Int\n  {}drop {STACK_MAX}; end",
        "push; ".repeat(STACK_MAX)
    );
    vec![
        row("StackUnderflow", "f:0", kept, "push; drop 1", "drop 1"),
        row("StackUnderflow", "f:1", kept, "drop 1", "drop 2"),
        row("StackUnderflow", "f:0", ADD, "push", "acc 0"),
        // An arm may read what is below it and may not take it.
        row("StackUnderflow", "f:2", arm, "int 0", "pop"),
        row("StackOverflow", "f:1024", &full, "drop", "push; drop"),
        row("StackNotEmpty", "f:1", kept, "; drop 1", ""),
        row("StackNotEmpty", "f:3", arm, "int 0", "push"),
        row("DropNothing", "f:1", kept, "drop 1", "drop 0"),
    ]
}

fn structure_rows() -> Vec<Row> {
    let nested = |depth: usize| {
        let open = "inj Bool 0; case; ".repeat(depth);
        let close = "else; end; ".repeat(depth);
        format!("{open}tuple Unit; {close}end")
    };
    let deep = format!("fn f Unit -> Unit\n  {}", nested(CASE_DEPTH_MAX));
    let tall: String = (1..CALL_HEIGHT_MAX)
        .map(|index| format!("fn f{index} Int -> Int\n  call {}; end\n", index - 1))
        .collect();
    let tall = format!("fn f0 Int -> Int\n  end\n{tall}# top");
    let top = format!("fn top Int -> Int\n  call {}; end", CALL_HEIGHT_MAX - 1);
    vec![
        row("ArmsDiffer", "f:4", CHOICE, "int 1", "inj Bool 0"),
        row("StrayElse", "f:4", CHOICE, "int 1;", "int 1; else; int 1;"),
        row("StrayElse", "f:2", ADD, "add", "else"),
        row("MissingArms", "f:2", CHOICE, "else; int 1; ", ""),
        row("CodeAfterEnd", "f:4", ADD, "end", "end; end"),
        row("NoEnd", "f:3", ADD, "; end", ""),
        row("NoEnd", "f:5", CHOICE, "end; end", "end"),
        row(
            "CaseTooDeep",
            "f:257",
            &deep,
            "tuple Unit;",
            "inj Bool 0; case; else; end;",
        ),
        row("CallTooHigh", "top:0", &tall, "# top", &top),
    ]
}

fn module_rows() -> Vec<Row> {
    let machine = |from: &str, to: &str, reason| row(reason, "", COUNTER, from, to);
    let migration = |from: &str, to: &str, reason| row(reason, "", ADAPTERS, from, to);
    vec![
        row("Unused", "", ADD, "fn f", "type P = prod Int\nfn f"),
        row("Unused", "", ADD, "fn f", "const c Text \"a\"\nfn f"),
        row("Unused", "", TWO, "call g", "int 1"),
        machine("fn init Unit", "fn init Int", "Export"),
        machine(
            "export step step",
            "export step step\nexport query init",
            "Export",
        ),
        machine(
            "export step step",
            "export step step\nexport check init",
            "Export",
        ),
        machine(
            "export step step",
            "export step step\nexport migrate init",
            "Export",
        ),
        machine(
            "interface int int int",
            "shape t = text\ninterface t int int",
            "Export",
        ),
        migration("export migrate", "export step f\nexport migrate", "Export"),
        migration("export input f\n", "", "Export"),
        migration("export migrate f\n", "", "Export"),
    ]
}

#[test]
fn what_is_refused_differs_by_one_thing_from_what_is_accepted() {
    for row in all_rows() {
        let Row {
            reason,
            at,
            accepted,
            from,
            to,
        } = row;
        let shown = script::check(&format!("{accepted}\nvalid"));
        assert!(
            shown.is_ok(),
            "{reason}: {}\n{accepted}",
            shown.expect_err("it is refused")
        );
        assert_eq!(
            accepted.matches(&from).count(),
            1,
            "{reason}: `{from}` in\n{accepted}"
        );
        let refused = accepted.replace(&from, &to);
        let at = if at.is_empty() {
            String::new()
        } else {
            format!(" at {at}")
        };
        let shown = script::check(&format!("{refused}\nrefused {reason}{at}"));
        assert!(
            shown.is_ok(),
            "{}\n{refused}",
            shown.expect_err("it is another refusal")
        );
    }
}

#[test]
fn every_reason_to_be_invalid_has_a_row() {
    let mut named: BTreeSet<String> = all_rows().iter().map(|row| row.reason.to_owned()).collect();
    named.insert("Schema".to_owned()); // in the test of the two kinds below
    named.insert("NotCanonical".to_owned()); // no bytes lead to it: in the test of modules by hand
    let source = tree::read("cam/src/invalid.rs");
    assert_eq!(named, tree::variants(&source, "InvalidReason"));
}

fn all_rows() -> Vec<Row> {
    [
        typing_rows(),
        function_rows(),
        operations::operation_rows(),
        operations::list_rows(),
        stack_rows(),
        structure_rows(),
        module_rows(),
    ]
    .concat()
}

/// The bytes of a module in text.
fn assembled(text: &str) -> Vec<u8> {
    let mut module = Module::default();
    for line in text.lines() {
        assert_eq!(module.line(line), Ok(true), "{line}");
    }
    module.assembled().expect("every name is known")
}

#[test]
fn a_module_built_by_hand_is_judged_by_what_its_bytes_say() {
    let good = decode::module(&assembled(COUNTER)).expect("canonical");
    let spoil: [fn(&mut Parts); 4] = [
        |module| module.pool.push((TEXT, Value::Int(1))),
        |module| module.exports.swap(0, 1),
        |module| module.exports.push((Role::Back, module.exports[0].1)),
        |module| module.functions.clear(),
    ];
    assert!(verify::machine(good.clone()).is_ok());
    let by_hand = verify::machine(Bytecode::from(Parts::clone(&good))).expect("the same parts");
    assert_eq!(by_hand.bytes(), assembled(COUNTER));
    for (number, spoil) in spoil.into_iter().enumerate() {
        let mut module = good.clone();
        spoil(&mut module);
        let refused = verify::machine(module).expect_err("spoiled");
        let by_rule = matches!(refused.reason, InvalidReason::Export { .. });
        assert!(
            refused.reason == InvalidReason::NotCanonical || by_rule,
            "{number}: {refused}"
        );
    }
}

/// The certificate's word on a function of a module: may fail, loops, is charged by sizes.
fn certified(text: &str, function: usize) -> (bool, bool, bool) {
    let bytecode = decode::module(&assembled(text)).expect("canonical");
    let migration = verify::migration(bytecode).expect("valid");
    let function = migration.code().function_at(function).expect("it is there");
    let certificate = migration.code().certificate(function);
    (certificate.may_fail, certificate.loops, certificate.sized)
}

#[test]
fn the_certificate_tells_what_may_fail_what_loops_and_what_sizes_cost() {
    let closure = "type P = prod Unit Int\ntype F = fn Int Int\nfn b P -> Int\n  proj 1; push; int 1; \
                   add; end\nfn f Unit -> Int\n  cur b F; push; int 1; app; end";
    let equal = "fn f Int -> Bool\n  push; int 1; eq; end";
    let fold = "type B = prod Unit Int Int\ntype L = list Int\nfn b B -> Int\n  proj 2; end\n\
                fn f L -> Int\n  push; tuple Unit; push; int 0; push; acc 2; lfold b; drop 1; end";
    let rows = [
        (ADD, 0, (true, false, false)),
        (TWO, 1, (true, false, false)),
        (PART, 0, (false, false, false)),
        (CHOICE, 0, (false, false, false)),
        (closure, 0, (true, false, false)),
        (closure, 1, (true, true, false)),
        (equal, 0, (false, false, true)),
        (fold, 0, (false, false, false)),
        (fold, 1, (false, true, false)),
    ];
    for (text, function, expected) in rows {
        assert_eq!(certified(text, function), expected, "{function} of\n{text}");
    }
}

#[test]
fn a_step_without_rounds_has_a_highest_cost() {
    let read = |text: &str| {
        let bytecode = decode::module(&assembled(text)).expect("canonical");
        verify::machine(bytecode).expect("valid")
    };
    let plain = read(COUNTER);
    let cost = plain.code().certificate(plain.step()).cost;
    assert_eq!(plain.max_cost(), Some(cost));
    assert_eq!((plain.query(), plain.check()), (None, None));
    let comparing = COUNTER.replace("proj 1; add;", "proj 1; eq; case; int 0; else; int 1; end;");
    assert_eq!(read(&comparing).max_cost(), None);
}

#[test]
fn a_query_and_a_check_read_the_state() {
    let text = COUNTER
        .replace(
            "export init",
            "fn above A -> Bool\n  push; proj 0; swap; proj 1; lt; end\n\
             fn sound Int -> Bool\n  push; int 10; swap; div; push; int 2; le; end\nexport init",
        )
        .replace(
            "export step step",
            "export step step\nexport query above\nexport check sound",
        );
    let bytecode = decode::module(&assembled(&text)).expect("canonical");
    assert_eq!(bytecode.format(), 2);
    let program = verify::machine(bytecode).expect("valid");
    assert_eq!(program.query_types(), Some((INT, BOOL)));
    let asked = |question, state| program.answer(Value::Int(question), Value::Int(state));
    assert_eq!(asked(1, 2), Some(Ok(Value::bool(true))));
    assert_eq!(asked(2, 2), Some(Ok(Value::bool(false))));
    let approved = |state| program.approves(Value::Int(state));
    assert_eq!(approved(5), Some(Ok(true)));
    assert_eq!(approved(1), Some(Ok(false)));
    let trap = approved(0)
        .expect("it has a check")
        .expect_err("it divides");
    assert_eq!(trap.reason, TrapReason::DivisionByZero);
}

#[test]
fn a_machine_is_no_migration_and_a_migration_is_no_machine() {
    let read = |text: &str| decode::module(&assembled(text)).expect("canonical");
    assert!(verify::machine(read(COUNTER)).is_ok());
    assert!(verify::migration(read(ADAPTERS)).is_ok());

    let nameless: Vec<&str> = COUNTER.lines().filter(|line| !is_of_schema(line)).collect();
    let named: Vec<&str> = COUNTER.lines().filter(|line| is_of_schema(line)).collect();
    let nameless = nameless.join("\n");
    let named = format!("{ADAPTERS}\n{}", named.join("\n"));
    let refusals = [
        (verify::machine(read(&nameless)).err(), "Schema"),
        (verify::migration(read(&named)).err(), "Schema"),
        (verify::machine(read(ADAPTERS)).err(), "Export"),
        (verify::migration(read(COUNTER)).err(), "Export"),
    ];
    for (refusal, expected) in refusals {
        let refusal = refusal.expect("it is of the other kind");
        assert_eq!(script::name_of(&refusal.reason), expected, "{refusal}");
        assert_eq!(refusal.at, None);
    }
}

fn is_of_schema(line: &str) -> bool {
    ["machine", "shape", "interface"]
        .iter()
        .any(|word| line.starts_with(word))
}

/// Canonical bytes, and the one change that makes them malformed, both in hexadecimal digits.
struct BytesRow {
    reason: &'static str,
    /// The byte at which the reader gives up.
    offset: usize,
    from: &'static str,
    to: &'static str,
}

/// `P = prod Int Text`, `L = list Int`, constants `true` and `"a"`, one function.
const PLAIN: &str = "7F43414D 01 01
    02 01020304 0603
    02 0101 040161
    00
    01 0006 07 0700 5007 060A 01 0701 1006 16
    01 0400";

/// The names of a machine `Ab` without functions: integers, the empty tuple, a record `{ a, b }`, a
/// variant `T = A | B(Int)`.
const NAMED: &str = "7F43414D 01 01
    00
    00
    01 024162 01 00
    04 01 0500 06020161000162 00 07015402 014101 014200
    020300
    00
    00";

#[test]
fn malformed_bytes_differ_by_one_thing_from_canonical_bytes() {
    for (base, rows) in [(PLAIN, PLAIN_ROWS), (NAMED, NAMED_ROWS)] {
        let canonical = from_hex(base).expect("digits");
        assert_eq!(decode::module(&canonical).err(), None, "{base}");
        for row in rows {
            let (from, to) = (from_hex(row.from), from_hex(row.to));
            let (from, to) = (from.expect("digits"), to.expect("digits"));
            let places: Vec<usize> = (0..canonical.len())
                .filter(|at| canonical[*at..].starts_with(&from))
                .collect();
            assert_eq!(places.len(), 1, "`{}` occurs once", row.from);
            let mut changed = canonical.clone();
            changed.splice(places[0]..places[0] + from.len(), to);
            let malformed = decode::module(&changed).expect_err(row.to);
            let found = (script::name_of(&malformed.reason), malformed.offset);
            assert_eq!(
                found,
                (row.reason.to_owned(), row.offset),
                "{} -> {}",
                row.from,
                row.to
            );
        }
    }
}

#[test]
fn every_reason_to_be_malformed_has_a_row() {
    let rows = PLAIN_ROWS.iter().chain(NAMED_ROWS);
    let named: BTreeSet<String> = rows.map(|row| row.reason.to_owned()).collect();
    let source = tree::read("cam/src/malformed.rs");
    assert_eq!(named, tree::variants(&source, "MalformedReason"));
}

const fn bytes_row(
    reason: &'static str,
    offset: usize,
    from: &'static str,
    to: &'static str,
) -> BytesRow {
    BytesRow {
        reason,
        offset,
        from,
        to,
    }
}

const PLAIN_ROWS: &[BytesRow] = &[
    bytes_row("NotAModule", 0, "7F43414D", "7F43414C"),
    bytes_row("NeedsFormat", 4, "4D0101", "4D0401"),
    bytes_row("WrongFormat", 4, "4D0101", "4D0301"),
    bytes_row("WrongFormat", 4, "4D0101", "4D0201"),
    bytes_row("WrongFormat", 4, "4D0101", "4D0001"),
    bytes_row("NeedsCostModel", 5, "4D0101", "4D0102"),
    bytes_row("LongNumber", 6, "4D010102", "4D01018200"),
    bytes_row("TooMany", 6, "4D010102", "4D01018120"),
    bytes_row("WrongFormat", 4, "0A0107", "0A1A07"),
    bytes_row("UnknownByte", 7, "01020304", "09020304"),
    bytes_row("FunctionNotAllowed", 10, "010203040603", "080303020106"),
    bytes_row("FunctionNotAllowed", 10, "010203040603", "0803030606"),
    bytes_row("FunctionNotAllowed", 10, "010203040603", "080303070306"),
    bytes_row(
        "FunctionNotAllowed",
        14,
        "010203040603020101040161",
        "06030803030107",
    ),
    bytes_row("DanglingIndex", 10, "01020304", "01020306"),
    bytes_row("OutOfOrder", 9, "010203040603", "060301020304"),
    bytes_row("OutOfOrder", 7, "01020304", "0100"),
    bytes_row("OutOfOrder", 11, "0603", "01020304"),
    bytes_row("TypeOutOfLimits", 11, "0603", "0200"),
    bytes_row("UnknownConstructor", 15, "020101040161", "020102040161"),
    bytes_row("DanglingIndex", 14, "020101040161", "021001040161"),
    bytes_row("OutOfOrder", 17, "0101040161", "0401610101"),
    bytes_row("OutOfOrder", 16, "0101040161", "01010101"),
    bytes_row("BadText", 18, "0161", "01FF"),
    bytes_row("Truncated", 17, "0161", "7F61"),
    bytes_row("UnknownByte", 19, "61000100", "61020100"),
    bytes_row("DanglingIndex", 22, "0006070700", "0008070700"),
    bytes_row("UnknownOpcode", 24, "060707", "060708"),
    bytes_row("LongNumber", 25, "070050", "07800050"),
    bytes_row("UnknownByte", 37, "16010400", "16010C00"),
    bytes_row("DanglingIndex", 38, "16010400", "16010401"),
    bytes_row("OutOfOrder", 39, "16010400", "160204000400"),
    bytes_row("Truncated", 36, "16010400", "160104"),
    bytes_row("Trailing", 39, "16010400", "1601040000"),
];

const NAMED_ROWS: &[BytesRow] = &[
    bytes_row("UnknownByte", 8, "0000010241", "0000020241"),
    bytes_row("BadText", 9, "024162", "023162"),
    bytes_row("BadText", 10, "024162", "02FF62"),
    bytes_row("TooMany", 9, "024162", "414162"),
    bytes_row("UnknownByte", 13, "010004", "010804"),
    bytes_row("UnknownByte", 15, "0401050006", "040B050006"),
    bytes_row("OutOfOrder", 17, "01050006", "05000106"),
    bytes_row("OutOfOrder", 23, "016100016200", "016200016100"),
    bytes_row("OutOfOrder", 23, "016100016200", "016100016100"),
    bytes_row("DanglingIndex", 25, "01620007", "01620407"),
    bytes_row("OutOfOrder", 36, "0203000000", "0003000000"),
];
