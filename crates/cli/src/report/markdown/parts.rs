//! The parts of a run's report.

use longspan_diagnose::{Level, Severity};
use serde_json::Value;

use super::write::{NONE, Writer, code, short, text, words};
use crate::assets::fill;
use crate::report::verdict;

/// Lines that a table of the training has, about.
const LINES: usize = 12;

/// What was measured; null where it was not.
fn known(measured: &Value) -> &Value {
    &measured["known"]
}

fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map_or_else(Default::default, |list| list.iter())
}

fn codes(document: &Value) -> String {
    let codes: Vec<String> = list(&document["verdict"]["findings"]).map(|f| text(&f["code"])).collect();
    if codes.is_empty() { NONE.into() } else { codes.join(", ") }
}

/// A percentage.
fn percent(share: &Value) -> String {
    share.as_f64().map_or_else(|| NONE.into(), |share| format!("{} %", short(100.0 * share)))
}

fn state(to: &Writer, document: &Value) -> &'static str {
    let known = ["finished", "stopped_early", "out_of_time", "interrupted", "diverged"];
    to.say(known.into_iter().find(|state| document["state"] == *state).unwrap_or("unknown"))
}

/// Several runs side by side.
pub(super) fn comparison(to: &mut Writer, documents: &[Value]) {
    let head = [
        to.say("run"),
        to.say("state"),
        to.say("best_loss"),
        to.say("accuracy"),
        to.say("horizon"),
        to.say("decay_per_step"),
        "λ₁",
        to.say("parameters"),
        to.say("seconds"),
        to.say("findings"),
    ];
    let row = |document: &Value| {
        let summary = &document["summary"];
        let total = &known(&known(&document["probe"]["reach"])["lag"])["total"];
        let spectrum = known(&document["probe"]["spectrum"]);
        vec![
            text(&document["name"]),
            state(to, document).into(),
            text(&summary["best_loss"]),
            percent(if summary["test_accuracy"].is_null() {
                &summary["valid_accuracy"]
            } else {
                &summary["test_accuracy"]
            }),
            text(&total["horizon"]["steps"]),
            text(&known(&total["decay"])["factor_per_step"]),
            text(&spectrum["exponents_nats_per_step"][0]),
            text(&document["parameters"]),
            text(&summary["seconds"]),
            codes(document),
        ]
    };
    let rows: Vec<_> = documents.iter().map(row).collect();
    to.table(&head, &rows);
}

pub(super) fn summary(to: &mut Writer, document: &Value) {
    let (data, summary) = (&document["data"], &document["summary"]);
    let about = [state(to, document).into(), text(&data["description"]), text(&document["model"])];
    to.paragraph(&about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "));
    let unit = text(&data["unit"]);
    let loss = |name: &str| match &summary[name] {
        Value::Null => NONE.into(),
        value => format!("{} {unit}", text(value)),
    };
    let mut rows = vec![
        vec![to.say("steps").into(), format!("{} / {}", text(&summary["step"]), text(&summary["steps"]))],
        vec![to.say("train_loss").into(), loss("train_loss")],
        vec![to.say("best_loss").into(), loss("best_loss")],
        vec![to.say("test_loss").into(), loss("test_loss")],
        vec![
            to.say("accuracy").into(),
            percent(if summary["test_accuracy"].is_null() {
                &summary["valid_accuracy"]
            } else {
                &summary["test_accuracy"]
            }),
        ],
        vec![
            to.say("baseline_row").into(),
            match &data["chance_loss"] {
                Value::Null => NONE.into(),
                chance => format!("{} {unit}", text(chance)),
            },
        ],
        vec![
            to.say("clipping").into(),
            format!("{}: {}", text(&document["clip"]["rule"]), percent(&document["clip"]["rate"])),
        ],
        vec![to.say("parameters").into(), text(&document["parameters"])],
        vec![to.say("seconds").into(), text(&summary["seconds"])],
    ];
    rows.retain(|row| row[1] != NONE);
    to.table(&[to.say("quantity"), to.say("value")], &rows);
    for problem in list(&document["problems"]) {
        to.item(&format!("**{}**{}{}", to.say("damaged"), to.say("colon"), text(problem)));
    }
}

pub(super) fn findings(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.say("findings"));
    let verdict = verdict(document, to.language);
    let mut any = false;
    for finding in list(&verdict["findings"]) {
        any = true;
        let severity: Severity =
            serde_json::from_value(finding["severity"].clone()).unwrap_or(Severity::Note);
        let severity = severity.name(to.language);
        let code_of = finding["code"].as_str().unwrap_or_default();
        to.paragraph(&format!(
            "**{severity}{} {}** ({})",
            to.say("colon").trim_end(),
            text(&finding["title"]),
            code(code_of)
        ));
        to.paragraph(&text(&finding["sentence"]));
        let rows: Vec<_> = list(&finding["evidence"])
            .map(|e| vec![text(&e["name"]), text(&e["value"]), text(&e["threshold"]), text(&e["source"])])
            .collect();
        let head = [to.say("quantity"), to.say("value"), to.say("threshold"), to.say("source")];
        to.table(&head, &rows);
        for remedy in list(&finding["remedies"]) {
            let (flags, why) = (remedy["flags"].as_str().unwrap_or_default(), text(&remedy["why"]));
            let what = if flags.is_empty() { why } else { format!("{}: {why}", code(flags)) };
            to.labelled("try", &what);
        }
        let because = text(&finding["confidence"]["because"]);
        let level: Level =
            serde_json::from_value(finding["confidence"]["level"].clone()).unwrap_or(Level::Low);
        let sure = format!("{}{}{because}", level.name(to.language), to.say("colon"));
        to.labelled("confidence", &sure);
        to.labelled("false_alarm", &text(&finding["false_alarm"]));
    }
    if !any {
        to.paragraph(to.say("no_findings"));
    }
    unjudged(to, &verdict["unjudged"]);
}

