//! What a machine says about older versions: refusals beside acceptances.

use dsl::history::History;

use crate::{COUNTER_1, history, judge};

/// The second counter with these members; where they say nothing of the way here, it is there.
fn second_counter(members: &str) -> String {
    let way = if members.contains("migrate from") {
        ""
    } else {
        "migrate from 1 { count } => { old: count, count: count }"
    };
    counter_with(&format!("{way}\n{members}"))
}

fn counter_with(members: &str) -> String {
    format!(
        "machine Counter version 2 {{
           input  Incr | Read | Reset
           output Ok | Sum(Int) | Cleared(Int)
           state  {{ old: Int, count: Int }}
           init   {{ old: 0, count: 0 }}
           on _ => Ok
           {members}
         }}"
    )
}

const UPGRADES: &[(&str, &str)] = &[
    (
        "migrate from 1 { count } => { old: count, count: count }",
        "",
    ),
    ("migrate from 1 { count: _ } => { old: 0, count: 0 }", ""),
    ("migrate from 1 s => { old: s.count, count: s.count }", ""),
    (
        "migrate from 1 { count } => if count > 3 { { old: 0, count } } else { { old: 1, count } }",
        "",
    ),
    ("migrate from 1 {} => { old: 0, count: 0 }", "U302"),
    ("migrate from 1 s => { old: 0, count: 0 }", "U302"),
    ("migrate back to 1 s => { count: s.count }", "U302"),
    ("migrate back to 1 s => { count: s.count + s.old }", ""),
    ("migrate from 1 { .. } => { old: 0, count: 0 }", "U302"),
    ("migrate from 1 _ => { old: 0, count: 0 }", "U302"),
    ("migrate from 1 { count } => { old: None, count }", "U303"),
    ("migrate from 1 { count } => { count: count }", "U304"),
    ("migrate from 1 { count } => count", "T100"),
    ("migrate from 1 unchanged", "U305"),
    ("migrate from 2 unchanged", "U308"),
    ("migrate from 3 unchanged", "U308"),
    ("migrate from 0 unchanged", "M108"),
    (
        "migrate from 1 s => { old: s.count, count: 0 }\n migrate from 1 s => { old: s.count, count: 0 }",
        "U306",
    ),
    (
        "migrate from 1 { count } => { old: count, count: at }",
        "T102", // the machine does not ask for it
    ),
    (
        "migrate back to 1 { old: _, count } => { count: count }",
        "",
    ),
    ("migrate back to 1 { count } => { count: count }", "U302"),
    ("accept from 1\n reply to 1 { Cleared(_) => Ok }", ""),
    ("reply to 1 { Cleared(_) => Ok }", ""),
    ("accept from 1", "U311"),
    ("reply to 1 { Cleared(n) if n > 3 => Ok }", "U311"),
    ("reply to 1 { Cleared(_) => Cleared(1) }", "T100"),
    (
        "accept from 1 { Incr => refuse }\n reply to 1 { Cleared(n) => Sum(n) }",
        "",
    ),
    (
        "accept from 1 { Reset => Incr }\n reply to 1 { Cleared(n) => Sum(n) }",
        "T100",
    ),
    (
        "accept from 1 { Incr => Incr, _ => Read, Read => Read }\n reply to 1 { _ => Ok }",
        "T202",
    ),
    ("reply to 1 { _ => refuse }", "U307"),
    (
        "accept from 1\n accept from 1\n reply to 1 { _ => Ok }",
        "U306",
    ),
    (
        "trace \"t\" from 1 { > Incr = Ok\n check count == 1\n upgrade\n > Reset = Cleared(1)\n check old == 1 }",
        "",
    ),
    (
        "trace \"t\" from 1 { > Reset = Ok\n check old == 1\n upgrade\n upgrade }",
        "T100 T102 M301",
    ),
    (
        "reply to 1 { _ => Ok }\n trace \"t\" { v1> Read = Sum(1)\n v1> Reset = Ok }",
        "T100",
    ),
    ("trace \"t\" { v1> Read = Sum(1) }", "M302"),
];

#[test]
fn upgrades_are_accepted_and_refused() {
    judge(UPGRADES, second_counter, &history(COUNTER_1));
    judge(
        &[
            ("migrate from 1 unchanged", "U301"),
            ("accept from 1", "U301"),
        ],
        counter_with,
        &History::new(),
    );
    judge(
        &[
            (
                "migrate back to 1 { old: _, count } => { count: count }",
                "U309",
            ),
            (
                "accept from 1\n reply to 1 { Cleared(_) => Ok }",
                "U309 U309",
            ),
            ("reply to 1 { Cleared(_) => Ok }", "U309"),
            ("reply to 1 { Cleared(_) => Never }", "T104"),
        ],
        counter_with,
        &history(COUNTER_1),
    );
}

#[test]
fn an_old_input_without_a_meaning_is_refused() {
    let old = "machine Lamp version 1 {
        input On | Off | Toggle | Dim(Int)  output Ok  | No  state Bool  init false  on _ => Ok }";
    let new = |members: &str| {
        format!(
            "machine Lamp version 2 {{
               input On | Off | Dim {{ percent: Int }}  output Ok | No  state Bool  init false  on _ => Ok
               migrate from 1 unchanged
               {members}
             }}"
        )
    };
    let table = [
        ("", ""),
        ("accept from 1", "U310"),
        ("accept from 1 { Toggle => On }", "U310"),
        (
            "accept from 1 { Toggle => On, Dim(n) => Dim { percent: n } }",
            "",
        ),
        ("accept from 1 { Toggle | Dim(_) => refuse }", ""),
        (
            "accept from 1 { On => Toggle, Toggle => On, Dim(_) => refuse }",
            "T104",
        ),
    ];
    judge(&table, new, &history(old));
}

const STAMPED: &[(&str, &str)] = &[
    (
        "migrate from 1 { count } => { old: at, count: count + seq }",
        "",
    ),
    ("migrate from 1 { count } => { old: len(from), count }", ""),
    ("migrate from 1 { count: at } => { old: at, count: at }", ""),
    ("migrate from 1 auto { count } => { old: at, count }", ""),
    ("migrate from 1 { count } => { old: from, count }", "U303"),
    (
        "migrate back to 1 { old: _, count } => { count: count + at }",
        "",
    ),
    (
        "accept from 1 { Incr => if at > 5 { Incr } else { refuse } } reply to 1 { Cleared(_) => Ok }",
        "",
    ),
    ("reply to 1 { Sum(n) => Sum(n + at), Cleared(_) => Ok }", ""),
    (
        "reply to 1 { Sum(n) => Sum(n + state.old), Cleared(_) => Ok }",
        "T102",
    ),
    ("trace \"t\" from 1 { upgrade at 5 as \"ann\" }", ""),
    ("trace \"t\" from 1 { upgrade as \"ann\" }", ""),
    ("trace \"t\" from 1 { upgrade at \"now\" }", "T100"),
    ("trace \"t\" from 1 { > Incr at 5 = Ok }", "M303"),
];

#[test]
fn conversions_know_the_moment_where_the_machine_asks_for_it() {
    let stamped = |members: &str| {
        second_counter(members).replace("version 2 {", "version 2 with at, from, seq {")
    };
    judge(STAMPED, stamped, &history(COUNTER_1));
    let plain = |members: &str| second_counter(members);
    judge(
        &[("trace \"t\" from 1 { upgrade at 5 }", "M303")],
        plain,
        &history(COUNTER_1),
    );
}
