//! Pages of examples: a source with marks, questions about them, and what the server says.

use serde_json::{Value, json};

use super::editor::Editor;

const URI: &str = "untitled:page.cam";

/// A page with the answers that are given now.
pub(crate) fn played(page: &str) -> String {
    let mut text = String::new();
    let mut source = Marked::default();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let block = |lines: &mut std::str::Lines<'_>| -> Vec<String> {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            inside.map(str::to_owned).collect()
        };
        match line {
            "```cam" => {
                let written = block(&mut lines).join("\n") + "\n";
                source = Marked::new(&written);
                text.push_str(&written);
                text.push_str("```\n");
            }
            "```text" => {
                let mut editor = Editor::new();
                editor.open(URI, &source.text);
                let questions = block(&mut lines);
                for question in questions.iter().filter_map(|line| line.strip_prefix("> ")) {
                    text.push_str(&format!("> {question}\n"));
                    text.push_str(&answered(&mut editor, &source, question));
                }
                text.push_str("```\n");
                assert_eq!(editor.leave(), Some(0));
            }
            _ => {}
        }
    }
    text
}

/// A source and its places: `⟦a⟧` stands before what it names and is taken out.
#[derive(Default)]
struct Marked {
    text: String,
    marks: Vec<(String, Value)>,
}

impl Marked {
    fn new(written: &str) -> Marked {
        let mut marked = Marked::default();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('⟦') {
            marked.text.push_str(before);
            let (name, after) = after.split_once('⟧').unwrap();
            let line = marked.text.matches('\n').count();
            let start = marked.text.rfind('\n').map_or(0, |place| place + 1);
            let character = marked.text[start..].encode_utf16().count();
            let place = json!({"line": line, "character": character});
            marked.marks.push((name.to_owned(), place));
            rest = after;
        }
        marked.text.push_str(rest);
        marked
    }

    fn place(&self, name: &str) -> Value {
        let mark = self.marks.iter().find(|(own, _)| own == name);
        mark.unwrap_or_else(|| panic!("no mark {name}")).1.clone()
    }

    /// `3:5 count` for a range.
    fn shown(&self, range: &Value) -> String {
        let (start, end) = (self.byte(&range["start"]), self.byte(&range["end"]));
        let text = self.text[start..end].replace('\n', "⏎");
        let line = range["start"]["line"].as_u64().unwrap() + 1;
        let column = range["start"]["character"].as_u64().unwrap() + 1;
        format!("{line}:{column} `{text}`")
    }

    fn byte(&self, place: &Value) -> usize {
        let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
        let units = usize::try_from(place["character"].as_u64().unwrap()).unwrap();
        let start: usize = self
            .text
            .split_inclusive('\n')
            .take(line)
            .map(str::len)
            .sum();
        let content: Vec<u16> = self.text[start..].encode_utf16().take(units).collect();
        start + String::from_utf16(&content).unwrap().len()
    }

    /// The text after edits.
    fn edited(&self, edits: &Value) -> String {
        let mut edits: Vec<(usize, usize, &str)> = edits
            .as_array()
            .unwrap()
            .iter()
            .map(|edit| {
                let range = &edit["range"];
                let (start, end) = (self.byte(&range["start"]), self.byte(&range["end"]));
                (start, end, edit["newText"].as_str().unwrap())
            })
            .collect();
        edits.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
        let mut text = self.text.clone();
        for (start, end, new) in edits {
            text.replace_range(start..end, new);
        }
        text
    }
}

/// What the server says to one question, a line for each thing.
fn answered(editor: &mut Editor, source: &Marked, question: &str) -> String {
    let words: Vec<&str> = question.split_whitespace().collect();
    let document = json!({"uri": URI});
    let at = |name: &str| json!({"textDocument": document, "position": source.place(name)});
    let whole = json!({ "textDocument": document });
    match words.as_slice() {
        ["hover", mark] => {
            let answer = editor.ask("textDocument/hover", at(mark));
            match answer["contents"]["value"].as_str() {
                Some(text) => {
                    let text = text.replace("```cam\n", "").replace("\n```", "");
                    format!("{}\n{text}\n", source.shown(&answer["range"]))
                }
                None => "nothing\n".to_owned(),
            }
        }
        ["definition", mark] => {
            let answer = editor.ask("textDocument/definition", at(mark));
            ranges(source, &answer)
        }
        ["references", mark] => {
            let mut params = at(mark);
            params["context"] = json!({"includeDeclaration": true});
            ranges(source, &editor.ask("textDocument/references", params))
        }
        ["highlight", mark] => ranges(
            source,
            &editor.ask("textDocument/documentHighlight", at(mark)),
        ),
        ["rename", mark, name] => {
            let mut params = at(mark);
            params["newName"] = json!(name);
            let answer = editor.answer("textDocument/rename", params);
            match answer.get("error") {
                Some(error) => format!("refused: {}\n", error["message"].as_str().unwrap()),
                None => changes(source, &source.edited(&answer["result"]["changes"][URI])),
            }
        }
        ["complete", mark, count] => {
            let answer = editor.ask("textDocument/completion", at(mark));
            let items = answer.as_array().unwrap().iter();
            items.take(count.parse().unwrap()).map(item).collect()
        }
        ["actions", mark] => actions(editor, source, &source.place(mark)),
        ["format"] => {
            let answer = editor.ask("textDocument/formatting", whole_with_options(&document));
            changes(source, &source.edited(&answer))
        }
        ["symbols"] => {
            let answer = editor.ask("textDocument/documentSymbol", whole);
            symbols(source, &answer, 0)
        }
        ["tokens"] => tokens(
            source,
            &editor.ask("textDocument/semanticTokens/full", whole),
        ),
        ["diagnostics"] => diagnostics(source, &editor.diagnostics()["diagnostics"]),
        _ => panic!("what is `{question}`?"),
    }
}

