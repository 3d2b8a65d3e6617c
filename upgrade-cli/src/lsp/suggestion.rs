//! What may be written at a place of a document.

use dsl::index::{Candidate, CandidateKind, complete};
use gen_lsp_types::{CompletionItem, CompletionItemKind, Position};

use super::document::Document;

/// Everything that may stand at a place, what fits best first.
pub(super) fn suggestions(document: &mut Document, position: Position) -> Vec<CompletionItem> {
    let byte = document.byte(position);
    let history = document.history().clone();
    let Ok(study) = document.study() else {
        return Vec::new();
    };
    let found = complete(&study.source, &history, byte);
    found.into_iter().enumerate().map(item).collect()
}

fn item((place, candidate): (usize, Candidate)) -> CompletionItem {
    let kind = match candidate.kind {
        CandidateKind::Constructor => CompletionItemKind::EnumMember,
        CandidateKind::Local => CompletionItemKind::Variable,
        CandidateKind::Field => CompletionItemKind::Field,
        CandidateKind::Constant => CompletionItemKind::Constant,
        CandidateKind::Function | CandidateKind::Builtin => CompletionItemKind::Function,
        CandidateKind::Type => CompletionItemKind::Class,
        CandidateKind::Word => CompletionItemKind::Keyword,
    };
    CompletionItem {
        label: candidate.name,
        kind: Some(kind),
        detail: (!candidate.detail.is_empty()).then_some(candidate.detail),
        // Editors sort by this text, not by the order of the list.
        sort_text: Some(format!("{place:05}")),
        ..CompletionItem::default()
    }
}
