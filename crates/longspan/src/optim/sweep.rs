//! One pass over weights, gradients and moments. It also sets the gradients to zero, which would otherwise be
//! another pass.

use crate::cell::Real;
use crate::params::Entry;
use longspan_kernel::elementwise::for_each_part;
use longspan_kernel::{Context, Isa, Job};

/// A rule for one element with M moments.
pub(super) trait Element<R, const M: usize>: Sync {
    /// Returns the weight and the moments after the step. Must be `#[inline(always)]`.
    fn update(&self, weight: R, grad: R, moments: [R; M]) -> (R, [R; M]);
}

/// Weight decay, on tensors that have it.
#[derive(Clone, Copy)]
pub(super) enum Decay<R> {
    /// None.
    None,
    /// g ← g + λ w.
    Gradient(R),
    /// w ← k w.
    Weight(R),
}

/// Applies a rule to the elements from index `first` on, in parallel, and sets the gradients to zero. Gaps
/// between tensors are not changed.
pub(super) fn sweep<R: Real, E: Element<R, M>, const M: usize>(
    ctx: &Context<R>,
    (rule, decay): (&E, Decay<R>),
    entries: &[Entry],
    first: usize,
    weights: &mut [R],
    grads: &mut [R],
    moments: [&mut [R]; M],
) {
    for_each_part(ctx, [weights, grads], moments, |at, [weights, grads], moments| {
        let at = first + at;
        ctx.instruction_set().dispatch(Part { rule, decay, entries, at, weights, moments, grads });
    });
}

/// The part of the flat buffers that begins at `at`.
struct Part<'a, R, E, const M: usize> {
    rule: &'a E,
    decay: Decay<R>,
    entries: &'a [Entry],
    at: usize,
    weights: &'a mut [R],
    moments: [&'a mut [R]; M],
    grads: &'a mut [R],
}

impl<R: Real, E: Element<R, M>, const M: usize> Job for Part<'_, R, E, M> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { rule, decay, entries, at, weights, mut moments, grads } = self;
        for entry in entries {
            let whole = entry.range();
            let (from, to) = (whole.start.max(at), whole.end.min(at + weights.len()));
            if from >= to {
                continue;
            }
            let position = from - at..to - at;
            let weights = &mut weights[position.clone()];
            let moments = moments.each_mut().map(|m| &mut m[position.clone()]);
            let grads = &mut grads[position];
            match decay {
                Decay::Gradient(l) if entry.decays => {
                    each(rule, weights, moments, grads, |w, g| (w, g + w * l))
                }
                Decay::Weight(k) if entry.decays => each(rule, weights, moments, grads, |w, g| (w * k, g)),
                _ => each(rule, weights, moments, grads, |w, g| (w, g)),
            }
        }
    }
}

#[inline(always)]
fn each<R: Real, const M: usize>(
    rule: &impl Element<R, M>,
    weights: &mut [R],
    moments: [&mut [R]; M],
    grads: &mut [R],
    decay: impl Fn(R, R) -> (R, R),
) {
    for (i, (weight, grad)) in weights.iter_mut().zip(grads).enumerate() {
        let (w, g) = decay(*weight, *grad);
        let (w, next) = rule.update(w, g, std::array::from_fn(|k| moments[k][i]));
        (*weight, *grad) = (w, R::ZERO);
        for k in 0..M {
            moments[k][i] = next[k];
        }
    }
}
