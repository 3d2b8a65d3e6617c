//! A ticket: the place of an input in its session, in one word that a person or a script can keep.

use std::fmt;
use std::str::FromStr;

use node::protocol::Numbered;

/// What `--again` takes, and what is shown of an input whose outcome is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticket(pub(crate) Numbered);

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.session {
            write!(f, "{byte:02x}")?;
        }
        write!(f, "-{}", self.0.number)
    }
}

impl FromStr for Ticket {
    type Err = String;

    fn from_str(text: &str) -> Result<Ticket, String> {
        let shape =
            "expected a ticket as `cam send` shows it: 32 digits of a session, `-`, a number";
        let (digits, number) = text.split_once('-').ok_or(shape)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != 32 || !digits.bytes().all(is_digit) || number.starts_with('+') {
            return Err(shape.to_owned());
        }
        let session = u128::from_str_radix(digits, 16).map_err(|_| shape)?;
        Ok(Ticket(Numbered {
            session: session.to_be_bytes(),
            number: number.parse().map_err(|_| shape)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_reads_back_and_nothing_else_is_one() {
        let mut session = [0; 16];
        for (byte, value) in session.iter_mut().zip(0xf0..=0xff) {
            *byte = value;
        }
        let ticket = Ticket(Numbered {
            session,
            number: 18,
        });
        let text = ticket.to_string();
        assert_eq!(text, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff-18");
        assert_eq!(text.parse(), Ok(ticket));
        for wrong in [
            "",
            "18",
            "-18",
            "f0-18",
            &text[..33],
            &text.replace("f0", "F0"),
            &text.replace("-18", "-+18"),
        ] {
            assert!(wrong.parse::<Ticket>().is_err(), "{wrong}");
        }
    }
}
