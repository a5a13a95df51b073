//! The words of the story, in two languages, made from what was measured: where a measurement contradicts what one expects, the
//! words follow the measurement.

mod en;
mod zh;

use longspan_diagnose::Language;
use serde::Serialize;

use super::clipping::Direction;
use super::network::FIRST;
use super::tour::{Course, KNOWN, Network, Options, Row, SUBJECT, Sentence, Unrolled};
use crate::draw::magnitude;

/// The same in both languages.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Words {
    en: String,
    zh: String,
}

impl Words {
    pub(crate) fn get(&self, lang: Language) -> &str {
        lang.of(&self.en, &self.zh)
    }
}

/// An act in words.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Localized {
    pub(crate) title: Words,
    pub(crate) text: Words,
}

fn told(titles: [&str; 2], texts: [String; 2]) -> Localized {
    let words = |[en, zh]: [String; 2]| Words { en, zh };
    Localized { title: words(titles.map(str::to_owned)), text: words(texts) }
}

pub(super) fn unrolled(sentence: &Sentence, unrolled: &Unrolled) -> Localized {
    let texts = [en::unrolled(sentence, unrolled), zh::unrolled(sentence, unrolled)];
    told(["A recurrent network is deep in time", "循环网络在时间上很深"], texts)
}

pub(super) fn explosion(options: &Options, sentence: &Sentence, course: &Course) -> Localized {
    let texts = [en::explosion(options, sentence, course), zh::explosion(options, sentence, course)];
    told(["The gradient explodes", "梯度爆炸"], texts)
}

pub(super) fn clipping(options: &Options, course: &Course, direction: &Direction) -> Localized {
    let texts = [en::clipping(options, course, direction), zh::clipping(options, course, direction)];
    told(["Clipping is the brake", "裁剪是刹车"], texts)
}

pub(super) fn vanishing(options: &Options, sentence: &Sentence, plain: &Network, clipped: &Network) -> Localized {
    let texts =
        [en::vanishing(options, sentence, plain, clipped), zh::vanishing(options, sentence, plain, clipped)];
    told(["What clipping cannot do: the gradient vanishes", "裁剪做不到的事：梯度消失"], texts)
}

pub(super) fn residual(sentence: &Sentence, rnn: &Network, residual: &Network, row: &Row) -> Localized {
    let texts = [en::residual(sentence, rnn, residual, row), zh::residual(sentence, rnn, residual, row)];
    told(["A residual connection through time", "跨时间的残差连接"], texts)
}

pub(super) fn gates(
    options: &Options,
    sentence: &Sentence,
    residual: &Network,
    gru: &Network,
    lstm: &Network,
) -> Localized {
    let texts = [
        en::gates(options, sentence, residual, gru, lstm),
        zh::gates(options, sentence, residual, gru, lstm),
    ];
    told(["Gates keep the gradient, and select", "门控：保住梯度，并且选择"], texts)
}

pub(super) fn table(options: &Options, table: &[Row]) -> Localized {
    let texts = [en::table(options, table), zh::table(options, table)];
    told(["Side by side", "并排比较"], texts)
}

/// "98.4 %".
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The same of a network; "–" where it diverged.
pub(super) fn right(network: &Network) -> String {
    network.right.map_or_else(|| "–".into(), percent)
}

/// A number above 0 for people.
pub(super) fn figure(x: f64) -> String {
    match x {
        x if x >= 1e5 => format!("{x:.1e}"),
        x if x >= 10.0 => format!("{x:.0}"),
        x if x >= 1.0 => format!("{x:.2}"),
        x => magnitude(x.log10()),
    }
}

/// The same of a logarithm.
fn power(log10: f64) -> String {
    figure(10f64.powf(log10))
}

/// A number that may not be known.
pub(super) fn known(x: Option<f64>, digits: usize) -> String {
    x.map_or_else(|| "–".into(), |x| format!("{x:.digits$}"))
}

/// The loss of the first batch, and the largest with the step before which it was.
fn jump(course: &Course) -> (f64, f64, usize) {
    let first = course.losses_nats.first().copied().unwrap_or(f64::NAN);
    let largest = course.losses_nats.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let (at, largest) = largest.unwrap_or((0, &first));
    (first, *largest, at + 1)
}

/// Steps back from the last word to the subject.
fn lag(sentence: &Sentence) -> usize {
    sentence.words.len() - 1 - SUBJECT
}

/// The factor a step that leaves so much over so many steps.
fn a_step(log10: f64, steps: usize) -> f64 {
    10f64.powf(log10 / steps.max(1) as f64)
}

/// The farthest distance at which the rule was learned.
fn farthest(row: &Row) -> Option<usize> {
    row.right.iter().filter(|(_, right)| *right >= KNOWN).map(|&(distance, _)| distance).max()
}

/// Steps that the strength of the gradient is a mean over.
fn first_steps(options: &Options) -> u64 {
    options.steps.min(FIRST as u64)
}

/// Whether a network tells distractors from the subject clearly better than another does.
fn chooses(network: &Network, other: &Network) -> bool {
    matches!((network.distraction(), other.distraction()), (Some(own), Some(other)) if own < 0.5 * other)
}

/// How far the forget gate is open at the subject, and at the distractors.
fn keeps(lstm: &Network) -> Option<(f64, f64)> {
    let forget = lstm.readings.gates.iter().find(|gate| gate.gate == "f")?.by_role;
    Some((forget.subject?, forget.distractor?))
}
