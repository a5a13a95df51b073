//! Biases of the gates.
//!
//! With u ~ U[1, T − 1] for each unit, `chrono` sets b_f = ln u and b_i = −ln u in the lstm, b_i = −ln u in
//! the coupled lstm (f = 1 − i), and b_z = +ln u in the gru, where z keeps the state as in PyTorch: a unit
//! then forgets over about u steps. These values are in b_ih; b_hh is zero there.

use super::{Init, InitSpec, TensorDraw};
use crate::cell::CellKind;
use crate::cell::Real;

impl<R: Real> TensorDraw<'_, R> {
    /// Sets biases `[G·H]`; `first` is true for b_ih, whose gates get the values.
    pub(super) fn bias(&self, out: &mut [R], spec: &InitSpec, hidden: usize, first: bool) {
        match spec.init {
            Init::Uniform => self.uniform(out, 1.0 / (hidden as f64).sqrt()),
            Init::Every(distribution) => self.fill(out, distribution),
            _ => out.fill(R::ZERO),
        }
        // Gates i, f, g, o; coupled i, g, o; gru r, z, n. The sign is positive for a gate that keeps the
        // state.
        match (spec.init, spec.cell) {
            (Init::Chrono { longest }, CellKind::Lstm { coupled, .. }) if first => {
                for j in 0..hidden {
                    let b = self.row(j).uniform().mul_add(longest - 2.0, 1.0).ln();
                    out[j] = R::from_f64(-b);
                    if !coupled {
                        out[hidden + j] = R::from_f64(b);
                    }
                }
            }
            (Init::Chrono { longest }, CellKind::Gru { .. }) if first => {
                for j in 0..hidden {
                    let b = self.row(j).uniform().mul_add(longest - 2.0, 1.0).ln();
                    out[hidden + j] = R::from_f64(b);
                }
            }
            (Init::Chrono { .. }, _) => {}
            (_, CellKind::Lstm { coupled, .. }) if spec.forget_bias != 0.0 => {
                let (gate, value) = if coupled { (0, -spec.forget_bias) } else { (1, spec.forget_bias) };
                out[gate * hidden..][..hidden].fill(R::from_f64(if first { value } else { 0.0 }));
            }
            _ => {}
        }
    }
}
