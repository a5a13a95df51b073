//! All measurements of a set of weights on a source, one after the other.
//!
//! Trajectories are rows of the source's first windows, with the inputs of these rows. Windows with a carried
//! state form one trajectory; other windows are one trajectory each.

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

/// Steps of a trajectory between two checks for cancellation.
const PIECE: usize = 64;
/// Smallest number of steps of a trajectory.
const LEAST_STEPS: usize = 8;
/// The largest dimension of the joint state for which Jacobians are multiplied as matrices.
pub const WIDEST: usize = 512;
/// The longest product of Jacobians.
const LONGEST: usize = 64;
/// The largest number of rows with products, and the memory limit of their Jacobians.
const PRODUCT_ROWS: usize = 4;
const PRODUCT_BYTES: usize = 128 << 20;
/// Largest number of lags of a stored profile.
const LAGS: usize = 200;

/// What to measure, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeOptions {
    /// Options of the lag profile and related measurements.
    pub reach: CreditOptions,
    /// Number of leading exponents of each layer; None for all, 0 for none.
    pub exponents: Option<usize>,
    /// Steps from one orthonormalisation of the directions to the next. 2 takes two thirds of the time of 1
    /// and loses digits of exponents far below the largest.
    pub steps_per_qr: usize,
    /// Largest number of trajectories.
    pub trajectories: usize,
    /// Largest number of steps of a trajectory.
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
    /// Returns options that are cheap enough for the end of a run: few sequences, few exponents, no repeated
    /// measurements.
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

/// Measures weights on a source, in the number type of the weights. For quantities that do not apply to the
/// model the result gives the reason.
///
/// # Errors
/// [`Cancelled`] if `watch` says so.
///
/// # Panics
/// If the weights belong to another model.
///
/// # Examples
/// ```
#[doc = include_str!("../../examples/probe.rs")]
/// ```
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

/// Follows trajectories: measures exponents, and products at their ends.
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
    let spectrum = match &mut lyapunov {
        Some(lyapunov) => watch.within_limit(|watch| {
            for (done, piece) in pieces.iter().enumerate() {
                watch.step(Stage::Exponents, done, pieces.len())?;
                let pass = &mut Pass::new(ctx, params).observed_by(lyapunov);
                model.forward(pass, piece, Keep::Outputs, &mut state);
            }
            Ok(Measured::Known(lyapunov.spectrum()))
        })?,
        None => Measured::Unknown(Reason::NotAsked),
    };
    let products = match options.products {
        true => watch.within_limit(|watch| products(ctx, &mut model, params, &pieces, watch))?,
        false => Measured::Unknown(Reason::NotAsked),
    };
    Ok((spectrum, products))
}

/// Computes products of the Jacobians of the last steps of a few trajectories.
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
        // Only the Jacobians of the last pieces are kept; earlier pieces are run for their states only.
        let observer: &mut dyn Observer<R> = if left < LONGEST { &mut jacobians } else { &mut () };
        model.forward(&mut Pass::new(ctx, params).observed_by(observer), &some, Keep::Outputs, &mut state);
    }
    let wide = Context::new(ctx.instruction_set(), ctx.threads());
    Ok(Measured::Known(jacobians.products(&wide, &lags)))
}

/// Returns trajectories of equal length in pieces, the first of which starts from the initial state.
fn trajectories(source: &dyn Source, options: &ProbeOptions) -> Vec<Batch> {
    let (mut pieces, mut batch, mut left) = (Vec::new(), Batch::default(), options.trajectory_steps);
    let mut rows = options.trajectories.max(1);
    for window in 0..source.windows() {
        source.fill(0, window, &mut batch);
        // A window that does not carry the state over, or has fewer rows, belongs to another trajectory.
        if left == 0 || batch.rows() == 0 || window > 0 && (!batch.carry || batch.rows() < rows) {
            break;
        }
        rows = rows.min(batch.rows());
        let steps = batch.shape.length(rows - 1).min(left);
        left -= steps;
        let whole = of_rows(&batch, rows, steps);
        for first in (0..steps).step_by(PIECE) {
            let mut piece = slice(&whole, first, PIECE.min(steps - first));
            piece.carry = window > 0 || first > 0;
            pieces.push(piece);
        }
    }
    pieces
}

/// Returns the inputs of the first steps of the first rows.
fn of_rows(batch: &Batch, rows: usize, steps: usize) -> Batch {
    let mut some = Batch { carry: batch.carry, ..Batch::default() };
    let width = batch.numbers.len() / batch.shape.positions().max(1);
    some.shape.set_even(steps, rows);
    for position in (0..steps).flat_map(|t| (0..rows).map(move |row| batch.shape.offset(t) + row)) {
        some.inputs.extend(batch.inputs.get(position));
        some.numbers.extend(&batch.numbers[position * width..(position + 1) * width]);
    }
    some.targets.resize(steps * rows, IGNORE);
    some
}

/// Returns some steps of rows of equal length.
fn slice(batch: &Batch, first: usize, steps: usize) -> Batch {
    let (rows, width) = (batch.rows(), batch.numbers.len() / batch.shape.positions());
    let positions = first * rows..(first + steps) * rows;
    let mut slice = Batch::default();
    slice.shape.set_even(steps, rows);
    slice.inputs.extend(batch.inputs.get(positions.clone()).unwrap_or_default());
    slice.numbers.extend(&batch.numbers[positions.start * width..positions.end * width]);
    slice.targets.resize(steps * rows, IGNORE);
    slice
}
