//! A probe for people.

use std::path::Path;

use longspan::model::ModelSpec;
use longspan_record::ProbeRecord;
use longspan_record::credit::{LagReport, LayerGates, Measured, CreditReport};
use longspan_record::spectrum::LyapunovSpectrum;

use crate::draw::{magnitude, spark};

/// Decades that a sparkline shows.
const DECADES: f64 = 12.0;
/// Characters of a sparkline.
const WIDTH: usize = 60;

/// Lines with a name before them.
struct Lines(Vec<(String, String)>);

impl Lines {
    fn add(&mut self, name: &str, text: String) {
        self.0.push((name.into(), text));
    }

    /// What could not be measured, and why.
    fn unless<T>(&mut self, name: &str, measured: &Measured<T>, show: impl FnOnce(&mut Self, &T)) {
        match measured {
            Measured::Known(known) => show(self, known),
            Measured::Unknown(reason) => self.add(name, format!("not measured: {reason}")),
        }
    }

    fn text(self) -> String {
        self.0.iter().map(|(name, text)| format!("{name:<12} {text}\n")).collect()
    }
}

pub(super) fn text(record: &ProbeRecord, spec: &ModelSpec, written: Option<&Path>) -> String {
    let mut lines = Lines(Vec::new());
    lines.add(
        "weights",
        format!("after {} steps, on {}, in {}", record.step, record.data, record.number_type.to_lowercase()),
    );
    lines.unless("reach", &record.reach, |lines, reach| {
        lines.unless("lag profile", &reach.lag, |lines, lag| show_lag(lines, record, reach, lag));
        let decoder = if spec.encoder.is_some() { "decoder " } else { "" };
        reach
            .encoder_gates
            .iter()
            .for_each(|layer| show_gates(lines, &format!("encoder {}", layer.layer), layer));
        for layer in &reach.gates {
            let place = match spec.bidirectional {
                true => format!("{} {}", layer.layer / 2, ["forwards", "reverse"][layer.layer % 2]),
                false => format!("{decoder}{}", layer.layer),
            };
            show_gates(lines, &place, layer);
        }
        show_rest(lines, reach);
    });
    lines.unless("exponents", &record.spectrum, show_spectrum);
    lines.unless("products", &record.products, |lines, products| {
        if let Some(product) = products.last() {
            let median = |list: &[f64]| {
                let mut list = list.to_vec();
                list.sort_by(f64::total_cmp);
                list[list.len() / 2] / std::f64::consts::LN_10
            };
            lines.add(
                "products",
                format!(
                    "{} steps stretch a change by {} at most and {} at least (condition number {})",
                    product.lag_steps,
                    magnitude(median(&product.ln_largest_singular_values)),
                    magnitude(median(&product.ln_smallest_singular_values)),
                    magnitude(median(&product.ln_condition_numbers)),
                ),
            );
        }
    });
    if spec.layers > 1
        && let Measured::Known(reach) = &record.reach
        && let Measured::Known(lag) = &reach.lag
    {
        let ratios = lag.depth.ln_layer_ratio.iter().map(|ln| magnitude(ln / std::f64::consts::LN_10));
        lines.add(
            "layers",
            format!("gradient within a step, bottom to top: {}", ratios.collect::<Vec<_>>().join(", ")),
        );
    }
    if let Some(path) = written {
        lines.add("written", path.display().to_string());
    }
    lines.text()
}

/// How far the gradient of one loss comes back.
pub(crate) fn horizon(lag: &LagReport) -> String {
    let horizon = &lag.total.horizon;
    let least = if horizon.at_least { "at least " } else { "" };
    let upper = if horizon.high_at_least { "more" } else { &horizon.high_steps.to_string() };
    format!(
        "{least}{} steps back (95 %: {} to {upper}), until {} % of the gradient are left; {} sequences",
        horizon.steps,
        horizon.low_steps,
        100.0 * horizon.epsilon,
        lag.sequences
    )
}

