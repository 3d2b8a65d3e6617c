//! Where names are: hover, definition, references, new names, the outline.

use std::collections::HashMap;

use dsl::index::{Symbol, SymbolKind as Part};
use dsl::problem::Edit;
use dsl::source::Span;
use gen_lsp_types::{
    Contents, DocumentHighlight, DocumentSymbol, Hover, Location, MarkupContent, MarkupKind,
    Position, SymbolKind, TextEdit, Uri, WorkspaceEdit,
};

use super::document::Document;

/// The type and the documentation of what is at a place.
pub(super) fn hover(document: &mut Document, position: Position) -> Option<Hover> {
    let byte = document.byte(position);
    let study = document.study().ok()?;
    let found = study.index.describe(&study.source, byte)?;
    let mut text = format!("```cam\n{}\n```", found.code);
    for part in [found.text, found.documentation.unwrap_or_default()] {
        if !part.is_empty() {
            text = format!("{text}\n\n{part}");
        }
    }
    let contents = Contents::MarkupContent(MarkupContent {
        kind: MarkupKind::Markdown,
        value: text,
    });
    let range = Some(document.range(found.span));
    Some(Hover { contents, range })
}

pub(super) fn definition(uri: &str, document: &mut Document, position: Position) -> Vec<Location> {
    let byte = document.byte(position);
    let found = match document.study() {
        Ok(study) => study.index.definitions(byte),
        Err(_) => Vec::new(),
    };
    locations(uri, document, &found)
}

pub(super) fn references(
    uri: &str,
    document: &mut Document,
    position: Position,
    is_with_definitions: bool,
) -> Vec<Location> {
    let byte = document.byte(position);
    let found = same_name(document, byte, is_with_definitions);
    locations(uri, document, &found)
}

/// The same name elsewhere in the document, to be marked.
pub(super) fn highlights(document: &mut Document, position: Position) -> Vec<DocumentHighlight> {
    let byte = document.byte(position);
    let found = same_name(document, byte, true);
    let marks = found.into_iter();
    marks
        .map(|span| DocumentHighlight {
            range: document.range(span),
            kind: None,
        })
        .collect()
}

fn same_name(document: &mut Document, byte: u32, is_with_definitions: bool) -> Vec<Span> {
    match document.study() {
        Ok(study) => study.index.references(byte, is_with_definitions),
        Err(_) => Vec::new(),
    }
}

fn locations(uri: &str, document: &Document, spans: &[Span]) -> Vec<Location> {
    let location = |span: &Span| Location {
        uri: Uri::from(uri),
        range: document.range(*span),
    };
    spans.iter().map(location).collect()
}

/// The name that would be renamed; in words why none would.
pub(super) fn renamable(
    document: &mut Document,
    position: Position,
) -> Result<gen_lsp_types::Range, String> {
    let byte = document.byte(position);
    let study = document.study().map_err(|error| error.to_string())?;
    let span = study.index.renamable(&study.source, byte);
    let span = span.map_err(|refusal| refusal.to_string())?;
    Ok(document.range(span))
}

/// The edits that give a thing another name; in words why there are none.
pub(super) fn rename(
    uri: &str,
    document: &mut Document,
    position: Position,
    name: &str,
) -> Result<WorkspaceEdit, String> {
    let byte = document.byte(position);
    document.study().map_err(|error| error.to_string())?;
    let history = document.history().clone();
    let study = document.study().map_err(|error| error.to_string())?;
    let edits = study.index.rename(&study.source, &history, byte, name);
    let edits = edits.map_err(|refusal| refusal.to_string())?;
    Ok(workspace_edit(uri, document, &edits))
}

/// Edits of one document.
pub(super) fn workspace_edit(uri: &str, document: &Document, edits: &[Edit]) -> WorkspaceEdit {
    let edit = |edit: &Edit| TextEdit {
        range: document.range(edit.span),
        new_text: edit.text.clone(),
    };
    let edits = edits.iter().map(edit).collect();
    WorkspaceEdit {
        changes: Some(HashMap::from([(Uri::from(uri), edits)])),
        document_changes: None,
        change_annotations: None,
    }
}

/// The outline of a document.
pub(super) fn outline(document: &mut Document) -> Vec<DocumentSymbol> {
    let symbols = match document.study() {
        Ok(study) => study.index.symbols(&study.source),
        Err(_) => Vec::new(),
    };
    symbols.iter().map(|it| symbol(document, it)).collect()
}

#[expect(
    deprecated,
    reason = "the type has the old field, and it must have a value"
)]
fn symbol(document: &Document, from: &Symbol) -> DocumentSymbol {
    let children = from.children.iter();
    let children: Vec<_> = children.map(|it| symbol(document, it)).collect();
    DocumentSymbol {
        name: from.name.clone(),
        detail: None,
        kind: symbol_kind(from.kind),
        tags: None,
        deprecated: None,
        range: document.range(from.span.to(from.name_span)),
        selection_range: document.range(from.name_span),
        children: (!children.is_empty()).then_some(children),
    }
}

fn symbol_kind(part: Part) -> SymbolKind {
    match part {
        Part::Machine => SymbolKind::Class,
        Part::Type => SymbolKind::Struct,
        Part::Constructor => SymbolKind::EnumMember,
        Part::Field => SymbolKind::Field,
        Part::Function => SymbolKind::Function,
        Part::Constant => SymbolKind::Constant,
        Part::Handler => SymbolKind::Method,
        Part::Upgrade => SymbolKind::Interface,
        Part::Claim => SymbolKind::Property,
        Part::Trace => SymbolKind::Event,
    }
}
