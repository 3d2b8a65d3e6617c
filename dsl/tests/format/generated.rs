//! Programs by chance: every form of the grammar, with gaps of every kind between the tokens.

use proptest::prelude::*;
use proptest::sample::select;

type Text = BoxedStrategy<String>;

/// A file with a type, a constant, a function in each layer and a machine.
pub(crate) fn program() -> impl Strategy<Value = String> {
    let parts = (
        prop::collection::vec(item(), 0..4),
        prop::collection::vec(member(), 0..6),
        any::<u64>(),
    );
    parts.prop_map(|(items, members, seed)| {
        let text = format!(
            "{} machine M version 1 with at , from {{ {} }}",
            items.join(" "),
            members.join("\n")
        );
        gapped(&text, seed)
    })
}

/// Some of the spaces made longer, or into comments.
fn gapped(text: &str, mut seed: u64) -> String {
    const GAPS: [&str; 6] = ["  ", "\n", "\n\n", " // c\n", "\n// c\n\n", "\n/// c\n"];
    let mut gapped = String::new();
    for (number, word) in text.split(' ').enumerate() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let chance = usize::try_from(seed >> 56).unwrap_or_default();
        if number > 0 {
            gapped.push_str(GAPS.get(chance).unwrap_or(&" "));
        }
        gapped.push_str(word);
    }
    gapped
}

fn name() -> Text {
    select(vec![
        "a",
        "count",
        "x1",
        "a_name_that_takes_a_good_part_of_a_line",
        "from",
    ])
    .prop_map(str::to_owned)
    .boxed()
}

fn upper() -> Text {
    select(vec!["A", "Some", "T.C", "ConstructorWithALongName"])
        .prop_map(str::to_owned)
        .boxed()
}

fn list(of: &Text, open: &'static str, close: &'static str) -> Text {
    let things = prop::collection::vec(of.clone(), 0..5);
    (things, any::<bool>())
        .prop_map(move |(things, is_closed)| {
            let comma = if is_closed && !things.is_empty() {
                " ,"
            } else {
                ""
            };
            format!("{open} {}{comma} {close}", things.join(" , "))
        })
        .boxed()
}

fn braces(of: &Text) -> Text {
    let things = prop::collection::vec(of.clone(), 1..4);
    (things, any::<bool>())
        .prop_map(|(things, is_broken)| {
            let comma = if is_broken { " \n" } else { " , " };
            format!("{{ {} }}", things.join(comma))
        })
        .boxed()
}

fn pair(one: &Text, between: &'static str, other: &Text) -> Text {
    (one.clone(), other.clone())
        .prop_map(move |(one, other)| format!("{one} {between} {other}"))
        .boxed()
}

fn kind() -> Text {
    let leaf = select(vec!["Int", "Text", "T"])
        .prop_map(str::to_owned)
        .boxed();
    leaf.prop_recursive(3, 12, 3, |of| {
        let of = of.boxed();
        prop_oneof![
            list(&of, "List(", ")"),
            list(&of, "(", ")"),
            braces(&pair(&name(), ":", &of)),
        ]
    })
    .boxed()
}

fn variant() -> Text {
    let payload = prop_oneof![
        Just(String::new()),
        list(&kind(), "(", ")"),
        braces(&pair(&name(), ":", &kind())).prop_map(|fields| format!(" {fields}")),
    ];
    let constructor = (select(vec!["A", "Other"]), payload)
        .prop_map(|(name, payload)| format!("{name}{payload}"));
    (any::<bool>(), prop::collection::vec(constructor, 2..6))
        .prop_map(|(bar, all)| format!("{}{}", if bar { "| " } else { "" }, all.join(" | ")))
        .boxed()
}

fn pattern() -> Text {
    let leaf = prop_oneof![
        name(),
        upper(),
        select(vec!["_", "-1", "\"t\"", "true"]).prop_map(str::to_owned)
    ];
    leaf.boxed()
        .prop_recursive(3, 8, 3, |of| {
            let of = of.boxed();
            prop_oneof![
                list(&of, "(", ")"),
                list(&of, "C(", ")"),
                list(&of, "[", "]"),
                of.clone().prop_map(|of| format!("[ {of} , .. rest ]")),
                of.clone().prop_map(|of| format!("[ {of} , .. ]")),
                braces(&name()).prop_map(|fields| format!("C {fields}")),
                braces(&pair(&name(), ":", &of)),
                pair(&of, "|", &of),
            ]
        })
        .boxed()
}

