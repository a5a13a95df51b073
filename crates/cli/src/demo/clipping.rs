//! The effect of clipping by the global norm on one gradient: it changes the length, not the direction.
//!
//! ```text
//! cosine   ⟨g, clip(g)⟩ / (‖g‖ ‖clip(g)‖)
//! ```

use longspan::batch::Batch;
use longspan::bptt::Pass;
use longspan::optim::clip::{Clip, ClipReport};
use longspan::params::Params;
use longspan::trainer::Trainer;
use longspan_kernel::Context;
use longspan_run::config::Config;
use longspan_run::dataset::Dataset;
use serde::Serialize;

use super::stage::Stopped;

/// The first gradient of a run, clipped at two limits.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Direction {
    /// ‖g‖.
    pub(super) norm_before: f64,
    /// ‖clip(g)‖, computed from the clipped numbers.
    pub(super) norm_after: f64,
    pub(super) cosine: f64,
    /// A limit of 2 ‖g‖.
    pub(super) high_limit: f64,
    /// How many numbers of the gradient this limit changes.
    pub(super) changed_below: usize,
    /// How many numbers the gradient has.
    pub(super) numbers: usize,
}

/// Clips the gradient of the first batch of a run at `limit`, and at twice its own norm.
///
/// # Errors
/// [`Stopped`] if the data cannot be made.
pub(super) fn direction(ctx: &Context<f32>, config: &Config, limit: f64) -> Result<Direction, Stopped> {
    let data = Dataset::open(config, None).map_err(crate::failure::Failure::from)?;
    let context = Context::<f32>::new(ctx.instruction_set(), ctx.threads());
    let trainer = Trainer::new(context, &config.trainer(config.model_spec(&data.schema)));
    let mut model = longspan::model::Model::new(ctx.instruction_set(), trainer.model().spec());
    let (params, mut batch) = (trainer.params(), Batch::default());
    model.pack(ctx, params);
    data.train.fill(0, 0, &mut batch);
    let (mut state, mut grads) = (model.zero_state(batch.rows()), Params::zeros(model.layout().clone()));
    model.train(&mut Pass::new(ctx, params), &batch, &mut state, &mut grads);
    let mut report = ClipReport::default();
    let (mut cut, mut whole) = (grads.clone(), grads.clone());
    Clip::Norm(limit).apply(ctx, &mut cut, &mut report);
    let high_limit = 2.0 * report.global_norm_before;
    Clip::Norm(high_limit).apply(ctx, &mut whole, &mut report);
    let dot = |a: &Params<f32>, b: &Params<f32>| -> f64 {
        a.flat().iter().zip(b.flat()).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let (norm_before, norm_after) = (dot(&grads, &grads).sqrt(), dot(&cut, &cut).sqrt());
    let changed = grads.flat().iter().zip(whole.flat()).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
    Ok(Direction {
        norm_before,
        norm_after,
        cosine: dot(&grads, &cut) / (norm_before * norm_after),
        high_limit,
        changed_below: changed,
        numbers: grads.layout().parameters(),
    })
}
