//! An editor: it drives the real `cam lsp` over its pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// One server with its pipes. It is killed with the editor.
pub(crate) struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: i32,
    /// Notifications that came while a response was waited for.
    pub(crate) heard: Vec<Value>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It has ended already in most tests.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Editor {
    /// A server to which nothing was said yet.
    pub(crate) fn silent() -> Editor {
        let mut server = Command::new(env!("CARGO_BIN_EXE_cam"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = server.stdin.take();
        let output = BufReader::new(server.stdout.take().unwrap());
        Editor {
            server,
            input,
            output,
            next: 0,
            heard: Vec::new(),
        }
    }

    /// A server that was greeted.
    pub(crate) fn new() -> Editor {
        let mut editor = Editor::silent();
        let answer = editor.ask("initialize", json!({"capabilities": {}}));
        assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
        editor.tell("initialized", json!({}));
        editor
    }

    /// Bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn frame(&mut self, body: &str) {
        let text = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.write(text.as_bytes());
    }

    pub(crate) fn tell(&mut self, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.frame(&message.to_string());
    }

    /// Sends a request and returns its number.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> i32 {
        self.next += 1;
        let id = self.next;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.frame(&message.to_string());
        id
    }

    /// The whole answer to a request.
    pub(crate) fn answer(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
            self.heard.push(message);
        }
    }

    /// The result of a request that must succeed.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code of the error of a request that must fail.
    pub(crate) fn refused(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer.get("result").is_none(), "{method}: {answer}");
        answer["error"]["code"].clone()
    }

    /// The next message of the server.
    pub(crate) fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the server has ended");
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    pub(crate) fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "cam", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// The next problems that the server tells of.
    pub(crate) fn diagnostics(&mut self) -> Value {
        loop {
            let message = match self.heard.is_empty() {
                true => self.read(),
                false => self.heard.remove(0),
            };
            if message["method"] == "textDocument/publishDiagnostics" {
                return message["params"].clone();
            }
        }
    }

    /// Says goodbye as the protocol wants it, and returns how the server ended.
    pub(crate) fn leave(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.end()
    }

    /// Closes the pipe and returns how the server ended.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.input = None;
        self.server.wait().unwrap().code()
    }
}
