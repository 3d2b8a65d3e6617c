//! The bodies of the fuzz targets: what must hold of any bytes at all.
//!
//! They stand here and not in the fuzz package, so that the suite replays them on the committed seeds and
//! on a fixed number of spoiled ones. A body panics when a promise fails; that is how a fuzzer is told.

mod seeds;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cam::assembly::{parse, print};
use cam::limits::INPUT_WEIGHT_MAX;
use cam::types::TypeTable;
use cam::{decode, encode};
use dsl::format::Unformatted;
use dsl::history::History;
use dsl::source::Source;
use node::bundle::{Bundle, BundleId};
use node::protocol::{Request, RequestKind, Response};
use node::trust::Trust;

use crate::duel::{contested, judged};
use crate::generate::{Choices, any_type};
use crate::street;

/// A fuzz target.
pub struct Target {
    /// Its name: of the target, and of the folder of its seeds.
    pub name: &'static str,
    /// What must hold.
    pub body: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 6] = [
    target("module", module, seeds::modules),
    target("value", value, seeds::values),
    target("assembly", assembly, seeds::assembly),
    target("source", source, seeds::sources),
    target("bundle", bundle, seeds::bundles),
    target("message", message, seeds::messages),
];

const fn target(name: &'static str, body: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, body, seeds }
}

/// Any bytes are refused or are a module that writes itself back; what the verifier accepts runs alike on
/// all engines.
///
/// # Panics
/// If not.
pub fn module(bytes: &[u8]) {
    if let Ok(accepted) = judged(bytes) {
        let seed = bytes.iter().fold(0, |sum: u64, byte| {
            sum.rotate_left(7).wrapping_add(u64::from(*byte))
        });
        let runs = contested(&accepted, seed);
        assert!(runs.is_ok(), "{}", runs.expect_err("they differ"));
    }
}

/// The first bytes are choices that make a type; the others are refused, or are a value of it, no heavier
/// than allowed, that writes itself back.
///
/// # Panics
/// If not.
pub fn value(bytes: &[u8]) {
    let (choices, bytes) = bytes.split_at(bytes.len().min(seeds::TYPE_BYTES));
    let mut types = TypeTable::new();
    let choices = choices.iter().map(|byte| u32::from(*byte)).collect();
    let id = any_type(&mut types, &mut Choices::new(choices), 3);
    for weight_max in [INPUT_WEIGHT_MAX, 100] {
        if let Ok(value) = decode::value(&types, id, bytes, weight_max) {
            assert!(value.weight() <= weight_max, "{}", value.weight());
            assert!(value.inhabits(&types, id), "{value:?}");
            assert_eq!(encode::value(&value), bytes, "{value:?}");
            assert_eq!(value.cmp(&value.clone()), std::cmp::Ordering::Equal);
        }
    }
}

/// Any text is refused or is a module that is printed and read back; of its bytes the same holds as of
/// all bytes.
///
/// # Panics
/// If not.
pub fn assembly(bytes: &[u8]) {
    match parse(&String::from_utf8_lossy(bytes)) {
        Ok(bytecode) => {
            let printed = print(&bytecode);
            assert_eq!(parse(&printed), Ok(bytecode.clone()), "{printed}");
            module(&encode::module(&bytecode));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Any text is refused with problems that can be shown, or compiles to a program that verifies.
///
/// # Panics
/// If not.
pub fn source(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let Ok(source) = Source::new("any.cam", text) else {
        return;
    };
    let laid = match dsl::format::format(&source) {
        Ok(text) => Source::new("laid.cam", text).ok(),
        Err(Unformatted::Problems(problems)) => {
            assert!(problems.has_errors(), "a refusal has a reason");
            None
        }
        // Words of machines in odd places may begin a line only where they stood: the source stays as it is.
        Err(Unformatted::Changed) => None,
    };
    match dsl::compile::compile(&source, &History::new()) {
        Ok(compiled) => {
            if let Some(laid) = laid {
                let again = dsl::compile::compile(&laid, &History::new());
                let digest = again.map(|again| again.program().digest());
                assert_eq!(digest.ok(), Some(compiled.program().digest()), "a layout");
            }
            let bytes = compiled.program().bytes();
            assert!(judged(&bytes).is_ok(), "what is compiled is accepted");
            let _ = compiled.warnings().render(&source, false);
            let _ = dsl::trace::run(&compiled);
        }
        Err(problems) => {
            assert!(problems.has_errors(), "a refusal has a reason");
            assert!(!problems.render(&source, true).is_empty());
        }
    }
}

/// Any bytes are refused or are a bundle that writes itself back. Only what was signed is authentic:
/// whatever the bytes, the manifest is one of those that this house has signed.
///
/// # Panics
/// If not.
pub fn bundle(bytes: &[u8]) {
    static SIGNED: LazyLock<BTreeSet<BundleId>> = LazyLock::new(|| {
        let old = seeds::OLD_BUNDLES.map(<[u8]>::to_vec);
        let bundles = seeds::bundles().into_iter().chain(old);
        let bundles = bundles.filter_map(|bytes| Bundle::decode(&bytes).ok());
        bundles.map(|bundle| bundle.id()).collect()
    });
    static TRUST: LazyLock<Trust> = LazyLock::new(|| {
        let key = street::key("author").public();
        let entry = format!("name = \"author\"\nkey = \"{key}\"\nroles = [\"author\"]");
        let text = format!("author_threshold = 1\n[[key]]\n{entry}\n");
        Trust::parse(&text).expect("a good trust file")
    });
    let Ok(bundle) = Bundle::decode(bytes) else {
        return;
    };
    assert_eq!(bundle.encode(), bytes, "one bundle has one byte string");
    if let Ok((_, parts)) = bundle.claims() {
        let parts = [
            &parts.old_program,
            &parts.migration,
            &Some(parts.new_program.clone()),
        ];
        for part in parts.into_iter().flatten() {
            let _ = judged(part);
        }
    }
    let _ = bundle.forged().count();
    let id = bundle.id();
    if bundle.authenticate(&TRUST).is_ok() {
        assert!(SIGNED.contains(&id), "{id} was never signed");
    }
}

/// Any bytes are refused or are one request or answer that writes itself back; the kind of a request is
/// known from its beginning.
///
/// # Panics
/// If not.
pub fn message(bytes: &[u8]) {
    let kind = RequestKind::of(bytes);
    if let Ok(request) = Request::decode(bytes) {
        assert_eq!(request.encode(), bytes, "{request:?}");
        assert_eq!(kind, Some(request.kind()));
        assert!(bytes.len() <= request.kind().bytes_max());
    }
    if let Ok(response) = Response::decode(bytes) {
        assert_eq!(response.encode(), bytes, "{response:?}");
    }
}
