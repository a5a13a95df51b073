//! Short vectors, and activation functions on them.
//!
//! Equations are written once, with operators, for every width and both number types. On x86-64 a vector is a
//! register ([`x86`](super::x86)); on other processors it is an array, and the compiler turns the loop of an
//! operation into one instruction.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::isa::sealed::Sealed;
use crate::real::Real;

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

/// A vector of `L` numbers; `FUSED` if multiply-add is one instruction. Tested on every target, used on those
/// without a register type.
#[cfg_attr(all(target_arch = "x86_64", not(test)), expect(dead_code))]
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Lanes<R, const L: usize, const FUSED: bool>([R; L]);

macro_rules! operator {
    ($trait:ident, $method:ident, $op:tt) => {
        impl<R: Real, const L: usize, const FUSED: bool> $trait for Lanes<R, L, FUSED> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for l in 0..L {
                    self.0[l] $op other.0[l];
                }
                self
            }
        }
    };
}
operator!(Add, add, +=);
operator!(Sub, sub, -=);
operator!(Mul, mul, *=);
operator!(Div, div, /=);

impl<R: Real, const L: usize, const FUSED: bool> Neg for Lanes<R, L, FUSED> {
    type Output = Self;
    #[inline(always)]
    fn neg(mut self) -> Self {
        for l in 0..L {
            self.0[l] = -self.0[l];
        }
        self
    }
}

impl<R, const L: usize, const FUSED: bool> Sealed for Lanes<R, L, FUSED> {}

impl<R: Real, const L: usize, const FUSED: bool> Vector<R> for Lanes<R, L, FUSED> {
    const LANES: usize = L;

    #[inline(always)]
    fn splat(x: R) -> Self {
        Self([x; L])
    }

    #[inline(always)]
    fn load(from: &[R]) -> Self {
        if let Some(full) = from.first_chunk::<L>() {
            return Self(*full);
        }
        let mut out = [R::ZERO; L];
        out[..from.len()].copy_from_slice(from);
        Self(out)
    }

    #[inline(always)]
    fn store(self, to: &mut [R]) {
        if let Some(full) = to.first_chunk_mut::<L>() {
            *full = self.0;
        } else {
            let n = to.len();
            to.copy_from_slice(&self.0[..n]);
        }
    }

    #[inline(always)]
    fn fma(mut self, a: Self, b: Self) -> Self {
        for l in 0..L {
            self.0[l] = if FUSED { self.0[l].mul_add(a.0[l], b.0[l]) } else { self.0[l] * a.0[l] + b.0[l] };
        }
        self
    }

    #[inline(always)]
    fn select_positive(mut self, yes: Self, no: Self) -> Self {
        for l in 0..L {
            self.0[l] = if self.0[l] > R::ZERO { yes.0[l] } else { no.0[l] };
        }
        self
    }

    #[inline(always)]
    fn at_most(mut self, bound: R) -> Self {
        for l in 0..L {
            self.0[l] = if self.0[l] > bound { bound } else { self.0[l] };
        }
        self
    }

    #[inline(always)]
    fn at_least(mut self, bound: R) -> Self {
        for l in 0..L {
            self.0[l] = if self.0[l] < bound { bound } else { self.0[l] };
        }
        self
    }

    #[inline(always)]
    fn exp2_of_rounded(mut self) -> Self {
        for l in 0..L {
            self.0[l] = self.0[l].exp2_of_rounded();
        }
        self
    }
}

/// The vectors of each width, for [`Isa`](super::isa::Isa).
#[cfg(target_arch = "x86_64")]
pub(crate) mod vectors {
    pub(crate) use super::super::x86::{
        F32x4 as F32Narrow, F32x8 as F32Middle, F32x16 as F32Wide, F64x2 as F64Narrow, F64x4 as F64Middle,
        F64x8 as F64Wide,
    };
}

/// The vectors of each width, for [`Isa`](super::isa::Isa); only the narrow ones are used.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) mod vectors {
    use super::Lanes;

    /// NEON multiplies and adds in one instruction; elsewhere a fused result in software is slow.
    const FUSED: bool = cfg!(target_arch = "aarch64");
    /// 64 bytes of f32.
    pub(crate) type F32Wide = Lanes<f32, 16, FUSED>;
    /// 32 bytes of f32.
    pub(crate) type F32Middle = Lanes<f32, 8, FUSED>;
    /// 16 bytes of f32.
    pub(crate) type F32Narrow = Lanes<f32, 4, FUSED>;
    /// 64 bytes of f64.
    pub(crate) type F64Wide = Lanes<f64, 8, FUSED>;
    /// 32 bytes of f64.
    pub(crate) type F64Middle = Lanes<f64, 4, FUSED>;
    /// 16 bytes of f64.
    pub(crate) type F64Narrow = Lanes<f64, 2, FUSED>;
}

