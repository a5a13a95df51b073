//! Safe calls with arguments that would make unsafe code unsound panic, and the message names what does not
//! fit.

mod products;
mod recurrence;
mod sizes;
mod tangents;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::LEVELS;
use longspan_kernel::matrix::Mat;
use longspan_kernel::{Context, InstructionSet, Packed, Weights, fma_peak_flops};

/// Asserts that `work` panics with a message that contains `expected`.
#[track_caller]
fn refused(expected: &str, work: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err(expected);
    let message = match panic.downcast_ref::<&str>() {
        Some(message) => message,
        None => panic.downcast_ref::<String>().map_or("", String::as_str),
    };
    assert!(message.contains(expected), "\"{message}\" does not contain \"{expected}\"");
}

fn ctx() -> Context<f32> {
    Context::new(InstructionSet::Portable, 1)
}

/// Returns an instruction set other than the portable one, if the processor has one.
fn other_level() -> InstructionSet {
    if cfg!(target_arch = "x86_64") { InstructionSet::Avx2 } else { InstructionSet::Avx512 }
}

/// Returns an operand `[depth, gates · units]` of zeros.
fn packed(depth: usize, gates: usize, units: usize) -> Packed<f32> {
    let weights = vec![0.0; depth * gates * units];
    let mut packed = Packed::new(InstructionSet::Portable, depth, gates, units);
    packed.pack_here(Weights::Plain(Mat::new(&weights, depth, gates * units)));
    packed
}

#[test]
fn instruction_sets_that_the_processor_lacks() {
    for isa in LEVELS {
        let absent = isa.checked().is_err();
        let starts = catch_unwind(|| Context::<f32>::new(isa, 1).threads());
        assert_eq!(starts.is_err(), absent, "a context on {isa}");
        assert_eq!(catch_unwind(|| fma_peak_flops(isa, 1)).is_err(), absent, "the peak of {isa}");
        let sum = catch_unwind(|| longspan_kernel::norms::sum_of_squares(isa, &[2.0f32]));
        assert_eq!(sum.is_err(), absent, "a job on {isa}");
    }
}

#[test]
fn a_panic_in_a_thread_is_reported_with_its_message() {
    let ctx = Context::<f32>::new(InstructionSet::Portable, 3);
    refused("worker 2", || ctx.split(3, |worker, _, _| assert!(worker != 2, "worker {worker}")));
    let done = AtomicUsize::new(0);
    ctx.split(3, |_, first, end| {
        done.fetch_add(end - first, Ordering::Relaxed);
    });
    assert_eq!(done.into_inner(), 3, "the threads are there for the next region");
}
