//! Pages about runs, made from what they have recorded.

mod curve;
mod document;
mod history;
mod html;

pub(crate) use document::document;
pub(crate) use html::html;
