//! Pages about runs, made from what they have recorded.

mod brief;
mod csv;
mod curve;
mod document;
mod gradient_map;
mod html;
mod markdown;
mod snapshots;

pub(crate) use brief::brief;
pub(crate) use csv::csv;
pub(crate) use document::{document, verdict};
pub(crate) use html::{filled, html, plotly};
pub(crate) use markdown::markdown;
