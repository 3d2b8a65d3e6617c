//! A program's name: the hash of its canonical bytes.

use std::fmt;

/// The context string separates these hashes from every other use of BLAKE3.
const PROGRAM_CONTEXT: &str = "camshaft 2026-11 program digest 1";

/// The name of a program: BLAKE3 over its canonical bytes, schema included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a module's bytes.
    #[must_use]
    pub fn of_module(bytes: &[u8]) -> Digest {
        Digest(blake3::derive_key(PROGRAM_CONTEXT, bytes))
    }

    /// Enough of it for a person to tell two programs apart.
    #[must_use]
    pub fn short(&self) -> String {
        let full = self.to_string();
        format!("{}…", &full[..SCHEME.len() + 8])
    }
}

/// The hash scheme stands in the text, so that a later scheme is told apart by a person and a program.
const SCHEME: &str = "c1:";

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NotADigest {
    /// It may be one of a later scheme, of which nothing is known here.
    LaterScheme {
        /// The scheme's number.
        number: u32,
    },
    /// It has not the form of one.
    Form,
}

impl NotADigest {
    /// Why this text is none of scheme 1.
    fn of(text: &str) -> NotADigest {
        let scheme = text.strip_prefix('c').and_then(|rest| rest.split_once(':'));
        match scheme.map(|(number, _)| number.parse()) {
            Some(Ok(number)) if number > 1 => NotADigest::LaterScheme { number },
            _ => NotADigest::Form,
        }
    }
}

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotADigest::LaterScheme { number } => write!(
                f,
                "a program digest of scheme `c{number}:`, and this version knows `{SCHEME}` only"
            ),
            NotADigest::Form => write!(
                f,
                "a program digest is `{SCHEME}` and 64 hexadecimal digits"
            ),
        }
    }
}

impl std::error::Error for NotADigest {}

impl std::str::FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        let digits = text.strip_prefix(SCHEME);
        let digits = digits.ok_or(NotADigest::of(text))?.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len()
            || !digits
                .iter()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(NotADigest::Form);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotADigest::Form)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotADigest::Form)?;
        }
        Ok(Digest(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_from_its_text() {
        let digest = Digest::of_module(b"some bytes");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for wrong in [
            "",
            "c1:",
            "c1:+1",
            "c:00",
            "c+2",
            &digest.to_string().to_uppercase(),
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest::Form), "{wrong}");
        }
        let later = Err(NotADigest::LaterScheme { number: 2 });
        assert_eq!("c2:00".parse::<Digest>(), later);
    }
}
