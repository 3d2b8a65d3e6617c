//! `cam lsp`, driven over its pipes as an editor does it.
//!
//! What it says of sources stands in `tests/lsp/*.md`; `BLESS=1 cargo test -p upgrade-cli --test lsp` writes the
//! answers anew, and the difference is then to be read.

#![allow(clippy::unwrap_used, clippy::panic)] // all of it is test; the exemption sees `#[test]` only
#![allow(clippy::needless_pass_by_value)] // `json!` makes values, and they read best where they are made

#[path = "editor/mod.rs"]
mod editor;
#[path = "editor/page.rs"]
mod page;

use std::path::{Path, PathBuf};
use std::{env, fs};

use editor::Editor;
use serde_json::{Value, json};

const URI: &str = "untitled:counter.cam";
const COUNTER: &str = include_str!("../../examples/counter/src/counter.cam");
const OLD_COUNTER: &str = include_str!("../../examples/counter/history/counter@1.cam");

macro_rules! pages {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

pages! { names renaming broken suggestions fixes layout colours }

fn check(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lsp");
    let path = folder.join(format!("{name}.md"));
    let written = fs::read_to_string(&path).unwrap();
    let played = page::played(&written);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, played).unwrap();
        return;
    }
    for (line, (said, says)) in written.lines().zip(played.lines()).enumerate() {
        assert_eq!(said, says, "{name}.md, line {}", line + 1);
    }
    assert_eq!(written.lines().count(), played.lines().count(), "{name}.md");
}

/// A project with the counter and its history.
fn project() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("my counter");
    for part in ["src", "history"] {
        fs::create_dir_all(root.join(part)).unwrap();
    }
    fs::write(root.join("cam.toml"), "[package]\nname = \"counter\"\n").unwrap();
    fs::write(root.join("history/counter@1.cam"), OLD_COUNTER).unwrap();
    fs::write(root.join("src/counter.cam"), COUNTER).unwrap();
    let uri = uri_of(&root.join("src/counter.cam"));
    (folder, uri)
}

fn uri_of(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap();
    format!("file://{}", path.display()).replace(' ', "%20")
}

fn codes(diagnostics: &Value) -> Vec<&str> {
    let list = diagnostics["diagnostics"].as_array().unwrap().iter();
    list.map(|it| it["code"].as_str().unwrap_or("-")).collect()
}

fn change(editor: &mut Editor, uri: &str, version: i32, changes: Value) {
    let document = json!({"uri": uri, "version": version});
    let params = json!({"textDocument": document, "contentChanges": changes});
    editor.tell("textDocument/didChange", params);
}

