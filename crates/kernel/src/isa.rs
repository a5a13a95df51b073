//! Instruction sets: one source, compiled three times, chosen at run time.

use std::fmt;
use std::str::FromStr;

use super::lanes::Vector;
use crate::real::Real;

/// An instruction set that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// x86-64 with AVX-512 (F, BW, DQ, VL) and FMA: 64-byte vectors.
    Avx512,
    /// x86-64 with AVX2 and FMA: 32-byte vectors.
    Avx2,
    /// Whatever the target always has: SSE2 on x86-64, NEON on aarch64. 16-byte vectors.
    Portable,
}

/// An instruction set that was asked for and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstructionSetError {
    /// No such name.
    #[error("unknown instruction set \"{0}\": choose avx512, avx2 or portable")]
    Unknown(String),
    /// This processor lacks it.
    #[error("this processor has no {0}: the best that it has is {best}", best = InstructionSet::detect())]
    Missing(InstructionSet),
}

impl InstructionSet {
    /// The best level that this processor has.
    pub fn detect() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|isa| isa.present()).unwrap_or(Self::Portable)
    }

    /// The level, if this processor has it.
    ///
    /// # Errors
    /// [`InstructionSetError::Missing`] if it does not.
    pub fn checked(self) -> Result<Self, InstructionSetError> {
        if self.present() { Ok(self) } else { Err(InstructionSetError::Missing(self)) }
    }

    /// Whether this processor has the level.
    fn present(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Runs `job` compiled for this level.
    ///
    /// # Panics
    /// If this processor does not have the level.
    #[inline]
    pub fn dispatch<J: Job>(self, job: J) -> J::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                assert!(self.present(), "this processor has no AVX-512");
                // SAFETY: the features were detected on the line above.
                unsafe { avx512(job) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                assert!(self.present(), "this processor has no AVX2");
                // SAFETY: the features were detected on the line above.
                unsafe { avx2(job) }
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => panic!("this processor has no {self}"),
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

/// The compile-time side of a [`InstructionSet`].
pub trait Isa: Copy + Send + Sync + 'static {
    /// The vector of this instruction set.
    type V<R: Real>: Vector<R>;
    /// Vector registers that a tile of sums may take; the others hold a column of weights and a broadcast.
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

impl Isa for Avx512 {
    type V<R: Real> = R::Wide;
    const TILE_REGISTERS: usize = 24;
}
impl Isa for Avx2 {
    type V<R: Real> = R::Middle;
    const TILE_REGISTERS: usize = 12;
}
impl Isa for Portable {
    type V<R: Real> = R::Narrow;
    const TILE_REGISTERS: usize = 12;
}

/// A computation that is generic over the instruction set. `run` must be `#[inline(always)]`, and so must all that it
/// calls in its loops: only then are they compiled with the features of the level.
pub trait Job {
    /// What it returns.
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
