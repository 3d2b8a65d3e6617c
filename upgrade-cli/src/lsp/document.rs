//! The documents an editor has open: their texts, and what is known of them.

use std::collections::BTreeMap;

use dsl::history::History;
use dsl::index::Index;
use dsl::source::{Source, SourceTooLarge, Span};
use gen_lsp_types::{Position, Range, TextDocumentContentChangeEvent};

use super::place::Lines;
use super::surroundings::Surroundings;

/// An open document.
pub(super) struct Document {
    /// The number the editor gave to this text.
    pub(super) version: i32,
    pub(super) surroundings: Surroundings,
    text: String,
    lines: Lines,
    /// Absent until somebody asks, after each change anew.
    study: Option<Result<Study, SourceTooLarge>>,
    /// Whether the editor does not have the problems of this text yet.
    is_unpublished: bool,
}

/// A text with what is known of it.
pub(super) struct Study {
    pub(super) source: Source,
    pub(super) index: Index,
}

impl Document {
    pub(super) fn new(uri: &str, version: i32, text: String) -> Document {
        Document {
            version,
            surroundings: Surroundings::of(uri),
            lines: Lines::new(&text),
            text,
            study: None,
            is_unpublished: true,
        }
    }

    /// Changes the text as the editor did. Each change is of the text that the one before has left.
    pub(super) fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        self.version = version;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let Range { start, end } = part.range;
                    let start = self.lines.byte(&self.text, start);
                    let end = self.lines.byte(&self.text, end).max(start);
                    self.text.replace_range(start..end, &part.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    self.text = whole.text;
                }
            }
            self.lines = Lines::new(&self.text);
        }
        self.forget();
    }

    /// Reads again what is around it on disk.
    pub(super) fn look_around(&mut self, uri: &str) {
        self.surroundings = Surroundings::of(uri);
        self.forget();
    }

    fn forget(&mut self) {
        self.study = None;
        self.is_unpublished = true;
    }

    /// What is known of the text; an error if it is too long for a source.
    pub(super) fn study(&mut self) -> Result<&mut Study, &SourceTooLarge> {
        let surroundings = &self.surroundings;
        let text = &self.text;
        let study = self.study.get_or_insert_with(|| {
            let source = Source::new(surroundings.name.as_str(), text.as_str())?;
            let index = Index::new(&source, &surroundings.history);
            Ok(Study { source, index })
        });
        study.as_mut().map_err(|error| &*error)
    }

    pub(super) fn history(&self) -> &History {
        &self.surroundings.history
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The byte at a place of the editor.
    pub(super) fn byte(&self, position: Position) -> u32 {
        // A text that has a study is shorter than that.
        u32::try_from(self.lines.byte(&self.text, position)).unwrap_or(u32::MAX)
    }

    pub(super) fn range(&self, span: Span) -> Range {
        self.lines.range(&self.text, span)
    }

    /// All of the text.
    pub(super) fn whole(&self) -> Range {
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.range(Span::new(0, end))
    }
}

/// All documents that are open, by their names in the protocol.
#[derive(Default)]
pub(super) struct Documents {
    open: BTreeMap<String, Document>,
}

impl Documents {
    pub(super) fn insert(&mut self, uri: String, document: Document) {
        self.open.insert(uri, document);
    }

    pub(super) fn remove(&mut self, uri: &str) -> bool {
        self.open.remove(uri).is_some()
    }

    pub(super) fn get_mut(&mut self, uri: &str) -> Option<&mut Document> {
        self.open.get_mut(uri)
    }

    /// Reads again what is around all of them.
    pub(super) fn look_around(&mut self) {
        for (uri, document) in &mut self.open {
            document.look_around(uri);
        }
    }

    /// A document whose problems the editor does not have yet; it counts as published then.
    pub(super) fn next_unpublished(&mut self) -> Option<(&str, &mut Document)> {
        let mut documents = self.open.iter_mut();
        let (uri, document) = documents.find(|(_, document)| document.is_unpublished)?;
        document.is_unpublished = false;
        Some((uri, document))
    }
}
