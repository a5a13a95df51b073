//! The two languages of findings.

/// English or Simplified Chinese.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// Returns its code: "en" or "zh".
    pub fn code(self) -> &'static str {
        self.of("en", "zh")
    }

    /// Returns the value for this language.
    pub fn of<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// A fixed text in both languages; a missing translation does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// In English.
    pub en: &'static str,
    /// In Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// The text in one language.
    pub fn of(self, language: Language) -> &'static str {
        language.of(self.en, self.zh)
    }
}
