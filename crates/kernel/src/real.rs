//! The two number types: `f32` for training, `f64` for checks.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::isa::sealed::Sealed;
use crate::micro::Microkernels;
use crate::{Isa, Vector};

impl Sealed for f32 {}
impl Sealed for f64 {}

/// A floating-point type for networks: `f32` or `f64`. Sealed: unsafe code relies on types for which every
/// bit pattern is valid.
pub trait Real:
    Sealed
    + Microkernels
    + Copy
    + Default
    + Debug
    + Display
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// The vector of this type on an instruction set; the same as [`Isa::V`].
    type Of<I: Isa>: Vector<Self>;

    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The name of the type in safetensors files.
    const NAME: &'static str;
    /// Largest y for which e^y is computed. At larger values sigmoid and tanh are saturated to the last bit.
    const EXP_MAX: Self;
    /// 1.5 · 2^(mantissa bits): adding it to a small number leaves the nearest integer in the low bits.
    const ROUND: Self;
    /// The upper part of ln 2, with enough trailing zeros that n · LN_2_HI is exact for every exponent n.
    const LN_2_HI: Self;
    /// ln 2 − LN_2_HI.
    const LN_2_LO: Self;
    /// Degree of the Taylor polynomial of e^r on |r| ≤ ln 2 / 2 whose remainder is under half an ulp.
    const EXP_DEGREE: usize;

    /// Rounds an `f64` to this type.
    fn from_f64(x: f64) -> Self;
    /// The exact value as `f64`.
    fn to_f64(self) -> f64;
    /// Computes self · a + b with one rounding.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// |self|.
    fn abs(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Whether the number is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Computes 2^n, where `self` = n + [`Real::ROUND`] after the rounding addition and n is in the normal
    /// range.
    fn exp2_of_rounded(self) -> Self;
}

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
