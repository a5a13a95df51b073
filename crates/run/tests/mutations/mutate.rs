//! Changes of bytes, from a seed.

/// Numbers and marks that readers have to take care of.
const ODD: [&[u8]; 24] = [
    b"0",
    b"-1",
    b"9",
    b"255",
    b"65536",
    b"2147483648",
    b"4611686018427387904",
    b"18446744073709551616",
    b"1e308",
    b"1e-320",
    b"nan",
    b"inf",
    b"-0.0",
    b"?",
    b"\"",
    b",",
    b";",
    b":",
    b"\n",
    b"\r\n",
    b"\0",
    b"[[",
    b"{}",
    b"\xff\xfe",
];

/// Changes bytes by a sequence of numbers that its name decides.
pub(crate) struct Mutator(u64);

impl Mutator {
    /// With its own sequence for each name.
    pub(crate) fn new(name: &str) -> Self {
        Self(name.bytes().fold(17, |seed, byte| seed * 31 + u64::from(byte)))
    }

    /// The next number below `bound`, by splitmix64; 0 if the bound is 0.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    /// A range within so many bytes, mostly a short one.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len);
        let most = if self.below(4) == 0 { len - start } else { (len - start).min(8) };
        start..start + self.below(most + 1)
    }

    /// A digit sequence in the bytes, if there is one after a random place.
    fn number(&mut self, bytes: &[u8]) -> Option<std::ops::Range<usize>> {
        let from = self.below(bytes.len());
        let start = from + bytes[from..].iter().position(u8::is_ascii_digit)?;
        let len =
            bytes[start..].iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len() - start);
        Some(start..start + len)
    }

    /// Bytes with one to four changes; `other` is another input of the same reader.
    pub(crate) fn changed(&mut self, own: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = own.to_vec();
        for _ in 0..1 + self.below(4) {
            let len = bytes.len();
            let odd = ODD[self.below(ODD.len())];
            match self.below(8) {
                0 if len > 0 => {
                    let at = self.below(len);
                    bytes[at] ^= 1 << self.below(8);
                }
                1 if len > 0 => {
                    let at = self.below(len);
                    bytes[at] = self.below(256) as u8;
                }
                2 => _ = bytes.drain(self.range(len)),
                3 => {
                    let part = bytes[self.range(len)].to_vec();
                    let at = self.below(len + 1);
                    bytes.splice(at..at, part);
                }
                4 => {
                    let part = other[self.range(other.len())].to_vec();
                    let at = self.range(len);
                    bytes.splice(at, part);
                }
                5 => {
                    let at = self.below(len + 1);
                    bytes.splice(at..at, odd.iter().copied());
                }
                6 => bytes.truncate(self.below(len + 1)),
                _ => {
                    if let Some(number) = self.number(&bytes) {
                        bytes.splice(number, odd.iter().copied());
                    }
                }
            }
        }
        bytes
    }
}
