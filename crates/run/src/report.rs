//! Everything that is shown of a run, as serialisable values: HTML, Markdown, JSON and the dashboard render the same.

mod brief;
mod curve;
mod document;
mod flow;
mod looks;
pub mod verdict;

pub use brief::Brief;
pub use curve::{Curve, Validations};
pub use document::{Clipping, Data, FaultText, FaultTexts, Lags, Numbers, RunReport, SettingText};
pub use flow::{Flow, LayerPicture, Picture};
pub use looks::{Looks, Series};

use crate::config::Config;

/// Cell, layers and units of a model: "lstm 1×8".
fn model(config: &Config) -> String {
    format!("{} {}×{}", config.cell, config.layers, config.hidden)
}
