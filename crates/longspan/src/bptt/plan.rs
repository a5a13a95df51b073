//! The chunks of a window whose tape is kept, and the chunks that are recomputed.

use std::fmt;

/// What a forward pass keeps of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What the backward pass needs, within the memory limit.
    Everything,
    /// Only the outputs and the last state. The pass runs in the memory of one chunk and cannot be followed
    /// by a backward pass.
    Outputs,
}

/// What is kept of a window for the backward pass: the state before every chunk, and the tapes of the last
/// chunks. The backward pass recomputes the other chunks, each from the state before it, in the memory of the
/// first kept tape. The extra work is less than one forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    steps: usize,
    chunk: usize,
    /// Number of chunks whose tape is kept.
    kept: usize,
    /// Number of chunks whose first state is kept; one for several chunks if there is no backward pass.
    states: usize,
    /// Size of one chunk's tape in bytes.
    tape: usize,
    /// Size of the state before a chunk in bytes.
    state: usize,
    /// Bytes that are kept in addition, whatever the limit.
    extra: usize,
}

/// A memory limit that is too small for any plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a memory limit of {limit} bytes is too small for a window of {steps} steps: the states between its chunks of {chunk} \
     steps{} and the gates of one chunk take {least}; allow at least that, or unroll fewer steps",
    if *extra > 0 { ", the inputs of its layers" } else { "" }
)]
pub struct MemoryError {
    limit: usize,
    least: usize,
    steps: usize,
    chunk: usize,
    extra: usize,
}

impl MemoryError {
    /// The smallest sufficient limit, in bytes.
    pub fn least(&self) -> usize {
        self.least
    }
}

impl Plan {
    /// Builds a plan for tapes of `tape_a_step` bytes per step, states of `state` bytes, and `extra` bytes
    /// for the window.
    pub(super) fn new(
        steps: usize,
        chunk: usize,
        tape_a_step: usize,
        state: usize,
        extra: usize,
        limit: Option<usize>,
    ) -> Result<Self, MemoryError> {
        let (chunks, tape) = (steps.div_ceil(chunk), tape_a_step * chunk.min(steps));
        let all = Self { steps, chunk, kept: chunks, states: chunks, tape, state, extra };
        let Some(limit) = limit.filter(|&limit| limit < all.bytes()) else { return Ok(all) };
        let least = Self { kept: 1, ..all };
        match limit.checked_sub(least.bytes()) {
            Some(left) => Ok(Self { kept: (1 + left / tape.max(1)).min(chunks), ..all }),
            None => Err(MemoryError { limit, least: least.bytes(), steps, chunk, extra }),
        }
    }

    /// Returns the plan for outputs only: every chunk reuses the memory of the chunk before it.
    pub(super) fn without_backward(self) -> Self {
        Self { kept: self.kept.min(1), states: self.states.min(1), ..self }
    }

    /// Whether a backward pass is possible.
    pub(super) fn has_backward(&self) -> bool {
        self.states == self.chunks()
    }

    /// Number of chunks of the window.
    pub fn chunks(&self) -> usize {
        self.steps.div_ceil(self.chunk.max(1))
    }

    /// Number of chunks whose tape is kept: the last ones.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Size of tapes and states in bytes.
    pub fn bytes(&self) -> usize {
        self.kept * self.tape + self.states * self.state + self.extra
    }

    /// Size in bytes if everything is kept.
    pub fn whole_bytes(&self) -> usize {
        self.chunks() * (self.tape + self.state) + self.extra
    }

    /// Number of chunks whose first state is kept.
    pub(super) fn states(&self) -> usize {
        self.states
    }

    /// First step and number of steps of a chunk.
    pub(super) fn bounds(&self, chunk: usize) -> (usize, usize) {
        let first = chunk * self.chunk;
        (first, self.chunk.min(self.steps - first))
    }

    /// Index of the tape that a chunk uses: chunks whose tape is not kept use the first one.
    pub(super) fn tape_of(&self, chunk: usize) -> usize {
        (chunk + self.kept).saturating_sub(self.chunks())
    }

    /// Index of the state that a chunk starts from.
    pub(super) fn state_of(&self, chunk: usize) -> usize {
        chunk.min(self.states - 1)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: usize| bytes as f64 / (1 << 20) as f64;
        write!(
            f,
            "{} chunks of {} steps: {} kept, {} computed twice, {:.1} MiB of {:.1} MiB",
            self.chunks(),
            self.chunk,
            self.kept,
            self.chunks() - self.kept,
            mib(self.bytes()),
            mib(self.whole_bytes())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_stays_within_its_limit_and_keeps_what_fits() {
        // Ten chunks of ten steps, the last one shorter; a tape of 1000 bytes and states of 7 bytes.
        let of = |limit| Plan::new(95, 10, 100, 7, 0, limit);
        let all = of(None).unwrap();
        assert_eq!((all.chunks(), all.kept(), all.bytes(), all.whole_bytes()), (10, 10, 10_070, 10_070));
        assert_eq!(of(Some(10_070)), Ok(all));
        for limit in 1070..10_070 {
            let plan = of(Some(limit)).unwrap();
            assert!(plan.bytes() <= limit && plan.kept() < 10, "{plan:?} in {limit}");
            assert!(plan.bytes() + 1000 > limit, "{plan:?} wastes {limit}");
            assert_eq!(plan.whole_bytes(), all.bytes());
            let tapes: Vec<_> = (10 - plan.kept()..10).map(|c| plan.tape_of(c)).collect();
            assert_eq!(tapes, (0..plan.kept()).collect::<Vec<_>>());
            assert!((0..10 - plan.kept()).all(|c| plan.tape_of(c) == 0));
        }
        let error = of(Some(1069)).unwrap_err();
        assert_eq!(error.least(), 1070);
        assert!(
            error.to_string().contains("1069 bytes") && error.to_string().contains("take 1070"),
            "{error}"
        );
        assert_eq!((all.bounds(9), all.bounds(0)), ((90, 5), (0, 10)));
        // Bytes that are kept in addition leave less for the tapes.
        let beside = Plan::new(95, 10, 100, 7, 2000, Some(7000)).unwrap();
        assert_eq!((beside.kept(), beside.bytes()), (of(Some(5000)).unwrap().kept(), 2000 + 4070));
        assert_eq!(Plan::new(95, 10, 100, 7, 2000, Some(3000)).unwrap_err().least(), 3070);
    }

    #[test]
    fn outputs_alone_take_the_memory_of_one_chunk() {
        let plan = Plan::new(95, 10, 100, 7, 0, None).unwrap().without_backward();
        assert_eq!((plan.kept(), plan.bytes(), plan.has_backward()), (1, 1007, false));
        assert!((0..10).all(|c| (plan.tape_of(c), plan.state_of(c)) == (0, 0)));
    }
}
