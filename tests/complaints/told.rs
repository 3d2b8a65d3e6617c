//! Complaints 16 to 18: what a person is told.

use cam::assembly;
use cam::digest::Digest;
use cam::encode;
use dsl::history::History;
use dsl::property::Subject;
use dsl::source::Source;
use harness::street::{bundle, refusal, signed};
use harness::tally::{MACHINE, TALLY_1, TALLY_2};
use node::bundle::{Manifest, Parts};
use node::protocol::{RefusalCode, Request};
use proptest::prelude::*;

use super::House;
use super::pushed::owned;

/// What is wrong with a source, each code once.
fn codes(source: &str) -> Vec<String> {
    let source = Source::new("tally.cam", source).expect("short");
    let problems = dsl::compile::compile(&source, &History::new()).expect_err("it has a mistake");
    let text = problems.render(&source, false);
    assert!(text.contains("tally.cam:"), "a message has a place: {text}");
    let headers = text.lines().filter(|line| line.starts_with("error["));
    headers.map(|line| line[6..10].to_owned()).collect()
}

#[test]
fn complaint_16_one_mistake_is_one_message_with_a_place_and_a_code_of_its_own() {
    let mistakes = [
        TALLY_1.replace("total + n", "totl + n"),
        TALLY_1.replace("total + n", "total + \"n\""),
        TALLY_1.replace("on Read => Sum(total)", ""),
    ];
    let mut told: Vec<String> = Vec::new();
    for source in &mistakes {
        let codes = codes(source);
        assert_eq!(codes.len(), 1, "{codes:?}");
        told.extend(codes);
    }
    told.sort();
    told.dedup();
    assert_eq!(
        told.len(),
        mistakes.len(),
        "different causes, different codes"
    );
}

/// The node's own verifier says which instruction, what it needs and what stands there, and not the whole program.
#[tokio::test]
async fn complaint_16_what_does_not_verify_is_refused_with_one_short_reason() {
    let house = House::new(&[TALLY_2]).await;
    let (manifest, parts) = house.second().claims().map(owned).expect("a good bundle");
    let text = assembly::print(house.releases[1].program.code().bytecode());
    let (before, after) = text.split_once("  add\n").expect("it adds");
    let broken = assembly::parse(&format!("{before}  lt\n{after}")).expect("it is assembly");
    let new_program = encode::module(&broken);
    let manifest = Manifest {
        new_program: Digest::of_module(&new_program),
        ..manifest
    };
    let parts = Parts {
        new_program,
        ..parts
    };
    let refused = refusal(house.push(&signed(&manifest, parts, &["author"])).await);
    assert_eq!(refused.code, RefusalCode::INVALID_PROGRAM);
    let reason = refused.reason;
    assert!(reason.len() < 200, "{reason}");
    assert!(reason.contains("expected `Int`, found `Bool`"), "{reason}");
}

#[tokio::test]
async fn complaint_17_a_hash_says_how_it_was_made_and_a_later_scheme_is_refused_by_name() {
    let digest = Digest::of_module(b"some bytes");
    assert!(digest.to_string().starts_with("c1:"));
    assert_eq!(digest.to_string().parse(), Ok(digest));
    let later = digest.to_string().replacen("c1:", "c2:", 1);
    let refused = later.parse::<Digest>().expect_err("of a later scheme");
    assert!(refused.to_string().contains("scheme `c2:`"), "{refused}");

    // A bundle of a later format is refused for its format, and not as if it were damaged.
    let house = House::new(&[TALLY_2]).await;
    let mut bytes = house.second().encode();
    let magic = b"camshaft-bundle";
    let place = bytes
        .windows(magic.len())
        .position(|window| window == magic)
        .expect("it says what it is")
        + magic.len();
    bytes[place] = 99;
    let response = house.ask("operator", Request::Push { bundle: bytes }).await;
    let refused = refusal(response);
    assert_eq!(refused.code, RefusalCode::MALFORMED_BUNDLE);
    assert!(refused.reason.contains("99"), "{refused:?}");
    let from = bundle(MACHINE, None, &house.releases[0], &["author"]);
    assert!(from.id().to_string().starts_with("b1:"));
}

#[test]
fn complaint_18_round_trip_and_square_are_tested_with_values_of_the_types() {
    let old = Subject::new(TALLY_1, &[]).expect("it compiles");
    let new = TALLY_1
        .replace("version 1", "version 2")
        .replace("{ total: Int }", "{ total: Int, reads: Int }")
        .replace("{ total: 0 }", "{ total: 0, reads: 0 }")
        .replace(
            "on Read => Sum(total)\n}",
            "on Read => { set reads = reads + 1  Sum(total) }
         migrate from 1 { total } => { total: total, reads: 0 }
         migrate back lossy to 1 { total, reads: _ } => { total: total }
         accept from 1
         reply to 1
       }",
        );
    let released = [old.compiled().program().bytes()];
    let released: Vec<&[u8]> = released.iter().map(Vec::as_slice).collect();
    let new = Subject::new(&new, &released).expect("it compiles");
    proptest!(|(state in new.states(1), sent in new.inputs(1))| {
        new.round_trip(1, &state)?;
        new.unnoticed(1, &state, &sent)?;
    });
    // Both can fail.
    let wrong = TALLY_1.replace("version 1", "version 2").replace(
        "on Read => Sum(total)\n}",
        "on Read => Sum(total)
         migrate from 1 { total } => { total: total + 1 }
         migrate back to 1 { total } => { total: total }
         accept from 1
         reply to 1
       }",
    );
    let wrong = Subject::new(&wrong, &released).expect("it compiles");
    let read = wrong.input(1, "Read").expect("an input");
    proptest!(|(state in wrong.states(1))| {
        prop_assert!(wrong.round_trip(1, &state).is_err());
        prop_assert!(wrong.unnoticed(1, &state, &read).is_err());
    });
}
