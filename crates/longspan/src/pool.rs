//! What a readout sees of a sequence: every step, or the mean of them.
//!
//! ```text
//! p_b = (1 / T_b) Σ_t h_{t,b}            d_h_{t,b} = d_p_b / T_b
//! ```
//!
//! T_b are the steps of row b. A readout of the last state alone needs no pool: it scores each row's last place.

use serde::{Deserialize, Serialize};

use crate::extent::Extent;
use crate::kernel::Context;
use crate::kernel::rows::for_each_row;
use crate::real::Real;

/// What the readout sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// The outputs of single steps.
    #[default]
    Steps,
    /// The mean of a row's outputs.
    Mean,
}

impl Pool {
    /// What a prediction from all of a row is read out of: the row's last place, or its mean.
    pub fn end(self, extent: &Extent, row: usize) -> usize {
        match self {
            Self::Steps => extent.offset(extent.length(row) - 1) + row,
            Self::Mean => row,
        }
    }
}

/// p `[B, H]` of h `[places, H]`, steps ascending.
pub fn mean<R: Real>(ctx: &Context<R>, extent: &Extent, h: &[R], hidden: usize, p: &mut [R]) {
    for_each_row(ctx, p, hidden, |b, p| {
        p.fill(R::ZERO);
        let steps = extent.length(b);
        for t in 0..steps {
            let h = &h[(extent.offset(t) + b) * hidden..][..hidden];
            p.iter_mut().zip(h).for_each(|(p, &h)| *p += h);
        }
        let share = R::from_f64(1.0 / steps as f64);
        p.iter_mut().for_each(|p| *p *= share);
    });
}

/// d_h `[places, H]`, overwritten, of d_p `[B, H]`.
pub fn mean_back<R: Real>(ctx: &Context<R>, extent: &Extent, d_p: &[R], hidden: usize, d_h: &mut [R]) {
    for_each_row(ctx, d_h, hidden, |place, d_h| {
        let (_, b) = extent.place(place);
        let share = R::from_f64(1.0 / extent.length(b) as f64);
        d_h.iter_mut().zip(&d_p[b * hidden..]).for_each(|(d_h, &d)| *d_h = d * share);
    });
}