/// What is offered at a place, each with the lines that it changes.
fn actions(editor: &mut Editor, source: &Marked, place: &Value) -> String {
    let params = json!({
        "textDocument": {"uri": URI},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
    });
    let answer = editor.ask("textDocument/codeAction", params);
    let offered = answer.as_array().unwrap().iter();
    let shown = offered.map(|action| {
        let after = source.edited(&action["edit"]["changes"][URI]);
        let title = action["title"].as_str().unwrap();
        format!("{title}\n{}", changes(source, &after))
    });
    shown.collect()
}

fn whole_with_options(document: &Value) -> Value {
    let options = json!({"tabSize": 2, "insertSpaces": true});
    json!({"textDocument": document, "options": options})
}

fn ranges(source: &Marked, answer: &Value) -> String {
    let places = answer.as_array().unwrap().iter();
    let shown = places.map(|place| format!("{}\n", source.shown(&place["range"])));
    shown.collect()
}

fn item(item: &Value) -> String {
    let detail = item["detail"].as_str().unwrap_or_default();
    let line = format!("{} {detail}", item["label"].as_str().unwrap());
    format!("{}\n", line.trim_end())
}

/// The lines that differ.
fn changes(source: &Marked, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (source.text.lines().collect(), after.lines().collect());
    if before.len() == after.len() {
        let lines = before
            .iter()
            .zip(&after)
            .filter(|(one, other)| one != other);
        return lines
            .map(|(one, other)| format!("- {one}\n+ {other}\n"))
            .collect();
    }
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = before.iter().zip(&after).take_while(same).count();
    let (before, after) = (&before[head..], &after[head..]);
    let tail = before.iter().rev().zip(after.iter().rev());
    let tail = tail.take_while(same).count();
    let old = before[..before.len() - tail].iter();
    let new = after[..after.len() - tail].iter();
    let shown = old
        .map(|line| format!("- {line}\n"))
        .chain(new.map(|line| format!("+ {line}\n")));
    shown.collect()
}

fn symbols(source: &Marked, list: &Value, depth: usize) -> String {
    let inside = list.as_array().map_or(&[][..], Vec::as_slice).iter();
    let shown = inside.map(|symbol| {
        let name = symbol["name"].as_str().unwrap();
        let at = source.shown(&symbol["selectionRange"]);
        let children = symbols(source, &symbol["children"], depth + 1);
        let space = "  ".repeat(depth);
        format!("{space}{name} ({}) {at}\n{children}", symbol["kind"])
    });
    shown.collect()
}

const TOKENS: [&str; 10] = [
    "keyword",
    "comment",
    "number",
    "string",
    "operator",
    "type",
    "enumMember",
    "function",
    "variable",
    "property",
];

fn tokens(source: &Marked, answer: &Value) -> String {
    let data: Vec<u64> = answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_u64().unwrap())
        .collect();
    let (mut line, mut character) = (0, 0);
    let mut text = String::new();
    for token in data.chunks(5) {
        let [lines, characters, length, kind, modifiers] = *token else {
            panic!("five numbers make a token");
        };
        character = if lines == 0 {
            character + characters
        } else {
            characters
        };
        line += lines;
        let end = json!({"line": line, "character": character + length});
        let start = json!({"line": line, "character": character});
        let range = json!({"start": start, "end": end});
        let kind = TOKENS[usize::try_from(kind).unwrap()];
        let signs: String = [(1, " declared"), (2, " documentation"), (4, " built-in")]
            .into_iter()
            .filter(|(bit, _)| modifiers & bit != 0)
            .map(|(_, sign)| sign)
            .collect();
        text.push_str(&format!("{} {kind}{signs}\n", source.shown(&range)));
    }
    text
}

fn diagnostics(source: &Marked, list: &Value) -> String {
    let problems = list.as_array().unwrap().iter();
    let shown = problems.map(|problem| {
        let at = source.shown(&problem["range"]);
        let code = problem["code"].as_str().unwrap_or("-");
        let message = problem["message"].as_str().unwrap();
        let related = problem["relatedInformation"].as_array();
        let related = related.map_or(&[][..], Vec::as_slice).iter();
        let related: String = related
            .map(|it| {
                let at = source.shown(&it["location"]["range"]);
                format!("  see {at} {}\n", it["message"].as_str().unwrap())
            })
            .collect();
        let message = message.replace('\n', "\n  ");
        format!(
            "{at} {code} ({})\n  {message}\n{related}",
            problem["severity"]
        )
    });
    shown.collect()
}
