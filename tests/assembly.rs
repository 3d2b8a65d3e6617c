//! The text of modules: what is printed reads back, and no text hurts.
//!
//! Texts here are long, spoiled and made to hurt; they are read on a small stack.

use std::thread;

use cam::assembly::{Listing, parse, print};
use cam::bytecode::{Body, Bytecode, Parts};
use cam::compile::compile;
use cam::instruction::Instruction;
use cam::limits::{ASSEMBLY_BYTES_MAX, FUNCTION_INSTRUCTIONS_MAX, MODULE_BYTES_MAX};
use cam::types::{BOOL, INT, TypeTable};
use cam::{decode, encode};
use dsl::history::History;
use dsl::source::Source;
use harness::bytes::mutated;
use harness::generate::{Choices, Mixer, Sample, machine};
use harness::script::{self, fences};
use harness::tree::{files, read};

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let small = thread::Builder::new().stack_size(2 << 20).spawn(test);
    let ended = small.expect("a thread can be started").join();
    assert!(ended.is_ok(), "the test on the small stack failed");
}

/// Modules from generated programs: machines with names, and migrations.
fn generated() -> impl Iterator<Item = Bytecode> {
    (0..150).map(|seed| {
        let mut choices = Choices::seeded(seed, 160);
        let combinators = match seed % 3 {
            0 => machine(&mut choices).combinators,
            1 => Sample::pure(&mut choices).combinators(),
            _ => Sample::stateful(&mut choices).combinators(),
        };
        compile(combinators).expect("small")
    })
}

/// The machines of the examples.
fn examples() -> Vec<Bytecode> {
    let mut modules = Vec::new();
    let mut history = History::default();
    for path in [
        "counter/history/counter@1.cam",
        "counter/src/counter.cam",
        "counter-pointfree/src/counter-pointfree.cam",
        "door/src/door.cam",
        "ledger/src/ledger.cam",
    ] {
        let path = format!("examples/{path}");
        let source = Source::new(&path, read(&path)).expect("it is short");
        let compiled = dsl::compile::compile(&source, &history);
        let compiled = compiled.map_err(|problems| problems.render(&source, false));
        let compiled = compiled.expect("the examples compile");
        if path.contains('@') {
            history.release(compiled.program().clone());
        }
        modules.push(compiled.program().code().bytecode().clone());
        for upgrade in compiled.upgrades() {
            modules.push(upgrade.migration.code().bytecode().clone());
        }
    }
    modules
}

/// The modules of the specification's scripts.
fn scripts() -> Vec<Bytecode> {
    let mut modules = Vec::new();
    for path in files("spec", ".md") {
        for fence in fences(&path, &read(&path)) {
            if fence.language == "asm" {
                let shown = script::check(&fence.text).expect("the specification's tests pass");
                modules.extend(decode::module(&shown.bytes));
            }
        }
    }
    assert!(modules.len() > 15, "{} scripts", modules.len());
    modules
}

/// Modules that are well-formed and mostly invalid.
fn spoiled() -> Vec<Bytecode> {
    let mut mixer = Mixer::new(3);
    let bytes: Vec<Vec<u8>> = generated().map(|module| encode::module(&module)).collect();
    let mut modules = Vec::new();
    for _ in 0..10_000 {
        let one = &bytes[mixer.below(bytes.len())];
        let other = &bytes[mixer.below(bytes.len())];
        modules.extend(decode::module(&mutated(one, other, &mut mixer)));
    }
    // Bytes may say version 0; text may not, since nobody writes it on purpose.
    modules.retain(|module| {
        module
            .schema
            .as_ref()
            .is_none_or(|schema| schema.version > 0)
    });
    assert!(
        modules.len() > 1_000,
        "{} mutants are well-formed",
        modules.len()
    );
    modules
}

fn reads_back(module: &Bytecode) {
    let text = print(module);
    let found = parse(&text);
    assert_eq!(found.as_ref(), Ok(module), "\n{text}");
    assert_eq!(found.map(|found| print(&found)), Ok(text));
}

#[test]
fn a_module_reads_back_from_its_text() {
    on_a_small_stack(|| {
        generated().for_each(|module| reads_back(&module));
        examples().iter().for_each(reads_back);
        scripts().iter().for_each(reads_back);
    });
}

#[test]
fn a_module_that_is_well_formed_and_invalid_reads_back_too() {
    on_a_small_stack(|| spoiled().iter().for_each(reads_back));
}