fn show_lag(lines: &mut Lines, record: &ProbeRecord, reach: &CreditReport, lag: &LagReport) {
    lines.add("horizon", horizon(lag));
    let used = match reach.used_lag.known().map(|used| &used.used_lag_steps) {
        Some(Measured::Known(steps)) => Some(format!("the model uses {steps} steps")),
        Some(Measured::Unknown(_)) => Some("the model uses more than was tried".into()),
        None => None,
    };
    let beside = [
        record.beside.truncation_steps.map(|steps| format!("training cuts the gradient off after {steps}")),
        record.beside.needed_lag_steps.map(|steps| format!("the task needs {steps}")),
        used,
    ];
    let beside: Vec<String> = beside.into_iter().flatten().collect();
    if !beside.is_empty() {
        lines.add("", beside.join("; "));
    }
    lines.unless("decay", &lag.total.decay, |lines, decay| {
        let change = match (decay.half_life_steps, decay.doubling_time_steps) {
            (Some(steps), _) => format!("half is gone after {steps:.1} steps"),
            (_, Some(steps)) => format!("twice as much after {steps:.1} steps"),
            _ => "neither more nor less".into(),
        };
        let f32 =
            decay.f32_underflow_lag_steps.map_or(String::new(), |lag| format!("; f32 ends after {lag:.0}"));
        lines.add("decay", format!("× {:.4} a step: {change}{f32}", decay.factor_per_step));
    });
    let log10: Vec<f64> = lag.total.ratio.ln_median.iter().map(|ln| ln / std::f64::consts::LN_10).collect();
    let lags = &lag.lags;
    lines.add(
        "G(τ)",
        format!(
            "{}  τ = 0 to {}, 1 down to 1e-{DECADES}",
            spark(&log10, -DECADES, WIDTH),
            lags.last().copied().unwrap_or(0)
        ),
    );
    for layer in lag.layers.iter().filter_map(Measured::known) {
        if let (Measured::Known(keep), Measured::Known(rest)) = (&layer.keep_path, &layer.rest) {
            let at = (keep.ln_median.len() - 1) / 2;
            let share = |profile: &longspan_record::credit::Profile| {
                magnitude(profile.ln_median[at] / std::f64::consts::LN_10)
            };
            lines.add(
                &format!("path {}", layer.layer),
                format!(
                    "{} back: {} came straight from state to state, {} through weights",
                    lags[at],
                    share(keep),
                    share(rest)
                ),
            );
        }
    }
}

/// The gates of a layer that goes by a name.
fn show_gates(lines: &mut Lines, place: &str, layer: &LayerGates) {
    if let Measured::Known(gates) = &layer.gates {
        let gates = gates.iter().map(|gate| {
            format!(
                "{} {:.2} ({:.0} % shut, {:.0} % open)",
                gate.gate,
                gate.mean_openness,
                100.0 * gate.closed_share,
                100.0 * gate.open_share
            )
        });
        lines.add(&format!("gates {place}"), gates.collect::<Vec<_>>().join(", "));
    }
    if let Measured::Known(activations) = &layer.activations {
        let all = activations.iter().map(|activation| {
            format!("{} {:.0} % saturated", activation.activation, 100.0 * activation.saturated_share)
        });
        lines.add(&format!("units {place}"), all.collect::<Vec<_>>().join(", "));
    }
    if let Measured::Known(forgetting) = &layer.forgetting {
        lines.add(
            &format!("forgetting {place}"),
            format!(
                "half of the units keep 1/e for {:.1} steps or more ({})",
                forgetting.median_steps, forgetting.gate
            ),
        );
    }
}

fn show_rest(lines: &mut Lines, reach: &CreditReport) {
    if let Measured::Known(truncations) = &reach.truncation {
        let all = truncations.iter().map(|t| {
            format!("{}: {:.0} % off, cosine {:.3}", t.truncation_steps, 100.0 * t.relative_error, t.cosine)
        });
        lines.add("truncated at", all.collect::<Vec<_>>().join("; "));
    }
    if let Measured::Known(points) = &reach.sensitivity
        && let (Some(first), Some(last)) = (points.first(), points.last())
    {
        lines.add(
            "sensitivity",
            format!(
                "‖∂h/∂W‖ {} after {} steps, {} after {}",
                magnitude(first.recurrent_rms.log10()),
                first.steps,
                magnitude(last.recurrent_rms.log10()),
                last.steps
            ),
        );
    }
}

fn show_spectrum(lines: &mut Lines, spectrum: &LyapunovSpectrum) {
    let exponents = &spectrum.exponents_nats_per_step;
    let Some(&largest) = exponents.first() else { return };
    let error = spectrum.layers.iter().find_map(|layer| {
        let at = layer.exponents_nats_per_step.iter().position(|&x| x == largest)?;
        layer.standard_errors_nats_per_step[at]
    });
    let error = error.map_or(String::new(), |error| format!(" ± {error:.4}"));
    let means = match largest {
        x if x > 0.0 => format!("changes grow tenfold in {:.1} steps", std::f64::consts::LN_10 / x),
        x if x < 0.0 && x.is_finite() => {
            format!("changes die out, tenfold in {:.1} steps", -std::f64::consts::LN_10 / x)
        }
        _ => "changes are lost in one step".into(),
    };
    let dimension = spectrum
        .kaplan_yorke_dimensions
        .map_or(String::new(), |d| format!("; Kaplan–Yorke dimension {d:.2}"));
    lines.add(
        "λ₁",
        format!(
            "{largest:.4}{error} nats a step: {means}{dimension}; {} trajectories of {} steps",
            spectrum.trajectories, spectrum.steps
        ),
    );
    if exponents.len() > 1 {
        let shown: Vec<String> = exponents.iter().take(8).map(|x| format!("{x:.3}")).collect();
        let more = if exponents.len() > 8 { ", …" } else { "" };
        lines.add("exponents", shown.join(", ") + more);
    }
}
