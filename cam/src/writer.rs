//! Numbers in canonical bytes: what [`reader`](crate::reader) reads back.

/// A number in LEB128.
pub(crate) fn write_number(out: &mut Vec<u8>, mut number: u64) {
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
pub(crate) fn write_integer(out: &mut Vec<u8>, integer: i64) {
    let zigzag = (integer.cast_unsigned() << 1) ^ (integer >> 63).cast_unsigned();
    write_number(out, zigzag);
}
