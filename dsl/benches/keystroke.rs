//! What a keystroke in an editor costs: everything that `cam lsp` does with a text before it can answer.
//!
//! `cargo bench -p dsl --bench keystroke`. The text has a thousand lines. `parse` and `compile` are the controls: what
//! reading alone costs, and what a compiler does that keeps nothing for an editor and makes a program. `broken` is the
//! text in the middle of a word, as most keystrokes leave it. `complete` asks what may be written there.

use criterion::{Criterion, criterion_group, criterion_main};
use dsl::compile::compile;
use dsl::history::History;
use dsl::index::{Index, complete};
use dsl::parse;
use dsl::source::Source;

const LINES: usize = 1_000;

/// Functions, and handlers that call them; three lines and seven lines for each.
fn text() -> String {
    let mut functions = String::new();
    let (mut inputs, mut handlers) = (String::new(), String::new());
    let mut lines = 10;
    let mut count = 0;
    while lines < LINES {
        functions.push_str(&format!(
            "fn weigh_{count}(amount: Int, so_far: List(Int)) -> Int {{\n  fold(so_far, amount, fn(a, b) => a + b) + {count}\n}}\n"
        ));
        inputs.push_str(&format!(" | Put{count} {{ amount: Int, by: Text }}"));
        handlers.push_str(&format!(
            "  on Put{count} {{ amount, by }} => {{\n    require amount > {count} else Refused(by)\n    let weight = weigh_{count}(amount, sums[by] ?? [])\n    set sums[by] = push(sums[by] ?? [], weight)\n    set total = total + weight\n    Sum(total)\n  }}\n"
        ));
        lines += 10;
        count += 1;
    }
    format!(
        "{functions}machine Scales version 1 {{\n  input{inputs}\n  output Sum(Int) | Refused(Text)\n  state {{ total: Int, sums: Map(Text, List(Int)) }}\n  init {{ total: 0, sums: Map[] }}\n{handlers}}}\n"
    )
}

fn source(text: &str) -> Source {
    Source::new("scales.cam", text).expect("a thousand lines are short")
}

fn keystroke(criterion: &mut Criterion) {
    let whole = text();
    let history = History::new();
    let place = whole.rfind("total + weight").expect("a handler adds") + 3;
    let broken = format!("{}{}", &whole[..place], &whole[place + 2..]);
    let byte = u32::try_from(place).expect("a thousand lines are short");
    assert!(Index::new(&source(&whole), &history).problems().is_empty());
    assert!(!Index::new(&source(&broken), &history).problems().is_empty());
    let mut group = criterion.benchmark_group("keystroke");
    group.bench_function("parse", |bencher| {
        bencher.iter(|| parse::module(&source(&whole)));
    });
    group.bench_function("compile", |bencher| {
        bencher.iter(|| compile(&source(&whole), &history));
    });
    group.bench_function("index", |bencher| {
        bencher.iter(|| Index::new(&source(&whole), &history));
    });
    group.bench_function("broken", |bencher| {
        bencher.iter(|| Index::new(&source(&broken), &history));
    });
    group.bench_function("complete", |bencher| {
        bencher.iter(|| complete(&source(&broken), &history, byte));
    });
    group.finish();
}

criterion_group!(benches, keystroke);
criterion_main!(benches);
