//! A stable 64-bit fingerprint, with which a run records the data and the vocabulary that it was trained on.
//!
//! # References
//! FNV-1a, 64 bits: Fowler, Noll, Vo, RFC 9923. The standard library's hashers promise no stable values.

/// FNV-1a over the bytes written so far. It detects mistakes, not deliberate changes.
#[derive(Clone, Debug)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325) // offset basis
    }
}

impl Fingerprint {
    /// Computes the fingerprint of `bytes`.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut fingerprint = Self::default();
        fingerprint.write(bytes);
        fingerprint.finish()
    }

    /// Appends `bytes`. Splitting them over several calls does not change the result.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3); // prime
        }
    }

    /// Appends eight bytes in one step, eight times faster than [`write`](Self::write). The result differs from that of
    /// the single bytes.
    pub fn write_word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    }

    /// Returns the fingerprint so far. It has 64 significant bits, so write it to JSON as 16 hexadecimal digits, not as
    /// a number.
    pub fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors published with the algorithm.
    #[test]
    fn fingerprints_match_the_published_values() {
        assert_eq!(Fingerprint::of(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fingerprint::of(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Fingerprint::of(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
