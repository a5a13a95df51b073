//! The arguments that several commands share, and the flags of the settings.

mod global;
mod resume;
mod settings;
mod shared;
mod values;

pub(crate) use global::{Global, color};
pub(crate) use resume::ResumeFlags;
pub(crate) use settings::{ReadingFlags, SettingFlags, TableFlags};
pub(crate) use shared::{Data, Json, Lang, Threads, Weights, Which};
pub(crate) use values::{positive, within};
