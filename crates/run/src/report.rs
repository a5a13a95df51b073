//! Everything that is shown of a run, as serialisable values. HTML, Markdown, JSON and the dashboard render
//! the same values.

pub(crate) mod brief;
mod curve;
mod document;
mod gradient_map;
mod groups;
mod snapshots;
pub mod verdict;

pub use brief::Brief;
pub use curve::{Curve, Validations};
pub use document::{
    Clipping, Data, FaultText, FaultTexts, Lags, Numbers, RecoveryText, RunReport, SettingText,
};
pub use gradient_map::{Flow, LayerPicture, Picture};
pub use groups::{GroupRow, Groups};
pub use snapshots::{Looks, Series};

use crate::config::Config;

/// Cell, layers and units of a model: "lstm 1×8".
fn model(config: &Config) -> String {
    format!("{} {}×{}", config.model.cell, config.model.layers, config.model.hidden)
}
