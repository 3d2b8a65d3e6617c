//! Pieces of text with places where a line may end, and the lines that become of them.
//!
//! This is Oppen's printer ("Prettyprinting", 1980) over a flat list: a group whose pieces fit on the rest of
//! the line stays on it, else all its own breaks become line ends. Nothing here recurses.

/// A piece of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// One space, but none at the start of a line.
    Space,
    /// In a group that fits this text, else the end of a line.
    Break(&'static str),
    /// Always the end of a line; with a blank one after it if it is `true`.
    LineEnd(bool),
    /// In a group that fits the first text, else the second.
    Either(&'static str, &'static str),
    /// Its groups do not fit, whatever the width.
    Forced,
    /// A comment on a line of its own; the blank line above it, if it is `true`.
    Comment(String, bool),
    /// A comment behind what is on the line, and the end of the line.
    Behind(String),
    Begin,
    End,
    /// So many more spaces at the start of the lines that follow.
    Indent(usize),
    Dedent,
}

impl Piece {
    /// How wide it is where its group fits; `None` if then its group does not.
    fn width(&self) -> Option<usize> {
        match self {
            Piece::Text(text) => Some(text.chars().count()),
            Piece::Space => Some(1),
            Piece::Break(flat) | Piece::Either(flat, _) => Some(flat.len()),
            Piece::Begin | Piece::End | Piece::Indent(_) | Piece::Dedent => Some(0),
            Piece::LineEnd(_) | Piece::Forced | Piece::Comment(..) | Piece::Behind(_) => None,
        }
    }

    /// Whether a line can end here.
    fn may_end_line(&self) -> bool {
        matches!(
            self,
            Piece::Break(_) | Piece::LineEnd(_) | Piece::Comment(..) | Piece::Behind(_)
        )
    }
}

/// The text of a layout. It ends with one line end, or is empty.
pub(super) fn rendered(pieces: &[Piece], width: usize) -> String {
    let measure = Measure::of(pieces);
    let mut lines = Lines::default();
    let mut is_broken: Vec<bool> = Vec::new();
    for (place, piece) in pieces.iter().enumerate() {
        let broken = is_broken.last().copied().unwrap_or(true);
        match piece {
            Piece::Text(text) => lines.text(text),
            Piece::Space => lines.space(),
            Piece::Break(_) if broken => lines.end(false),
            Piece::Break(flat) => lines.flat(flat),
            Piece::LineEnd(is_blank) => lines.end(*is_blank),
            Piece::Either(_, text) if broken => lines.text(text),
            Piece::Either(text, _) => lines.text(text),
            Piece::Forced => {}
            Piece::Comment(text, is_apart) => lines.comment(text, *is_apart),
            Piece::Behind(text) => lines.behind(text),
            Piece::Begin => {
                let fits = |flat: usize| lines.column() + flat <= width;
                is_broken.push(!measure.flat[place].is_some_and(fits));
            }
            Piece::End => {
                is_broken.pop();
            }
            Piece::Indent(spaces) => lines.indents.push(*spaces),
            Piece::Dedent => {
                lines.indents.pop();
            }
        }
    }
    lines.end(false);
    lines.text
}

/// How much room each group needs on its line.
struct Measure {
    /// At each `Begin` its width, with what follows up to where a line can end; `None` if it cannot fit.
    flat: Vec<Option<usize>>,
}

impl Measure {
    fn of(pieces: &[Piece]) -> Measure {
        let mut flat = vec![None; pieces.len()];
        // For each piece the width of all before it, and how many before it do not fit.
        let mut before = Vec::with_capacity(pieces.len() + 1);
        let (mut width, mut unfit) = (0, 0_usize);
        for piece in pieces {
            before.push((width, unfit));
            width += piece.width().unwrap_or(0);
            unfit += usize::from(piece.width().is_none());
        }
        before.push((width, unfit));
        let mut ends: Vec<usize> = Vec::new();
        let mut line_end = pieces.len();
        let mut line_end_after = vec![line_end; pieces.len()];
        for (place, piece) in pieces.iter().enumerate().rev() {
            line_end_after[place] = line_end;
            if piece.may_end_line() {
                line_end = place;
            }
            match piece {
                Piece::End => ends.push(place),
                Piece::Begin => {
                    let end = ends.pop().unwrap_or(place);
                    if before[place].1 == before[end].1 {
                        flat[place] = Some(before[line_end_after[end]].0 - before[place].0);
                    }
                }
                _ => {}
            }
        }
        Measure { flat }
    }
}

/// The lines so far.
#[derive(Default)]
struct Lines {
    text: String,
    /// The column after the last character; 0 at the start of a line.
    written: usize,
    /// Where this line begins: what was indented when the one before ended.
    start: usize,
    indents: Vec<usize>,
}

impl Lines {
    fn column(&self) -> usize {
        if self.written == 0 {
            self.start
        } else {
            self.written
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.written == 0 {
            self.written = self.start;
            self.text.extend(std::iter::repeat_n(' ', self.start));
        }
        self.text.push_str(text);
        self.written += text.chars().count();
    }

    fn flat(&mut self, text: &str) {
        if self.written > 0 {
            self.text(text);
        }
    }

    fn space(&mut self) {
        self.flat(" ");
    }

    fn end(&mut self, is_blank: bool) {
        if self.written > 0 {
            let spaces = self.text.trim_end_matches(' ').len();
            self.text.truncate(spaces);
            self.text.push('\n');
            self.written = 0;
        }
        self.start = self.indents.iter().sum();
        if is_blank && !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn comment(&mut self, text: &str, is_apart: bool) {
        self.end(is_apart);
        self.text(text);
        self.end(false);
    }

    fn behind(&mut self, text: &str) {
        self.space();
        self.text(text);
        self.end(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Vec<Piece> {
        let mut pieces = vec![Piece::Begin, Piece::Text("[".into()), Piece::Indent(2)];
        for word in words {
            pieces.push(Piece::Break(""));
            pieces.push(Piece::Text((*word).into()));
        }
        pieces.extend([
            Piece::Either("", ","),
            Piece::Dedent,
            Piece::Break(""),
            Piece::Text("]".into()),
            Piece::End,
        ]);
        pieces
    }

    #[test]
    fn a_group_is_on_one_line_if_it_fits_with_what_follows() {
        let mut pieces = list(&["aa", "bb"]);
        assert_eq!(rendered(&pieces, 6), "[aabb]\n");
        assert_eq!(rendered(&pieces, 5), "[\n  aa\n  bb,\n]\n");
        pieces.push(Piece::Text(";".into()));
        assert_eq!(rendered(&pieces, 6), "[\n  aa\n  bb,\n];\n");
    }

    #[test]
    fn a_comment_breaks_the_groups_it_is_in() {
        let mut pieces = list(&["aa", "bb"]);
        pieces.insert(5, Piece::Behind("// why".into()));
        assert_eq!(rendered(&pieces, 99), "[\n  aa // why\n  bb,\n]\n");
    }

    #[test]
    fn blank_lines_do_not_add_up_and_none_is_at_the_start() {
        let pieces = [
            Piece::LineEnd(true),
            Piece::Comment("// a".into(), true),
            Piece::LineEnd(true),
            Piece::LineEnd(true),
            Piece::Text("b".into()),
        ];
        assert_eq!(rendered(&pieces, 9), "// a\n\nb\n");
    }
}
