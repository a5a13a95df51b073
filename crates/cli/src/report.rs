//! Pages about runs, made from what they have recorded.

mod brief;
mod csv;
mod curve;
mod document;
mod flow;
mod html;
mod looks;
mod markdown;

pub(crate) use brief::brief;
pub(crate) use csv::csv;
pub(crate) use document::{document, verdict};
pub(crate) use html::{SCRIPTS, STYLE, filled, html, plotly};
pub(crate) use markdown::markdown;
