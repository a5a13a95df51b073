//! The input of a readout: the output of every step, the mean over steps, or the last state of each
//! direction.
//!
//! ```text
//! steps    h_{t,b}                                             a prediction per row uses the row's last position
//! mean     p_b = (1 / T_b) Σ_t h_{t,b}                         d_h_{t,b} = d_p_b / T_b
//! ends     p_b = [h→_{T_b,b}, h←_{1,b}], outputs are 2H wide   each half of d_p_b at its position, 0 elsewhere
//! ```
//!
//! T_b is the number of steps of row b. At a row's last position the reverse direction has read only one
//! step. The states that summarise the row in both directions are their last ones, which PyTorch returns as
//! `h_n`. (With residual connections or norms, `ends` uses the halves of the stack's output at these
//! positions.)

use serde::{Deserialize, Serialize};

use crate::cell::Real;
use longspan_kernel::Context;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rows::for_each_row;

/// The input of the readout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The outputs of single steps.
    #[default]
    // Earlier versions wrote "steps".
    #[serde(alias = "steps")]
    Last,
    /// The mean of a row's outputs.
    Mean,
    /// The last outputs of both directions.
    #[serde(rename = "ends")]
    BothEnds,
}

crate::option_names!(Pooling, "pool": Last = "last", Mean = "mean", BothEnds = "ends");

impl Pooling {
    /// Index of the input of a prediction per row: the row's last position, or the row itself if the readout
    /// pools.
    pub fn end(self, shape: &PackedShape, row: usize) -> usize {
        match self {
            Self::Last => shape.offset(shape.length(row) - 1) + row,
            Self::Mean | Self::BothEnds => row,
        }
    }

    /// Computes p `[B, width]` of h `[positions, width]`, in the order of the steps.
    ///
    /// # Panics
    /// If the readout reads single steps.
    pub fn read<R: Real>(self, ctx: &Context<R>, shape: &PackedShape, h: &[R], width: usize, p: &mut [R]) {
        let half = width / 2;
        for_each_row(ctx, p, width, |b, p| {
            let steps = shape.length(b);
            let at = |t: usize| &h[(shape.offset(t) + b) * width..][..width];
            match self {
                Self::Last => panic!("single steps are not pooled"),
                Self::Mean => {
                    p.fill(R::ZERO);
                    (0..steps).for_each(|t| p.iter_mut().zip(at(t)).for_each(|(p, &h)| *p += h));
                    let share = R::from_f64(1.0 / steps as f64);
                    p.iter_mut().for_each(|p| *p *= share);
                }
                Self::BothEnds => {
                    p[..half].copy_from_slice(&at(steps - 1)[..half]);
                    p[half..].copy_from_slice(&at(0)[half..]);
                }
            }
        });
    }

    /// Computes d_h `[positions, width]`, which is overwritten, of d_p `[B, width]`.
    ///
    /// # Panics
    /// If the readout reads single steps.
    pub fn read_back<R: Real>(
        self,
        ctx: &Context<R>,
        shape: &PackedShape,
        d_p: &[R],
        width: usize,
        d_h: &mut [R],
    ) {
        let half = width / 2;
        for_each_row(ctx, d_h, width, |position, d_h| {
            let (t, b) = shape.position(position);
            let (steps, d_p) = (shape.length(b), &d_p[b * width..][..width]);
            match self {
                Self::Last => panic!("single steps are not pooled"),
                Self::Mean => {
                    let share = R::from_f64(1.0 / steps as f64);
                    d_h.iter_mut().zip(d_p).for_each(|(d_h, &d)| *d_h = d * share);
                }
                Self::BothEnds => {
                    d_h.fill(R::ZERO);
                    if t + 1 == steps {
                        d_h[..half].copy_from_slice(&d_p[..half]);
                    }
                    if t == 0 {
                        d_h[half..].copy_from_slice(&d_p[half..]);
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_names_of_earlier_versions_are_read() {
        let read = |text: &str| serde_json::from_str::<Pooling>(text).expect("a pooling");
        assert_eq!([read("\"steps\""), read("\"last\"")], [Pooling::Last; 2]);
        assert_eq!([read("\"mean\""), read("\"ends\"")], [Pooling::Mean, Pooling::BothEnds]);
        assert_eq!(serde_json::to_string(&Pooling::BothEnds).expect("text"), "\"ends\"");
    }
}
