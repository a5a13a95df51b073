//! The texts of pages and Markdown reports. `assets/words/` has the English and the Chinese of each text side by side.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use longspan_diagnose::Language;
use serde::Deserialize;

use super::modules::WORDS;

#[derive(Deserialize)]
struct Entry {
    en: Text,
    zh: Text,
}

/// A text; long ones are lists of lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Lines(Vec<String>),
}

impl Text {
    /// Joins the lines with `space`.
    fn joined(self, space: &str) -> String {
        match self {
            Self::Whole(text) => text,
            Self::Lines(lines) => lines.join(space),
        }
    }
}

/// The English and the Chinese of each key.
fn all() -> &'static BTreeMap<String, [String; 2]> {
    static ALL: OnceLock<BTreeMap<String, [String; 2]>> = OnceLock::new();
    ALL.get_or_init(|| {
        let read = |(path, text): &(&str, &str)| {
            let entries: BTreeMap<String, Entry> =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
            entries.into_iter().map(|(key, entry)| (key, [entry.en.joined(" "), entry.zh.joined("")]))
        };
        WORDS.iter().flat_map(read).collect()
    })
}

/// Returns the text of `key`, or the key itself if there is none.
pub(crate) fn say(language: Language, key: &'static str) -> &'static str {
    let [english, chinese] = match all().get(key) {
        Some(texts) => texts.each_ref().map(String::as_str),
        None => [key, key],
    };
    language.of(english, chinese)
}

/// Replaces `{0}` in a text by `part`.
pub(crate) fn fill(text: &str, part: &str) -> String {
    text.replace("{0}", part)
}

#[cfg(test)]
mod tests {
    use longspan_diagnose::{Confidence, Severity};

    use super::super::tests::{files, text};
    use super::*;

    /// The contents of all files below a directory whose names end with `end`.
    fn sources(directory: &str, end: &str) -> Vec<String> {
        files(directory)
            .iter()
            .filter(|path| path.to_string_lossy().ends_with(end))
            .map(|path| text(path))
            .collect()
    }

    fn placeholders(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> =
            text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn every_text_is_in_both_languages() {
        let mut count = 0;
        for (path, text) in WORDS {
            // Parsing fails if a text lacks a language.
            let entries: BTreeMap<String, Entry> =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
            count += entries.len();
        }
        assert_eq!(all().len(), count, "each key is in one file only");
        for (key, [english, chinese]) in all() {
            assert!(!english.trim().is_empty() && !chinese.trim().is_empty(), "{key} is empty");
            assert_eq!(placeholders(english), placeholders(chinese), "{key}");
        }
    }

    #[test]
    fn every_text_is_used_and_every_key_exists() {
        let (scripts, rust) = (sources("assets/js", ".js"), sources("src/report", ".rs"));
        for (path, text) in WORDS {
            let entries: BTreeMap<String, Entry> = serde_json::from_str(text).expect("words");
            for key in entries.keys() {
                let quoted = format!("\"{key}\"");
                let is_used = |sources: &[String]| sources.iter().any(|source| source.contains(&quoted));
                // That every key in a script exists is checked by TypeScript, with the type `Key`.
                let used = if path.ends_with("markdown.json") { is_used(&rust) } else { is_used(&scripts) };
                assert!(used, "{path}: {key} is not used");
            }
        }
        for call in ["say(\"", "label(\"", "labelled(\""] {
            for source in scripts.iter().chain(&rust) {
                for key in source.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(all().contains_key(key), "there is no text {key}");
                }
            }
        }
    }

    /// Severities and levels of confidence have the same names on pages as in findings.
    #[test]
    fn words_of_findings_are_those_of_the_library() {
        for language in [Language::English, Language::Chinese] {
            for (key, severity) in
                [("severe", Severity::Severe), ("warning", Severity::Warning), ("note", Severity::Note)]
            {
                assert_eq!(say(language, key), severity.name(language));
            }
            for (key, level) in
                [("high", Confidence::High), ("medium", Confidence::Medium), ("low", Confidence::Low)]
            {
                assert_eq!(say(language, key), level.name(language));
            }
        }
    }

    #[test]
    fn texts_are_found_and_filled() {
        assert_eq!(say(Language::Chinese, "findings"), "诊断结果");
        assert_eq!(fill(say(Language::English, "report"), "run"), "Report of run");
        let long = say(Language::English, "gradient_map_text");
        assert!(long.contains("upwards. Colour is") && !long.contains("  "), "{long}");
        assert_eq!(say(Language::English, "no such key"), "no such key");
    }
}
