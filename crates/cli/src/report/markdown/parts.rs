//! The parts of a run's report.

use longspan_diagnose::{Confidence, IGNORE_IF, Severity};
use serde_json::Value;

use super::write::{NONE, Writer, code, short, text, words};
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

fn state(to: &Writer, document: &Value) -> String {
    let chinese = match document["state"].as_str().unwrap_or_default() {
        "finished" => "已完成",
        "stopped_early" => "提前停止",
        "out_of_time" => "时间用尽",
        "interrupted" => "被中断",
        "diverged" => "已发散",
        _ => "状态未知",
    };
    to.of(&text(&document["state"]).replace('_', " "), chinese).to_owned()
}

/// Several runs side by side.
pub(super) fn comparison(to: &mut Writer, documents: &[Value]) {
    let head = [
        to.of("run", "训练"),
        to.of("state", "状态"),
        to.of("best validation", "最佳验证损失"),
        to.of("right", "正确率"),
        to.of("horizon", "信用视界"),
        to.of("factor per step", "每步倍数"),
        "λ₁",
        to.of("parameters", "参数量"),
        to.of("seconds", "秒"),
        to.of("findings", "诊断"),
    ];
    let row = |document: &Value| {
        let summary = &document["summary"];
        let total = &known(&known(&document["probe"]["reach"])["lag"])["total"];
        let spectrum = known(&document["probe"]["spectrum"]);
        vec![
            text(&document["name"]),
            state(to, document),
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
    let about = [state(to, document), text(&data["description"]), text(&document["model"])];
    to.paragraph(&about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "));
    let unit = text(&data["unit"]);
    let loss = |name: &str| match &summary[name] {
        Value::Null => NONE.into(),
        value => format!("{} {unit}", text(value)),
    };
    let mut rows = vec![
        vec![
            to.of("steps", "训练步").into(),
            format!("{} / {}", text(&summary["step"]), text(&summary["steps"])),
        ],
        vec![to.of("training loss", "训练损失").into(), loss("train_loss")],
        vec![to.of("best validation", "最佳验证损失").into(), loss("best_loss")],
        vec![to.of("test", "测试损失").into(), loss("test_loss")],
        vec![
            to.of("right", "正确率").into(),
            percent(if summary["test_accuracy"].is_null() {
                &summary["valid_accuracy"]
            } else {
                &summary["test_accuracy"]
            }),
        ],
        vec![
            to.of("chance", "随机水平").into(),
            match &data["chance_loss"] {
                Value::Null => NONE.into(),
                chance => format!("{} {unit}", text(chance)),
            },
        ],
        vec![
            to.of("clipping", "裁剪").into(),
            format!("{}: {}", text(&document["clip"]["rule"]), percent(&document["clip"]["rate"])),
        ],
        vec![to.of("parameters", "参数量").into(), text(&document["parameters"])],
        vec![to.of("seconds", "秒").into(), text(&summary["seconds"])],
    ];
    rows.retain(|row| row[1] != NONE);
    to.table(&[to.of("what", "项目"), to.of("value", "数值")], &rows);
    for problem in list(&document["problems"]) {
        to.item(&format!("**{}** {}", to.of("damaged:", "损坏："), text(problem)));
    }
}

pub(super) fn findings(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.of("Findings", "诊断结果"));
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
            to.of(":", " ·"),
            text(&finding["title"]),
            code(code_of)
        ));
        to.paragraph(&text(&finding["sentence"]));
        let rows: Vec<_> = list(&finding["evidence"])
            .map(|e| vec![text(&e["name"]), text(&e["value"]), text(&e["threshold"]), text(&e["source"])])
            .collect();
        let head = [
            to.of("number", "数据"),
            to.of("value", "数值"),
            to.of("threshold", "阈值"),
            to.of("source", "来源"),
        ];
        to.table(&head, &rows);
        for remedy in list(&finding["remedies"]) {
            let (flags, why) = (remedy["flags"].as_str().unwrap_or_default(), text(&remedy["why"]));
            let what = if flags.is_empty() { why } else { format!("{}: {why}", code(flags)) };
            to.labelled("try", "建议", &what);
        }
        let because = text(&finding["confidence"]["because"]);
        let level: Confidence =
            serde_json::from_value(finding["confidence"]["level"].clone()).unwrap_or(Confidence::Low);
        let sure = format!("{}{}{because}", level.name(to.language), to.of(": ", "，"));
        to.labelled("confidence", "可信度", &sure);
        to.item(&format!("{}{}", IGNORE_IF.of(to.language), text(&finding["false_alarm"])));
    }
    if !any {
        to.paragraph(to.of("Nothing was found that needs a remedy.", "没有发现需要处理的问题。"));
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
        to.paragraph(to.of("Not judged, for want of a measurement:", "因缺少测量而未判断："));
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
    to.heading(level, to.of("The first bad value", "第一个坏值"));
    let told = &document["fault_told"][to.language.code()];
    let rows: Vec<_> = [
        (to.of("step", "训练步"), text(&fault["step"])),
        (to.of("place", "位置"), text(&told["place"])),
        (to.of("cause", "原因"), text(&told["reason"])),
    ]
    .map(|(name, value)| vec![name.to_owned(), value])
    .into();
    to.table(&[to.of("what", "项目"), to.of("value", "数值")], &rows);
}

