//! Instruction sets: one source, compiled three times, selected at run time.
//!
//! Vectors of an instruction set exist only as [`Isa::V`] inside a [`Job`], and a job gets its [`Isa`] only
//! from [`InstructionSet::dispatch`], which checks that the processor supports it. So safe code cannot
//! execute an instruction that the processor lacks.

use std::fmt;
use std::str::FromStr;

use super::lanes::{Vector, vectors};
use crate::real::Real;

/// An instruction set that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// x86-64 with AVX-512 (F, BW, DQ, VL) and FMA: 64-byte vectors.
    Avx512,
    /// x86-64 with AVX2 and FMA: 32-byte vectors.
    Avx2,
    /// The baseline of the target: SSE2 on x86-64, NEON on aarch64. 16-byte vectors.
    Portable,
}

/// A requested instruction set that is not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstructionSetError {
    /// The name does not exist.
    #[error("unknown instruction set \"{0}\": choose avx512, avx2 or portable")]
    Unknown(String),
    /// The processor does not support it.
    #[error("this processor does not support {0}; the best instruction set that it supports is {best}", best = InstructionSet::detect())]
    Missing(InstructionSet),
}

impl InstructionSet {
    /// Returns the best instruction set of this processor.
    pub fn detect() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|isa| isa.present()).unwrap_or(Self::Portable)
    }

    /// Returns the instruction set if this processor supports it.
    ///
    /// # Errors
    /// [`InstructionSetError::Missing`] if it does not.
    pub fn checked(self) -> Result<Self, InstructionSetError> {
        if self.present() { Ok(self) } else { Err(InstructionSetError::Missing(self)) }
    }

    /// Panics unless this processor supports the instruction set. Unsafe code relies on this before it runs
    /// compiled kernels.
    #[inline]
    #[track_caller]
    pub(crate) fn require(self) {
        if let Err(error) = self.checked() {
            panic!("{error}");
        }
    }

    /// Whether this processor supports the instruction set.
    fn present(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

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

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        })
    }
}

impl FromStr for InstructionSet {
    type Err = InstructionSetError;

    fn from_str(name: &str) -> Result<Self, InstructionSetError> {
        match name {
            "avx512" => Ok(Self::Avx512),
            "avx2" => Ok(Self::Avx2),
            "portable" => Ok(Self::Portable),
            _ => Err(InstructionSetError::Unknown(name.into())),
        }
    }
}

pub(crate) mod sealed {
    /// Restricts instruction sets, vectors and units to this crate, because unsafe code relies on their
    /// properties.
    pub trait Sealed {}
}

/// An instruction set as a type. Sealed: only [`InstructionSet::dispatch`] passes it to a [`Job`].
pub trait Isa: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The vector of `f32`.
    type F32: Vector<f32>;
    /// The vector of `f64`.
    type F64: Vector<f64>;
    /// The vector of a number type.
    type V<R: Real>: Vector<R>;
    /// Number of vector registers for a tile of sums; the others hold a column of weights and a broadcast.
    const TILE_REGISTERS: usize;
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

impl sealed::Sealed for Avx512 {}
impl Isa for Avx512 {
    type F32 = vectors::F32Wide;
    type F64 = vectors::F64Wide;
    type V<R: Real> = R::Of<Self>;
    const TILE_REGISTERS: usize = 24;
}
impl sealed::Sealed for Avx2 {}
impl Isa for Avx2 {
    type F32 = vectors::F32Middle;
    type F64 = vectors::F64Middle;
    type V<R: Real> = R::Of<Self>;
    const TILE_REGISTERS: usize = 12;
}
impl sealed::Sealed for Portable {}
impl Isa for Portable {
    type F32 = vectors::F32Narrow;
    type F64 = vectors::F64Narrow;
    type V<R: Real> = R::Of<Self>;
    const TILE_REGISTERS: usize = 12;
}

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
