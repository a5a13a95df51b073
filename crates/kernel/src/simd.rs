//! Numbers, vectors of numbers, and instruction sets: three traits, each of which names the others.
//!
//! Equations are written once, with operators on a [`Vector`], for every width and both number types.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::micro::table::Microkernels;

/// Restricts instruction sets, vectors, numbers and units to this crate, because unsafe code relies on their
/// properties.
pub trait Sealed {}

/// An instruction set as a type. Sealed: only [`InstructionSet::dispatch`](crate::InstructionSet::dispatch) passes it to a [`Job`](crate::Job).
pub trait Isa: Sealed + Copy + Send + Sync + 'static {
    /// The vector of `f32`.
    type F32: Vector<f32>;
    /// The vector of `f64`.
    type F64: Vector<f64>;
    /// The vector of a number type.
    type V<R: Real>: Vector<R>;
    /// Number of vector registers for a tile of sums; the others hold a column of weights and a broadcast.
    const TILE_REGISTERS: usize;
}

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

/// A short vector of numbers, with which the cells' equations are written.
///
/// NaN propagates through every function. Only sigmoid and tanh saturate, at their limits. Sealed: unsafe
/// code reads and writes a vector as [`Vector::LANES`] contiguous numbers.
pub trait Vector<R: Real>:
    Sealed
    + Copy
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Number of elements.
    const LANES: usize;

    /// Returns a vector of equal elements.
    fn splat(x: R) -> Self;
    /// Loads the first numbers of a slice, at most [`Vector::LANES`]; if there are fewer, the other elements
    /// are zero.
    fn load(from: &[R]) -> Self;
    /// Writes the first elements to a slice, at most [`Vector::LANES`].
    fn store(self, to: &mut [R]);
    /// Computes self · a + b, rounded once if the instruction set has FMA.
    fn fma(self, a: Self, b: Self) -> Self;
    /// Elementwise `if self > 0 { yes } else { no }`.
    fn select_positive(self, yes: Self, no: Self) -> Self;
    /// Elementwise `if self > bound { bound } else { self }`: NaN stays.
    fn at_most(self, bound: R) -> Self;
    /// Elementwise `if self < bound { bound } else { self }`: NaN stays.
    fn at_least(self, bound: R) -> Self;
    /// Elementwise [`Real::exp2_of_rounded`].
    fn exp2_of_rounded(self) -> Self;

    /// Returns the sum of the elements of each vector.
    ///
    /// # Panics
    /// If N is more than 4, on an instruction set that sums several vectors at once.
    #[inline(always)]
    fn sums_of_lanes<const N: usize>(tile: &[[Self; N]; N]) -> [[R; N]; N] {
        let mut sums = [[R::ZERO; N]; N];
        for p in 0..N {
            for q in 0..N {
                let mut lanes = [R::ZERO; 16];
                tile[p][q].store(&mut lanes[..Self::LANES]);
                let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p_] = lanes;
                // By halves: in a chain, each addition would wait for the previous one.
                sums[p][q] = match Self::LANES {
                    16 => {
                        let low = ((a + i) + (e + m)) + ((c + k) + (g + o));
                        low + (((b + j) + (f + n)) + ((d + l) + (h + p_)))
                    }
                    8 => ((a + e) + (c + g)) + ((b + f) + (d + h)),
                    4 => (a + c) + (b + d),
                    _ => a + b,
                };
            }
        }
        sums
    }

    /// Returns a vector whose elements add up to Σ_pq (Σ elements of a_pq) · (Σ elements of c_pq).
    ///
    /// # Panics
    /// As [`Vector::sums_of_lanes`].
    #[inline(always)]
    fn products_of_sums<const N: usize>(a: &[[Self; N]; N], c: &[[Self; N]; N]) -> Self {
        let (a, mut total) = (Self::sums_of_lanes(a), Self::zero());
        for p in 0..N {
            for q in 0..N {
                // The elements of c need not be summed first: they are summed with the result.
                total = c[p][q].fma(Self::splat(a[p][q]), total);
            }
        }
        total
    }

    /// Returns a vector of zeros.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(R::ZERO)
    }

    /// Returns a vector of ones.
    #[inline(always)]
    fn one() -> Self {
        Self::splat(R::ONE)
    }

    /// Returns (n + [`Real::ROUND`], r) with self = n ln 2 + r and |r| ≤ ln 2 / 2.
    #[inline(always)]
    fn reduce(self) -> (Self, Self) {
        let rounded = self.fma(Self::splat(R::from_f64(std::f64::consts::LOG2_E)), Self::splat(R::ROUND));
        let n = rounded - Self::splat(R::ROUND);
        let r = n.fma(Self::splat(-R::LN_2_HI), self);
        (rounded, n.fma(Self::splat(-R::LN_2_LO), r))
    }

    /// Computes e^r − 1 for |r| ≤ ln 2 / 2 by its Taylor polynomial, accurate relative to r.
    #[inline(always)]
    fn exp_m1_reduced(r: Self) -> Self {
        let mut factorial = 1.0;
        for n in 2..=R::EXP_DEGREE {
            factorial *= n as f64;
        }
        let mut p = Self::splat(R::from_f64(1.0 / factorial));
        for n in (1..R::EXP_DEGREE).rev() {
            factorial /= (n + 1) as f64;
            p = p.fma(r, Self::splat(R::from_f64(1.0 / factorial)));
        }
        p * r
    }

    /// Computes e^y for |y| ≤ [`Real::EXP_MAX`]; outside of this range, e^±EXP_MAX.
    #[inline(always)]
    fn exp(self) -> Self {
        let (n, r) = self.at_most(R::EXP_MAX).at_least(-R::EXP_MAX).reduce();
        let scale = n.exp2_of_rounded();
        Self::exp_m1_reduced(r).fma(scale, scale)
    }

    /// Computes σ(x) = 1 / (1 + e^−x).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::one() / (Self::one() + (-self).exp())
    }

    /// Computes tanh x = E / (E + 2) with E = e^2x − 1, accurate relative to tanh x even near 0.
    #[inline(always)]
    fn tanh(self) -> Self {
        // e^2x − 1 = 2^n (e^r − 1) + (2^n − 1): at n = 0 the last term vanishes and nothing cancels.
        let y = self + self;
        let (n, r) = y.at_most(R::from_f64(40.0)).at_least(R::from_f64(-40.0)).reduce();
        let scale = n.exp2_of_rounded();
        let e = Self::exp_m1_reduced(r).fma(scale, scale - Self::one());
        e / (e + Self::splat(R::from_f64(2.0)))
    }

    /// Computes max(x, 0), but NaN for NaN.
    #[inline(always)]
    fn relu(self) -> Self {
        self.at_least(R::ZERO)
    }
}
