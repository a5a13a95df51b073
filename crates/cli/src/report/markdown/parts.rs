//! The other sections of a report: comparison, summary, findings, fault, training and the command.

use longspan_diagnose::IGNORE_IF;
use longspan_record::{RecoveryAction, ScoreRecord, SettingChange};
use longspan_run::directory::{UNFINISHED, UNREADABLE};
use longspan_run::report::verdict::{FindingText, VerdictText};
use longspan_run::report::{RecoveryText, RunReport};

use super::credit::total;
use super::write::{NONE, Writer, code, or_none, percent, short, words};
use crate::assets::fill;

/// The largest number of rows in a table of training.
const LINES: usize = 12;

fn codes(report: &RunReport) -> String {
    let codes: Vec<&str> = report.verdict.findings.iter().map(|finding| finding.code).collect();
    if codes.is_empty() { NONE.into() } else { codes.join(", ") }
}

/// How the run ended. A word that this version does not know stands as it is.
fn outcome(to: &Writer, report: &RunReport) -> String {
    let known =
        ["finished", "stopped_early", "out_of_time", "interrupted", "diverged", UNFINISHED, UNREADABLE];
    let known = known.into_iter().find(|outcome| report.outcome == *outcome);
    known.map_or_else(|| words(&report.outcome), |outcome| to.say(outcome).into())
}

/// The accuracy on the test data, otherwise on the last validation.
fn accuracy(report: &RunReport) -> String {
    percent(report.summary.test_accuracy.or(report.summary.valid_accuracy))
}

/// Adds a table that compares several runs.
pub(super) fn comparison(to: &mut Writer, reports: &[RunReport]) {
    let head = [
        to.say("run"),
        to.say("outcome"),
        to.say("best_loss"),
        to.say("accuracy"),
        to.say("horizon"),
        to.say("decay_per_step"),
        "λ₁",
        to.say("parameters"),
        to.say("seconds"),
        to.say("findings"),
    ];
    let row = |report: &RunReport| {
        let total = total(report);
        let spectrum = report.probe.as_ref().and_then(|probe| probe.spectrum.known());
        vec![
            words(&report.name),
            outcome(to, report),
            or_none(report.summary.best_loss.map(short)),
            accuracy(report),
            or_none(total.map(|total| total.horizon.steps)),
            or_none(total.and_then(|total| total.decay.known()).map(|decay| short(decay.factor_per_step))),
            or_none(spectrum.and_then(|s| s.exponents_nats_per_step.first()).map(|&x| short(x))),
            or_none(report.parameters),
            or_none(report.summary.seconds.map(short)),
            codes(report),
        ]
    };
    let rows: Vec<_> = reports.iter().map(row).collect();
    to.table(&head, &rows);
}

