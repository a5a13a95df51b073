//! The result of a probe as text.

use std::path::Path;

use longspan::model::ModelSpec;
use longspan_record::ProbeRecord;
use longspan_record::credit::{CreditReport, LagReport, LayerGates, Measured};
use longspan_record::spectrum::LyapunovSpectrum;

use crate::draw::{magnitude, spark};
use crate::progress::counted;

/// Decades of a sparkline.
const DECADES: f64 = 12.0;
/// Columns of a sparkline.
const WIDTH: usize = 60;

/// "1 step", "2 steps".
fn count(steps: usize) -> String {
    counted(steps, "step")
}

/// Lines, each with a label.
struct Lines(Vec<(String, String)>);

impl Lines {
    fn add(&mut self, name: &str, text: String) {
        self.0.push((name.into(), text));
    }

    /// Shows a measurement, or adds the reason why there is none.
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
        format!(
            "step {}, measured on {}, in {}",
            record.step,
            record.data,
            record.number_type.to_lowercase()
        ),
    );
    lines.unless("reach", &record.reach, |lines, reach| {
        lines.unless("lag profile", &reach.lag, |lines, lag| show_lag(lines, record, reach, lag));
        let decoder = if spec.encoder.is_some() { "decoder " } else { "" };
        reach
            .encoder_gates
            .iter()
            .for_each(|layer| show_gates(lines, &format!("encoder {}", layer.layer), layer));
        for layer in &reach.gates {
            let name = match spec.bidirectional {
                true => format!("{} {}", layer.layer / 2, ["forwards", "reverse"][layer.layer % 2]),
                false => format!("{decoder}{}", layer.layer),
            };
            show_gates(lines, &name, layer);
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
                    "Jacobian product over {} steps: singular values {1} to {2}, condition number {3}",
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
            format!(
                "gradient norm relative to the top layer within one step, from bottom to top: {}",
                ratios.collect::<Vec<_>>().join(", ")
            ),
        );
    }
    if let Some(path) = written {
        lines.add("saved", path.display().to_string());
    }
    lines.text()
}

/// The gradient horizon with its interval: "19 steps (95 % CI 17–22): 1 % of the gradient of one loss is left; 64 sequences".
pub(crate) fn horizon(lag: &LagReport) -> String {
    let horizon = &lag.total.horizon;
    let least = if horizon.at_least { "at least " } else { "" };
    let interval = match horizon.high_at_least {
        true => format!("at least {}", horizon.low_steps),
        false => format!("{}–{}", horizon.low_steps, horizon.high_steps),
    };
    format!(
        "{least}{} (95 % CI {interval}): {} % of the gradient of one loss is left; {} sequences",
        count(horizon.steps),
        100.0 * horizon.epsilon,
        lag.sequences
    )
}

fn show_lag(lines: &mut Lines, record: &ProbeRecord, reach: &CreditReport, lag: &LagReport) {
    lines.add("horizon", horizon(lag));
    let used = match reach.used_lag.known().map(|used| &used.used_lag_steps) {
        Some(Measured::Known(0)) => Some("the model uses the current input only".into()),
        Some(Measured::Known(steps)) => Some(format!("the model uses inputs up to {} back", count(*steps))),
        Some(Measured::Unknown(_)) => Some("the model uses inputs further back than was tested".into()),
        None => None,
    };
    let beside = [
        record
            .beside
            .truncation_steps
            .map(|steps| format!("training truncates the gradient after {}", count(steps))),
        record.beside.needed_lag_steps.map(|steps| format!("the task needs {}", count(steps))),
        used,
    ];
    let beside: Vec<String> = beside.into_iter().flatten().collect();
    if !beside.is_empty() {
        lines.add("", beside.join("; "));
    }
    lines.unless("decay", &lag.total.decay, |lines, decay| {
        let change = match (decay.half_life_steps, decay.doubling_time_steps) {
            (Some(steps), _) => format!("half-life {steps:.1} steps"),
            (_, Some(steps)) => format!("doubles every {steps:.1} steps"),
            _ => "constant".into(),
        };
        let f32 = decay
            .f32_underflow_lag_steps
            .map_or(String::new(), |lag| format!("; underflows in f32 after {lag:.0} steps"));
        lines.add("decay", format!("× {:.4} per step: {change}{f32}", decay.factor_per_step));
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
                &format!("layer {}", layer.layer),
                format!(
                    "share of the gradient that goes {} back: {} directly from state to state, {} through the recurrent weights",
                    count(lags[at]),
                    share(keep),
                    share(rest)
                ),
            );
        }
    }
}

