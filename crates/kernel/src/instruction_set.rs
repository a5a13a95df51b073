//! The instruction sets that kernels are compiled for, and which of them this processor has.

use std::fmt;
use std::str::FromStr;

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
