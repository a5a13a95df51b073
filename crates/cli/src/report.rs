//! Pages about runs, made from what they have recorded.

mod csv;
mod html;
mod markdown;

pub(crate) use csv::csv;
pub(crate) use html::{filled, html, plotly};
pub(crate) use markdown::markdown;
