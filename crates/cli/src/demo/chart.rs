//! The charts of the tour in characters.

use longspan_diagnose::Language;

use super::options::Options;
use super::text::figures::{figure, known, percent};
use super::tour::{Course, Network, Reach, Row, SUBJECT, Sentence, Unrolled};
use crate::draw::{bar, magnitude};
use crate::wrap::{columns, pad, wrap};

/// Decades of a bar: it is empty below 1e-10.
const DECADES: f64 = 10.0;
/// Columns of a bar.
const WIDTH: usize = 12;
/// Columns of the bar of a gate.
const NARROW: usize = 8;
/// Training steps that are shown.
const SHOWN: [usize; 11] = [1, 2, 3, 4, 5, 10, 20, 30, 50, 70, 100];

/// The unrolled layer, with the share of the gradient that arrives at each word.
pub(super) fn unrolled(lang: Language, sentence: &Sentence, unrolled: &Unrolled) -> String {
    let head = lang.of("share of the gradient that arrives", "到达的梯度比例");
    along(lang, sentence, &[(head.into(), &unrolled.reading.log10_strength)])
}

/// The share of the gradient that arrived at each word in the first training steps, for several networks.
pub(super) fn strengths(lang: Language, sentence: &Sentence, networks: &[&Network]) -> String {
    let name = |network: &Network| format!("{} --clip {}", network.name, network.clip);
    let all: Vec<_> = networks.iter().map(|network| (name(network), &network.log10_strength[..])).collect();
    along(lang, sentence, &all)
}

/// The words from top to bottom, with a column of gradient shares for each name.
fn along(lang: Language, sentence: &Sentence, columns: &[(String, &[f64])]) -> String {
    let width = sentence.words.iter().map(String::len).max().unwrap_or(0);
    let mut text = format!("    {}", " ".repeat(width + 4));
    for (name, _) in columns {
        text += &format!("{}  ", pad(name, WIDTH + 9));
    }
    text = text.trim_end().to_owned() + "\n";
    for (t, word) in sentence.words.iter().enumerate() {
        let link = if t + 1 == sentence.words.len() { "└─" } else { "├─" };
        text += &format!("    {link} {word:width$} ");
        for (_, log10) in columns {
            let share = 1.0 + log10[t].min(0.0) / DECADES;
            text += &format!("{} {:8}  ", bar(share, WIDTH), magnitude(log10[t]));
        }
        text = text.trim_end().to_owned() + role(lang, sentence, t) + "\n";
    }
    text
}

/// A note at the subject and at the last word.
fn role(lang: Language, sentence: &Sentence, t: usize) -> &'static str {
    match t {
        SUBJECT => lang.of("  <- subject", "  <- 主语"),
        t if t + 1 == sentence.words.len() => lang.of("  <- predicts the verb", "  <- 预测动词"),
        _ => "",
    }
}

/// Loss and gradient norm by training step. The bar is the share of the norm that clipping keeps.
pub(super) fn course(lang: Language, course: &Course) -> String {
    let mut text = format!(
        "    {}{}{}{}{}\n",
        pad(lang.of("step", "步"), 7),
        pad(lang.of("loss", "损失"), 11),
        pad(lang.of("‖g‖ before", "裁剪前 ‖g‖"), 13),
        pad(lang.of("‖g‖ after", "裁剪后 ‖g‖"), 11),
        lang.of("share kept", "保留比例"),
    );
    let steps = course.losses_nats.len();
    // A run that fails early has few steps: all of them are shown.
    let shown = |step: &usize| SHOWN.contains(step) || steps < SHOWN.len() || *step == steps;
    for step in (1..=steps).filter(shown) {
        let norm = |log10: f64| figure(10f64.powf(log10));
        let (before, after) = (course.log10_norms[step - 1], course.log10_norms_after[step - 1]);
        text += &format!(
            "    {step:<7}{:<11}{:<13}{:<11}{}\n",
            figure(course.losses_nats[step - 1]),
            norm(before),
            norm(after),
            bar(1.0 + (before - after).max(0.0) / -DECADES, WIDTH).trim_end(),
        );
    }
    if let Some(fault) = &course.fault {
        text += &format!("    {:<7}nan\n", fault.step);
    }
    text
}

