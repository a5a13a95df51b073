//! The title and the text of an act, in both languages.

use longspan_diagnose::Language;
use serde::Serialize;

/// A text in both languages.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bilingual {
    pub(super) en: String,
    pub(super) zh: String,
}

impl Bilingual {
    pub(crate) fn text(&self, language: Language) -> &str {
        language.of(&self.en, &self.zh)
    }

    /// Joins sentences: English with spaces, Chinese without.
    fn joined(sentences: impl IntoIterator<Item = Self>) -> Self {
        let (en, zh): (Vec<_>, Vec<_>) = sentences.into_iter().map(|Self { en, zh }| (en, zh)).unzip();
        Self { en: en.join(" "), zh: zh.concat() }
    }
}

pub(super) fn both(en: impl Into<String>, zh: impl Into<String>) -> Bilingual {
    Bilingual { en: en.into(), zh: zh.into() }
}

/// The title and the text of an act.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Act {
    pub(crate) title: Bilingual,
    pub(crate) text: Bilingual,
}

impl Act {
    pub(super) fn new(title: Bilingual, sentences: impl IntoIterator<Item = Bilingual>) -> Self {
        Self { title, text: Bilingual::joined(sentences) }
    }
}
