//! A position in untrusted bytes: shortest numbers, counts checked against what remains.

use crate::limits::NAME_BYTES_MAX;
use crate::malformed::{Malformed, MalformedReason};
use crate::schema::Name;

/// A position in untrusted bytes.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    newest: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            bytes,
            offset: 0,
            newest: 1,
        }
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Something of a format was read.
    #[inline]
    pub(crate) fn met(&mut self, since: u64) {
        self.newest = self.newest.max(since);
    }

    /// The newest format of what was read.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let Some(byte) = self.bytes.get(self.offset) else {
            return Err(truncated(self.bytes));
        };
        self.offset += 1;
        Ok(*byte)
    }

    #[inline]
    pub(crate) fn index(&mut self) -> Result<u32, Malformed> {
        let start = self.offset;
        let number = self.number()?;
        u32::try_from(number).map_err(|_| Malformed {
            offset: start,
            reason: MalformedReason::LongNumber,
        })
    }

    #[inline]
    pub(crate) fn integer(&mut self) -> Result<i64, Malformed> {
        let zigzag = self.number()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    /// Most numbers are below 128, one byte.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        match self.bytes.get(self.offset) {
            Some(byte) if *byte < 0x80 => {
                self.offset += 1;
                Ok(u64::from(*byte))
            }
            _ => {
                let (number, end) = long_number(self.bytes, self.offset)?;
                self.offset = end;
                Ok(number)
            }
        }
    }

    /// A count of things of which each takes at least `least` bytes.
    pub(crate) fn count(
        &mut self,
        what: &'static str,
        limit: usize,
        least: usize,
    ) -> Result<usize, Malformed> {
        let start = self.offset;
        let number = self.number()?;
        let remaining = self.bytes.len() - self.offset;
        let count = usize::try_from(number).unwrap_or(usize::MAX);
        if count > limit {
            let reason = MalformedReason::TooMany {
                what,
                limit: limit as u64,
            };
            return Err(Malformed {
                offset: start,
                reason,
            });
        }
        if count.saturating_mul(least) > remaining {
            return Err(Malformed {
                offset: start,
                reason: MalformedReason::Truncated,
            });
        }
        Ok(count)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self
            .offset
            .checked_add(count)
            .filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| truncated(self.bytes))?;
        let taken = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(taken)
    }

    pub(crate) fn text(&mut self, limit: usize) -> Result<&'a str, Malformed> {
        let length = self.count("bytes in a text", limit, 1)?;
        let start = self.offset;
        std::str::from_utf8(self.take(length)?).map_err(|_| Malformed {
            offset: start,
            reason: MalformedReason::BadText,
        })
    }

    pub(crate) fn name(&mut self) -> Result<Name, Malformed> {
        let start = self.offset;
        let text = self.text(NAME_BYTES_MAX)?;
        let first = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if first
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            Ok(text.into())
        } else {
            Err(Malformed {
                offset: start,
                reason: MalformedReason::BadText,
            })
        }
    }

    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.offset == self.bytes.len() {
            Ok(())
        } else {
            Err(self.error_back(0, MalformedReason::Trailing))
        }
    }

    pub(crate) fn error_back(&self, back: usize, reason: MalformedReason) -> Malformed {
        Malformed {
            offset: self.offset.saturating_sub(back),
            reason,
        }
    }

    pub(crate) fn too_many(&self, what: &'static str, limit: usize) -> Malformed {
        self.error_back(
            0,
            MalformedReason::TooMany {
                what,
                limit: limit as u64,
            },
        )
    }
}

/// The number at `start` and where it ends. By value, and so are the errors: a reader whose address is
/// passed on would live in memory and not in registers, at twice the cost of a byte.
fn long_number(bytes: &[u8], start: usize) -> Result<(u64, usize), Malformed> {
    let long = Malformed {
        offset: start,
        reason: MalformedReason::LongNumber,
    };
    let mut number = 0;
    for (shift, offset) in (0..64).step_by(7).zip(start..) {
        let byte = *bytes.get(offset).ok_or_else(|| truncated(bytes))?;
        let low = u64::from(byte & 0x7F);
        if shift == 63 && low > 1 {
            return Err(long);
        }
        number |= low << shift;
        if byte & 0x80 == 0 {
            return if byte == 0 && shift > 0 {
                Err(long)
            } else {
                Ok((number, offset + 1))
            };
        }
    }
    Err(long)
}

#[cold]
fn truncated(bytes: &[u8]) -> Malformed {
    Malformed {
        offset: bytes.len(),
        reason: MalformedReason::Truncated,
    }
}