/// Sentences, and the predictions of a network at their verbs.
pub(super) fn examples(lang: Language, sentences: &[String], network: &Network) -> String {
    let mut text = String::from("\n");
    for (sentence, [was, were]) in sentences.iter().zip(&network.readings.verbs) {
        text += &wrap("    ", sentence, columns());
        text += &format!(
            "    {} {}: was {}, were {}\n",
            network.name,
            lang.of("predicts", "预测"),
            percent(*was),
            percent(*were)
        );
    }
    text
}

/// The mean openness of the gates of a network at each word.
pub(super) fn gates(lang: Language, sentence: &Sentence, network: &Network) -> String {
    let width = sentence.words.iter().map(String::len).max().unwrap_or(0);
    let mut text = format!("    {}", pad("", width + 2));
    for gate in &network.reading.gates {
        let name = format!("{} {} {}", network.name, lang.of("gate", "门"), gate.gate);
        text += &format!("{}  ", pad(&name, NARROW + 6));
    }
    text = text.trim_end().to_owned() + "\n";
    for (t, word) in sentence.words.iter().enumerate() {
        text += &format!("    {word:width$}  ");
        for gate in &network.reading.gates {
            text += &format!("{} {:3.0} %  ", bar(gate.openness[t], NARROW), 100.0 * gate.openness[t]);
        }
        text = text.trim_end().to_owned();
        text += match t {
            SUBJECT => role(lang, sentence, t),
            t if sentence.distractors.contains(&t) => lang.of("  <- other noun", "  <- 其他名词"),
            _ => "",
        };
        text.push('\n');
    }
    text
}

/// The comparison of all networks.
pub(super) fn table(lang: Language, options: &Options, rows: &[Row]) -> String {
    let mut distances: Vec<usize> = options.distances.clone();
    distances.extend((!distances.contains(&options.distance)).then_some(options.distance));
    distances.sort_unstable();
    let line = |name: &str, horizon: &str, factor: &str, lambda: &str, ms: &str, weights: &str| {
        let cells = [(name, 9), (horizon, 11), (factor, 13), (lambda, 8), (ms, 6), (weights, 8)];
        cells.map(|(text, width)| pad(text, width - 1) + " ").concat()
    };
    let trained = lang.of("-> trained", "-> 训练后");
    let mut text = format!(
        "    {}{}\n    {}",
        line(
            "",
            lang.of("horizon", "可达步数"),
            lang.of("factor/step", "每步倍数"),
            "λ₁",
            lang.of("ms/", "毫秒"),
            lang.of("weights", "权重数"),
        ),
        lang.of("accuracy in %", "准确率（%）"),
        line("", trained, trained, lang.of("trained", "训练后"), lang.of("step", "/步"), ""),
    );
    for distance in &distances {
        text += &format!("{:>5}", format!("@{distance}"));
    }
    text.push('\n');
    let horizon = |reach: &Reach| match &reach.horizon {
        Some(horizon) if horizon.at_least => format!("≥{}", horizon.steps),
        Some(horizon) => horizon.steps.to_string(),
        None => "–".into(),
    };
    for row in rows {
        let pair = |of: &dyn Fn(&Reach) -> String| format!("{} -> {}", of(&row.before), of(&row.after));
        text += "    ";
        text += &line(
            row.name,
            &pair(&horizon),
            &pair(&|reach| known(reach.factor_per_step, 2)),
            &known(row.after.lambda_nats_per_step, 3),
            &format!("{:.2}", row.step_ms),
            &row.parameters.to_string(),
        );
        for distance in &distances {
            let right = row.right.iter().find(|(of, _)| of == distance);
            text += &format!("{:>5}", right.map_or("–".into(), |(_, right)| format!("{:.0}", 100.0 * right)));
        }
        text.push('\n');
    }
    text
}
