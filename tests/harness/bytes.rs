//! Bytes written by hand, and bytes spoiled on purpose. Nothing here uses the product's encoder.

use crate::generate::Mixer;

/// Appends `number` in LEB128.
pub fn number(out: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push(low_byte(rest) | 0x80);
        rest >>= 7;
    }
    out.push(low_byte(rest));
}

/// Appends `integer` in zigzag LEB128: 0, -1, 1, -2 .. are 0, 1, 2, 3 ..
pub fn integer(out: &mut Vec<u8>, integer: i64) {
    let doubled = integer.unsigned_abs().wrapping_mul(2);
    let zigzag = if integer < 0 {
        doubled.wrapping_sub(1)
    } else {
        doubled
    };
    number(out, zigzag);
}

/// Appends the length of `bytes` and the bytes.
pub fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn low_byte(number: u64) -> u8 {
    u8::try_from(number & 0x7F).expect("seven bits")
}

/// Bytes in hexadecimal digits; blanks and `#` comments do not count.
///
/// # Errors
/// The word that is not a row of bytes.
pub fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        let code = line.split('#').next().unwrap_or_default();
        for word in code.split_whitespace() {
            let digits: Option<Vec<u8>> = word
                .chars()
                .map(|digit| {
                    digit
                        .to_digit(16)
                        .and_then(|digit| u8::try_from(digit).ok())
                })
                .collect();
            let digits = digits.filter(|digits| digits.len() % 2 == 0);
            let digits = digits.ok_or_else(|| format!("`{word}` is no row of bytes"))?;
            bytes.extend(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]));
        }
    }
    Ok(bytes)
}

/// A mutant of `bytes`: one to three changes, with pieces of `other` grafted in at times.
#[must_use]
pub fn mutated(bytes: &[u8], other: &[u8], mixer: &mut Mixer) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    for _ in 0..=mixer.below(3) {
        if mutant.is_empty() {
            break;
        }
        let at = mixer.below(mutant.len());
        match mixer.below(8) {
            0 => mutant[at] ^= 1 << mixer.below(8),
            1 => mutant[at] = low_byte(u64::from(mixer.next())),
            2 => mutant[at] = mutant[at].wrapping_add(1),
            3 => mutant[at] = mutant[at].wrapping_sub(1),
            4 => mutant.insert(at, low_byte(u64::from(mixer.next()))),
            5 => {
                mutant.remove(at);
            }
            6 => {
                let from = mixer.below(mutant.len());
                mutant[at] = mutant[from];
            }
            _ => {
                let from = mixer.below(other.len());
                let to = (from + 1 + mixer.below(8)).min(other.len());
                let end = (at + to - from).min(mutant.len());
                mutant.splice(at..end, other[from..to].iter().copied());
            }
        }
    }
    mutant
}
