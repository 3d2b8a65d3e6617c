//! Problems of a source as an editor shows them.

use dsl::problem::catalogue::T140;
use dsl::problem::{Label, Problem, Severity};
use gen_lsp_types::{
    Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location,
    Message, Position, PublishDiagnosticsParams, Range, Uri,
};

use super::document::Document;

/// All problems of a document, with the numbers of the text they are of.
pub(super) fn publication(uri: &str, document: &mut Document) -> PublishDiagnosticsParams {
    let mut list = Vec::new();
    if let Some(trouble) = &document.surroundings.trouble {
        list.push(general(format!(
            "the released versions cannot be read: {trouble}"
        )));
    }
    let problems = match document.study() {
        Ok(study) => study.index.problems().clone(),
        Err(error) => {
            list.push(general(error.to_string()));
            dsl::problem::Problems::new()
        }
    };
    list.extend(
        problems
            .iter()
            .map(|problem| diagnostic(uri, document, problem)),
    );
    if problems.omitted() > 0 {
        list.push(general(format!("{} more problems", problems.omitted())));
    }
    PublishDiagnosticsParams {
        uri: Uri::from(uri),
        version: Some(document.version),
        diagnostics: list,
    }
}

/// One problem.
pub(super) fn diagnostic(uri: &str, document: &Document, problem: &Problem) -> Diagnostic {
    let severity = match problem.severity() {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
    };
    let related = |label: &Label| DiagnosticRelatedInformation {
        location: Location {
            uri: Uri::from(uri),
            range: document.range(label.span),
        },
        message: label.text.clone(),
    };
    let places: Vec<_> = problem.labels.iter().map(related).collect();
    let is_unused = problem.code == T140;
    Diagnostic {
        range: document.range(problem.primary.span),
        severity: Some(severity),
        code: Some(Code::String(problem.code.name.to_owned())),
        source: Some("cam".to_owned()),
        message: Message::String(message(problem)),
        tags: is_unused.then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: (!places.is_empty()).then_some(places),
        ..general(String::new())
    }
}

/// Everything that `cam check` prints, but the source.
fn message(problem: &Problem) -> String {
    let mut text = problem.title.clone();
    if !problem.primary.text.is_empty() {
        text = format!("{text}\n{}", problem.primary.text);
    }
    for note in &problem.notes {
        text = format!("{text}\nnote: {note}");
    }
    for help in &problem.help {
        text = format!("{text}\nhelp: {help}");
    }
    text
}

/// Something about the whole document.
fn general(text: String) -> Diagnostic {
    let start = Position {
        line: 0,
        character: 0,
    };
    Diagnostic {
        range: Range { start, end: start },
        severity: Some(DiagnosticSeverity::Error),
        code: None,
        code_description: None,
        source: Some("cam".to_owned()),
        message: Message::String(text),
        tags: None,
        related_information: None,
        data: None,
    }
}
