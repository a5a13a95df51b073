//! Reports about runs: HTML, Markdown and CSV.

mod csv;
mod html;
mod markdown;

pub(crate) use csv::csv;
pub(crate) use html::{filled, html, plotly};
pub(crate) use markdown::markdown;
