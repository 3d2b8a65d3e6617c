//! Inputs for the fuzz targets to begin with, one way to each part of what they read.

use cam::assembly::print;
use cam::limits::TYPE_HEIGHT_MAX;
use cam::types::TypeTable;
use cam::{decode, encode};
use node::protocol::{Refusal, RefusalCode, Request, Response};

use crate::generate::{Choices, any_type, any_value};
use crate::mutant::Nursery;
use crate::street::{bundle, releases};
use crate::tally::{LAMP_1, MACHINE, TALLY_1, TALLY_2, TALLY_3, to_second};
use crate::tree::{files, read};

/// Bytes of a value's seed that choose its type.
pub(super) const TYPE_BYTES: usize = 24;

/// Small generated modules, a few mutants of them that are valid, and those of a language's machine.
pub(super) fn modules() -> Vec<Vec<u8>> {
    const LENGTH_MAX: usize = 400;
    let nursery = Nursery::new(60);
    let small = nursery.modules().filter(|bytes| bytes.len() <= LENGTH_MAX);
    let mut seeds: Vec<Vec<u8>> = small.take(6).map(<[u8]>::to_vec).collect();
    let valid = (0..200).map(|index| nursery.mutant(11, index));
    let valid = valid.filter(|bytes| crate::duel::judged(bytes).is_ok());
    seeds.extend(valid.filter(|bytes| bytes.len() <= LENGTH_MAX).take(6));
    let releases = releases(&[TALLY_1, TALLY_2]);
    seeds.extend(releases.iter().map(|release| release.program.bytes()));
    let migrations = releases
        .iter()
        .filter_map(|release| release.migration.as_ref());
    seeds.extend(migrations.map(|migration| migration.bytes()));
    seeds
}

/// Values after the choices of their types.
pub(super) fn values() -> Vec<Vec<u8>> {
    let value = |seed| {
        let numbers = Choices::seeded(seed, TYPE_BYTES);
        let bytes = numbers.low_bytes();
        let mut types = TypeTable::new();
        let numbers = bytes.iter().map(|byte| u32::from(*byte)).collect();
        let id = any_type(&mut types, &mut Choices::new(numbers), 3);
        let value = any_value(&types, id, &mut Choices::seeded(!seed, 60));
        [bytes, encode::value(&value)].concat()
    };
    (0..12).map(value).collect()
}

/// The modules printed, and the highest tower of types.
pub(super) fn assembly() -> Vec<Vec<u8>> {
    let modules = modules()
        .into_iter()
        .filter_map(|bytes| decode::module(&bytes).ok());
    let mut seeds: Vec<Vec<u8>> = modules.map(|module| print(&module).into_bytes()).collect();
    let mut tower = String::from("type T1 = list Int\n");
    for level in 2..=TYPE_HEIGHT_MAX {
        tower.push_str(&format!("type T{level} = list T{}\n", level - 1));
    }
    tower.push_str(&format!(
        "fn f T{TYPE_HEIGHT_MAX} -> T{TYPE_HEIGHT_MAX}\n  end\nexport migrate f\n"
    ));
    seeds.push(tower.into_bytes());
    seeds
}

/// The examples, and the machines that the tests upgrade.
pub(super) fn sources() -> Vec<Vec<u8>> {
    let examples = files("examples", ".cam").into_iter();
    let examples = examples.filter(|path| path.contains("/src/"));
    let mut seeds: Vec<Vec<u8>> = examples.map(|path| read(&path).into_bytes()).collect();
    seeds.extend([TALLY_2, LAMP_1].map(|text| text.as_bytes().to_vec()));
    seeds
}

/// Bundles of format 1 that this house signed when there was no other: they decode still.
pub(super) const OLD_BUNDLES: [&[u8]; 3] = [
    include_bytes!("../../../fuzz/seeds/bundle/000"),
    include_bytes!("../../../fuzz/seeds/bundle/001"),
    include_bytes!("../../../fuzz/seeds/bundle/002"),
];

/// First deployments and an upgrade, signed.
pub(super) fn bundles() -> Vec<Vec<u8>> {
    let releases = releases(&[TALLY_1, TALLY_2, TALLY_3]);
    let first = bundle(MACHINE, None, &releases[0], &["author"]);
    let second = to_second(&releases, &first);
    let twice = bundle(MACHINE, None, &releases[1], &["author", "operator"]);
    [first, second, twice].map(|bundle| bundle.encode()).into()
}

/// One message of each kind.
pub(super) fn messages() -> Vec<Vec<u8>> {
    let (machine, program, input) = ("counter".to_owned(), [7; 32], vec![1, 2, 3]);
    let requests = [
        Request::Status { machine: None },
        Request::Push {
            bundle: vec![9; 40],
        },
        Request::Submit {
            machine: machine.clone(),
            program,
            input: input.clone(),
        },
        Request::Query {
            machine: machine.clone(),
            program,
            input: input.clone(),
        },
        Request::Ledger {
            machine: machine.clone(),
            after: u64::MAX,
            limit: 10,
        },
        Request::State {
            machine: machine.clone(),
        },
        Request::Program {
            machine: machine.clone(),
        },
    ];
    let responses = [
        Response::AlreadyRunning {
            machine,
            program,
            sequence: 3,
        },
        Response::Answer {
            step: 1,
            program,
            output: input,
        },
        Response::Trapped {
            step: Some(2),
            code: 1,
            name: "overflow".to_owned(),
            detail: "a number does not fit".to_owned(),
        },
        Refusal::new(RefusalCode(299), "of a newer node")
            .sequence(4)
            .into(),
    ];
    let requests = requests.iter().map(Request::encode);
    requests
        .chain(responses.iter().map(Response::encode))
        .collect()
}
