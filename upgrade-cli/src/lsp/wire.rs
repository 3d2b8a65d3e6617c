//! Messages on the wire: a length, an empty line, JSON. What is malformed is answered, never the end.

use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message, RequestId};
use serde_json::{Value, json};

/// Bytes of one message. A source has at most four mebibytes, in JSON perhaps six times that.
const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Bytes of one line of a header.
const HEADER_BYTES_MAX: u64 = 4096;

/// What came in.
pub(super) enum Incoming {
    Message(Message),
    Malformed(Malformed),
    /// The pipe is closed.
    End,
}

/// A message that is none.
pub(super) struct Malformed {
    /// That of the request, as far as it could be read.
    id: Value,
    code: ErrorCode,
    why: String,
}

impl Malformed {
    fn parse(why: impl Into<String>) -> Malformed {
        Malformed {
            id: Value::Null,
            code: ErrorCode::ParseError,
            why: why.into(),
        }
    }
}

/// Reads the next message. After something malformed the next header is looked for.
pub(super) fn read(input: &mut impl BufRead) -> Incoming {
    match body(input) {
        Ok(Some(Ok(body))) => decode(&body),
        Ok(Some(Err(malformed))) => Incoming::Malformed(malformed),
        Ok(None) | Err(_) => Incoming::End,
    }
}

/// The bytes of the next message; nothing at the end.
fn body(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, Malformed>>> {
    let mut length: Option<u64> = None;
    let mut strange: Option<Malformed> = None;
    loop {
        let mut line = Vec::new();
        let read = input
            .by_ref()
            .take(HEADER_BYTES_MAX)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            match (length, strange.take()) {
                (Some(_), _) => break,
                (None, Some(strange)) => return Ok(Some(Err(strange))),
                (None, None) => continue, // empty lines between messages harm nobody
            }
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                match value.trim().parse() {
                    Ok(number) => length = Some(number),
                    Err(_) => strange = Some(Malformed::parse("the length is no number")),
                }
            }
            Some((name, _)) if name.eq_ignore_ascii_case("content-type") => {}
            _ => strange = Some(Malformed::parse("a header without a length")),
        }
    }
    let length = length.unwrap_or(0);
    if length > MESSAGE_BYTES_MAX {
        io::copy(&mut input.by_ref().take(length), &mut io::sink())?;
        let why = format!("a message has at most {MESSAGE_BYTES_MAX} bytes, this one {length}");
        return Ok(Some(Err(Malformed::parse(why))));
    }
    let mut body = Vec::new();
    input.by_ref().take(length).read_to_end(&mut body)?;
    let is_whole = u64::try_from(body.len()).is_ok_and(|read| read == length);
    Ok(is_whole.then_some(Ok(body)))
}

fn decode(body: &[u8]) -> Incoming {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return Incoming::Malformed(Malformed::parse(format!("no JSON: {error}"))),
    };
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    let has_method = value.get("method").is_some_and(Value::is_string);
    let is_request = value.get("id").is_some() && has_method;
    let is_strange = is_request && serde_json::from_value::<RequestId>(id.clone()).is_err();
    let message = serde_json::from_value::<Message>(value);
    match message {
        Ok(message) if !is_strange => Incoming::Message(message),
        _ => {
            let is_id = id.is_string() || id.is_number();
            Incoming::Malformed(Malformed {
                id: if is_id { id } else { Value::Null },
                code: ErrorCode::InvalidRequest,
                why: "neither a request nor a notification nor a response".to_owned(),
            })
        }
    }
}

/// Answers something malformed.
pub(super) fn write_error(output: &mut impl Write, malformed: &Malformed) -> io::Result<()> {
    let error = json!({"code": malformed.code as i32, "message": malformed.why});
    let text = json!({"jsonrpc": "2.0", "id": malformed.id, "error": error}).to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream of bytes is read as: methods, error codes, then the end.
    fn read_all(mut bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        loop {
            match read(&mut bytes) {
                Incoming::Message(Message::Request(it)) => found.push(it.method),
                Incoming::Message(Message::Notification(it)) => found.push(it.method),
                Incoming::Message(Message::Response(_)) => found.push("response".to_owned()),
                Incoming::Malformed(it) => found.push(format!("{} {}", it.code as i32, it.id)),
                Incoming::End => return found,
            }
        }
    }

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn what_is_malformed_is_told_apart_and_what_follows_is_read() {
        let good = framed(r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#);
        let deep = "[".repeat(10_000);
        let table = [
            (framed("{"), "-32700 null"),
            (framed(&deep), "-32700 null"),
            (framed("[]"), "-32600 null"),
            (framed("{}"), "-32600 null"),
            (framed("null"), "-32600 null"),
            (framed(r#"{"id":1.5,"method":"shutdown"}"#), "-32600 1.5"),
            (framed(r#"{"id":[],"method":"shutdown"}"#), "-32600 null"),
            (
                framed(r#"{"id":99999999999,"method":"shutdown"}"#),
                "-32600 99999999999",
            ),
            (framed(r#"{"method":7}"#), "-32600 null"),
            ("hello\r\n\r\n".to_owned(), "-32700 null"),
            ("Content-Length: -1\r\n\r\n".to_owned(), "-32700 null"),
            ("Content-Length: x\r\n\r\n".to_owned(), "-32700 null"),
        ];
        for (bytes, expected) in table {
            let stream = format!("{bytes}{good}");
            assert_eq!(
                read_all(stream.as_bytes()),
                [expected, "shutdown"],
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_malformed() {
        let mut stream = b"Content-Length: 2\r\n\r\n\xff\xfe".to_vec();
        stream.extend(framed(r#"{"method":"exit"}"#).bytes());
        assert_eq!(read_all(&stream), ["-32700 null", "exit"]);
    }

    #[test]
    fn a_stream_may_end_anywhere() {
        let whole = framed(r#"{"method":"exit"}"#);
        for end in 0..whole.len() {
            assert_eq!(read_all(&whole.as_bytes()[..end]), [""; 0], "{end}");
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_passed_over() {
        let length = usize::try_from(MESSAGE_BYTES_MAX).unwrap() + 1;
        let mut stream = framed(&" ".repeat(length)).into_bytes();
        stream.extend(framed(r#"{"method":"exit"}"#).bytes());
        assert_eq!(read_all(&stream), ["-32700 null", "exit"]);
    }
}
