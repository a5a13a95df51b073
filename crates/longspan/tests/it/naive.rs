//! A second implementation of the cells, one number at a time, in which a state can be perturbed. Finite
//! differences of it are independent of the library's backward passes.
#![allow(dead_code, missing_docs, reason = "each test file uses some of these helpers")]

use longspan::cell::CellKind;
use longspan::params::Params;

/// The state that is perturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// h_t, after it is computed.
    Hidden,
    /// c_t, after h_t is computed, so that h_t stays.
    Cell,
    /// c_t, before h_t is computed from it.
    CellBefore,
    /// The input of the bottom layer.
    Input,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Push {
    pub(crate) t: usize,
    pub(crate) layer: usize,
    pub(crate) part: Part,
    pub(crate) unit: usize,
    pub(crate) by: f64,
}

/// The values of one layer after a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(crate) h: Vec<f64>,
    pub(crate) c: Vec<f64>,
    /// The factor of c (LSTM) or h on its direct path.
    pub(crate) keep: Vec<f64>,
}

pub(crate) struct Naive<'a> {
    pub(crate) kind: CellKind,
    pub(crate) params: &'a Params<f64>,
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Naive<'_> {
    /// Returns the states `[t][layer]` of one sequence from a zero state.
    pub(crate) fn run(&self, xs: &[Vec<f64>], push: Option<Push>) -> Vec<Vec<Step>> {
        let zero = Step { h: vec![0.0; self.hidden], c: vec![0.0; self.hidden], keep: Vec::new() };
        let mut states = vec![zero; self.layers];
        let at = |t: usize, layer: usize, part: Part| {
            push.filter(|p| p.t == t && p.layer == layer && p.part == part).map(|p| (p.unit, p.by))
        };
        let steps = xs.iter().enumerate().map(|(t, x)| {
            let mut x = x.clone();
            if let Some((unit, by)) = at(t, 0, Part::Input) {
                x[unit] += by;
            }
            for layer in 0..self.layers {
                let pushed = |part| at(t, layer, part);
                states[layer] = self.step(layer, &x, &states[layer], pushed(Part::CellBefore));
                if let Some((unit, by)) = pushed(Part::Hidden) {
                    states[layer].h[unit] += by;
                }
                if let Some((unit, by)) = pushed(Part::Cell) {
                    states[layer].c[unit] += by;
                }
                x = states[layer].h.clone();
            }
            states.clone()
        });
        steps.collect()
    }

    /// Returns a pre-activation sum from the input or the state, for gate `g`.
    fn sum(&self, name: &str, layer: usize, gate: usize, from: &[f64]) -> Vec<f64> {
        let weights = self.params.named(&format!("rnn.weight_{name}_l{layer}"));
        let bias = self.params.named(&format!("rnn.bias_{name}_l{layer}"));
        let row = |j: usize| gate * self.hidden + j;
        let dot = |j: usize| weights[row(j) * from.len()..].iter().zip(from).map(|(w, x)| w * x).sum::<f64>();
        (0..self.hidden).map(|j| dot(j) + bias[row(j)]).collect()
    }

    fn step(&self, layer: usize, x: &[f64], before: &Step, push: Option<(usize, f64)>) -> Step {
        let (h, c) = (&before.h, &before.c);
        let both = |gate: usize| -> Vec<f64> {
            self.sum("ih", layer, gate, x)
                .iter()
                .zip(self.sum("hh", layer, gate, h))
                .map(|(a, b)| a + b)
                .collect()
        };
        let units = 0..self.hidden;
        let (mut next, mut keep) = (before.clone(), vec![0.0; self.hidden]);
        match self.kind {
            CellKind::Rnn => next.h = both(0).iter().map(|a| a.tanh()).collect(),
            CellKind::Relu => next.h = both(0).iter().map(|a| a.max(0.0)).collect(),
            CellKind::Identity => next.h = both(0),
            CellKind::Residual { step, learned } => {
                let alpha = match learned {
                    true => self.params.named(&format!("rnn.residual_step_l{layer}"))[0],
                    false => step,
                };
                next.h = both(0).iter().zip(h).map(|(a, h)| h + alpha * a.tanh()).collect();
                keep.fill(1.0);
            }
            CellKind::Gru { reset_after } => {
                let r: Vec<f64> = both(0).into_iter().map(sigmoid).collect();
                keep = both(1).into_iter().map(sigmoid).collect();
                let from_x = self.sum("ih", layer, 2, x);
                let n: Vec<f64> = if reset_after {
                    let q = self.sum("hh", layer, 2, h);
                    units.clone().map(|j| (from_x[j] + r[j] * q[j]).tanh()).collect()
                } else {
                    let reset: Vec<f64> = units.clone().map(|j| r[j] * h[j]).collect();
                    let q = self.sum("hh", layer, 2, &reset);
                    units.clone().map(|j| (from_x[j] + q[j]).tanh()).collect()
                };
                next.h = units.map(|j| (1.0 - keep[j]) * n[j] + keep[j] * h[j]).collect();
            }
            CellKind::Lstm { peepholes, coupled } => {
                let p = |slot: usize, j: usize| match peepholes {
                    true => {
                        self.params.named(&format!("rnn.weight_peephole_l{layer}"))[slot * self.hidden + j]
                    }
                    false => 0.0,
                };
                let (g_at, o_at, p_o) = if coupled { (1, 2, 1) } else { (2, 3, 2) };
                let (a_i, a_g, a_o) = (both(0), both(g_at), both(o_at));
                let a_f = if coupled { Vec::new() } else { both(1) };
                for j in units {
                    let i = sigmoid(a_i[j] + p(0, j) * c[j]);
                    keep[j] = if coupled { 1.0 - i } else { sigmoid(a_f[j] + p(1, j) * c[j]) };
                    next.c[j] = keep[j] * c[j] + i * a_g[j].tanh();
                    if let Some((_, by)) = push.filter(|(unit, _)| *unit == j) {
                        next.c[j] += by;
                    }
                    next.h[j] = sigmoid(a_o[j] + p(p_o, j) * next.c[j]) * next.c[j].tanh();
                }
            }
            CellKind::Custom(cell) => panic!("{cell:?} has equations of its own"),
        }
        Step { keep, ..next }
    }

    /// Returns the cross entropy of a class, read out of h.
    pub(crate) fn loss(&self, h: &[f64], target: usize) -> f64 {
        let (weights, bias) = (self.params.named("head.weight"), self.params.named("head.bias"));
        let logits: Vec<f64> = weights
            .chunks(self.hidden)
            .zip(bias)
            .map(|(w, b)| w.iter().zip(h).map(|(w, h)| w * h).sum::<f64>() + b)
            .collect();
        logits.iter().map(|x| x.exp()).sum::<f64>().ln() - logits[target]
    }

    /// Returns the gradient of the loss at `anchor` with respect to one part of the state at t, by central
    /// differences.
    pub(crate) fn gradient(
        &self,
        xs: &[Vec<f64>],
        (anchor, target): (usize, usize),
        (t, layer, part): (usize, usize, Part),
    ) -> Vec<f64> {
        const STEP: f64 = 1e-5;
        let units = if part == Part::Input { xs[0].len() } else { self.hidden };
        let loss = |unit, by| {
            let states = self.run(&xs[..=anchor], Some(Push { t, layer, part, unit, by }));
            self.loss(&states[anchor][self.layers - 1].h, target)
        };
        (0..units).map(|unit| (loss(unit, STEP) - loss(unit, -STEP)) / (2.0 * STEP)).collect()
    }
}
