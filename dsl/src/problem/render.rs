//! Problems as text for people.

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::{Label, Problem, Problems, Severity};
use crate::limits::EXCERPT_BYTES_MAX;
use crate::source::{Source, Span};

impl Problems {
    /// All problems with their excerpts of the source, an empty line after each.
    pub fn render(&self, source: &Source, colour: bool) -> String {
        let mut text = String::new();
        for problem in self {
            text.push_str(&problem.render(source, colour));
            text.push('\n');
        }
        if self.omitted() > 0 {
            text.push_str(&format!("and {} more problems\n", self.omitted()));
        }
        text
    }

    /// One line for each problem.
    pub fn render_short(&self, source: &Source) -> String {
        self.iter()
            .map(|problem| problem.render_short(source))
            .collect()
    }
}

impl Problem {
    /// The message with an excerpt of the source, ended by a line end.
    pub fn render(&self, source: &Source, colour: bool) -> String {
        let level = match self.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&self.title).id(self.code.name);
        let group = match self.excerpt(source) {
            Some(excerpt) => title.element(excerpt),
            None => title.element(self.origin(source)),
        };
        let notes = self
            .notes
            .iter()
            .map(|note| Level::NOTE.no_name().message(plain(note)));
        let mut report = vec![group.elements(notes)];
        report.extend(
            self.help
                .iter()
                .map(|help| Group::with_title(Level::HELP.secondary_title(plain(help)))),
        );
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&report) + "\n"
    }

    /// `file:line:col: code: title` and a line end.
    pub fn render_short(&self, source: &Source) -> String {
        let position = source.position(self.primary.span.start);
        let (name, code, title) = (plain(source.name()), self.code.name, plain(&self.title));
        format!(
            "{name}:{}:{}: {code}: {title}\n",
            position.line, position.column
        )
    }

    /// The lines all labels are on. None if that is too much text: one line can be megabytes long.
    fn excerpt<'a>(&'a self, source: &'a Source) -> Option<Snippet<'a, Annotation<'a>>> {
        let everything = self
            .labels
            .iter()
            .fold(self.primary.span, |all, label| all.to(label.span));
        let lines = source.lines_around(everything);
        let text = source.slice(lines);
        if text.len() > EXCERPT_BYTES_MAX {
            return None;
        }
        let annotations = self
            .labels
            .iter()
            .map(|label| annotation(AnnotationKind::Context, label, lines));
        Some(
            Snippet::source(text)
                .path(plain(source.name()))
                .line_start(source.position(lines.start).line)
                .annotation(annotation(AnnotationKind::Primary, &self.primary, lines))
                .annotations(annotations),
        )
    }

    fn origin(&self, source: &Source) -> Origin<'static> {
        let position = source.position(self.primary.span.start);
        Origin::path(plain(source.name()))
            .line(position.line)
            .char_column(position.column)
    }
}

fn annotation<'a>(kind: AnnotationKind, label: &'a Label, lines: Span) -> Annotation<'a> {
    let within = |byte: u32| byte.clamp(lines.start, lines.end) - lines.start;
    let span = Span::new(within(label.span.start), within(label.span.end));
    let text = (!label.text.is_empty()).then_some(label.text.as_str());
    kind.span(span.range()).label(text)
}

/// Text that may hold control characters of the source, made harmless for a terminal.
fn plain(text: &str) -> String {
    normalize_untrusted_str(text)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{P010, P012};
    use super::*;

    fn span_of(source: &Source, piece: &str) -> Span {
        let start = source.text().find(piece).unwrap();
        Span::new(
            u32::try_from(start).unwrap(),
            u32::try_from(start + piece.len()).unwrap(),
        )
    }

    #[test]
    fn a_message_shows_place_labels_notes_and_help() {
        let source = Source::new("src/room.cam", "\n\n  f >>> append &&& .text\n").unwrap();
        let problem = Problem::new(
            P012,
            span_of(&source, "&&&"),
            "`>>>` and `&&&` are mixed without parentheses",
        )
        .saying("another combinator")
        .pointing_at(span_of(&source, ">>>"), "")
        .noting("combinators have no precedence")
        .helping("`(f >>> append) &&& .text`");
        let expected = "\
error[P012]: `>>>` and `&&&` are mixed without parentheses
 --> src/room.cam:3:16
  |
3 |   f >>> append &&& .text
  |     ---        ^^^ another combinator
  |
  = combinators have no precedence
help: `(f >>> append) &&& .text`
";
        assert_eq!(problem.render(&source, false), expected);
        assert!(problem.render(&source, true).contains("\u{1b}["));
        assert_eq!(
            problem.render_short(&source),
            "src/room.cam:3:16: P012: `>>>` and `&&&` are mixed without parentheses\n"
        );
    }

    #[test]
    fn empty_spans_and_the_end_of_a_file_can_be_shown() {
        for text in ["", "a", "a\n", "ç\r\n\n"] {
            let source = Source::new("a.cam", text).unwrap();
            let problem = Problem::new(P010, source.span().after(), "expected more");
            assert!(
                problem
                    .render(&source, false)
                    .starts_with("error[P010]: expected more\n --> a.cam:"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_line_of_megabytes_is_not_shown() {
        let source = Source::new("a.cam", "a".repeat(1_000_000)).unwrap();
        let problem = Problem::new(P010, Span::new(70_000, 70_001), "expected less");
        assert_eq!(
            problem.render(&source, false),
            "error[P010]: expected less\n--> a.cam:1:70001\n"
        );
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let source = Source::new("a\u{1b}[2J.cam", "\u{1b}[31m").unwrap();
        let problem = Problem::new(P010, source.span(), "found `\u{1b}[31m`")
            .noting("\u{1b}[31m")
            .helping("\u{1b}[31m");
        let text = problem.render(&source, false) + &problem.render_short(&source);
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