const OPERATORS: &[&str] = &[
    "or", "and", "==", "<", ">=", "??", "++", "+", "-", "*", "/", "%",
];

fn expr() -> Text {
    let words = select(vec![
        "1",
        "-1",
        "2_000",
        "1.5#2",
        "x\"00ff\"",
        "\"text\"",
        "true",
        "()",
    ]);
    let leaf = prop_oneof![name(), upper(), words.prop_map(str::to_owned)];
    leaf.boxed()
        .prop_recursive(4, 24, 4, |of| {
            let of = of.boxed();
            let lambda = pair(&list(&pattern(), "fn(", ")"), "=>", &of);
            let argument = prop_oneof![3 => of.clone(), 1 => lambda, 1 => arrow_of(&of)].boxed();
            prop_oneof![
                4 => (of.clone(), select(OPERATORS), of.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
                2 => list(&argument, "f(", ")"),
                1 => list(&of, "C(", ")"),
                1 => list(&of, "(", ")"),
                1 => list(&of, "[", "]"),
                1 => list(&of, "Set[", "]"),
                1 => list(&pair(&of, ":", &of), "Map[", "]"),
                1 => (of.clone(), name()).prop_map(|(of, name)| format!("({of}).{name}")),
                1 => (of.clone(), of.clone()).prop_map(|(of, key)| format!("({of})[{key}]")),
                1 => of.clone().prop_map(|of| format!("( {of} )")),
                1 => of.clone().prop_map(|of| format!("not {of}")),
                1 => pair(&of, "is", &pattern()),
                2 => pair(&of, "|>", &list(&of, "f(", ")")),
                2 => record(&of),
                1 => record(&of).prop_map(|record| format!("C {record}")),
                2 => block(&of),
                1 => conditional(&of),
                1 => (of.clone(), arms(&of)).prop_map(|(of, arms)| format!("match ( {of} ) {arms}")),
            ]
        })
        .boxed()
}

fn conditional(of: &Text) -> Text {
    (of.clone(), block(of), block(of), any::<bool>())
        .prop_map(|(condition, then, otherwise, is_long)| {
            let more = if is_long {
                format!("if b {then} else")
            } else {
                String::new()
            };
            format!("if ( {condition} ) {then} else {more} {otherwise}")
        })
        .boxed()
}

fn record(of: &Text) -> Text {
    let field = pair(&name(), ":", of);
    prop_oneof![
        braces(&field),
        name().prop_map(|name| format!("{{ {name} , }}")),
        (of.clone(), field).prop_map(|(of, field)| format!("{{ ..{of} , {field} }}")),
    ]
    .boxed()
}

fn arms(of: &Text) -> Text {
    let guarded =
        (pattern(), of.clone(), of.clone()).prop_map(|(p, g, e)| format!("{p} if {g} => {e}"));
    braces(&prop_oneof![pair(&pattern(), "=>", of), guarded].boxed())
}

fn block(of: &Text) -> Text {
    let statement = prop_oneof![
        pair(&pattern(), "=", of).prop_map(|rest| format!("let {rest}")),
        (pattern(), of.clone(), of.clone()).prop_map(|(p, e, b)| format!("let {p} = {e} else {b}")),
        pair(of, "else", of).prop_map(|rest| format!("require {rest}")),
        (name(), of.clone(), of.clone()).prop_map(|(n, k, e)| format!("set {n}.x[{k}] = {e}")),
        of.clone().prop_map(|of| format!("become {of}")),
    ];
    (prop::collection::vec(statement, 0..3), of.clone())
        .prop_map(|(statements, value)| {
            let statements: String = statements.iter().map(|one| format!("{one} \n ")).collect();
            format!("{{ {statements}{value} }}")
        })
        .boxed()
}

fn arrow_of(value: &Text) -> Text {
    let value = value.clone();
    let words = select(vec![
        "id >>> fst",
        ".x",
        "get >>> put >>> succ",
        "const 1",
        "first ( .x )",
        "each succ",
        "tap ( modify succ )",
    ]);
    words
        .prop_map(str::to_owned)
        .boxed()
        .prop_recursive(3, 9, 3, move |of| {
            let of = of.boxed();
            let chain = (
                select(vec![">>>", "&&&", "***", "|||", "+++"]),
                prop::collection::vec(of.clone(), 2..4),
            )
                .prop_map(|(joint, of)| {
                    let of: Vec<String> = of.iter().map(|of| format!("({of})")).collect();
                    of.join(&format!(" {joint} "))
                });
            prop_oneof![
                chain,
                value.clone().prop_map(|value| format!("const ( {value} )")),
                braces(&pair(&upper(), ":", &of)).prop_map(|arms| format!("case {arms}")),
                braces(&pair(&name(), ":", &of)).prop_map(|arms| format!("choose {arms}")),
                braces(&pair(&name(), ":", &of)),
                value
                    .clone()
                    .prop_map(|value| format!("(fn(p) => {value})")),
            ]
        })
        .boxed()
}

fn item() -> Text {
    prop_oneof![
        variant().prop_map(|variant| format!("type T = {variant}")),
        kind().prop_map(|kind| format!("type Longer = {kind}")),
        (kind(), expr()).prop_map(|(kind, value)| format!("const c : {kind} = {value}")),
        (
            list(&pair(&name(), ":", &kind()), "(", ")"),
            kind(),
            block(&expr())
        )
            .prop_map(|(parameters, kind, block)| format!("fn f{parameters} -> {kind} {block}")),
        (kind(), kind(), arrow_of(&expr()))
            .prop_map(|(from, to, arrow)| format!("fn g : {from} -> {to} = {arrow}")),
    ]
    .prop_map(|item| format!("\n{item}\n"))
    .boxed()
}

fn member() -> Text {
    let line = (expr(), expr()).prop_map(|(one, other)| format!("> {one} at 5 as \"a\" = {other}"));
    let check = expr().prop_map(|value| format!("check {value}"));
    let lines = prop::collection::vec(prop_oneof![line, check, Just("upgrade".to_owned())], 0..4);
    prop_oneof![
        variant().prop_map(|body| format!("input {body}")),
        kind().prop_map(|body| format!("state {body}")),
        expr().prop_map(|value| format!("init {value}")),
        (pattern(), pattern(), expr(), expr())
            .prop_map(|(p, q, g, e)| format!("on {p} in {q} if {g} => {e}")),
        (pattern(), arrow_of(&expr())).prop_map(|(p, arrow)| format!("on {p} = {arrow}")),
        (pattern(), expr()).prop_map(|(p, e)| format!("migrate from 1 {p} => {e}")),
        (pattern(), expr()).prop_map(|(p, e)| format!("migrate back to 1 {p} => {e}")),
        (pattern(), expr()).prop_map(|(p, e)| format!("migrate back lossy to 1 {p} => {e}")),
        Just("migrate from 1 auto".to_owned()),
        pattern().prop_map(|p| format!("migrate from 1 auto {{ a: {p}, b, c: _ }}")),
        expr().prop_map(|e| format!("migrate from 1 auto {{ a, b }} => {{ a, c: {e} }}")),
        expr().prop_map(|e| format!("migrate from 1 auto => {{ c: {e} }}")),
        expr().prop_map(|value| format!("invariant n : {value}")),
        (pattern(), pattern(), expr())
            .prop_map(|(p, q, e)| format!("property n : after {p} in {q} => {e}")),
        expr().prop_map(|value| format!("property n : across 1 => {value}")),
        arms(&expr()).prop_map(|arms| format!("reply to 1 {arms}")),
        lines.prop_map(|lines| format!("trace \"t\" from 1 {{ \n {} \n }}", lines.join(" \n "))),
    ]
    .boxed()
}
