//! The tour as a page that opens offline.

use longspan_diagnose::Language;

use super::tour::Tour;
use crate::report::filled;

/// The page. It opens in `lang` and contains both languages.
pub(crate) fn page(tour: &Tour, lang: Language) -> String {
    filled(tour, lang.code(), ["demo", "demo"])
}
