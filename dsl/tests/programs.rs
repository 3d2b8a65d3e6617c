//! Whole programs parse without a problem.

use dsl::source::Source;

const PROGRAMS: &[(&str, &str)] = &[
    ("counter_1.cam", include_str!("programs/counter_1.cam")),
    ("counter_2.cam", include_str!("programs/counter_2.cam")),
    (
        "counter_point_free.cam",
        include_str!("programs/counter_point_free.cam"),
    ),
    ("ledger.cam", include_str!("programs/ledger.cam")),
    ("door.cam", include_str!("programs/door.cam")),
    ("limiter.cam", include_str!("programs/limiter.cam")),
    ("room.cam", include_str!("programs/room.cam")),
    (
        "thermostat_1.cam",
        include_str!("programs/thermostat_1.cam"),
    ),
    (
        "thermostat_2.cam",
        include_str!("programs/thermostat_2.cam"),
    ),
];

#[test]
fn the_programs_of_the_manual_parse() {
    for (name, text) in PROGRAMS {
        let source = Source::new(*name, *text).unwrap();
        let (_, problems) = dsl::parse::module(&source);
        assert!(problems.is_empty(), "{}", problems.render(&source, false));
    }
}
