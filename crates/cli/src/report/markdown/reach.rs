//! The parts of a run's report about the gradient through time: how far it reaches, and each layer.

use longspan_record::credit::{LayerGates, Measured, Reach};
use longspan_run::report::RunReport;

use super::write::{NONE, Writer, code, or_none, percent, short, words};

/// How far the gradient reaches through the whole model, where it was measured.
pub(super) fn total(report: &RunReport) -> Option<&Reach> {
    let lag = report.probe.as_ref()?.reach.known()?.lag.known()?;
    Some(&lag.total)
}

/// How far the gradient reaches beside what is needed.
pub(super) fn reach(to: &mut Writer, report: &RunReport, level: usize) {
    to.heading(level, to.of("How far the gradient reaches", "梯度能到多远"));
    let lags = &report.lags;
    let mut rows = Vec::new();
    if let Some(total) = total(report) {
        let horizon = &total.horizon;
        let at_least = if horizon.at_least { to.of("at least ", "至少 ") } else { "" };
        let name = to.of("gradient horizon, steps", "梯度可达步数");
        rows.push(vec![name.to_owned(), format!("{at_least}{}", horizon.steps)]);
        let name = to.of("95 % CI", "95 % 置信区间");
        rows.push(vec![name.to_owned(), format!("{}–{}", horizon.low_steps, horizon.high_steps)]);
    }
    rows.push(vec![to.of("truncation, steps", "截断（步）").into(), or_none(lags.truncation)]);
    rows.push(vec![to.of("used, steps", "实际使用（步）").into(), or_none(lags.used)]);
    rows.push(vec![to.of("needed, steps", "任务需要（步）").into(), or_none(lags.needed)]);
    if let Some(decay) = total(report).and_then(|total| total.decay.known()) {
        let name = to.of("gradient left per step", "每步剩下的梯度");
        rows.push(vec![name.into(), short(decay.factor_per_step)]);
    }
    rows.retain(|row| row[1] != NONE);
    to.table(&[to.of("what", "项目"), to.of("value", "数值")], &rows);
    if total(report).is_none() {
        let command = format!("longspan probe {}", report.path);
        let next = to.of("Not measured yet. next:", "尚未测量。下一步：");
        to.paragraph(&format!("{next} {}", code(&command)));
    }
}

/// A line for each layer: exponents, gradient along the window, gates, activations.
pub(super) fn layers(to: &mut Writer, report: &RunReport, level: usize) {
    let probe = report.probe.as_ref();
    let spectrum = probe.and_then(|probe| probe.spectrum.known()).map_or(&[][..], |s| &s.layers);
    let gates = probe.and_then(|probe| probe.reach.known()).map_or(&[][..], |reach| &reach.gates);
    let flow = report.flow.as_ref().map_or(&[][..], |flow| &flow.layers);
    let count = spectrum.len().max(flow.len()).max(gates.len());
    if count == 0 {
        return;
    }
    to.heading(level, to.of("Layers", "各层"));
    let row = |at: usize| {
        let exponents = spectrum.get(at).map(|layer| {
            let leading = layer.exponents_nats_per_step.iter().take(3).map(|&x| short(x));
            leading.collect::<Vec<_>>().join(", ")
        });
        let profile = flow.get(at).and_then(|layer| layer.hidden.last());
        let finite = profile.map(|profile| profile.iter().copied().flatten());
        vec![
            at.to_string(),
            or_none(exponents),
            or_none(finite.clone().and_then(|mut values| values.next()).map(short)),
            or_none(finite.and_then(|mut values| values.next_back()).map(short)),
            or_none(gates.get(at).and_then(|layer| gates_text(to, layer))),
            or_none(gates.get(at).and_then(|layer| activations_text(to, layer))),
        ]
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    let head = [
        to.of("layer", "层"),
        to.of("leading exponents, nats per step", "前几个指数（奈特/步）"),
        to.of("log10 ‖∂L/∂h‖ at the end", "末尾 log10 ‖∂L/∂h‖"),
        to.of("at the beginning", "开头"),
        to.of("gates", "门"),
        to.of("activations", "激活"),
    ];
    to.table(&head, &rows);
}

/// How often each gate is closed and open; None without gates.
fn gates_text(to: &Writer, layer: &LayerGates) -> Option<String> {
    let Measured::Known(gates) = &layer.gates else { return None };
    let of = gates.iter().map(|gate| {
        format!(
            "{}: {} {}, {} {}",
            words(&gate.gate),
            percent(Some(gate.closed_share)),
            to.of("closed", "关闭"),
            percent(Some(gate.open_share)),
            to.of("open", "打开")
        )
    });
    Some(of.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}

/// How much of each activation is saturated; None without activations.
fn activations_text(to: &Writer, layer: &LayerGates) -> Option<String> {
    let Measured::Known(activations) = &layer.activations else { return None };
    let of = activations.iter().map(|activation| {
        let share = percent(Some(activation.saturated_share));
        format!("{}: {share} {}", words(&activation.activation), to.of("saturated", "饱和"))
    });
    Some(of.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}