#[test]
fn a_source_is_checked_against_the_history_of_its_project() {
    let (folder, uri) = project();
    let mut editor = Editor::new();
    editor.open(&uri, COUNTER);
    let found = editor.diagnostics();
    assert_eq!((codes(&found), &found["version"]), (vec![], &json!(1)));
    // The same text outside of it knows no version 1.
    editor.open(URI, COUNTER);
    assert!(codes(&editor.diagnostics()).contains(&"U301"));
    // A released version is judged by those before it.
    let released = folder.path().join("my counter/history/counter@1.cam");
    editor.open(&uri_of(&released), OLD_COUNTER);
    assert_eq!(codes(&editor.diagnostics()), [""; 0]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_history_that_cannot_be_read_is_told_and_read_again_after_a_save() {
    let (folder, uri) = project();
    let damaged = folder.path().join("my counter/history/counter@1.camb");
    fs::write(&damaged, "no bytecode").unwrap();
    let mut editor = Editor::new();
    editor.open(&uri, COUNTER);
    let found = editor.diagnostics();
    let first = found["diagnostics"][0]["message"].as_str().unwrap();
    assert!(first.contains("counter@1.camb"), "{first}");
    fs::remove_file(&damaged).unwrap();
    editor.tell(
        "textDocument/didSave",
        json!({"textDocument": {"uri": uri}}),
    );
    assert_eq!(codes(&editor.diagnostics()), [""; 0]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn each_change_is_of_the_text_that_the_one_before_left() {
    let mut editor = Editor::new();
    editor.open(URI, "const ç𝄞: Int = 1\n");
    editor.diagnostics();
    let at = |line: u32, start: u32, end: u32, text: &str| {
        let start = json!({"line": line, "character": start});
        let end = json!({"line": line, "character": end});
        json!({"range": {"start": start, "end": end}, "text": text})
    };
    // 𝄞 is two units: they go together.
    let changes = json!([
        at(0, 6, 9, "x"),
        at(0, 9, 12, "Text"),
        at(0, 16, 17, "\"𝄞\"")
    ]);
    change(&mut editor, URI, 2, changes);
    let found = editor.diagnostics();
    assert_eq!(
        (codes(&found), &found["version"]),
        (vec!["M103"], &json!(2))
    );
    let place = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 6}});
    let hover = editor.ask("textDocument/hover", place);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("const x: Text = \"𝄞\""), "{text}");
    // The whole text at once, and a range from the end to the beginning.
    change(&mut editor, URI, 3, json!([{"text": "const y: Int = 1"}]));
    change(
        &mut editor,
        URI,
        4,
        json!([at(0, 9, 3, "?"), at(9, 9, 9, " 2")]),
    );
    loop {
        let found = editor.diagnostics();
        if found["version"] == 4 {
            break;
        }
    }
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_document_that_is_closed_has_no_problems_and_answers_nothing() {
    let mut editor = Editor::new();
    editor.open(URI, "machine");
    assert!(!codes(&editor.diagnostics()).is_empty());
    let document = json!({"textDocument": {"uri": URI}});
    editor.tell("textDocument/didClose", document.clone());
    assert_eq!(codes(&editor.diagnostics()), [""; 0]);
    let code = editor.refused("textDocument/documentSymbol", document);
    assert_eq!(code, -32602);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_is_malformed_is_answered_and_the_server_goes_on() {
    let mut editor = Editor::new();
    let frames = ["{", "[]", "7", "{\"id\":true,\"method\":\"x\"}", "\"\""];
    for (frame, code) in frames
        .into_iter()
        .zip([-32700, -32600, -32600, -32600, -32600])
    {
        editor.frame(frame);
        assert_eq!(editor.read()["error"]["code"], code, "{frame}");
    }
    editor.write(b"Content-Length: many\r\n\r\n");
    assert_eq!(editor.read()["error"]["code"], -32700);
    editor.write(b"Content-Length: 3\r\n\r\n\xff\xff\xff");
    assert_eq!(editor.read()["error"]["code"], -32700);
    assert_eq!(editor.refused("no/suchThing", json!({})), -32601);
    for params in [
        json!({}),
        json!([]),
        Value::Null,
        json!({"textDocument": 1}),
    ] {
        for method in [
            "textDocument/hover",
            "textDocument/rename",
            "textDocument/references",
            "textDocument/codeAction",
            "textDocument/formatting",
        ] {
            assert_eq!(editor.refused(method, params.clone()), -32602, "{method}");
        }
        editor.tell("textDocument/didOpen", params.clone());
        editor.tell("textDocument/didChange", params.clone());
        editor.tell("$/unknown", params);
    }
    editor.open(URI, COUNTER);
    assert!(!codes(&editor.diagnostics()).is_empty());
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn the_phases_of_the_protocol_are_kept() {
    let mut editor = Editor::silent();
    assert_eq!(editor.refused("shutdown", Value::Null), -32002);
    editor.tell("textDocument/didOpen", json!({}));
    editor.ask("initialize", json!({"capabilities": {}}));
    assert_eq!(editor.refused("initialize", json!({})), -32600);
    editor.ask("shutdown", Value::Null);
    assert_eq!(editor.refused("textDocument/hover", json!({})), -32600);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn an_end_without_shutdown_is_told_by_the_exit_code() {
    assert_eq!(Editor::new().end(), Some(1));
    let mut editor = Editor::new();
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(1));
    let mut editor = Editor::new();
    editor.ask("shutdown", Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_request_that_is_cancelled_before_its_turn_is_not_worked_on() {
    let mut editor = Editor::new();
    editor.open(URI, COUNTER);
    // One write, so that the cancellation waits when the request has its turn.
    let document = json!({"textDocument": {"uri": URI}});
    let method = "textDocument/semanticTokens/full";
    let first = json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": document});
    let second = json!({"jsonrpc": "2.0", "id": "b", "method": method, "params": document});
    let cancel = json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "b"}});
    let frames = [first, second, cancel].map(|message| {
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    });
    editor.write(frames.concat().as_bytes());
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let message = editor.read();
        if message.get("id").is_some() {
            answers.push(message);
        }
    }
    assert_eq!(
        (&answers[0]["id"], &answers[1]["id"]),
        (&json!("a"), &json!("b"))
    );
    assert!(answers[0].get("result").is_some());
    // The second may have been read alone on a busy computer; then it is answered.
    let code = &answers[1]["error"]["code"];
    assert!(
        answers[1].get("result").is_some() || *code == -32800,
        "{code}"
    );
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn no_text_and_no_place_ends_the_server() {
    let deep = format!(
        "const x: Int = {}1{}",
        "(".repeat(20_000),
        ")".repeat(20_000)
    );
    let texts = [
        String::new(),
        "\u{feff}machine".to_owned(),
        deep,
        "machine M version 1 { on on on { in } state | | } fn fn".to_owned(),
        "\"".repeat(1000),
        COUNTER.replace('{', "}"),
        COUNTER.chars().rev().collect(),
        "x".repeat(5 * 1024 * 1024),
    ];
    let mut editor = Editor::new();
    for text in texts {
        editor.open(URI, &text);
        editor.diagnostics();
        for (line, character) in [(0, 0), (0, 7), (3, 4), (u32::MAX, u32::MAX)] {
            let position = json!({"line": line, "character": character});
            let range = json!({"start": position, "end": position});
            let document = json!({"uri": URI});
            let at = json!({
                "textDocument": document, "position": position, "range": range,
                "newName": "other", "context": {"includeDeclaration": true, "diagnostics": []},
                "options": {"tabSize": 2, "insertSpaces": true},
            });
            for method in [
                "hover",
                "definition",
                "references",
                "documentHighlight",
                "completion",
                "codeAction",
                "documentSymbol",
                "formatting",
                "semanticTokens/full",
            ] {
                editor.ask(&format!("textDocument/{method}"), at.clone());
            }
            for method in ["rename", "prepareRename"] {
                let answer = editor.answer(&format!("textDocument/{method}"), at.clone());
                assert_ne!(answer["error"]["code"], -32603, "{method}");
            }
        }
    }
    assert_eq!(editor.leave(), Some(0));
}
