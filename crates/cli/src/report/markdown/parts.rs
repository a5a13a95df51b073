//! The parts of a run's report: summary, findings, fault, training.

use longspan_diagnose::IGNORE_IF;
use longspan_run::report::RunReport;
use longspan_run::report::verdict::{FindingText, VerdictText};

use super::credit::total;
use super::write::{NONE, Writer, code, or_none, percent, short, words};

/// Lines that a table of the training has, about.
const LINES: usize = 12;

fn codes(report: &RunReport) -> String {
    let codes: Vec<&str> = report.verdict.findings.iter().map(|finding| finding.code).collect();
    if codes.is_empty() { NONE.into() } else { codes.join(", ") }
}

fn state(to: &Writer, report: &RunReport) -> String {
    let chinese = match report.state.as_str() {
        "finished" => "已完成",
        "stopped_early" => "提前停止",
        "out_of_time" => "时间用尽",
        "interrupted" => "被中断",
        "diverged" => "已发散",
        _ => "状态未知",
    };
    to.of(&words(&report.state).replace('_', " "), chinese).to_owned()
}

/// Accuracy on the test, else on the last validation.
fn accuracy(report: &RunReport) -> String {
    percent(report.summary.test_accuracy.or(report.summary.valid_accuracy))
}

/// Several runs side by side.
pub(super) fn comparison(to: &mut Writer, reports: &[RunReport]) {
    let head = [
        to.of("run", "训练"),
        to.of("state", "状态"),
        to.of("best validation", "最佳验证损失"),
        to.of("accuracy", "准确率"),
        to.of("gradient horizon", "梯度可达步数"),
        to.of("factor per step", "每步倍数"),
        "λ₁",
        to.of("parameters", "参数量"),
        to.of("seconds", "秒"),
        to.of("findings", "诊断"),
    ];
    let row = |report: &RunReport| {
        let total = total(report);
        let spectrum = report.probe.as_ref().and_then(|probe| probe.spectrum.known());
        vec![
            words(&report.name),
            state(to, report),
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
    let about = [state(to, report), words(&data.description), words(&report.model)];
    to.paragraph(&about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "));
    let loss = |loss: Option<f64>| or_none(loss.map(|loss| format!("{} {}", short(loss), data.unit)));
    let mut rows = vec![
        vec![to.of("steps", "训练步").into(), format!("{} / {}", summary.step, or_none(summary.steps))],
        vec![to.of("training loss", "训练损失").into(), loss(summary.train_loss)],
        vec![to.of("best validation", "最佳验证损失").into(), loss(summary.best_loss)],
        vec![to.of("test", "测试损失").into(), loss(summary.test_loss)],
        vec![to.of("accuracy", "准确率").into(), accuracy(report)],
        vec![to.of("baseline", "基线").into(), loss(data.baseline_loss)],
        vec![
            to.of("clipping", "裁剪").into(),
            format!("{}: {}", words(&report.clip.rule), percent(Some(report.clip.rate))),
        ],
        vec![to.of("parameters", "参数量").into(), or_none(report.parameters)],
        vec![to.of("seconds", "秒").into(), or_none(summary.seconds.map(short))],
    ];
    rows.retain(|row| row[1] != NONE);
    to.table(&[to.of("what", "项目"), to.of("value", "数值")], &rows);
    for problem in &report.problems {
        to.item(&format!("**{}** {}", to.of("damaged:", "损坏："), words(problem)));
    }
}

pub(super) fn findings(to: &mut Writer, report: &RunReport, level: usize) {
    to.heading(level, to.of("Findings", "诊断结果"));
    let verdict = report.verdict_in(to.language);
    verdict.findings.iter().for_each(|one| finding(to, one));
    if verdict.findings.is_empty() {
        to.paragraph(to.of("Nothing was found that needs a remedy.", "没有发现需要处理的问题。"));
    }
    unjudged(to, verdict);
}

fn finding(to: &mut Writer, finding: &FindingText) {
    let severity = finding.severity.name(to.language);
    let title = words(finding.title);
    to.paragraph(&format!("**{severity}{} {title}** ({})", to.of(":", " ·"), code(finding.code)));
    to.paragraph(&words(&finding.sentence));
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
    let head = [
        to.of("number", "数据"),
        to.of("value", "数值"),
        to.of("threshold", "阈值"),
        to.of("source", "来源"),
    ];
    to.table(&head, &rows);
    for remedy in &finding.remedies {
        let why = words(remedy.why);
        let what = if remedy.flags.is_empty() { why } else { format!("{}: {why}", code(&remedy.flags)) };
        to.labelled("try", "建议", &what);
    }
    let confidence = &finding.confidence;
    let sure =
        format!("{}{}{}", confidence.level.name(to.language), to.of(": ", "，"), words(confidence.because));
    to.labelled("confidence", "可信度", &sure);
    to.item(&format!("{}{}", IGNORE_IF.of(to.language), words(finding.false_alarm)));
}

/// Rules that could not be checked: what is missing, and the command that measures it.
fn unjudged(to: &mut Writer, verdict: &VerdictText) {
    let missing = verdict.missing();
    if !missing.is_empty() {
        to.paragraph(to.of("Not checked, because a measurement is missing:", "因缺少测量而未检查："));
    }
    for (missing, command, codes) in missing {
        let (codes, next) = (codes.join(", "), to.of("next:", "下一步："));
        to.item(&format!("{} ({codes}); {next} {}", words(missing), code(command)));
    }
}

pub(super) fn fault(to: &mut Writer, report: &RunReport, level: usize) {
    let (Some(fault), Some(told)) = (&report.fault, &report.fault_told) else { return };
    to.heading(level, to.of("The first bad value", "首个异常值"));
    let told = to.language.of(&told.en, &told.zh);
    let rows: Vec<_> = [
        (to.of("step", "训练步"), fault.step.to_string()),
        (to.of("place", "位置"), words(&told.place)),
        (to.of("cause", "原因"), words(&told.reason)),
    ]
    .map(|(name, value)| vec![name.to_owned(), value])
    .into();
    to.table(&[to.of("what", "项目"), to.of("value", "数值")], &rows);
}

/// Loss and norms over the training, and the validations.
pub(super) fn training(to: &mut Writer, report: &RunReport, level: usize) {
    to.heading(level, to.of("Loss and clipping", "损失与裁剪"));
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
        to.of("step", "训练步"),
        to.of("loss", "损失"),
        to.of("‖g‖ before clipping", "裁剪前 ‖g‖"),
        to.of("after", "裁剪后"),
        to.of("clipped %", "被裁剪 %"),
    ];
    to.table(&head, &chosen.map(row).collect::<Vec<_>>());
    let count = valid.step.len();
    let rows: Vec<_> = (count.saturating_sub(LINES)..count)
        .map(|i| vec![valid.step[i].to_string(), short(valid.loss[i]), percent(valid.accuracy[i])])
        .collect();
    let head = [to.of("step", "训练步"), to.of("validation", "验证损失"), to.of("accuracy", "准确率")];
    to.table(&head, &rows);
}

pub(super) fn reproduce(to: &mut Writer, report: &RunReport, level: usize) {
    to.heading(level, to.of("Train this run again", "重现这次训练"));
    to.shell(&report.command);
    let made = to.of("Made by Longspan", "由 Longspan 生成，版本");
    to.paragraph(&format!("{made} {}", words(&report.version)));
}
