//! Openness of gates, saturation of activations, and magnitudes of states on the data.
//!
//! ```text
//! gate p          mean openness, per unit and overall; closed, open, saturated: see `cell::tape`
//! forgetting      −1 / mean(ln keep), keep = f (LSTM), 1 − i (coupled), z (GRU): steps after which a unit keeps 1/e
//! unit scale D    √(mean square), at least 1e-6
//! ```
//!
//! ln f = −softplus(−a_f) is computed from the activation f: in f64 the two agree to 2·10⁻¹⁶, so that times
//! up to 10¹⁵ steps can be distinguished.

use super::keep_path::KeepPath;
use super::recorder::UnitScale;
use crate::bptt::{BackwardStep, Observer};
use crate::cell::CellKind;
use crate::cell::Real;
use crate::cell::tape::{EDGE, SATURATED, Slot, Squash};
use crate::lag::order::{mean, median};
use longspan_kernel::Context;
use longspan_record::credit::{ActivationSummary, Forgetting, GateSummary, LayerGates, Measured, Reason};

/// The smallest scale of a unit.
const LEAST_SCALE: f64 = 1e-6;

/// Sums over positions, per layer.
pub(super) struct Survey {
    kind: CellKind,
    hidden: usize,
    layers: Vec<Sums>,
}

#[derive(Clone)]
struct Sums {
    positions: usize,
    /// Per slot and unit: Σ p (0 for an activation), and how often it is low (saturated) and high.
    slots: Vec<[Vec<f64>; 3]>,
    ln_keep: Vec<f64>,
    /// Σ h², Σ c²: `[parts · H]`.
    squares: Vec<f64>,
}

impl Survey {
    pub(super) fn new(kind: CellKind, layers: usize, hidden: usize) -> Self {
        let zeros = || vec![0.0; hidden];
        let parts = kind.spec().parts;
        let sums = Sums {
            positions: 0,
            slots: kind.spec().activations.iter().map(|_| [zeros(), zeros(), zeros()]).collect(),
            ln_keep: zeros(),
            squares: vec![0.0; parts * hidden],
        };
        Self { kind, hidden, layers: vec![sums; layers] }
    }

    /// Returns D of every layer.
    pub(super) fn scales(&self) -> Vec<UnitScale> {
        self.layers.iter().map(|sums| sums.rms().iter().map(|&rms| rms.max(LEAST_SCALE)).collect()).collect()
    }

    pub(super) fn report(&self) -> Vec<LayerGates> {
        self.layers.iter().enumerate().map(|(layer, sums)| self.layer(layer, sums)).collect()
    }

    fn layer(&self, layer: usize, sums: &Sums) -> LayerGates {
        let positions = sums.positions as f64;
        let share = |counts: &[f64]| mean(counts) / positions;
        let (mut gates, mut activations) = (Vec::new(), Vec::new());
        for (slot, [sum, low, high]) in self.kind.spec().activations.iter().zip(&sums.slots) {
            if slot.squash == Squash::Sigmoid {
                gates.push(GateSummary {
                    gate: slot.name.into(),
                    mean_openness: share(sum),
                    closed_share: share(low),
                    open_share: share(high),
                    unit_mean_openness: sum.iter().map(|sum| sum / positions).collect(),
                });
            } else {
                activations.push(ActivationSummary {
                    activation: slot.name.into(),
                    saturated_share: share(low),
                    saturated_units: low.iter().filter(|&&count| count == positions).count(),
                });
            }
        }
        let forgetting = match KeepPath::of(self.kind) {
            None | Some(KeepPath::Whole) => Measured::Unknown(Reason::NoGates),
            Some(KeepPath::Gate { name, .. } | KeepPath::Complement { name, .. }) => {
                let steps = |&ln: &f64| if ln == 0.0 { f64::INFINITY } else { -positions / ln };
                let unit_steps: Vec<f64> = sums.ln_keep.iter().map(steps).collect();
                let median_steps = median(&mut unit_steps.clone());
                Measured::Known(Forgetting { gate: name.into(), median_steps, unit_steps })
            }
        };
        let mut rms = sums.rms();
        let cell = rms.split_off(self.hidden);
        LayerGates {
            layer,
            positions: sums.positions,
            gates: Measured::unless_empty(gates, Reason::NoGates),
            activations: Measured::unless_empty(activations, Reason::NothingSaturates),
            forgetting,
            hidden_unit_rms: rms,
            cell_unit_rms: Measured::unless_empty(cell, Reason::NoCell),
        }
    }
}

/// The sums of a model: the layers of its encoder, and its own layers.
pub(super) struct Surveys {
    pub(super) encoder: Survey,
    pub(super) stack: Survey,
}

impl<R: Real> Observer<R> for Surveys {
    fn backward_step(&mut self, ctx: &Context<R>, step: &BackwardStep<'_, R>) {
        let survey = if step.encoder { &mut self.encoder } else { &mut self.stack };
        survey.backward_step(ctx, step);
    }
}

impl<R: Real> Observer<R> for Survey {
    fn backward_step(&mut self, _: &Context<R>, step: &BackwardStep<'_, R>) {
        let hidden = self.hidden;
        let sums = &mut self.layers[step.layer];
        let row_width = step.tape_width(hidden);
        for (row, tape) in step.tape.chunks(row_width).enumerate() {
            sums.positions += 1;
            for (Slot { at, squash, .. }, [sum, low, high]) in
                self.kind.spec().activations.iter().zip(&mut sums.slots)
            {
                for (j, p) in tape[at * hidden..][..hidden].iter().enumerate() {
                    let p = p.to_f64();
                    match squash {
                        Squash::Sigmoid => {
                            sum[j] += p;
                            low[j] += f64::from(p < EDGE);
                            high[j] += f64::from(p > 1.0 - EDGE);
                        }
                        Squash::Tanh => low[j] += f64::from(p.abs() > SATURATED),
                        Squash::Relu => low[j] += f64::from(p == 0.0),
                    }
                }
            }
            match KeepPath::of(self.kind) {
                None | Some(KeepPath::Whole) => {}
                // The difference 1 − i is exact, its logarithm is not.
                Some(KeepPath::Complement { slot, .. }) => {
                    let i = &tape[slot * hidden..][..hidden];
                    sums.ln_keep.iter_mut().zip(i).for_each(|(sum, i)| *sum += (-i.to_f64()).ln_1p());
                }
                Some(keep) => keep.each(tape, hidden, |j, p| sums.ln_keep[j] += p.ln()),
            }
            let states = [step.hidden, step.cell];
            let of_row = states.iter().flat_map(|part| part.get(row * hidden..(row + 1) * hidden)).flatten();
            sums.squares.iter_mut().zip(of_row).for_each(|(sum, s)| *sum += s.to_f64() * s.to_f64());
        }
    }
}

impl Sums {
    fn rms(&self) -> Vec<f64> {
        self.squares.iter().map(|sum| (sum / self.positions as f64).sqrt()).collect()
    }
}
