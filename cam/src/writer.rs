//! Numbers in canonical bytes: what [`reader`](crate::reader) reads back.

/// A number in LEB128. Up to eight bytes are written as one word and cut: how many they are cannot be
/// predicted, and a branch on it costs more than bytes that nobody keeps.
#[inline]
pub(crate) fn write_number(out: &mut Vec<u8>, number: u64) {
    if let low @ 0..0x80 = number {
        out.push(low.to_le_bytes()[0]);
    } else if number >> 56 == 0 {
        let fours = number & 0x0FFF_FFFF | (number & 0x00FF_FFFF_F000_0000) << 4;
        let pairs = fours & 0x0000_3FFF_0000_3FFF | (fours & 0x0FFF_C000_0FFF_C000) << 2;
        let sevens = pairs & 0x007F_007F_007F_007F | (pairs & 0x3F80_3F80_3F80_3F80) << 1;
        let last = (63 - sevens.leading_zeros()) / 8;
        let more = 0x8080_8080_8080_8080 & ((1 << (8 * last)) - 1);
        let end = out.len() + last as usize + 1;
        out.extend_from_slice(&(sevens | more).to_le_bytes());
        out.truncate(end);
    } else {
        write_long_number(out, number);
    }
}

#[cold]
fn write_long_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7F).expect("seven bits");
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// An integer in zigzag LEB128: small magnitudes of either sign are short.
#[inline]
pub(crate) fn write_integer(out: &mut Vec<u8>, integer: i64) {
    let zigzag = (integer.cast_unsigned() << 1) ^ (integer >> 63).cast_unsigned();
    write_number(out, zigzag);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_written_as_the_long_ones_are() {
        for shift in 0..64 {
            for number in [
                1 << shift,
                (1 << shift) - 1,
                u64::MAX >> shift,
                0x0123_4567_89AB_CDEF >> shift,
            ] {
                let (mut quick, mut plain) = (vec![7], vec![7]);
                write_number(&mut quick, number);
                write_long_number(&mut plain, number);
                assert_eq!(quick, plain, "{number}");
            }
        }
    }
}