#[cfg(test)]
mod tests {
    use super::super::isa::{InstructionSet, Isa, Job};
    use super::*;

    #[derive(Clone, Copy)]
    enum Name {
        Exp,
        Sigmoid,
        Tanh,
    }

    #[inline(always)]
    fn apply<R: Real, V: Vector<R>>(x: &[R], y: &mut [R], name: Name) {
        for (x, y) in x.chunks(V::LANES).zip(y.chunks_mut(V::LANES)) {
            let v = V::load(x);
            match name {
                Name::Exp => v.exp(),
                Name::Sigmoid => v.sigmoid(),
                Name::Tanh => v.tanh(),
            }
            .store(y);
        }
    }

    struct Apply<'a, R>(&'a [R], &'a mut [R], Name);

    impl<R: Real> Job for Apply<'_, R> {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self) {
            apply::<R, I::V<R>>(self.0, self.1, self.2);
        }
    }

    fn instruction_sets() -> impl Iterator<Item = InstructionSet> {
        [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
            .into_iter()
            .filter(|l| l.checked().is_ok())
    }

    fn worst<R: Real>(name: Name, xs: &[f64], exact: fn(f64) -> f64) -> f64 {
        let x: Vec<R> = xs.iter().map(|&x| R::from_f64(x)).collect();
        let mut worst: f64 = 0.0;
        let mut results: Vec<Vec<R>> = Vec::new();
        for isa in instruction_sets() {
            results.push(vec![R::ZERO; x.len()]);
            isa.dispatch(Apply(&x, results.last_mut().unwrap(), name));
        }
        // The arrays that other processors use.
        results.push(vec![R::ZERO; x.len()]);
        apply::<R, Lanes<R, 4, true>>(&x, results.last_mut().unwrap(), name);
        results.push(vec![R::ZERO; x.len()]);
        apply::<R, Lanes<R, 4, false>>(&x, results.last_mut().unwrap(), name);
        for y in &results {
            for (x, y) in x.iter().zip(y) {
                let truth = exact(x.to_f64());
                let error = (y.to_f64() - truth).abs() / truth.abs().max(1e-300);
                worst = worst.max(error);
            }
        }
        worst
    }

    /// Points over the whole range and close to zero, both signs.
    fn points(limit: f64) -> Vec<f64> {
        let mut xs: Vec<f64> = (-4000..=4000).map(|i| f64::from(i) / 4000.0 * limit).collect();
        xs.extend((1..250).flat_map(|i| [1.0, -1.0].map(|s| s * limit * 0.93f64.powi(i))));
        xs
    }

    #[test]
    fn activations_are_accurate_relative_to_their_value() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        // Two to three ulp: one from the polynomial, one from the scaling, one from the division.
        for (name, limit, exact) in [
            (Name::Exp, 80.0, f64::exp as fn(f64) -> f64),
            (Name::Sigmoid, 80.0, sigmoid),
            (Name::Tanh, 30.0, f64::tanh),
        ] {
            let single = worst::<f32>(name, &points(limit), exact);
            assert!(single < 3.0 * f64::from(f32::EPSILON), "f32 relative error {single:e}");
            let double = worst::<f64>(name, &points(limit), exact);
            assert!(double < 6.0 * f64::EPSILON, "f64 relative error {double:e}");
        }
    }

    #[test]
    fn limits_and_nan() {
        for isa in instruction_sets() {
            let x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 1000.0, -1000.0];
            let mut s = [9.0; 7];
            let mut t = [9.0; 7];
            isa.dispatch(Apply(&x, &mut s, Name::Sigmoid));
            isa.dispatch(Apply(&x, &mut t, Name::Tanh));
            assert!(s[0].is_nan() && t[0].is_nan());
            assert_eq!(&t[1..], &[1.0, -1.0, 0.0, 0.0, 1.0, -1.0]);
            assert_eq!(s[1], 1.0);
            assert_eq!(s[3], 0.5);
            // e^-87 is the smallest value that sigmoid returns; its derivative is then below 1e-37.
            assert!(s[2] > 0.0 && s[2] < 2e-38);
        }
    }
}
