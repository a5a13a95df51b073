//! All measurements of some weights on a source, one after the other.
//!
//! Trajectories are rows of the source's first windows, driven by what they read: windows whose state is carried are one trajectory
//! in pieces, others are as long as they are.

use super::credit::{Cancelled, Stage, Watch, measure, no_chain};
use super::jacobian::DenseJacobians;
use super::lyapunov::Lyapunov;
use crate::batch::{Batch, IGNORE, Source};
use crate::bptt::{Keep, Observer, Pass, State};
use crate::cell::Real;
use crate::model::{Model, ModelSpec};
use crate::params::Params;
use longspan_kernel::Context;
use longspan_record::credit::{CreditOptions, Measured, Reason};
use longspan_record::jacobian::JacobianProduct;
use longspan_record::spectrum::{LyapunovOptions, LyapunovSpectrum};
use longspan_record::{Beside, ProbeRecord};

/// Steps of a trajectory between two looks at whether to go on.
const PIECE: usize = 64;
/// Steps that a trajectory needs.
const LEAST_STEPS: usize = 8;
/// The largest Jacobian that is made as a matrix, and the longest product of them.
const WIDEST: usize = 512;
const LONGEST: usize = 64;
/// Rows whose products are taken, at most, and what their Jacobians may take.
const PRODUCT_ROWS: usize = 4;
const PRODUCT_BYTES: usize = 128 << 20;
/// Lags of a profile that are kept.
const LAGS: usize = 200;

/// What is measured, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeOptions {
    /// How far the gradient reaches.
    pub reach: CreditOptions,
    /// Leading exponents of each layer; None for all, 0 for none.
    pub exponents: Option<usize>,
    /// Steps from one orthonormalisation of the directions to the next: 2 take two thirds of the time, and cost digits of exponents
    /// far below the largest.
    pub steps_per_qr: usize,
    /// Trajectories, at most.
    pub trajectories: usize,
    /// Steps of a trajectory, at most.
    pub trajectory_steps: usize,
    /// Whether products of Jacobians are measured.
    pub products: bool,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self {
            reach: CreditOptions::default(),
            exponents: Some(8),
            steps_per_qr: 1,
            trajectories: 8,
            trajectory_steps: 1000,
            products: true,
        }
    }
}

impl ProbeOptions {
    /// What a run can bear at its end: some sequences, a few exponents, nothing that is run several times.
    pub fn light() -> Self {
        let reach = CreditOptions {
            sequences: 16,
            resamples: 200,
            truncations: Vec::new(),
            sensitivity_sequences: 0,
            used: false,
            ..CreditOptions::default()
        };
        Self {
            reach,
            exponents: Some(2),
            trajectories: 4,
            trajectory_steps: 200,
            products: false,
            ..Self::default()
        }
    }
}

/// Measures weights on a source, in the numbers that they are given in. What does not apply to the model says why.
///
/// # Errors
/// [`Cancelled`] if `watch` says so.
///
/// # Panics
/// If the weights are not of this model.
pub fn examine<R: Real>(
    ctx: &Context<R>,
    spec: &ModelSpec,
    params: &Params<R>,
    source: &dyn Source,
    options: &ProbeOptions,
    watch: &mut Watch<'_>,
) -> Result<ProbeRecord, Cancelled> {
    let finite = params.flat().iter().all(|w| w.is_finite());
    let spoiled = (!finite).then_some(Reason::NotANumber);
    let reach = match spoiled {
        Some(reason) => Measured::Unknown(reason),
        None => {
            let mut report = measure(ctx, spec, params, source, &options.reach, watch)?;
            if let Measured::Known(lag) = &mut report.lag {
                lag.thin(LAGS);
            }
            Measured::Known(report)
        }
    };
    let (spectrum, products) = match spoiled.or(no_chain(spec)) {
        Some(reason) => (Measured::Unknown(reason), Measured::Unknown(reason)),
        None => follow(ctx, spec, params, source, options, watch)?,
    };
    Ok(ProbeRecord {
        format: ProbeRecord::FORMAT,
        number_type: R::NAME.into(),
        step: 0,
        light: false,
        data: String::new(),
        beside: Beside::default(),
        reach,
        spectrum,
        products,
    })
}

type Followed = (Measured<LyapunovSpectrum>, Measured<Vec<JacobianProduct>>);

