//! Which chunks of a window keep their tape, and which are computed a second time.

use std::fmt;

/// What a forward pass keeps of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What backward needs, within the memory limit.
    Everything,
    /// The outputs and the last state alone: it runs in the memory of one chunk, and backward cannot follow.
    Outputs,
}

/// How a window is kept for backward: the state before every chunk, and the tapes of the last chunks. The other chunks are run
/// again, each from its own first state, when backward comes to them, in the memory of the first tape that was kept. The extra
/// work is less than one forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    steps: usize,
    chunk: usize,
    /// Chunks whose tape is kept.
    kept: usize,
    /// Chunks whose first state is kept; one of several where there is no way back.
    states: usize,
    /// Bytes of one chunk's tape.
    tape: usize,
    /// Bytes of the state before a chunk.
    state: usize,
    /// Bytes that are kept besides, whatever the limit.
    besides: usize,
}

/// A memory limit below the least that is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a window of {steps} steps cannot be kept in {limit} bytes: the states between its chunks of {chunk} steps and one chunk's \
     gates{} take {least}; allow at least that, or unroll fewer steps",
    if *besides > 0 { ", and what its layers read," } else { "" }
)]
pub struct MemoryError {
    limit: usize,
    least: usize,
    steps: usize,
    chunk: usize,
    besides: usize,
}

impl MemoryError {
    /// The smallest limit that would do, in bytes.
    pub fn least(&self) -> usize {
        self.least
    }
}

impl Plan {
    /// A plan for tapes of `tape_a_step` bytes a step, states of `state` bytes, and `besides` for the window.
    pub(super) fn new(
        steps: usize,
        chunk: usize,
        tape_a_step: usize,
        state: usize,
        besides: usize,
        limit: Option<usize>,
    ) -> Result<Self, MemoryError> {
        let (chunks, tape) = (steps.div_ceil(chunk), tape_a_step * chunk.min(steps));
        let all = Self { steps, chunk, kept: chunks, states: chunks, tape, state, besides };
        let Some(limit) = limit.filter(|&limit| limit < all.bytes()) else { return Ok(all) };
        let least = Self { kept: 1, ..all };
        match limit.checked_sub(least.bytes()) {
            Some(left) => Ok(Self { kept: (1 + left / tape.max(1)).min(chunks), ..all }),
            None => Err(MemoryError { limit, least: least.bytes(), steps, chunk, besides }),
        }
    }

    /// For outputs alone: every chunk uses the memory of the one before it.
    pub(super) fn without_backward(self) -> Self {
        Self { kept: self.kept.min(1), states: self.states.min(1), ..self }
    }

    /// Whether backward can follow.
    pub(super) fn leads_back(&self) -> bool {
        self.states == self.chunks()
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
        self.kept * self.tape + self.states * self.state + self.besides
    }

    /// Bytes where everything is kept.
    pub fn whole_bytes(&self) -> usize {
        self.chunks() * (self.tape + self.state) + self.besides
    }

    /// Chunks whose first state is kept.
    pub(super) fn states(&self) -> usize {
        self.states
    }

    /// First step and length of a chunk.
    pub(super) fn bounds(&self, chunk: usize) -> (usize, usize) {
        let first = chunk * self.chunk;
        (first, self.chunk.min(self.steps - first))
    }

    /// Which of the tapes a chunk uses: those that are not kept use the first one.
    pub(super) fn tape_of(&self, chunk: usize) -> usize {
        (chunk + self.kept).saturating_sub(self.chunks())
    }

    /// Which of the states a chunk begins with.
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
        // Ten chunks of ten steps, the last one shorter; a tape of 1000 bytes and states of 7.
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
        // What is kept besides leaves less for the tapes.
        let beside = Plan::new(95, 10, 100, 7, 2000, Some(7000)).unwrap();
        assert_eq!((beside.kept(), beside.bytes()), (of(Some(5000)).unwrap().kept(), 2000 + 4070));
        assert_eq!(Plan::new(95, 10, 100, 7, 2000, Some(3000)).unwrap_err().least(), 3070);
    }

    #[test]
    fn outputs_alone_take_the_memory_of_one_chunk() {
        let plan = Plan::new(95, 10, 100, 7, 0, None).unwrap().without_backward();
        assert_eq!((plan.kept(), plan.bytes(), plan.leads_back()), (1, 1007, false));
        assert!((0..10).all(|c| (plan.tape_of(c), plan.state_of(c)) == (0, 0)));
    }
}
