//! The vectors of each width. On x86-64 a vector is a register ([`x86`](super::x86)); on other processors it
//! is an array, and the compiler turns the loop of an operation into one instruction.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::simd::{Real, Sealed, Vector};

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

/// The vectors of each width, for [`Isa`](crate::Isa).
#[cfg(target_arch = "x86_64")]
pub(crate) mod vectors {
    pub(crate) use super::super::x86::{
        F32x4 as F32Narrow, F32x8 as F32Middle, F32x16 as F32Wide, F64x2 as F64Narrow, F64x4 as F64Middle,
        F64x8 as F64Wide,
    };
}

/// The vectors of each width, for [`Isa`](crate::Isa); only the narrow ones are used.
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
    use super::*;
    use crate::instruction_set::InstructionSet;
    use crate::isa::Job;
    use crate::simd::Isa;

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