/// What follows trajectories: exponents, and products at their ends.
fn follow<R: Real>(
    ctx: &Context<R>,
    spec: &ModelSpec,
    params: &Params<R>,
    source: &dyn Source,
    options: &ProbeOptions,
    watch: &mut Watch<'_>,
) -> Result<Followed, Cancelled> {
    let pieces = trajectories(source, options);
    let steps: usize = pieces.iter().map(Batch::steps).sum();
    let short = Reason::ShortTrajectories { found_steps: steps, needed_steps: LEAST_STEPS };
    if steps < LEAST_STEPS || source.windows() == 0 {
        return Ok((Measured::Unknown(short), Measured::Unknown(short)));
    }
    let mut model = Model::<R>::new(ctx.instruction_set(), spec);
    model.pack(ctx, params);
    let rows = pieces[0].rows();
    let warmup_steps = LyapunovOptions::default().warmup_steps.min(steps / 4);
    let mut state = model.zero_state(rows);
    let lyapunov_options = LyapunovOptions {
        exponents: options.exponents,
        warmup_steps,
        steps_per_qr: options.steps_per_qr,
        seed: options.reach.seed,
    };
    let mut lyapunov =
        (options.exponents != Some(0)).then(|| Lyapunov::new(ctx, &state, rows, lyapunov_options));
    for (done, piece) in pieces.iter().enumerate() {
        watch.step(Stage::Exponents, done, pieces.len())?;
        let Some(lyapunov) = &mut lyapunov else { break };
        let pass = &mut Pass::new(ctx, params).observed_by(lyapunov);
        model.forward(pass, piece, Keep::Outputs, &mut state);
    }
    let spectrum = match lyapunov {
        Some(lyapunov) => Measured::Known(lyapunov.spectrum()),
        None => Measured::Unknown(Reason::NotAsked),
    };
    let products = match options.products {
        true => products(ctx, &mut model, params, &pieces, watch)?,
        false => Measured::Unknown(Reason::NotAsked),
    };
    Ok((spectrum, products))
}

/// Products of the Jacobians of the last steps of a few trajectories.
fn products<R: Real>(
    ctx: &Context<R>,
    model: &mut Model<R>,
    params: &Params<R>,
    pieces: &[Batch],
    watch: &mut Watch<'_>,
) -> Result<Measured<Vec<JacobianProduct>>, Cancelled> {
    let one: State<R> = model.zero_state(1);
    let width: usize = (0..one.layers()).map(|layer| one.layer(layer).len()).sum();
    if width > WIDEST {
        return Ok(Measured::Unknown(Reason::TooWide { state_dimensions: width, most_dimensions: WIDEST }));
    }
    let steps: usize = pieces.iter().map(Batch::steps).sum();
    let lags: Vec<usize> = (0..).map(|i| 1 << i).take_while(|&lag| lag <= LONGEST.min(steps)).collect();
    let fit = PRODUCT_BYTES / (LONGEST * width * width * size_of::<f64>());
    let rows = pieces[0].rows().min(PRODUCT_ROWS).min(fit.max(1));
    let mut state = model.zero_state(rows);
    let mut jacobians = DenseJacobians::new(&state, rows, lags.last().copied().unwrap_or(1));
    let mut left = steps;
    for (done, piece) in pieces.iter().enumerate() {
        watch.step(Stage::Products, done, pieces.len())?;
        let some = of_rows(piece, rows, piece.steps());
        left -= piece.steps();
        // Only what the last pieces leave is kept: those before are run for their states.
        let observer: &mut dyn Observer<R> = if left < LONGEST { &mut jacobians } else { &mut () };
        model.forward(&mut Pass::new(ctx, params).observed_by(observer), &some, Keep::Outputs, &mut state);
    }
    let wide = Context::new(ctx.instruction_set(), ctx.threads());
    Ok(Measured::Known(jacobians.products(&wide, &lags)))
}

/// Trajectories in pieces, the first of which begins anew, all of one length.
fn trajectories(source: &dyn Source, options: &ProbeOptions) -> Vec<Batch> {
    let (mut pieces, mut batch, mut left) = (Vec::new(), Batch::default(), options.trajectory_steps);
    let mut rows = options.trajectories.max(1);
    for window in 0..source.windows() {
        source.fill(0, window, &mut batch);
        // A window that begins anew, or has not all of the rows, is another trajectory.
        if left == 0 || batch.rows() == 0 || window > 0 && (!batch.carry || batch.rows() < rows) {
            break;
        }
        rows = rows.min(batch.rows());
        let steps = batch.extent.length(rows - 1).min(left);
        left -= steps;
        let whole = of_rows(&batch, rows, steps);
        for first in (0..steps).step_by(PIECE) {
            let mut piece = cut(&whole, first, PIECE.min(steps - first));
            piece.carry = window > 0 || first > 0;
            pieces.push(piece);
        }
    }
    pieces
}

/// The first steps of the first rows: what they read.
fn of_rows(batch: &Batch, rows: usize, steps: usize) -> Batch {
    let mut some = Batch { carry: batch.carry, ..Batch::default() };
    let width = batch.numbers.len() / batch.extent.positions().max(1);
    some.extent.set_even(steps, rows);
    for position in (0..steps).flat_map(|t| (0..rows).map(move |row| batch.extent.offset(t) + row)) {
        some.inputs.extend(batch.inputs.get(position));
        some.numbers.extend(&batch.numbers[position * width..(position + 1) * width]);
    }
    some.targets.resize(steps * rows, IGNORE);
    some
}

/// Some steps of rows of one length.
fn cut(batch: &Batch, first: usize, steps: usize) -> Batch {
    let (rows, width) = (batch.rows(), batch.numbers.len() / batch.extent.positions());
    let positions = first * rows..(first + steps) * rows;
    let mut cut = Batch::default();
    cut.extent.set_even(steps, rows);
    cut.inputs.extend(batch.inputs.get(positions.clone()).unwrap_or_default());
    cut.numbers.extend(&batch.numbers[positions.start * width..positions.end * width]);
    cut.targets.resize(steps * rows, IGNORE);
    cut
}
