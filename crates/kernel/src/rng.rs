//! Counter-based random numbers: every draw is a pure function of its purpose and position.
//!
//! `Key::new(seed, purpose, layer, step).stream(t, row)` identifies a stream by its use, so that resumed
//! runs, recomputation, other numbers of threads and paired runs draw the same numbers, and a checkpoint
//! contains no generator state. `row` is the global sample index. Uniform and normal numbers are computed
//! here because the distributions of libraries change between versions.
//!
//! # References
//! Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

/// The purpose of the numbers. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Initial weights.
    Init = 1,
    /// Order of the training data.
    Order = 2,
    /// Dropout masks.
    Dropout = 3,
    /// Samples of a synthetic task.
    Task = 4,
    /// Random choices of a measurement.
    Probe = 5,
    /// Tokens drawn from a language model.
    Sample = 6,
    /// One-time choices for a data set: held-out examples, permuted steps.
    Data = 7,
}

/// A family of streams: one seed, purpose, layer and step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u32; 2]);

impl Key {
    /// Builds the key of (seed, purpose, layer, step).
    pub fn new(seed: u64, purpose: Purpose, layer: u32, step: u64) -> Self {
        let out = philox(
            [seed as u32, (seed >> 32) as u32],
            [purpose as u32, layer, step as u32, (step >> 32) as u32],
        );
        Self([out[0], out[1]])
    }

    /// Returns the stream of time step `t` and global sample index `row`.
    pub fn stream(self, t: u32, row: u64) -> Stream {
        Stream { key: self, counter: [t, row as u32, (row >> 32) as u32, 0], block: [0; 4], used: 4 }
    }

    /// Returns the four words of stream (t, row) at position `block`: random access, for masks.
    #[inline]
    pub fn words(self, t: u32, row: u64, block: u32) -> [u32; 4] {
        philox(self.0, [t, row as u32, (row >> 32) as u32, block])
    }
}

/// A sequence of random words.
#[derive(Clone, Debug)]
pub struct Stream {
    key: Key,
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

impl Stream {
    /// Returns the next 32 random bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.refill();
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// Draws the next block of words. It is a separate function so that a draw is short enough to be inlined.
    #[inline(never)]
    fn refill(&mut self) {
        self.block = philox(self.key.0, self.counter);
        self.counter[3] = self.counter[3].wrapping_add(1);
        self.used = 0;
    }

    /// Draws a number uniformly from [0, 1) with 53 random bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        let high = u64::from(self.next_u32()) << 32;
        let bits = high | u64::from(self.next_u32());
        (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Draws a standard normal number with the Box–Muller transform (the cosine branch; one draw costs two
    /// uniform numbers).
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }

    /// Draws a number uniformly from 0..n, without bias (Lemire's rejection).
    ///
    /// # Panics
    /// If n is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "a draw from an empty range");
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(n);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }
}

/// Computes Philox4x32 with 10 rounds.
#[inline(always)]
fn philox(mut key: [u32; 2], mut c: [u32; 4]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key[0] = key[0].wrapping_add(0x9E37_79B9); // golden ratio
            key[1] = key[1].wrapping_add(0xBB67_AE85); // sqrt(3) - 1
        }
        let p0 = u64::from(c[0]) * 0xD251_1F53;
        let p1 = u64::from(c[2]) * 0xCD9E_8D57;
        c = [(p1 >> 32) as u32 ^ c[1] ^ key[0], p1 as u32, (p0 >> 32) as u32 ^ c[3] ^ key[1], p0 as u32];
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the paper's Random123 library (kat_vectors, philox4x32 10).
    #[test]
    fn philox_matches_the_published_vectors() {
        assert_eq!(philox([0; 2], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 2], [u32::MAX; 4]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_of_other_purposes_layers_steps_and_rows_differ() {
        let first =
            |purpose, layer, step, t, row| Key::new(7, purpose, layer, step).stream(t, row).next_u32();
        let base = first(Purpose::Init, 0, 0, 0, 0);
        assert_eq!(base, first(Purpose::Init, 0, 0, 0, 0));
        for other in [
            first(Purpose::Task, 0, 0, 0, 0),
            first(Purpose::Init, 1, 0, 0, 0),
            first(Purpose::Init, 0, 1, 0, 0),
            first(Purpose::Init, 0, 0, 1, 0),
            first(Purpose::Init, 0, 0, 0, 1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut s = Key::new(1, Purpose::Probe, 0, 0).stream(0, 0);
        let n = 40_000;
        let mean = (0..n).map(|_| s.uniform()).sum::<f64>() / n as f64;
        let draws: Vec<f64> = (0..n).map(|_| s.normal()).collect();
        let normal_mean = draws.iter().sum::<f64>() / n as f64;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / n as f64;
        // The tolerances are five standard errors.
        assert!((mean - 0.5).abs() < 5.0 * (1.0f64 / 12.0 / n as f64).sqrt(), "{mean}");
        assert!(normal_mean.abs() < 5.0 / (n as f64).sqrt(), "{normal_mean}");
        assert!((variance - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt(), "{variance}");
    }
}