/// What was not measured, each with the codes that it would show and the command that measures it.
fn unjudged(to: &mut Writer, all: &Value) {
    let mut needs: Vec<(String, &str, Vec<String>)> = Vec::new();
    for one in list(all) {
        let (missing, of) = (text(&one["missing"]), text(&one["code"]));
        match needs.iter_mut().find(|need| need.0 == missing) {
            Some(need) => need.2.push(of),
            None => needs.push((missing, one["command"].as_str().unwrap_or_default(), vec![of])),
        }
    }
    if !needs.is_empty() {
        to.paragraph(&format!("{}{}", to.say("not_checked"), to.say("colon").trim_end()));
    }
    for (missing, command, codes) in needs {
        to.item(&format!("{missing} ({}): {}", codes.join(", "), code(command)));
    }
}

pub(super) fn fault(to: &mut Writer, document: &Value, level: usize) {
    let fault = &document["fault"];
    if fault.is_null() {
        return;
    }
    to.heading(level, to.say("fault"));
    let told = &document["fault_told"][to.language.code()];
    let rows: Vec<_> = [
        (to.say("step"), text(&fault["step"])),
        (to.say("fault_place"), text(&told["place"])),
        (to.say("fault_cause"), text(&told["reason"])),
    ]
    .map(|(name, value)| vec![name.to_owned(), value])
    .into();
    to.table(&[to.say("quantity"), to.say("value")], &rows);
}

