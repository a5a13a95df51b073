//! The story as a page that opens offline.

use longspan_diagnose::Language;

use super::tour::Tour;
use crate::report::filled;

/// The page, in a language to begin with.
pub(crate) fn page(story: &Tour, lang: Language) -> String {
    let script = include_str!("../../assets/story.js");
    filled(story, lang.code(), script, ["tell", "demo"])
}
