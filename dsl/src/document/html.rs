//! The manual as one page that needs nothing else: no script, no file beside it, every letter of the source escaped.

use std::fmt::Write;

/// What the page looks like.
const STYLE: &str = "body{max-width:50rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 sans-serif}\
                     code,pre{font-family:monospace;background:#f3f3f3}pre{padding:.6rem;overflow-x:auto}";

/// The page of a manual in the Markdown that this room writes: headings, lists, fences, paragraphs and code. Whatever
/// else a comment holds is text.
pub(super) fn page(title: &str, markdown: &str) -> String {
    let mut page = Page {
        text: format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n",
            escaped(title)
        ),
        open: None,
    };
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            page.enter(None);
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let _ = writeln!(page.text, "<pre>{}</pre>", escaped(&code.join("\n")));
        } else {
            page.line(line);
        }
    }
    page.enter(None);
    page.text + "</body>\n</html>\n"
}

struct Page {
    text: String,
    /// The element that the last line was in, if the next one can go on in it.
    open: Option<&'static str>,
}

impl Page {
    /// Goes on in an element, or ends the last one and begins it.
    fn enter(&mut self, element: Option<&'static str>) {
        if self.open == element {
            return;
        }
        if let Some(open) = self.open {
            let _ = writeln!(self.text, "</{open}>");
        }
        if let Some(element) = element {
            let _ = writeln!(self.text, "<{element}>");
        }
        self.open = element;
    }

    fn line(&mut self, line: &str) {
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if let (1..=6, Some(title)) = (level, line[level..].strip_prefix(' ')) {
            self.enter(None);
            let _ = writeln!(self.text, "<h{level}>{}</h{level}>", inline(title));
        } else if let Some(item) = line.strip_prefix("* ") {
            self.enter(Some("ul"));
            let _ = writeln!(self.text, "<li>{}", inline(item));
        } else if line.is_empty() {
            self.enter(None);
        } else {
            // A line after an item belongs to it.
            let element = self.open.or(Some("p"));
            self.enter(element);
            let _ = writeln!(self.text, "{}", inline(line));
        }
    }
}

/// A line with code between backticks. A last one without its pair is a letter.
fn inline(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, code, after)) = rest.split_once('`').and_then(|(before, rest)| {
        rest.split_once('`')
            .map(|(code, after)| (before, code, after))
    }) {
        let (before, code) = (escaped(before), escaped(code));
        let _ = write!(text, "{before}<code>{code}</code>");
        rest = after;
    }
    text + &escaped(rest)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_what_the_manual_says_and_no_markup_of_the_source() {
        let manual = "# A & B\n\nMore than `a < b`.\n<script>x</script>\n\n* `on <b>`: one ` alone\n  and on\n* two\n\n\
                      ```text\n* <i>\n```\n";
        let page = page("A & B", manual);
        let (_, body) = page.split_once("<body>\n").unwrap();
        let expected = "<h1>A &amp; B</h1>\n<p>\nMore than <code>a &lt; b</code>.\n&lt;script&gt;x&lt;/script&gt;\n</p>\n\
                        <ul>\n<li><code>on &lt;b&gt;</code>: one ` alone\n  and on\n<li>two\n</ul>\n\
                        <pre>* &lt;i&gt;</pre>\n</body>\n</html>\n";
        assert_eq!(body, expected);
        assert!(page.contains("<title>A &amp; B</title>"));
    }

    #[test]
    fn a_fence_that_is_not_closed_ends_with_the_text() {
        let page = page("t", "```\n<");
        assert!(page.ends_with("<pre>&lt;</pre>\n</body>\n</html>\n"));
    }
}
