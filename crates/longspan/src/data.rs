//! Sources and the batches they fill.

pub mod fingerprint;
pub mod labelled;
pub mod stream;
pub mod text;
mod units;
pub mod vocabulary;

/// A target that is not scored: it adds neither loss nor gradient.
pub const IGNORE: u32 = u32::MAX;

/// One window of token sequences: what goes in and what should come out.
///
/// # Shapes
/// `inputs` and `targets` are `[steps, rows]`, row-major: element (t, b) is at `t * rows + b`.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Time steps T.
    pub steps: usize,
    /// Sequences B.
    pub rows: usize,
    /// Token that is read at (t, b).
    pub inputs: Vec<u32>,
    /// Token to predict at (t, b), or [`IGNORE`].
    pub targets: Vec<u32>,
    /// Whether the recurrent state carries over from the previous window; if not, it starts at zero.
    pub carry: bool,
    /// Global index of the first row's sample; row b is sample `first_sample + b`.
    pub first_sample: u64,
}

impl Batch {
    /// Sets the shape and clears the content; keeps the allocation.
    pub fn reshape(&mut self, steps: usize, rows: usize) {
        self.steps = steps;
        self.rows = rows;
        self.inputs.clear();
        self.inputs.resize(steps * rows, 0);
        self.targets.clear();
        self.targets.resize(steps * rows, IGNORE);
    }

    /// Number of targets that are scored.
    pub fn scored(&self) -> usize {
        self.targets.iter().filter(|&&t| t != IGNORE).count()
    }
}

/// Training or evaluation data as a pure function of the position: resuming needs nothing but two numbers.
pub trait Source: Send + Sync {
    /// Number of different tokens.
    fn vocabulary(&self) -> usize;
    /// Windows in one pass.
    fn windows(&self) -> u64;
    /// Fills `batch` with window `window` (< [`Source::windows`]) of pass `epoch`. The same arguments give the same batch.
    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch);
    /// Largest `[steps, rows]` that [`Source::fill`] produces.
    fn shape(&self) -> (usize, usize);
}
