//! The vectors of x86-64: one register per vector, one instruction per operation.
//!
//! Arrays would give the same results, but the compiler vectorises only expressions up to some length, and
//! the equations of an LSTM are longer. The microkernel is as fast with arrays; the activations are five
//! times faster with registers.
//!
//! A method here is a few instructions long and always inlined. It is compiled with the features of its
//! instruction set when it is inlined into a function that has them, see
//! [`InstructionSet::dispatch`](super::isa::InstructionSet::dispatch).

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::simd::{Sealed, Vector};

/// `if a > 0 { yes } else { no }`: the operation that differs most between the instruction sets.
macro_rules! select {
    (mask $compare:ident $blend:ident $zero:ident, $a:expr, $yes:expr, $no:expr) => {
        $blend($compare::<_CMP_GT_OQ>($a, $zero()), $no, $yes)
    };
    (blend $compare:ident $blend:ident $zero:ident, $a:expr, $yes:expr, $no:expr) => {
        $blend($no, $yes, $compare::<_CMP_GT_OQ>($a, $zero()))
    };
    (logic $compare:ident $and:ident $and_not:ident $or:ident $zero:ident, $a:expr, $yes:expr, $no:expr) => {{
        let positive = $compare($a, $zero());
        $or($and(positive, $yes), $and_not(positive, $no))
    }};
}

macro_rules! fused {
    ($fmadd:ident, $a:expr, $b:expr, $c:expr) => {
        $fmadd($a, $b, $c)
    };
    ($mul:ident $add:ident, $a:expr, $b:expr, $c:expr) => {
        $add($mul($a, $b), $c)
    };
}

macro_rules! operator {
    ($name:ident, $trait:ident, $method:ident, $op:ident) => {
        impl $trait for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: only jobs have values of this type, and `InstructionSet::dispatch` runs them only
                // after it has detected the instruction set.
                Self(unsafe { $op(self.0, other.0) })
            }
        }
    };
}

macro_rules! vector {
    (
        $(#[$doc:meta])* $name:ident($register:ident) of $lanes:literal $t:ident;
        $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident $set:ident;
        fma $($fma:ident)+; select $($select:ident)+;
        shift $to_int:ident $shift:ident $add_int:ident $set_int:ident $from_int:ident, $int:ident, $mantissa:literal, $bias:literal
        $(; $($own:item)+)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name($register);

        operator!($name, Add, add, $add);
        operator!($name, Sub, sub, $sub);
        operator!($name, Mul, mul, $mul);
        operator!($name, Div, div, $div);

        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self::splat(-0.0) - self
            }
        }

        impl Sealed for $name {}

        // SAFETY (every block below): outside of this crate the type is only known as `Isa::V` inside a job,
        // and `InstructionSet::dispatch` runs a job only after it has detected the instruction set.
        impl Vector<$t> for $name {
            const LANES: usize = $lanes;

            #[inline(always)]
            fn splat(x: $t) -> Self {
                // SAFETY: see above.
                Self(unsafe { $set(x) })
            }

            #[inline(always)]
            fn load(from: &[$t]) -> Self {
                let mut out = [0.0; $lanes];
                let numbers = from.first_chunk::<$lanes>().unwrap_or_else(|| {
                    out[..from.len()].copy_from_slice(from);
                    &out
                });
                // SAFETY: the register and the array are the same bytes.
                Self(unsafe { std::mem::transmute::<[$t; $lanes], $register>(*numbers) })
            }

            #[inline(always)]
            fn store(self, to: &mut [$t]) {
                // SAFETY: the register and the array are the same bytes.
                let numbers = unsafe { std::mem::transmute::<$register, [$t; $lanes]>(self.0) };
                if let Some(full) = to.first_chunk_mut::<$lanes>() {
                    *full = numbers;
                } else {
                    to.copy_from_slice(&numbers[..to.len()]);
                }
            }

            #[inline(always)]
            fn fma(self, a: Self, b: Self) -> Self {
                // SAFETY: see above.
                Self(unsafe { fused!($($fma)+, self.0, a.0, b.0) })
            }

            #[inline(always)]
            fn select_positive(self, yes: Self, no: Self) -> Self {
                // SAFETY: see above.
                Self(unsafe { select!($($select)+, self.0, yes.0, no.0) })
            }

            #[inline(always)]
            fn at_most(self, bound: $t) -> Self {
                // min(a, b) returns b if either is NaN.
                // SAFETY: see above.
                Self(unsafe { $min($set(bound), self.0) })
            }

            #[inline(always)]
            fn at_least(self, bound: $t) -> Self {
                // SAFETY: see above.
                Self(unsafe { $max($set(bound), self.0) })
            }

            #[inline(always)]
            fn exp2_of_rounded(self) -> Self {
                // SAFETY: see above.
                unsafe {
                    let exponent = $shift::<$mantissa>($to_int(self.0));
                    Self($from_int($add_int(exponent, $set_int($bias << $mantissa))))
                }
            }

            $($($own)+)?
        }
    };
}