/// The gates, activations and forgetting time of the layer called `name`.
fn show_gates(lines: &mut Lines, name: &str, layer: &LayerGates) {
    let label =
        if name.starts_with(|c: char| c.is_ascii_digit()) { format!("layer {name}") } else { name.into() };
    if let Measured::Known(gates) = &layer.gates {
        let gates = gates.iter().map(|gate| {
            format!(
                "{} mean {:.2} ({:.0} % closed, {:.0} % open)",
                gate.gate,
                gate.mean_openness,
                100.0 * gate.closed_share,
                100.0 * gate.open_share
            )
        });
        lines.add(&label, format!("gates: {}", gates.collect::<Vec<_>>().join(", ")));
    }
    if let Measured::Known(activations) = &layer.activations {
        let all = activations.iter().map(|activation| {
            format!("{} {:.0} % saturated", activation.activation, 100.0 * activation.saturated_share)
        });
        lines.add(&label, format!("activations: {}", all.collect::<Vec<_>>().join(", ")));
    }
    if let Measured::Known(forgetting) = &layer.forgetting {
        lines.add(
            &label,
            format!(
                "forgetting, median over the units: {:.1} steps until 1/e of the state is left (gate {})",
                forgetting.median_steps, forgetting.gate
            ),
        );
    }
}

fn show_rest(lines: &mut Lines, reach: &CreditReport) {
    if let Measured::Known(truncations) = &reach.truncation {
        let all = truncations.iter().map(|t| {
            format!(
                "{}: {:.0} % (cosine {:.3})",
                count(t.truncation_steps),
                100.0 * t.relative_error,
                t.cosine
            )
        });
        lines.add(
            "truncation",
            format!("error of the gradient when truncated after {}", all.collect::<Vec<_>>().join(", ")),
        );
    }
    if let Measured::Known(points) = &reach.sensitivity
        && let (Some(first), Some(last)) = (points.first(), points.last())
    {
        lines.add(
            "sensitivity",
            format!(
                "root mean square of ‖∂h_t/∂W‖: {} after {}, {} after {}",
                magnitude(first.recurrent_rms.log10()),
                count(first.steps),
                magnitude(last.recurrent_rms.log10()),
                count(last.steps)
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
        x if x > 0.0 => format!("small changes grow tenfold in {:.1} steps", std::f64::consts::LN_10 / x),
        x if x < 0.0 && x.is_finite() => {
            format!("small changes shrink tenfold in {:.1} steps", -std::f64::consts::LN_10 / x)
        }
        _ => "small changes vanish in one step".into(),
    };
    let dimension = spectrum
        .kaplan_yorke_dimensions
        .map_or(String::new(), |d| format!("; Kaplan–Yorke dimension {d:.2}"));
    lines.add(
        "λ₁",
        format!(
            "{largest:.4}{error} nats per step: {means}{dimension}; {} trajectories of {} steps",
            spectrum.trajectories, spectrum.steps
        ),
    );
    if exponents.len() > 1 {
        let shown: Vec<String> = exponents.iter().take(8).map(|x| format!("{x:.3}")).collect();
        let more = if exponents.len() > 8 { ", …" } else { "" };
        lines.add("exponents", shown.join(", ") + more);
    }
}