pub(super) fn summary(to: &mut Writer, report: &RunReport) {
    let (data, summary) = (&report.data, &report.summary);
    let about = [outcome(to, report), words(&data.description), words(&report.model)];
    to.paragraph(&about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "));
    for notice in &data.notices {
        to.paragraph(&words(notice));
    }
    let loss = |loss: Option<f64>| or_none(loss.map(|loss| format!("{} {}", short(loss), data.unit)));
    let named = data.baseline.iter().filter(|name| !name.is_empty() && data.baseline_loss.is_some());
    let named: String = named.map(|name| format!(" ({})", words(name))).collect();
    let score = report.last_score.as_ref();
    let scored = |score: &ScoreRecord| {
        let error = score.standard_error.map_or(String::new(), |error| format!(" ± {}", short(error)));
        let units = score.units.map_or(String::new(), |units| format!(" (n = {units})"));
        format!("{}{error} {}{units}", short(score.loss), data.unit)
    };
    let mut rows = vec![
        vec![to.say("steps").into(), format!("{} / {}", summary.step, or_none(summary.steps))],
        vec![to.say("train_loss").into(), loss(summary.train_loss)],
        vec![to.say("best_loss").into(), loss(summary.best_loss)],
        vec![to.say("last_validation").into(), or_none(score.map(scored))],
        vec![to.say("training_score").into(), loss(score.and_then(|score| Some(score.train?.mean)))],
        vec![to.say("test_loss").into(), loss(summary.test_loss)],
        vec![to.say("accuracy").into(), accuracy(report)],
        vec![to.say("baseline_row").into(), format!("{}{named}", loss(data.baseline_loss))],
        vec![
            to.say("clipping").into(),
            format!("{}: {}", words(&report.clip.rule), percent(Some(report.clip.rate))),
        ],
        vec![to.say("parameters").into(), or_none(report.parameters)],
        vec![to.say("seconds").into(), or_none(summary.seconds.map(short))],
    ];
    rows.retain(|row| row[1] != NONE);
    to.table(&[to.say("quantity"), to.say("value")], &rows);
    for SettingChange { step, setting, old, new } in &report.changes {
        let change = fill(to.say("setting_changed"), &step.to_string());
        to.item(&format!("{change}{}{} {} → {}", to.say("colon"), code(setting), code(old), code(new)));
    }
    for problem in &report.problems {
        to.item(&format!("**{}**{}{}", to.say("damaged"), to.say("colon"), words(problem)));
    }
}

pub(super) fn findings(to: &mut Writer, report: &RunReport, level: usize) {
    to.heading(level, to.say("findings"));
    let verdict = report.verdict_in(to.language);
    for one in &verdict.findings {
        finding(to, one);
        if let (Some(command), "cause") = (&verdict.command, one.place) {
            to.shell(command);
        }
    }
    if verdict.findings.is_empty() {
        to.paragraph(to.say("no_findings"));
    }
    unjudged(to, verdict);
}

fn finding(to: &mut Writer, finding: &FindingText) {
    let severity = finding.severity.name(to.language);
    let title = words(finding.title);
    to.paragraph(&format!("**{severity}{} {title}** ({})", to.say("colon").trim_end(), code(finding.code)));
    to.paragraph(&words(&finding.sentence));
    if let Some(cause) = finding.effect_of {
        to.labelled("effect_of", &code(cause));
    }
    let rows: Vec<_> = (finding.evidence.iter())
        .map(|number| {
            vec![
                words(number.name),
                short(number.value),
                or_none(number.threshold.map(short)),
                or_none(number.source.map(words)),
            ]
        })
        .collect();
    let head = [to.say("quantity"), to.say("value"), to.say("threshold"), to.say("source")];
    to.table(&head, &rows);
    for remedy in &finding.remedies {
        let why = words(remedy.why);
        let what = match remedy.settings() {
            None => why,
            Some(settings) => format!("{}: {why}", code(&settings)),
        };
        to.labelled("try", &what);
        if !remedy.pytorch.is_empty() {
            to.python(&remedy.pytorch);
        }
    }
    let confidence = &finding.confidence;
    let sure =
        format!("{}{}{}", confidence.level.name(to.language), to.say("colon"), words(confidence.because));
    to.labelled("confidence", &sure);
    to.item(&format!("{}{}", IGNORE_IF.of(to.language), words(finding.false_alarm)));
}

/// Adds the rules that could not be checked: what they need, and the command that measures it.
fn unjudged(to: &mut Writer, verdict: &VerdictText) {
    let missing = verdict.missing();
    if !missing.is_empty() {
        to.paragraph(to.say("not_checked"));
    }
    for (missing, command, codes) in missing {
        let mut item = format!("{} ({})", words(missing), codes.join(", "));
        if let Some(command) = command {
            item.push_str(&format!("; {}{}{}", to.say("next"), to.say("colon"), code(command)));
        }
        to.item(&item);
    }
}

pub(super) fn fault(to: &mut Writer, report: &RunReport, level: usize) {
    let (Some(fault), Some(texts)) = (&report.fault, &report.fault_told) else { return };
    to.heading(level, to.say("fault"));
    let text = to.language.of(&texts.en, &texts.zh);
    let rows: Vec<_> = [
        (to.say("step"), fault.step.to_string()),
        (to.say("fault_place"), words(&text.place)),
        (to.say("fault_cause"), words(&text.reason)),
    ]
    .map(|(name, value)| vec![name.to_owned(), value])
    .into();
    to.table(&[to.say("quantity"), to.say("value")], &rows);
}

/// Adds the failed steps after which training continued.
pub(super) fn recoveries(to: &mut Writer, report: &RunReport, level: usize) {
    if report.recoveries.is_empty() {
        return;
    }
    to.heading(level, to.say("recoveries"));
    let head = ["step", "epoch_column", "window_column", "recovery_column", "fault_place", "fault_cause"];
    let head = head.map(|name| to.say(name));
    let row = |one: &RecoveryText| {
        let text = to.language.of(&one.told.en, &one.told.zh);
        let followed = match one.action {
            RecoveryAction::Skip => to.say("recovery_skip").to_owned(),
            RecoveryAction::Rewind => fill(to.say("recovery_rewind"), &one.to_step.to_string()),
        };
        let numbers = [one.step, one.epoch, one.window].map(|number| number.to_string());
        numbers.into_iter().chain([followed, words(&text.place), words(&text.reason)]).collect::<Vec<_>>()
    };
    let rows: Vec<_> = report.recoveries.iter().map(row).collect();
    to.table(&head, &rows);
}

/// Adds loss and gradient norms during training, and the validations.
pub(super) fn training(to: &mut Writer, report: &RunReport, level: usize) {
    to.heading(level, to.say("loss_and_clipping"));
    let (curve, valid) = (&report.curve, &report.valid);
    let points = curve.step.len();
    let norm = |log10: f64| if log10.is_finite() { short(10f64.powf(log10)) } else { short(log10) };
    let chosen = (0..LINES.min(points)).map(|line| match LINES.min(points) {
        1 => 0,
        lines => line * (points - 1) / (lines - 1),
    });
    let row = |i: usize| {
        vec![
            curve.step[i].to_string(),
            short(curve.loss[i]),
            norm(curve.norm[i]),
            norm(curve.after[i]),
            short(100.0 * curve.clipped[i]),
        ]
    };
    let head = [
        to.say("step"),
        to.say("loss_column"),
        to.say("norm_before"),
        to.say("norm_after"),
        to.say("clipped_percent"),
    ];
    to.table(&head, &chosen.map(row).collect::<Vec<_>>());
    let count = valid.step.len();
    let rows: Vec<_> = (count.saturating_sub(LINES)..count)
        .map(|i| vec![valid.step[i].to_string(), short(valid.loss[i]), percent(valid.accuracy[i])])
        .collect();
    let head = [to.say("step"), to.say("valid_loss"), to.say("accuracy")];
    to.table(&head, &rows);
}

pub(super) fn reproduce(to: &mut Writer, report: &RunReport, level: usize) {
    if let Some(command) = &report.command {
        to.heading(level, to.say("reproduce"));
        to.shell(command);
    }
    to.paragraph(&fill(to.say("made"), &words(&report.version)));
}