/// Loss and norms over the training, and the validations.
pub(super) fn training(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.of("Loss and clipping", "损失与裁剪"));
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
        to.of("step", "训练步"),
        to.of("loss", "损失"),
        to.of("‖g‖ before clipping", "裁剪前 ‖g‖"),
        to.of("after", "裁剪后"),
        to.of("clipped %", "被裁剪 %"),
    ];
    to.table(&head, &chosen.map(row).collect::<Vec<_>>());
    let valid = &document["valid"];
    let count = list(&valid["step"]).count();
    let rows: Vec<_> = (count.saturating_sub(LINES)..count)
        .map(|i| vec![text(&valid["step"][i]), text(&valid["loss"][i]), percent(&valid["accuracy"][i])])
        .collect();
    to.table(&[to.of("step", "训练步"), to.of("validation", "验证损失"), to.of("right", "正确率")], &rows);
}

/// How far the gradient reaches beside what it has to, and exponents.
pub(super) fn reach(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.of("How far the gradient reaches", "梯度能到多远"));
    let total = &known(&known(&document["probe"]["reach"])["lag"])["total"];
    let (horizon, lags) = (&total["horizon"], &document["lags"]);
    let steps = match horizon["at_least"].as_bool() {
        Some(true) => format!("≥ {}", text(&horizon["steps"])),
        _ => text(&horizon["steps"]),
    };
    let mut rows = vec![
        vec![to.of("credit horizon, steps", "信用视界（步）").to_owned(), steps],
        vec!["95 %".into(), format!("{} – {}", text(&horizon["low_steps"]), text(&horizon["high_steps"]))],
        vec![to.of("truncation, steps", "截断（步）").into(), text(&lags["truncation"])],
        vec![to.of("used, steps", "实际使用（步）").into(), text(&lags["used"])],
        vec![to.of("needed, steps", "任务需要（步）").into(), text(&lags["needed"])],
        vec![
            to.of("left of the gradient per step", "每步剩下的梯度").into(),
            text(&known(&total["decay"])["factor_per_step"]),
        ],
    ];
    rows.retain(|row| row[1] != NONE && row[1] != format!("{NONE} – {NONE}"));
    to.table(&[to.of("what", "项目"), to.of("value", "数值")], &rows);
    if total.is_null() {
        let command = format!("longspan probe {}", document["path"].as_str().unwrap_or_default());
        to.paragraph(&format!(
            "{} {}",
            to.of("Not measured yet. This measures it:", "尚未测量。测量命令："),
            code(&command)
        ));
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
    to.heading(level, to.of("Layers", "各层"));
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
                &[(to.of("closed", "关闭"), "closed_share"), (to.of("open", "打开"), "open_share")],
            )),
            cell(counted("activations", "activation", &[(to.of("saturated", "饱和"), "saturated_share")])),
        ]
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    let head = [
        to.of("layer", "层"),
        to.of("leading exponents, nats a step", "前几个指数（奈特/步）"),
        to.of("log10 ‖∂L/∂h‖ at the end", "末尾 log10 ‖∂L/∂h‖"),
        to.of("at the beginning", "开头"),
        to.of("gates", "门"),
        to.of("activations", "激活"),
    ];
    to.table(&head, &rows);
}

pub(super) fn reproduce(to: &mut Writer, document: &Value, level: usize) {
    to.heading(level, to.of("The same run again", "重现这次训练"));
    to.shell(document["command"].as_str().unwrap_or_default());
    let made = to.of("Made by Longspan", "由 Longspan 生成，版本");
    to.paragraph(&format!("{made} {}", text(&document["version"])));
}
