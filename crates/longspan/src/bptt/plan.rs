//! Which chunks of a window keep their tape, and which are computed a second time.

use std::fmt;

/// How a window is kept for backward: the state before every chunk, the tapes of the last chunks, and room for one tape more,
/// in which the other chunks are run again when backward comes to them. One chunk after the other is made anew from its own
/// first state, so that the extra work is at most one forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    steps: usize,
    chunk: usize,
    kept: usize,
    /// Bytes of one chunk's tape.
    tape: usize,
    /// Bytes of the state before a chunk.
    state: usize,
}

/// A memory limit below the least that is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a window of {steps} steps cannot be kept in {limit} bytes: the states between its chunks of {chunk} steps and one chunk's \
     gates take {least}; allow at least that, or unroll fewer steps"
)]
pub struct MemoryError {
    limit: usize,
    least: usize,
    steps: usize,
    chunk: usize,
}

impl Plan {
    /// A plan for tapes of `tape_a_step` bytes a step and states of `state` bytes.
    pub(super) fn new(
        steps: usize,
        chunk: usize,
        tape_a_step: usize,
        state: usize,
        limit: Option<usize>,
    ) -> Result<Self, MemoryError> {
        let chunks = steps.div_ceil(chunk);
        let tape = tape_a_step * chunk.min(steps);
        let all = Self { steps, chunk, kept: chunks, tape, state };
        let Some(limit) = limit.filter(|&limit| limit < all.bytes()) else { return Ok(all) };
        let least = Self { kept: 0, ..all };
        match limit.checked_sub(least.bytes()) {
            Some(left) => Ok(Self { kept: (left / tape.max(1)).min(chunks), ..all }),
            None => Err(MemoryError { limit, least: least.bytes(), steps, chunk }),
        }
    }

    /// Chunks of the window.
    pub fn chunks(&self) -> usize {
        self.steps.div_ceil(self.chunk.max(1))
    }

    /// Chunks whose tape is kept: the last ones.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Bytes for tapes and states.
    pub fn bytes(&self) -> usize {
        let tapes = if self.kept == self.chunks() { self.kept } else { self.kept + 1 };
        tapes * self.tape + self.chunks() * self.state
    }

    /// First step and length of a chunk.
    pub(super) fn bounds(&self, chunk: usize) -> (usize, usize) {
        let first = chunk * self.chunk;
        (first, self.chunk.min(self.steps - first))
    }

    /// Whether backward finds the chunk's tape.
    pub(super) fn is_kept(&self, chunk: usize) -> bool {
        chunk + self.kept >= self.chunks()
    }

    /// Which of the tapes a chunk uses: 0 is the one that is used again.
    pub(super) fn tape_of(&self, chunk: usize) -> usize {
        if self.is_kept(chunk) { 1 + chunk + self.kept - self.chunks() } else { 0 }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chunks, again) = (self.chunks(), self.chunks() - self.kept);
        let mib = self.bytes() as f64 / (1 << 20) as f64;
        write!(
            f,
            "{chunks} chunks of {} steps: {} kept, {again} computed twice, {mib:.1} MiB",
            self.chunk, self.kept
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_stays_within_its_limit_and_keeps_what_fits() {
        // Ten chunks of ten steps, the last one shorter; a tape of 1000 bytes and states of 7.
        let of = |limit| Plan::new(95, 10, 100, 7, limit);
        let all = of(None).unwrap();
        assert_eq!((all.chunks(), all.kept(), all.bytes()), (10, 10, 10_070));
        assert_eq!(of(Some(10_070)), Ok(all));
        for limit in 1070..10_070 {
            let plan = of(Some(limit)).unwrap();
            assert!(plan.bytes() <= limit && plan.kept() < 10, "{plan:?} in {limit}");
            assert!(plan.kept() == 9 || plan.bytes() + 1000 > limit, "{plan:?} wastes {limit}");
            let tapes: Vec<_> = (0..10).map(|c| plan.tape_of(c)).filter(|&tape| tape > 0).collect();
            assert_eq!(tapes, (1..=plan.kept()).collect::<Vec<_>>());
        }
        let error = of(Some(1069)).unwrap_err().to_string();
        assert!(error.contains("1069 bytes") && error.contains("take 1070"), "{error}");
        assert_eq!((all.bounds(9), all.bounds(0)), ((90, 5), (0, 10)));
    }
}
