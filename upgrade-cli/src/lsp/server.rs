//! Requests and notifications: what each asks, in the phases of the protocol.

use gen_lsp_types as lsp;
use lsp_server::ErrorCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::document::{Document, Documents};
use super::{action, capabilities, diagnostics, navigation, suggestion, token};
use crate::exit::Exit;

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Fresh,
    Running,
    ShutDown,
}

/// The server without its pipes.
#[derive(Default)]
pub(super) struct Server {
    phase: Phase,
    documents: Documents,
    /// Documents that were closed: their problems are taken back.
    closed: Vec<String>,
}

/// The answer to a request.
pub(super) enum Answer {
    Result(Value),
    Error(ErrorCode, String),
}

impl Answer {
    fn of(result: impl Serialize) -> Answer {
        match serde_json::to_value(result) {
            Ok(value) => Answer::Result(value),
            Err(error) => Answer::Error(ErrorCode::InternalError, error.to_string()),
        }
    }

    fn of_result(result: Result<impl Serialize, String>) -> Answer {
        match result {
            Ok(value) => Answer::of(value),
            Err(why) => Answer::Error(ErrorCode::RequestFailed, why),
        }
    }
}

impl Server {
    /// How the process ends: the protocol wants 1 if nobody said `shutdown`.
    pub(super) fn exit(&self) -> Exit {
        match self.phase {
            Phase::ShutDown => Exit::Done,
            Phase::Fresh | Phase::Running => Exit::Wrong,
        }
    }