/// Computes the sum of the lanes of vector (q, p) in lane 4p + q, and 0 in the lanes of vectors that a tile
/// smaller than 4 by 4 lacks. Each step adds the halves (then quarters, and so on) of two vectors side by
/// side.
///
/// # Safety
/// The processor must have AVX-512.
#[inline(always)]
unsafe fn sums_of_16<const N: usize>(tile: &[[F32x16; N]; N]) -> __m512 {
    assert!(N <= 4, "a tile of {N} by {N}");
    // SAFETY: the caller's contract.
    unsafe {
        let mut quarters = [_mm512_setzero_ps(); 4];
        for q in 0..N {
            // Four variables, because the compiler would copy an array.
            let zero = _mm512_setzero_ps();
            let a = tile[0][q].0;
            let b = if N > 1 { tile[1][q].0 } else { zero };
            let c = if N > 2 { tile[2][q].0 } else { zero };
            let d = if N > 3 { tile[3][q].0 } else { zero };
            let ab = _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0xee>(a, b));
            let cd = _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(c, d), _mm512_shuffle_f32x4::<0xee>(c, d));
            let even = _mm512_shuffle_f32x4::<0x88>(ab, cd);
            quarters[q] = _mm512_add_ps(even, _mm512_shuffle_f32x4::<0xdd>(ab, cd));
        }
        let [a, b, c, d] = quarters;
        let ab = _mm512_castps_pd(_mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)));
        let cd = _mm512_castps_pd(_mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d)));
        let low = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
        _mm512_add_ps(low, _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)))
    }
}

vector! {
    /// 64 bytes of f32.
    F32x16(__m512) of 16 f32;
    _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_min_ps _mm512_max_ps _mm512_set1_ps;
    fma _mm512_fmadd_ps; select mask _mm512_cmp_ps_mask _mm512_mask_blend_ps _mm512_setzero_ps;
    shift _mm512_castps_si512 _mm512_slli_epi32 _mm512_add_epi32 _mm512_set1_epi32 _mm512_castsi512_ps, i32, 23, 127;
    #[inline(always)]
    fn sums_of_lanes<const N: usize>(tile: &[[Self; N]; N]) -> [[f32; N]; N] {
        let (mut all, mut sums) = ([0.0; 16], [[0.0; N]; N]);
        // SAFETY: see above.
        Self(unsafe { sums_of_16(tile) }).store(&mut all);
        for p in 0..N {
            for q in 0..N {
                sums[p][q] = all[4 * p + q];
            }
        }
        sums
    }
    #[inline(always)]
    fn products_of_sums<const N: usize>(a: &[[Self; N]; N], c: &[[Self; N]; N]) -> Self {
        // SAFETY: see above.
        unsafe { Self(sums_of_16(a)) * Self(sums_of_16(c)) }
    }
}
vector! {
    /// 64 bytes of f64.
    F64x8(__m512d) of 8 f64;
    _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_min_pd _mm512_max_pd _mm512_set1_pd;
    fma _mm512_fmadd_pd; select mask _mm512_cmp_pd_mask _mm512_mask_blend_pd _mm512_setzero_pd;
    shift _mm512_castpd_si512 _mm512_slli_epi64 _mm512_add_epi64 _mm512_set1_epi64 _mm512_castsi512_pd, i64, 52, 1023
}
vector! {
    /// 32 bytes of f32.
    F32x8(__m256) of 8 f32;
    _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_min_ps _mm256_max_ps _mm256_set1_ps;
    fma _mm256_fmadd_ps; select blend _mm256_cmp_ps _mm256_blendv_ps _mm256_setzero_ps;
    shift _mm256_castps_si256 _mm256_slli_epi32 _mm256_add_epi32 _mm256_set1_epi32 _mm256_castsi256_ps, i32, 23, 127
}
vector! {
    /// 32 bytes of f64.
    F64x4(__m256d) of 4 f64;
    _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_min_pd _mm256_max_pd _mm256_set1_pd;
    fma _mm256_fmadd_pd; select blend _mm256_cmp_pd _mm256_blendv_pd _mm256_setzero_pd;
    shift _mm256_castpd_si256 _mm256_slli_epi64 _mm256_add_epi64 _mm256_set1_epi64x _mm256_castsi256_pd, i64, 52, 1023
}
vector! {
    /// 16 bytes of f32.
    F32x4(__m128) of 4 f32;
    _mm_add_ps _mm_sub_ps _mm_mul_ps _mm_div_ps _mm_min_ps _mm_max_ps _mm_set1_ps;
    fma _mm_mul_ps _mm_add_ps; select logic _mm_cmpgt_ps _mm_and_ps _mm_andnot_ps _mm_or_ps _mm_setzero_ps;
    shift _mm_castps_si128 _mm_slli_epi32 _mm_add_epi32 _mm_set1_epi32 _mm_castsi128_ps, i32, 23, 127
}
vector! {
    /// 16 bytes of f64.
    F64x2(__m128d) of 2 f64;
    _mm_add_pd _mm_sub_pd _mm_mul_pd _mm_div_pd _mm_min_pd _mm_max_pd _mm_set1_pd;
    fma _mm_mul_pd _mm_add_pd; select logic _mm_cmpgt_pd _mm_and_pd _mm_andnot_pd _mm_or_pd _mm_setzero_pd;
    shift _mm_castpd_si128 _mm_slli_epi64 _mm_add_epi64 _mm_set1_epi64x _mm_castsi128_pd, i64, 52, 1023
}
