//! The two number types: `f32` for training, `f64` for checks.

use crate::simd::{Isa, Real, Sealed};

impl Sealed for f32 {}
impl Sealed for f64 {}

macro_rules! real {
    ($t:ident, $bits:ident, $vector:ident, $name:literal, $mantissa:literal, $bias:literal, $exp_max:literal, $hi:expr, $lo:literal, $degree:literal) => {
        impl Real for $t {
            type Of<I: Isa> = I::$vector;

            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAME: &'static str = $name;
            const EXP_MAX: Self = $exp_max;
            const ROUND: Self = 1.5 * ((1u64 << $mantissa) as $t);
            const LN_2_HI: Self = $hi;
            const LN_2_LO: Self = $lo;
            const EXP_DEGREE: usize = $degree;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $t::ln(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn exp2_of_rounded(self) -> Self {
                $t::from_bits((self.to_bits() << $mantissa).wrapping_add(($bias as $bits) << $mantissa))
            }
        }
    };
}

// ln 2 is split as in expf and exp of fdlibm: the upper parts end in zeros.
real!(f32, u32, F32, "F32", 23, 127, 87.0, 355.0 / 512.0, -2.121_944_4e-4, 7);
real!(f64, u64, F64, "F64", 52, 1023, 708.0, 0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10, 13);
