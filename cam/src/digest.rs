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
pub struct NotADigest;

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a program digest is `{SCHEME}` and 64 hexadecimal digits"
        )
    }
}

impl std::error::Error for NotADigest {}

impl std::str::FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        let digits = text.strip_prefix(SCHEME).ok_or(NotADigest)?.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len()
            || !digits
                .iter()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(NotADigest);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotADigest)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotADigest)?;
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
            "c2:00",
            "c1:+1",
            &digest.to_string().to_uppercase(),
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest), "{wrong}");
        }
    }
}