/// Loss and norms over the training, and the validations.
pub(super) fn training(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.say("loss_and_clipping"));
    let curve = &document["curve"];
    let points = list(&curve["step"]).count();
    let norm = |of: &str, i: usize| {
        curve[of][i].as_f64().map_or_else(|| text(&curve[of][i]), |log10| short(10f64.powf(log10)))
    };
    let chosen = (0..LINES.min(points)).map(|line| match LINES.min(points) {
        1 => 0,
        lines => line * (points - 1) / (lines - 1),
    });
    let row = |i: usize| {
        vec![
            text(&curve["step"][i]),
            text(&curve["loss"][i]),
            norm("norm", i),
            norm("after", i),
            short(100.0 * curve["clipped"][i].as_f64().unwrap_or(0.0)),
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
    let valid = &document["valid"];
    let count = list(&valid["step"]).count();
    let rows: Vec<_> = (count.saturating_sub(LINES)..count)
        .map(|i| vec![text(&valid["step"][i]), text(&valid["loss"][i]), percent(&valid["accuracy"][i])])
        .collect();
    to.table(&[to.say("step"), to.say("valid_loss"), to.say("accuracy")], &rows);
}

/// How far the gradient reaches beside what it has to, and exponents.
pub(super) fn reach(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.say("reach"));
    let total = &known(&known(&document["probe"]["reach"])["lag"])["total"];
    let (horizon, lags) = (&total["horizon"], &document["lags"]);
    let steps = match horizon["at_least"].as_bool() {
        Some(true) => fill(to.say("at_least"), &text(&horizon["steps"])),
        _ => text(&horizon["steps"]),
    };
    let mut rows = vec![
        vec![to.say("horizon_steps").to_owned(), steps],
        vec![
            to.say("interval").into(),
            format!("{}–{}", text(&horizon["low_steps"]), text(&horizon["high_steps"])),
        ],
        vec![to.say("truncation_steps").into(), text(&lags["truncation"])],
        vec![to.say("used_steps").into(), text(&lags["used"])],
        vec![to.say("needed_steps").into(), text(&lags["needed"])],
        vec![to.say("decay_per_step").into(), text(&known(&total["decay"])["factor_per_step"])],
    ];
    rows.retain(|row| row[1] != NONE && row[1] != format!("{NONE}–{NONE}"));
    to.table(&[to.say("quantity"), to.say("value")], &rows);
    if total.is_null() {
        let command = format!("longspan probe {}", document["path"].as_str().unwrap_or_default());
        let next = format!("{}{}{}", to.say("next"), to.say("colon"), code(&command));
        to.paragraph(&format!("{} {next}", to.say("not_measured")));
    }
}

/// A line for each layer: exponents, gradient along the window, gates, activations.
pub(super) fn layers(to: &mut Writer, document: &Value, level: usize) {
    let spectrum: Vec<&Value> = list(&known(&document["probe"]["spectrum"])["layers"]).collect();
    let flow: Vec<&Value> = list(&document["flow"]["layers"]).collect();
    let gates: Vec<&Value> = list(&known(&document["probe"]["reach"])["gates"]).collect();
    let count = spectrum.len().max(flow.len()).max(gates.len());
    if count == 0 {
        return;
    }
    to.heading(level, to.say("layers"));
    let cell = |of: Option<String>| of.unwrap_or_else(|| NONE.into());
    let row = |at: usize| {
        let profile = flow.get(at).and_then(|layer| list(&layer["hidden"]).last());
        let end = |profile: &Value, last: bool| {
            let mut values = list(profile).filter_map(Value::as_f64);
            let value = if last { values.next() } else { values.next_back() };
            value.map(short)
        };
        let exponents = spectrum.get(at).map(|layer| {
            let leading = list(&layer["exponents_nats_per_step"]).take(3).map(text);
            leading.collect::<Vec<_>>().join(", ")
        });
        let counted = |kind: &str, name: &str, shares: &[(&str, &str)]| {
            let all = gates.get(at).map(|layer| {
                let of = |gate: &Value| {
                    let shares: Vec<_> = shares
                        .iter()
                        .map(|(label, key)| format!("{} {label}", percent(&gate[*key])))
                        .collect();
                    format!("{}: {}", words(gate[name].as_str().unwrap_or_default()), shares.join(", "))
                };
                list(known(&layer[kind])).map(of).collect::<Vec<_>>().join("; ")
            });
            all.filter(|text| !text.is_empty())
        };
        vec![
            at.to_string(),
            cell(exponents),
            cell(profile.and_then(|profile| end(profile, true))),
            cell(profile.and_then(|profile| end(profile, false))),
            cell(counted(
                "gates",
                "gate",
                &[(to.say("closed"), "closed_share"), (to.say("open"), "open_share")],
            )),
            cell(counted("activations", "activation", &[(to.say("saturated"), "saturated_share")])),
        ]
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    let head = [
        to.say("layer_column"),
        to.say("exponents"),
        to.say("last_norm"),
        to.say("first_norm"),
        to.say("gates"),
        to.say("activations"),
    ];
    to.table(&head, &rows);
}

pub(super) fn reproduce(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.say("reproduce"));
    to.shell(document["command"].as_str().unwrap_or_default());
    to.paragraph(&fill(to.say("made"), &text(&document["version"])));
}
