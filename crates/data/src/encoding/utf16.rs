//! UTF-16 without a byte order mark.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// Returns the byte order if `head`, which contains a NUL, is the beginning of a text in UTF-16.
///
/// The high byte of an ASCII character is NUL, so all NULs are at odd offsets (little-endian) or all at even ones. At
/// least every second character is ASCII, or the bytes are no UTF-8 with a stray NUL. The characters are not control
/// characters, and surrogates come in pairs.
pub(super) fn byte_order(head: &[u8]) -> Option<&'static Encoding> {
    if !head.len().is_multiple_of(2) {
        return None;
    }
    let pairs = head.chunks_exact(2);
    let nulls = |at: usize| pairs.clone().filter(|pair| pair[at] == 0).count();
    let (even, odd) = (nulls(0), nulls(1));
    let (encoding, little, count) = match (even, odd) {
        (0, odd) if odd > 0 => (UTF_16LE, true, odd),
        (even, 0) if even > 0 => (UTF_16BE, false, even),
        _ => return None,
    };
    let many = count * 2 >= pairs.len();
    if !many && std::str::from_utf8(&head[..whole_characters(head)]).is_ok() {
        return None;
    }
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    };
    let characters: Vec<_> = char::decode_utf16(pairs.clone().map(unit)).collect();
    let plain = characters.iter().enumerate().all(|(at, character)| match character {
        Ok(character) => !character.is_control() || character.is_whitespace(),
        // The end may cut a pair of surrogates.
        Err(_) => at + 1 == characters.len(),
    });
    plain.then_some(encoding)
}

/// Number of bytes without a character of UTF-8 that the end cuts.
pub(super) fn whole_characters(bytes: &[u8]) -> usize {
    let begun = bytes.iter().rev().take(3).position(|&byte| byte >= 0xc0);
    match begun {
        // The last character lacks bytes if the lead byte asks for more than there are.
        Some(after) => {
            let lead = bytes[bytes.len() - 1 - after];
            let length = if lead >= 0xf0 {
                4
            } else if lead >= 0xe0 {
                3
            } else {
                2
            };
            if after + 1 < length { bytes.len() - 1 - after } else { bytes.len() }
        }
        None => bytes.len(),
    }
}
