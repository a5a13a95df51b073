//! Labelled sequences: each has T_i steps of D numbers, or T_i tokens, and one of C classes or a target value.
//!
//! One buffer holds the values of all sequences, one sequence after another: value (t, d) of sequence i is at
//! `(offsets[i] + t) * D + d`. A missing value is NaN until it is interpolated or scaled.
//!
//! [`LabelledParts::load`] recognises the format: `.ts` files of the UCR/UEA archive ([`ts`]), tables with a label
//! column ([`table`]), folders with one text file per label ([`folder`]), arrays of NumPy, and IDX images as sequences
//! ([`idx`]). Each module also reads from memory. Piano rolls are sequences without labels ([`music`]).

mod builder;
mod categories;
mod describe;
mod error;
mod fingerprint;
mod fit;
pub mod folder;
pub mod idx;
mod input;
mod label_type;
mod load;
mod missing;
pub mod music;
mod number;
pub(crate) mod numpy;
mod scaling;
mod sequences;
mod shift;
mod split;
pub mod table;
mod target_scaling;
mod targets;
pub(crate) mod texts;
pub mod ts;

pub use describe::{Description, Lengths, Range};
pub use error::{LabelledError, Location, Problem};
pub(crate) use input::{Head, failed as unreadable, head, open_text};
pub use label_type::LabelType;
pub use load::{LabelledOptions, LabelledParts, is_music, load_for, load_to_predict};
pub(crate) use load::{read_as_it_stands, read_beside};
pub use missing::Missing;
pub use scaling::{GroupScaling, Scaling};
pub use sequences::{Kind, Labelled};
pub use split::Split;
pub use target_scaling::TargetScaling;
