//! Measures the rate of bf16 products, to show how much they would gain. The kernels do not use them.
//!
//! `vdpbf16ps` multiplies 32 pairs of bf16 and adds them to 16 sums of f32: twice the work of an f32
//! multiply-add. Some processors issue as many per cycle as f32 multiply-adds; others issue half as many, so
//! that nothing is gained.

/// Number of independent sums, enough to hide the latency of the instruction on two ports.
#[cfg(target_arch = "x86_64")]
const SUMS: usize = 24;

/// Runs `rounds` rounds of the instruction on registers and returns the number of operations, for the caller
/// to time; `None` if the processor lacks the instruction.
pub fn bf16_peak_flops(rounds: usize) -> Option<f64> {
    #[cfg(target_arch = "x86_64")]
    {
        let there = is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f");
        // SAFETY: the features were detected on the line above.
        there.then(|| unsafe { dot(rounds) })
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = rounds;
        None
    }
}

/// Runs the rounds.
///
/// # Safety
/// The processor must have AVX512-F and AVX512-BF16.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn dot(rounds: usize) -> f64 {
    use std::arch::x86_64::{__m512bh, _mm512_dpbf16_ps, _mm512_reduce_add_ps, _mm512_setzero_ps};
    use std::hint::black_box;
    let pairs: __m512bh = black_box(
        // SAFETY: every pattern of bits is a vector of bf16.
        unsafe { std::mem::transmute::<[u16; 32], __m512bh>([0x3f80; 32]) },
    );
    let mut sums = [_mm512_setzero_ps(); SUMS];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_dpbf16_ps(*sum, pairs, pairs);
        }
    }
    black_box(sums.map(|sum| _mm512_reduce_add_ps(sum)));
    (SUMS * 64) as f64 * rounds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted() {
        if let Some(flops) = bf16_peak_flops(1000) {
            assert_eq!(flops, 1000.0 * 24.0 * 64.0);
        }
    }
}
