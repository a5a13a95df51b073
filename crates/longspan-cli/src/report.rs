//! Pages about runs, made from what they have recorded.

mod brief;
mod curve;
mod document;
mod flow;
mod html;

pub(crate) use brief::brief;
pub(crate) use document::document;
pub(crate) use html::{SCRIPTS, STYLE, filled, html, plotly};
