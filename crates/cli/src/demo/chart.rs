//! The pictures of the story in characters.

use longspan_diagnose::Language;

use super::tour::{Course, Network, Options, Reach, Row, SUBJECT, Sentence, Unrolled};
use super::text::{figure, known, percent};
use crate::draw::{bar, magnitude};
use crate::wrap::{columns, pad, wrap};

/// Decades of a bar: empty where less than 10^−10 arrives.
const DECADES: f64 = 10.0;
/// Characters of a bar.
const WIDTH: usize = 12;
/// Those of a gate.
const NARROW: usize = 8;
/// Training steps that are shown.
const SHOWN: [usize; 11] = [1, 2, 3, 4, 5, 10, 20, 30, 50, 70, 100];

/// The unrolled chain, the gradient beside each of its links.
pub(super) fn unrolled(lang: Language, sentence: &Sentence, unrolled: &Unrolled) -> String {
    let head = lang.of("gradient that arrives, of that at the last word", "到达的梯度，与最后一个词处相比");
    along(lang, sentence, &[(head.into(), &unrolled.reading.log10_strength)])
}

/// The same of several networks in the first steps of training.
pub(super) fn strengths(lang: Language, sentence: &Sentence, networks: &[&Network]) -> String {
    let name = |network: &Network| format!("{} --clip {}", network.name, network.clip);
    let all: Vec<_> = networks.iter().map(|network| (name(network), &network.log10_strength[..])).collect();
    along(lang, sentence, &all)
}

/// The words from top to bottom, beside each of them shares of a gradient.
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

/// What a word is to the question.
fn role(lang: Language, sentence: &Sentence, t: usize) -> &'static str {
    match t {
        SUBJECT => lang.of("  <- the subject", "  <- 主语"),
        t if t + 1 == sentence.words.len() => lang.of("  <- the answer", "  <- 答案"),
        _ => "",
    }
}

/// Losses and norms, step by step.
pub(super) fn course(lang: Language, course: &Course) -> String {
    let mut text = format!(
        "    {}{}{}{}\n",
        pad(lang.of("step", "步"), 7),
        pad(lang.of("loss", "损失"), 11),
        pad(lang.of("‖g‖ before", "裁剪前 ‖g‖"), 13),
        lang.of("after clipping", "裁剪后"),
    );
    let steps = course.losses_nats.len();
    // Before a fault every step counts.
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

/// Sentences, and what a network says at their verbs.
pub(super) fn examples(lang: Language, sentences: &[String], network: &Network) -> String {
    let mut text = String::from("\n");
    for (sentence, [was, were]) in sentences.iter().zip(&network.readings.verbs) {
        text += &wrap("    ", sentence, columns());
        text += &format!(
            "    {} {}: was {}, were {}\n",
            network.name,
            lang.of("says", "认为"),
            percent(*was),
            percent(*were)
        );
    }
    text
}

/// How far the gates of a network are open at each word.
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
            t if sentence.distractors.contains(&t) => lang.of("  another noun", "  其他名词"),
            _ => "",
        };
        text.push('\n');
    }
    text
}

/// The table of all architectures.
pub(super) fn table(lang: Language, options: &Options, rows: &[Row]) -> String {
    let mut distances: Vec<usize> = options.distances.clone();
    distances.extend((!distances.contains(&options.distance)).then_some(options.distance));
    distances.sort_unstable();
    let line = |name: &str, horizon: &str, left: &str, lambda: &str, ms: &str, weights: &str| {
        let cells = [(name, 10), (horizon, 10), (left, 14), (lambda, 9), (ms, 6), (weights, 9)];
        cells.map(|(text, width)| pad(text, width)).concat()
    };
    let mut text = format!(
        "    {}{}\n    {}",
        line(
            "",
            lang.of("horizon", "视界"),
            lang.of("left a step", "每步剩余"),
            "λ₁",
            lang.of("ms a step", "每步毫秒"),
            "",
        ),
        lang.of("right in %", "正确率 %"),
        line(
            "",
            lang.of("> trained", "> 训练后"),
            lang.of("> trained", "> 训练后"),
            "",
            "",
            lang.of("weights", "权重")
        ),
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
        let pair = |of: &dyn Fn(&Reach) -> String| format!("{} > {}", of(&row.before), of(&row.after));
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
