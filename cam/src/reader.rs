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
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            bytes,
            offset: 0,
            newest: 1,
        }
    }

    /// What was read since `earlier`, which is an earlier position in the same bytes.
    pub(crate) fn since(&self, earlier: &Reader<'_>) -> &'a [u8] {
        &self.bytes[earlier.offset..self.offset]
    }

    #[inline]
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
        // Types and functions have small numbers: a byte below 128 is not worth a call.
        let (number, length) = match self.bytes.get(start) {
            Some(byte) if *byte < 0x80 => (u64::from(*byte), 1),
            _ => long_number(self.bytes, start)?,
        };
        self.offset += length;
        u32::try_from(number).map_err(|_| Malformed {
            offset: start,
            reason: MalformedReason::LongNumber,
        })
    }

    #[inline]
    pub(crate) fn integer(&mut self) -> Result<i64, Malformed> {
        self.number().map(integer_of)
    }

    /// Most numbers are below 128, one byte; nearly all others end within eight.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let (number, length) = match rest {
            [byte, ..] if *byte < 0x80 => (u64::from(*byte), 1),
            _ => match short_number(self.bytes, rest) {
                Some(found) => found,
                None => long_number(self.bytes, self.offset)?,
            },
        };
        self.offset += length;
        Ok(number)
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

/// A position in bytes that a [`Reader`] has been through, or that were written here. What cannot be in
/// such bytes is not told apart; it is some number.
#[derive(Clone)]
pub(crate) struct Checked<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Checked<'a> {
        Checked { bytes, offset: 0 }
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.offset += 1;
        Some(byte)
    }

    #[inline]
    pub(crate) fn index(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap_or(u32::MAX)
    }

    #[inline]
    pub(crate) fn integer(&mut self) -> i64 {
        integer_of(self.number())
    }

    #[inline]
    fn number(&mut self) -> u64 {
        match self.bytes.get(self.offset) {
            Some(byte) if *byte < 0x80 => {
                self.offset += 1;
                u64::from(*byte)
            }
            _ => {
                let (number, end) = checked_number(self.bytes, self.offset);
                self.offset = end;
                number
            }
        }
    }
}

#[inline]
fn integer_of(zigzag: u64) -> i64 {
    (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed())
}

/// The number at `start` and where it ends, by value as in `long_number`.
fn checked_number(bytes: &[u8], start: usize) -> (u64, usize) {
    let (mut number, mut end) = (0, start);
    for (byte, shift) in bytes
        .get(start..)
        .unwrap_or_default()
        .iter()
        .zip((0..64).step_by(7))
    {
        number |= u64::from(byte & 0x7F) << shift;
        end += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    (number, end)
}

/// The first number and its length, if it is canonical and within the first eight bytes. How long a number is
/// cannot be predicted, so there is no branch on it: a byte below 128 is found as a bit in a word, and groups
/// of seven bits are pushed together two at a time.
#[inline]
fn short_number(bytes: &[u8], rest: &[u8]) -> Option<(u64, usize)> {
    let word = match (rest.first_chunk(), bytes.last_chunk()) {
        (Some(eight), _) => u64::from_le_bytes(*eight),
        // What is missing reads as zero, and no canonical number of several bytes ends with that.
        (None, Some(eight)) => u64::from_le_bytes(*eight).checked_shr(missing(rest))?,
        (None, None) => rest
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    let ends = !word & 0x8080_8080_8080_8080;
    let upto_end = ends ^ ends.checked_sub(1)?;
    let sevens = word & upto_end & 0x7F7F_7F7F_7F7F_7F7F;
    let pairs = sevens & 0x007F_007F_007F_007F | (sevens & 0x7F00_7F00_7F00_7F00) >> 1;
    let fours = pairs & 0x0000_3FFF_0000_3FFF | (pairs & 0x3FFF_0000_3FFF_0000) >> 2;
    let number = fours & 0x0FFF_FFFF | (fours & 0x0FFF_FFFF_0000_0000) >> 4;
    let length = ends.trailing_zeros() / 8 + 1;
    (number >> (7 * (length - 1)) != 0).then_some((number, length as usize))
}

/// How many bits fewer than a word these bytes are.
#[inline]
fn missing(rest: &[u8]) -> u32 {
    64 - 8 * u32::try_from(rest.len()).unwrap_or(8)
}

/// The number at `start` and its length. By value, and so are the errors: a reader whose address is passed on
/// would live in memory and not in registers, at twice the cost of a byte.
#[cold]
fn long_number(bytes: &[u8], start: usize) -> Result<(u64, usize), Malformed> {
    let long = Malformed {
        offset: start,
        reason: MalformedReason::LongNumber,
    };
    let mut number = 0;
    for (shift, length) in (0..64).step_by(7).zip(1..) {
        let byte = *bytes
            .get(start + length - 1)
            .ok_or_else(|| truncated(bytes))?;
        let low = u64::from(byte & 0x7F);
        if shift == 63 && low > 1 {
            return Err(long);
        }
        number |= low << shift;
        if byte & 0x80 == 0 {
            return if byte == 0 && shift > 0 {
                Err(long)
            } else {
                Ok((number, length))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::write_number;

    #[test]
    fn short_numbers_are_read_as_long_ones_are() {
        let powers = (0..64).map(|shift| 1_u64 << shift);
        let edges =
            powers.flat_map(|power| [power - 1, power, power | 1, power.wrapping_mul(0xDEAD_BEEF)]);
        for number in edges {
            let mut bytes = Vec::new();
            write_number(&mut bytes, number);
            for tail in [&[][..], &[0], &[0xFF; 9]] {
                let all = [&bytes, tail].concat();
                let mut reader = Reader::new(&all);
                assert_eq!(reader.number(), Ok(number));
                assert_eq!(reader.offset(), bytes.len());
                assert_eq!(long_number(&all, 0), Ok((number, bytes.len())));
            }
            let cut = &bytes[..bytes.len() - 1];
            assert_eq!(Reader::new(cut).number(), Err(truncated(cut)));
            let last = bytes.len() - 1;
            bytes[last] |= 0x80;
            bytes.push(0);
            let padded = Malformed {
                offset: 0,
                reason: MalformedReason::LongNumber,
            };
            assert_eq!(
                Reader::new(&bytes).number(),
                Err(padded),
                "{number} with a zero behind it"
            );
        }
    }
}
