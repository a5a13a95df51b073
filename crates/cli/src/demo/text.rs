//! The texts of the tour in English and Chinese. They follow the measurements, also where these contradict what one expects.

mod clipping;
mod explosion;
mod gates;
mod residual;
mod table;
mod unrolled;
mod vanishing;

use longspan_diagnose::Language;
use serde::Serialize;

use super::network::FIRST;
use super::tour::{Course, Network, Options, SUBJECT, Sentence};
use crate::draw::magnitude;

pub(super) use clipping::clipping;
pub(super) use explosion::explosion;
pub(super) use gates::gates;
pub(super) use residual::residual;
pub(super) use table::table;
pub(super) use unrolled::unrolled;
pub(super) use vanishing::vanishing;

/// A text in both languages.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bilingual {
    en: String,
    zh: String,
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

fn both(en: impl Into<String>, zh: impl Into<String>) -> Bilingual {
    Bilingual { en: en.into(), zh: zh.into() }
}

/// The title and the text of an act.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Act {
    pub(crate) title: Bilingual,
    pub(crate) text: Bilingual,
}

impl Act {
    fn new(title: Bilingual, sentences: impl IntoIterator<Item = Bilingual>) -> Self {
        Self { title, text: Bilingual::joined(sentences) }
    }
}

/// Formats a share as a percentage: "98.4 %".
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The accuracy of a network as a percentage; "–" if its training diverged.
fn accuracy(network: &Network) -> String {
    network.right.map_or_else(|| "–".into(), percent)
}

/// Formats a positive number with two or three digits.
pub(super) fn figure(x: f64) -> String {
    match x {
        x if x >= 1e5 => format!("{x:.1e}"),
        x if x >= 10.0 => format!("{x:.0}"),
        x if x >= 1.0 => format!("{x:.2}"),
        x => magnitude(x.log10()),
    }
}

/// Formats a positive number that is given by its decimal logarithm.
fn power(log10: f64) -> String {
    figure(10f64.powf(log10))
}

/// Formats a number with so many decimals; "–" if it is unknown.
pub(super) fn known(x: Option<f64>, digits: usize) -> String {
    x.map_or_else(|| "–".into(), |x| format!("{x:.digits$}"))
}

/// The loss of the first batch, the largest loss, and the training step of the largest loss, counted from 1.
fn first_and_largest(course: &Course) -> (f64, f64, usize) {
    let first = course.losses_nats.first().copied().unwrap_or(f64::NAN);
    let largest = course.losses_nats.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let (at, largest) = largest.unwrap_or((0, &first));
    (first, *largest, at + 1)
}

/// Steps back from the last word to the subject.
fn lag(sentence: &Sentence) -> usize {
    sentence.words.len() - 1 - SUBJECT
}

/// The number of training steps over which the strength of the gradient is averaged.
fn first_steps(options: &Options) -> u64 {
    options.steps.min(FIRST as u64)
}
