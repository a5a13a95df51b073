//! The story as a page that opens offline.

use longspan_diagnose::Language;

use super::tour::Tour;
use crate::report::filled;

/// The page, in a language to begin with.
pub(crate) fn page(story: &Tour, lang: Language) -> String {
    filled(story, lang.code(), ["demo", "demo"])
}
