//! The sections about the gradient through time: its horizon, and each layer.

use longspan_record::credit::{LayerGates, Measured, Reach};
use longspan_run::report::RunReport;

use super::write::{NONE, Writer, code, or_none, percent, short, words};
use crate::assets::fill;

/// The reach of the gradient through the whole model; None if it was not measured.
pub(super) fn total(report: &RunReport) -> Option<&Reach> {
    let lag = report.probe.as_ref()?.reach.known()?.lag.known()?;
    Some(&lag.total)
}

/// Adds the gradient horizon, and the lags to compare it with.
pub(super) fn reach(to: &mut Writer, report: &RunReport, level: usize) {
    to.heading(level, to.say("reach"));
    let lags = &report.lags;
    let mut rows = Vec::new();
    if let Some(total) = total(report) {
        let horizon = &total.horizon;
        let steps = horizon.steps.to_string();
        let steps = if horizon.at_least { fill(to.say("at_least"), &steps) } else { steps };
        let name = to.say("horizon_steps");
        rows.push(vec![name.to_owned(), steps]);
        let name = to.say("interval");
        rows.push(vec![name.to_owned(), format!("{}–{}", horizon.low_steps, horizon.high_steps)]);
    }
    rows.push(vec![to.say("truncation_steps").into(), or_none(lags.truncation)]);
    rows.push(vec![to.say("used_steps").into(), or_none(lags.used)]);
    rows.push(vec![to.say("needed_steps").into(), or_none(lags.needed)]);
    if let Some(decay) = total(report).and_then(|total| total.decay.known()) {
        let name = to.say("decay_per_step");
        rows.push(vec![name.into(), short(decay.factor_per_step)]);
    }
    rows.retain(|row| row[1] != NONE);
    to.table(&[to.say("quantity"), to.say("value")], &rows);
    if total(report).is_none() {
        let (not_yet, next, colon) = (to.say("not_measured"), to.say("next"), to.say("colon"));
        to.paragraph(&format!("{not_yet} {next}{colon}{}", code(&report.probe_command)));
    }
}

/// Adds a table with a row for each layer: exponents, gradient norms, gates, activations.
pub(super) fn layers(to: &mut Writer, report: &RunReport, level: usize) {
    let probe = report.probe.as_ref();
    let spectrum = probe.and_then(|probe| probe.spectrum.known()).map_or(&[][..], |s| &s.layers);
    let gates = probe.and_then(|probe| probe.reach.known()).map_or(&[][..], |reach| &reach.gates);
    let flow = report.flow.as_ref().map_or(&[][..], |flow| &flow.layers);
    let count = spectrum.len().max(flow.len()).max(gates.len());
    if count == 0 {
        return;
    }
    to.heading(level, to.say("layers"));
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
        to.say("layer_column"),
        to.say("exponents"),
        to.say("last_norm"),
        to.say("first_norm"),
        to.say("gates"),
        to.say("activations"),
    ];
    to.table(&head, &rows);
}

/// The share of steps and units at which each gate is closed or open; None without gates.
fn gates_text(to: &Writer, layer: &LayerGates) -> Option<String> {
    let Measured::Known(gates) = &layer.gates else { return None };
    let of = gates.iter().map(|gate| {
        format!(
            "{}: {} {}, {} {}",
            words(&gate.gate),
            percent(Some(gate.closed_share)),
            to.say("closed"),
            percent(Some(gate.open_share)),
            to.say("open")
        )
    });
    Some(of.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}

/// The saturated share of each activation; None without activations.
fn activations_text(to: &Writer, layer: &LayerGates) -> Option<String> {
    let Measured::Known(activations) = &layer.activations else { return None };
    let of = activations.iter().map(|activation| {
        let share = percent(Some(activation.saturated_share));
        format!("{}: {share} {}", words(&activation.activation), to.say("saturated"))
    });
    Some(of.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}
