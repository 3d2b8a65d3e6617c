//! Changes an editor offers: the fixes of the problems at a place, and the layout.

use dsl::format;
use dsl::source::Span;
use gen_lsp_types::{CodeAction, CodeActionKind, Range, TextEdit};

use super::diagnostics::diagnostic;
use super::document::Document;
use super::navigation::workspace_edit;

/// The fixes of all problems that touch a range.
pub(super) fn actions(uri: &str, document: &mut Document, range: Range) -> Vec<CodeAction> {
    let (start, end) = (document.byte(range.start), document.byte(range.end));
    let Ok(study) = document.study() else {
        return Vec::new();
    };
    let touches = |span: Span| span.start <= end && start <= span.end;
    let problems = study.index.problems().iter();
    let problems: Vec<_> = problems
        .filter(|problem| touches(problem.primary.span))
        .cloned()
        .collect();
    let mut found = Vec::new();
    for problem in &problems {
        let is_only = problem.fixes.len() == 1;
        for fix in &problem.fixes {
            found.push(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![diagnostic(uri, document, problem)]),
                is_preferred: Some(is_only),
                edit: Some(workspace_edit(uri, document, &fix.edits)),
                ..CodeAction::default()
            });
        }
    }
    found
}

/// The edit that lays a document out; none if it is laid out so, or does not parse.
pub(super) fn layout(document: &mut Document) -> Vec<TextEdit> {
    let laid = match document.study() {
        Ok(study) => format::format(&study.source),
        Err(_) => return Vec::new(),
    };
    match laid {
        Ok(text) if text != document.text() => vec![TextEdit {
            range: document.whole(),
            new_text: text,
        }],
        Ok(_) | Err(_) => Vec::new(),
    }
}
