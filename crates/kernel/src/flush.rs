//! Treats subnormal numbers as zero inside parallel regions.
//!
//! A vanishing gradient passes through the subnormal numbers, from 1.2e-38 down to 1.4e-45 in f32, before it
//! is zero, and part of it stays there: 0.7 times the smallest one is rounded to the smallest one. Their
//! precision is lost by then, and on many x86 processors an instruction takes a hundred times as long if an
//! operand or its result is subnormal. So every region runs with two processor flags: subnormal results
//! become 0 of the same sign, and so do subnormal operands. A vanished gradient is then exactly 0.
//!
//! The flags are set on all threads of a region, including the calling one, so that the number of threads
//! changes no bit. They are restored when the region ends, also after a panic.
//!
//! Other processors have no such flags or do not need them; subnormal numbers are kept there.

/// Runs `work` with subnormal numbers as zeros.
///
/// The language assumes the default flags, and the compiler may move arithmetic on that assumption. `work` is
/// therefore called through a pointer from a function that is never inlined, so that no arithmetic moves into
/// or out of it. Inside, only the result of each instruction differs.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
pub(super) fn flushed(work: &dyn Fn()) {
    /// Restores the flags.
    struct Before(u32);
    impl Drop for Before {
        fn drop(&mut self) {
            set(self.0);
        }
    }
    let before = Before(get());
    set(before.0 | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    std::hint::black_box(work)();
}

/// Runs `work`.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn flushed(work: &dyn Fn()) {
    work();
}

/// Bits of MXCSR.
#[cfg(target_arch = "x86_64")]
const FLUSH_TO_ZERO: u32 = 1 << 15;
#[cfg(target_arch = "x86_64")]
const DENORMALS_ARE_ZERO: u32 = 1 << 6;

#[cfg(target_arch = "x86_64")]
fn get() -> u32 {
    let mut bits = 0u32;
    // SAFETY: writes the four bytes of `bits`; every x86-64 has the register.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut bits, options(nostack, preserves_flags)) };
    bits
}

#[cfg(target_arch = "x86_64")]
fn set(bits: u32) {
    // SAFETY: the bits are those of `get` with two more that every x86-64 has: no reserved bit is set,
    // rounding and masks are unchanged. `flushed` keeps the compiler's assumptions about the flags.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const bits, options(nostack, preserves_flags)) };
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::hint::black_box;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::{Context, InstructionSet};

    /// Whether half of the smallest normal number is nonzero, as a result and as an operand.
    fn has_subnormals() -> [bool; 2] {
        let tiny = f32::from_bits(black_box(1 << 22));
        [
            black_box(f32::MIN_POSITIVE) * black_box(0.5) != 0.0,
            black_box(tiny) * black_box(2.0f32.powi(30)) != 0.0,
        ]
    }

    #[test]
    fn every_thread_of_a_region_flushes_and_nobody_afterwards() {
        for threads in [1, 3] {
            let ctx = Context::<f32>::new(InstructionSet::Portable, threads);
            let flushed = AtomicUsize::new(0);
            ctx.split(3, |_, first, end| {
                if has_subnormals() == [false; 2] {
                    flushed.fetch_add(end - first, Ordering::Relaxed);
                }
            });
            assert_eq!(flushed.into_inner(), 3, "{threads} threads");
            assert_eq!(has_subnormals(), [true; 2]);
            assert!(catch_unwind(AssertUnwindSafe(|| ctx.split(3, |_, _, _| panic!("on purpose")))).is_err());
            assert_eq!(has_subnormals(), [true; 2], "after a panic in {threads} threads");
        }
    }
}
