//! Pages about runs, made from what they have recorded.

mod csv;
mod html;
mod language;
mod markdown;

pub(crate) use csv::csv;
pub(crate) use html::{SCRIPTS, STYLE, filled, html, plotly};
pub(crate) use language::language;
pub(crate) use markdown::markdown;