    pub(super) fn request(&mut self, method: &str, params: Value) -> Answer {
        match (self.phase, method) {
            (Phase::Fresh, "initialize") => {
                self.phase = Phase::Running;
                Answer::of(capabilities::introduction())
            }
            (Phase::Fresh, _) => Answer::Error(
                ErrorCode::ServerNotInitialized,
                "the first request is `initialize`".to_owned(),
            ),
            (Phase::Running, "shutdown") => {
                self.phase = Phase::ShutDown;
                Answer::Result(Value::Null)
            }
            (Phase::Running, "initialize") => Answer::Error(
                ErrorCode::InvalidRequest,
                "`initialize` comes once".to_owned(),
            ),
            (Phase::Running, _) => self.ask(method, params),
            (Phase::ShutDown, _) => Answer::Error(
                ErrorCode::InvalidRequest,
                "only `exit` comes after `shutdown`".to_owned(),
            ),
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/hover" => self.at(params, |_, document, at| {
                Answer::of(navigation::hover(document, at))
            }),
            "textDocument/definition" => self.at(params, |uri, document, at| {
                Answer::of(navigation::definition(uri, document, at))
            }),
            "textDocument/documentHighlight" => self.at(params, |_, document, at| {
                Answer::of(navigation::highlights(document, at))
            }),
            "textDocument/completion" => self.at(params, |_, document, at| {
                Answer::of(suggestion::suggestions(document, at))
            }),
            "textDocument/prepareRename" => self.at(params, |_, document, at| {
                Answer::of_result(navigation::renamable(document, at))
            }),
            "textDocument/references" => self.references(params),
            "textDocument/rename" => self.rename(params),
            "textDocument/codeAction" => self.actions(params),
            "textDocument/documentSymbol" => self.whole(&params, |document| {
                Answer::of(navigation::outline(document))
            }),
            "textDocument/formatting" => {
                self.whole(&params, |document| Answer::of(action::layout(document)))
            }
            "textDocument/semanticTokens/full" => {
                self.whole(&params, |document| Answer::of(token::tokens(document)))
            }
            _ => Answer::Error(
                ErrorCode::MethodNotFound,
                format!("`{method}` is not known here"),
            ),
        }
    }

    pub(super) fn notification(&mut self, method: &str, params: Value) {
        if self.phase != Phase::Running {
            return;
        }
        match method {
            "textDocument/didOpen" => {
                let Some(opened) = read::<lsp::DidOpenTextDocumentParams>(params) else {
                    return;
                };
                let item = opened.text_document;
                let document = Document::new(&item.uri.0, item.version, item.text);
                self.documents.insert(item.uri.0, document);
            }
            "textDocument/didChange" => {
                let Some(changed) = read::<lsp::DidChangeTextDocumentParams>(params) else {
                    return;
                };
                let named = changed.text_document;
                let uri = named.text_document_identifier.uri.0;
                if let Some(document) = self.documents.get_mut(&uri) {
                    document.change(named.version, changed.content_changes);
                }
            }
            "textDocument/didClose" => {
                let Some(closed) = read::<lsp::DidCloseTextDocumentParams>(params) else {
                    return;
                };
                let uri = closed.text_document.uri.0;
                if self.documents.remove(&uri) {
                    self.closed.push(uri);
                }
            }
            // A release writes into `history/`, and that is what sources are checked against.
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.documents.look_around();
            }
            _ => {}
        }
    }

    /// The problems of a document whose text has changed, if there is one.
    pub(super) fn next_diagnostics(&mut self) -> Option<Value> {
        let publication = match self.closed.pop() {
            Some(uri) => lsp::PublishDiagnosticsParams {
                uri: lsp::Uri(uri),
                version: None,
                diagnostics: Vec::new(),
            },
            None => {
                let (uri, document) = self.documents.next_unpublished()?;
                diagnostics::publication(uri, document)
            }
        };
        serde_json::to_value(publication).ok()
    }

    fn references(&mut self, params: Value) -> Answer {
        let Some(asked) = read::<lsp::ReferenceParams>(params) else {
            return invalid();
        };
        let is_with_definitions = asked.context.include_declaration;
        self.at_place(asked.text_document_position_params, |uri, document, at| {
            let found = navigation::references(uri, document, at, is_with_definitions);
            Answer::of(found)
        })
    }

    fn rename(&mut self, params: Value) -> Answer {
        let Some(asked) = read::<lsp::RenameParams>(params) else {
            return invalid();
        };
        let name = asked.new_name;
        self.at_place(asked.text_document_position_params, |uri, document, at| {
            Answer::of_result(navigation::rename(uri, document, at, &name))
        })
    }

    fn actions(&mut self, params: Value) -> Answer {
        let Some(asked) = read::<lsp::CodeActionParams>(params) else {
            return invalid();
        };
        let uri = asked.text_document.uri.0;
        match self.documents.get_mut(&uri) {
            Some(document) => Answer::of(action::actions(&uri, document, asked.range)),
            None => not_open(&uri),
        }
    }

    /// Does something with the document and the place that are asked about.
    fn at(
        &mut self,
        params: Value,
        work: impl FnOnce(&str, &mut Document, lsp::Position) -> Answer,
    ) -> Answer {
        match read::<lsp::TextDocumentPositionParams>(params) {
            Some(place) => self.at_place(place, work),
            None => invalid(),
        }
    }

    fn at_place(
        &mut self,
        place: lsp::TextDocumentPositionParams,
        work: impl FnOnce(&str, &mut Document, lsp::Position) -> Answer,
    ) -> Answer {
        let uri = place.text_document.uri.0;
        match self.documents.get_mut(&uri) {
            Some(document) => work(&uri, document, place.position),
            None => not_open(&uri),
        }
    }

    /// Does something with the document that is asked about.
    fn whole(&mut self, params: &Value, work: impl FnOnce(&mut Document) -> Answer) -> Answer {
        let document = params.get("textDocument").cloned().unwrap_or(Value::Null);
        let Some(named) = read::<lsp::TextDocumentIdentifier>(document) else {
            return invalid();
        };
        match self.documents.get_mut(&named.uri.0) {
            Some(document) => work(document),
            None => not_open(&named.uri.0),
        }
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

fn invalid() -> Answer {
    Answer::Error(
        ErrorCode::InvalidParams,
        "the parameters are not those of the protocol".to_owned(),
    )
}

fn not_open(uri: &str) -> Answer {
    Answer::Error(ErrorCode::InvalidParams, format!("`{uri}` is not open"))
}
