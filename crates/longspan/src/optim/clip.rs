//! Gradient clipping, with a report of its effect.
//!
//! # References
//! Global norm: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML
//! 2013, algorithm 1. Elementwise: Karpathy's char-rnn, ±5. Each tensor alone: Keras's `clipnorm`.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cell::Real;
use crate::option_syntax::{Kind, OptionError, positive};
use crate::params::Params;
use longspan_kernel::Context;
use longspan_kernel::elementwise::for_each_part;
use longspan_kernel::norms::sum_of_squares_threaded;

/// A clipping rule, written as `none`, `norm:C`, `value:V` or `tensor_norm:C`; limits are finite and above 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    /// The gradient is not changed.
    #[default]
    None,
    /// Scales the gradient of all tensors as one vector, which keeps its direction: g ← (c/‖g‖) g if ‖g‖ > c.
    Norm(f64),
    /// Clamps each g_i to ±v.
    Value(f64),
    /// [`Clip::Norm`] for each tensor separately, which changes the direction.
    TensorNorm(f64),
}

/// The effect of clipping on one gradient.
#[derive(Clone, Debug, Default)]
pub struct ClipReport {
    /// ‖g‖₂ over all tensors, before clipping. Infinite or NaN means a fault.
    pub global_norm_before: f64,
    /// ‖g‖₂ after clipping.
    pub global_norm_after: f64,
    /// Norm after clipping over norm before, 1 if nothing was clipped.
    pub coefficient: f64,
    /// Whether any element was changed.
    pub acted: bool,
    /// Each tensor's share of the squared norm before clipping, by its index in the layout. All 0 for a zero
    /// gradient. If the norm is not finite: NaN for the tensors that are not finite, 0 for the others.
    pub shares: Vec<f64>,
    /// Working memory.
    partial: Vec<f64>,
}

impl Clip {
    /// Clips a gradient and fills the report, whose memory is reused.
    ///
    /// Norms, coefficients and products are computed in `f64`, and each product is rounded once: for c > 0 and
    /// `f32`, |‖clip(g)‖/c − 1| ≤ 1.2e-7. A gradient within the limit keeps every bit. So does one whose norm is
    /// not finite: it is a fault, which a rule must not hide.
    ///
    /// # Panics
    /// If a limit is not above 0.
    pub fn apply<R: Real>(self, ctx: &Context<R>, grads: &mut Params<R>, report: &mut ClipReport) {
        if let Self::Norm(limit) | Self::TensorNorm(limit) | Self::Value(limit) = self {
            assert!(limit > 0.0, "the clipping limit must be above 0, not {limit}");
        }
        let layout = grads.layout().clone();
        let tensors = 0..layout.entries().len();
        report.shares.clear();
        for i in tensors.clone() {
            let squares = sum_of_squares_threaded(ctx, grads.tensor(i), &mut report.partial);
            report.shares.push(squares);
        }
        let squares: f64 = report.shares.iter().sum();
        let before = squares.sqrt();
        report.acted = false;
        let mut after = before;
        match self {
            _ if !before.is_finite() => {}
            Self::None => {}
            Self::Norm(limit) => {
                if before > limit {
                    scale(ctx, grads.flat_mut(), limit / before);
                    (report.acted, after) = (true, limit);
                }
            }
            Self::TensorNorm(limit) => {
                let mut left = 0.0;
                for i in tensors {
                    let norm = report.shares[i].sqrt();
                    if norm > limit {
                        scale(ctx, grads.tensor_mut(i), limit / norm);
                        report.acted = true;
                    }
                    left += report.shares[i].min(limit * limit);
                }
                if report.acted {
                    after = left.sqrt();
                }
            }
            Self::Value(limit) => {
                let changed = AtomicBool::new(false);
                for_each_part(ctx, [grads.flat_mut()], [], |_, [part], []| {
                    let mut any = false;
                    for g in part {
                        let clamped = R::from_f64(g.to_f64().clamp(-limit, limit));
                        any |= clamped != *g;
                        *g = clamped;
                    }
                    changed.fetch_or(any, Ordering::Relaxed);
                });
                report.acted = changed.into_inner();
                if report.acted {
                    let squares = |i| sum_of_squares_threaded(ctx, grads.tensor(i), &mut report.partial);
                    after = tensors.map(squares).sum::<f64>().sqrt();
                }
            }
        }
        report.global_norm_before = before;
        report.global_norm_after = after;
        report.coefficient = if report.acted { after / before } else { 1.0 };
        for share in &mut report.shares {
            *share = match squares.is_finite() {
                true if squares > 0.0 => *share / squares,
                false if !share.is_finite() => f64::NAN,
                _ => 0.0,
            };
        }
    }
}