#[test]
fn notes_are_comments() {
    for module in examples() {
        let note = |function: usize, position: usize| {
            position
                .is_multiple_of(3)
                .then(|| format!("{function}:{position} \"{{"))
        };
        let listing = Listing::new(&module).with_notes(&note);
        assert_eq!(parse(&listing.to_string()).as_ref(), Ok(&module));
    }
}

/// Whatever is read is well-formed: its bytes are read back as the same module.
fn judged(text: &str) -> bool {
    let Ok(module) = parse(text) else {
        return false;
    };
    let read = decode::module(&encode::module(&module));
    assert_eq!(read.as_ref(), Ok(&module), "{text}");
    true
}

#[test]
fn spoiled_texts_are_refused_or_well_formed() {
    on_a_small_stack(|| {
        let texts: Vec<String> = generated()
            .chain(examples())
            .chain(scripts())
            .map(|module| print(&module))
            .collect();
        let mut mixer = Mixer::new(5);
        let mut accepted = 0;
        for _ in 0..10_000 {
            let one = &texts[mixer.below(texts.len())];
            let other = &texts[mixer.below(texts.len())];
            accepted += u32::from(judged(&spoiled_text(one, other, &mut mixer)));
        }
        assert!(accepted > 500, "only {accepted} were accepted");
    });
}

/// Bytes spoiled, or lines and words moved.
fn spoiled_text(one: &str, other: &str, mixer: &mut Mixer) -> String {
    if mixer.below(3) == 0 {
        let bytes = mutated(one.as_bytes(), other.as_bytes(), mixer);
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut lines: Vec<&str> = one.lines().collect();
    let others: Vec<&str> = other.lines().collect();
    for _ in 0..=mixer.below(2) {
        let at = mixer.below(lines.len());
        match mixer.below(4) {
            0 => {
                lines.remove(at);
            }
            1 => lines.insert(at, others[mixer.below(others.len())]),
            2 => {
                let with = mixer.below(lines.len());
                lines.swap(at, with);
            }
            _ => lines[at] = lines[mixer.below(lines.len())],
        }
    }
    lines.join("\n")
}

#[test]
fn texts_made_to_hurt_are_answered() {
    on_a_small_stack(|| {
        const MANY: usize = 1 << 18;
        let deep = |open: &str| format!("type L = list Int\nconst k L {}", open.repeat(MANY));
        let texts = [
            deep("["),
            deep("some "),
            deep("1:"),
            deep("\""),
            format!("const k Text \"{}\"", "\\".repeat(MANY)),
            format!("const k Text \"{}\"", "\\\"".repeat(MANY / 2)),
            format!("type {} = prod", "x".repeat(MANY)),
            format!("type P = prod {}", "P ".repeat(MANY)),
            format!("{}\n", "x".repeat(MANY)),
            "\n".repeat(MANY),
            ";".repeat(MANY),
            format!("fn f Int -> Int\n{}", ";".repeat(MANY)),
            format!("fn f Int -> Int\n{}", "push;".repeat(MANY)),
            format!("fn f Int -> Int\n{}", "push\n".repeat(MANY)),
            "fn f Int -> Int\n".repeat(MANY / 8),
            "export init f\n".repeat(MANY / 8),
            "shape s = tuple\n".repeat(MANY / 8),
            "type t = prod Int\n".repeat(MANY / 8),
            "é\u{202e}\0#".repeat(MANY / 8),
        ];
        for text in texts {
            judged(&text);
        }
        let longer = "#".repeat(ASSEMBLY_BYTES_MAX + 1);
        assert!(parse(&longer).is_err() && parse(&longer[1..]).is_ok());
    });
}

#[test]
fn the_longest_text_of_a_module_can_be_read() {
    on_a_small_stack(|| {
        let body = Body {
            domain: BOOL,
            codomain: INT,
            code: vec![Instruction::Case(); FUNCTION_INSTRUCTIONS_MAX]
                .into_iter()
                .collect(),
        };
        let module = Bytecode::from(Parts {
            types: TypeTable::new(),
            pool: Vec::new(),
            functions: vec![body; 2],
            exports: Vec::new(),
            schema: None,
        });
        let (text, bytes) = (print(&module).len(), encode::module(&module).len());
        assert!(bytes > 1 << 17 && text / bytes < ASSEMBLY_BYTES_MAX / MODULE_BYTES_MAX);
        reads_back(&module);
    });
}

#[test]
fn the_text_of_a_machine_has_its_names() {
    let text = print(&examples()[0]);
    for part in [
        "machine Counter 1\n",
        "shape Input = variant Input ",
        "fn init Unit -> ",
        "fn step ",
        "inj Output 1  # Sum\n",
        "export step step\n",
    ] {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
}
