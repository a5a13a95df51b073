//! The language in which a finding is told. Rules speak English; [`super::chinese`] has the same in Chinese.

use super::chinese;
use super::finding::{Confidence, Finding, Number, Remedy, Unjudged, Verdict};
use super::rule::Rule;

/// English or Simplified Chinese.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// As the rules are written.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

/// What a rule's page says in a language, thresholds apart.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The name of what is found.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What is computed.
    pub measured: &'static str,
    /// When it is a false alarm.
    pub false_alarm: &'static str,
    /// What helps.
    pub remedy: &'static str,
}

impl Language {
    /// Its code: "en", "zh".
    pub fn code(self) -> &'static str {
        self.of("en", "zh")
    }

    /// Whichever is in this language.
    pub fn of<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// A text of a finding, a threshold or a fault; as it is where there is no other.
    pub fn text(self, english: &str) -> String {
        match self {
            Self::English => None,
            Self::Chinese => chinese::text(english),
        }
        .unwrap_or_else(|| english.to_owned())
    }
}

impl Rule {
    /// Its page in a language.
    pub fn told_in(&self, language: Language) -> Told {
        let page = &self.page;
        let english = Told {
            title: self.title,
            meaning: page.meaning,
            measured: page.measured,
            false_alarm: page.false_alarm,
            remedy: page.remedy,
        };
        match language {
            Language::English => english,
            Language::Chinese => chinese::page(self.code).unwrap_or(english),
        }
    }
}

impl Verdict {
    /// The same in a language.
    pub fn told_in(&self, language: Language) -> Self {
        let unjudged = |u: &Unjudged| Unjudged { missing: language.text(&u.missing), ..u.clone() };
        Self {
            findings: self.findings.iter().map(|finding| finding.told_in(language)).collect(),
            unjudged: self.unjudged.iter().map(unjudged).collect(),
        }
    }
}

impl Finding {
    /// The same in a language.
    pub fn told_in(&self, language: Language) -> Self {
        let page = super::rule(&self.code).map(|rule| rule.told_in(language));
        let number = |number: &Number| Number {
            name: language.text(&number.name),
            source: number.source.as_deref().map(|source| language.text(source)),
            ..number.clone()
        };
        let remedy =
            |remedy: &Remedy| Remedy { flags: remedy.flags.clone(), why: language.text(&remedy.why) };
        Self {
            title: page.map_or_else(|| self.title.clone(), |page| page.title.into()),
            sentence: language.text(&self.sentence),
            evidence: self.evidence.iter().map(number).collect(),
            confidence: Confidence {
                because: language.text(&self.confidence.because),
                ..self.confidence.clone()
            },
            false_alarm: page.map_or_else(|| self.false_alarm.clone(), |page| page.false_alarm.into()),
            remedies: self.remedies.iter().map(remedy).collect(),
            ..self.clone()
        }
    }
}