/// Computes g ← k g, with products in `f64`.
fn scale<R: Real>(ctx: &Context<R>, values: &mut [R], k: f64) {
    for_each_part(ctx, [values], [], |_, [part], []| {
        for g in part {
            *g = R::from_f64(g.to_f64() * k);
        }
    });
}

const KIND: Kind = Kind { what: "clipping rule", forms: &["none", "norm:C", "value:V", "tensor_norm:C"] };

impl FromStr for Clip {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let mut parts = KIND.read(text)?;
        let name = parts.name;
        let mut limit = |what| positive(what, parts.required(what)?);
        let rule = match name {
            "none" => Self::None,
            "norm" => Self::Norm(limit("the clipping norm")?),
            "value" => Self::Value(limit("the clipping value")?),
            "tensor_norm" => Self::TensorNorm(limit("the clipping norm")?),
            _ => return Err(KIND.unknown(text)),
        };
        parts.end(rule)
    }
}

impl fmt::Display for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Norm(c) => write!(f, "norm:{c}"),
            Self::Value(v) => write!(f, "value:{v}"),
            Self::TensorNorm(c) => write!(f, "tensor_norm:{c}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::params::{Group, Layout};
    use longspan_kernel::InstructionSet;
    use longspan_kernel::rng::{Key, Purpose};

    /// A gradient of two tensors with a gap between them, whose elements are N(0, size²).
    fn gradient<R: Real>(size: f64) -> Params<R> {
        let mut layout = Layout::default();
        layout.push("a", &[97, 101], Group::Recurrent);
        layout.push("b", &[333], Group::Bias);
        let mut grads = Params::zeros(Arc::new(layout));
        for i in 0..2 {
            let mut stream = Key::new(5, Purpose::Probe, i as u32, 0).stream(0, 0);
            grads.tensor_mut(i).iter_mut().for_each(|g| *g = R::from_f64(size * stream.normal()));
        }
        grads
    }

    fn dot<R: Real>(a: &[R], b: &[R]) -> f64 {
        a.iter().zip(b).map(|(x, y)| x.to_f64() * y.to_f64()).sum()
    }

    fn clipped<R: Real>(rule: Clip, grads: &Params<R>) -> (Params<R>, ClipReport) {
        let (mut out, mut report) = (grads.clone(), ClipReport::default());
        rule.apply(&Context::new(InstructionSet::detect(), 2), &mut out, &mut report);
        (out, report)
    }

    fn bounds_hold<R: Real>(tolerance: f64) {
        for (size, limit) in [(1.0, 1.0), (1e-3, 1e-4), (1e18, 0.25), (1e20, 5.0), (1.0, 101.3)] {
            let grads = gradient::<R>(size);
            let truth = dot(grads.flat(), grads.flat());
            let (once, report) = clipped(Clip::Norm(limit), &grads);
            if truth.sqrt() <= limit {
                assert_eq!((once.flat(), report.acted), (grads.flat(), false));
                continue;
            }
            let norm = dot(once.flat(), once.flat()).sqrt();
            assert!((norm / limit - 1.0).abs() <= tolerance, "{norm} against {limit}");
            // 1 − cos = ½‖a/‖a‖ − b/‖b‖‖², a form without cancellation.
            let unit = |x: &R, norm: f64| x.to_f64() / norm;
            let pairs = once.flat().iter().zip(grads.flat());
            let apart: f64 = pairs.map(|(a, b)| (unit(a, norm) - unit(b, truth.sqrt())).powi(2)).sum();
            assert!(0.5 * apart <= 1e-14, "1 - cos = {}", 0.5 * apart);
            assert!(report.acted && report.global_norm_after == limit);
            assert!((report.global_norm_before / truth.sqrt() - 1.0).abs() < 1e-13);
            assert!((report.coefficient * truth.sqrt() / limit - 1.0).abs() < 1e-13);
            let (twice, _) = clipped(Clip::Norm(limit), &once);
            for (a, b) in twice.flat().iter().zip(once.flat()) {
                assert!((*a - *b).abs().to_f64() <= tolerance * b.abs().to_f64(), "{a} and {b}");
            }
        }
    }

    #[test]
    fn a_clipped_gradient_has_the_norm_and_the_direction() {
        bounds_hold::<f32>(1.2e-7);
        bounds_hold::<f64>(1e-13);
    }

    #[test]
    fn a_gradient_within_its_limit_keeps_every_bit() {
        let grads = gradient::<f32>(1.0);
        let norm = dot(grads.flat(), grads.flat()).sqrt();
        for rule in [Clip::None, Clip::Norm(norm * 1.001), Clip::TensorNorm(norm), Clip::Value(10.0)] {
            let (same, report) = clipped(rule, &grads);
            assert_eq!(same.flat(), grads.flat(), "{rule}");
            assert!(!report.acted && report.coefficient == 1.0, "{rule}");
            assert_eq!(report.global_norm_after, report.global_norm_before, "{rule}");
        }
    }

    #[test]
    fn shares_are_of_the_squared_norm() {
        let grads = gradient::<f32>(1.0);
        let (_, report) = clipped(Clip::Norm(1.0), &grads);
        for i in 0..2 {
            let share = dot(grads.tensor(i), grads.tensor(i)) / dot(grads.flat(), grads.flat());
            assert!((report.shares[i] - share).abs() < 1e-14);
        }
        let zero = Params::<f32>::zeros(grads.layout().clone());
        assert_eq!(clipped(Clip::Norm(1.0), &zero).1.shares, [0.0, 0.0]);
    }

    #[test]
    fn a_gradient_that_is_not_finite_is_left_as_it_is() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut grads = gradient::<f32>(1.0);
            grads.tensor_mut(1)[7] = bad;
            for rule in [Clip::None, Clip::Norm(1.0), Clip::TensorNorm(1.0), Clip::Value(0.1)] {
                let (same, report) = clipped(rule, &grads);
                assert!(
                    same.flat().iter().zip(grads.flat()).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{rule}"
                );
                assert!(!report.acted && report.coefficient == 1.0 && !report.global_norm_before.is_finite());
                assert_eq!(report.shares[0], 0.0);
                assert!(report.shares[1].is_nan());
            }
        }
    }

    #[test]
    fn values_are_clamped() {
        let grads = gradient::<f32>(1.0);
        let (out, report) = clipped(Clip::Value(0.5), &grads);
        for (a, b) in out.flat().iter().zip(grads.flat()) {
            assert_eq!(*a, b.clamp(-0.5, 0.5));
        }
        let after = dot(out.flat(), out.flat()).sqrt();
        assert!(report.acted && (report.global_norm_after / after - 1.0).abs() < 1e-14);
        assert!((report.coefficient - after / report.global_norm_before).abs() < 1e-14);
    }

    #[test]
    fn a_tensor_norm_leaves_small_tensors_alone() {
        // The norms are about 99 and 18.
        let grads = gradient::<f32>(1.0);
        let (out, report) = clipped(Clip::TensorNorm(30.0), &grads);
        assert_eq!(out.tensor(1), grads.tensor(1));
        assert!((dot(out.tensor(0), out.tensor(0)).sqrt() / 30.0 - 1.0).abs() <= 1.2e-7);
        assert!((report.global_norm_after / dot(out.flat(), out.flat()).sqrt() - 1.0).abs() <= 1.2e-7);
    }

    #[test]
    fn threads_and_instruction_sets_change_no_bit() {
        for rule in [Clip::Norm(0.7), Clip::Value(0.5), Clip::TensorNorm(10.0)] {
            let (expected, _) = clipped(rule, &gradient::<f32>(1.0));
            for isa in [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable]
                .into_iter()
                .filter(|l| l.checked().is_ok())
            {
                for threads in [1, 3] {
                    let (mut grads, mut report) = (gradient::<f32>(1.0), ClipReport::default());
                    rule.apply(&Context::new(isa, threads), &mut grads, &mut report);
                    assert_eq!(grads.flat(), expected.flat(), "{rule} on {isa} with {threads} threads");
                }
            }
        }
    }

    #[test]
    fn rules_round_trip_as_text() {
        for rule in [Clip::None, Clip::Norm(0.1 + 0.2), Clip::Value(5.0), Clip::TensorNorm(1e-9)] {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        for (text, error) in [
            ("norm:0", "the clipping norm must be finite and above 0, not 0"),
            ("norm:-1", "the clipping norm must be finite and above 0, not -1"),
            ("norm:nan", "the clipping norm must be finite and above 0, not NaN"),
            ("value:inf", "the clipping value must be finite and above 0, not inf"),
            ("norm", "\"norm\" lacks the clipping norm: write norm:C"),
            ("none:1", "\"none:1\" has too many numbers: write none"),
            (
                "nrom:1",
                "there is no clipping rule \"nrom:1\": did you mean norm:C? choose none, norm:C, value:V or tensor_norm:C",
            ),
        ] {
            assert_eq!(text.parse::<Clip>().map_err(|e| e.to_string()), Err(error.to_string()));
        }
    }
}
