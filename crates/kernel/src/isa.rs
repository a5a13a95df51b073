//! One source, compiled for each instruction set and selected at run time.
//!
//! Vectors of an instruction set exist only as [`Isa::V`] inside a [`Job`], and a job gets its [`Isa`] only
//! from [`InstructionSet::dispatch`], which checks that the processor supports it. So safe code cannot
//! execute an instruction that the processor lacks.

use crate::instruction_set::InstructionSet;
use crate::lanes::vectors;
use crate::simd::{Isa, Real, Sealed};

/// A computation that is generic over the instruction set.
///
/// `run` and everything that it calls in its loops must be `#[inline(always)]`: only then are they compiled
/// with the features of the instruction set. Otherwise the result is the same, but slower.
pub trait Job {
    /// The result.
    type Output;
    /// The computation.
    fn run<I: Isa>(self) -> Self::Output;
}

impl InstructionSet {
    /// Runs `job`, compiled for this instruction set.
    ///
    /// # Panics
    /// If this processor does not support it.
    #[inline]
    pub fn dispatch<J: Job>(self, job: J) -> J::Output {
        self.require();
        match self {
            // SAFETY: `require` has detected the features.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512(job) },
            // SAFETY: `require` has detected the features.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2(job) },
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => unreachable!("{self} was required"),
            Self::Portable => job.run::<Portable>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512<J: Job>(job: J) -> J::Output {
    job.run::<Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<J: Job>(job: J) -> J::Output {
    job.run::<Avx2>()
}

/// AVX-512: 32 registers of 64 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Avx512;
/// AVX2: 16 registers of 32 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;
/// The target's baseline: at least 16 registers of 16 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Sealed for Avx512 {}
impl Isa for Avx512 {
    type F32 = vectors::F32Wide;
    type F64 = vectors::F64Wide;
    type V<R: Real> = R::Of<Self>;
    const TILE_REGISTERS: usize = 24;
}
impl Sealed for Avx2 {}
impl Isa for Avx2 {
    type F32 = vectors::F32Middle;
    type F64 = vectors::F64Middle;
    type V<R: Real> = R::Of<Self>;
    const TILE_REGISTERS: usize = 12;
}
impl Sealed for Portable {}
impl Isa for Portable {
    type F32 = vectors::F32Narrow;
    type F64 = vectors::F64Narrow;
    type V<R: Real> = R::Of<Self>;
    const TILE_REGISTERS: usize = 12;
}
