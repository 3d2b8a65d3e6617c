//! The bytes of a request, as they arrive.

use quinn::RecvStream;

use crate::{
    printable::Printable,
    protocol::{Malformed, Refusal, RefusalCode, RequestKind},
};

/// Reads until there are `length` bytes or the request ends.
pub(super) async fn read_up_to(
    stream: &mut RecvStream,
    bytes: &mut Vec<u8>,
    length: usize,
) -> Result<(), Refusal> {
    while let Some(missing) = length
        .checked_sub(bytes.len())
        .filter(|missing| *missing > 0)
    {
        match stream.read_chunk(missing, true).await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk.bytes),
            Ok(None) => return Ok(()),
            Err(_) => {
                let reason = "the request was cut off";
                return Err(Refusal::new(RefusalCode::MALFORMED_REQUEST, reason));
            }
        }
    }
    Ok(())
}

pub(super) fn unknown_kind(beginning: &[u8]) -> Refusal {
    match beginning {
        // A map of one entry: it may be a request of a newer client.
        [0x81, length, name @ ..] => {
            // A short text; of a long name only the beginning has been read.
            let length = usize::from(length.wrapping_sub(0xa0)).min(name.len());
            let name = String::from_utf8_lossy(&name[..length]);
            let known: Vec<_> = RequestKind::ALL.iter().map(|kind| kind.name()).collect();
            let reason = format!(
                "cam-node {} has no request `{}`; it knows {}",
                env!("CARGO_PKG_VERSION"),
                Printable(&name),
                known.join(", ")
            );
            Refusal::new(RefusalCode::UNKNOWN_REQUEST, reason)
        }
        _ => Refusal::new(
            RefusalCode::MALFORMED_REQUEST,
            "not the beginning of a request",
        ),
    }
}

pub(super) fn malformed(malformed: Malformed) -> Refusal {
    Refusal::new(RefusalCode::MALFORMED_REQUEST, malformed.to_string())
}
