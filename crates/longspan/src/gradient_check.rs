//! Compares the derivatives of a cell with central differences: [`gradient_check`] for a cell as a whole,
//! [`deviations`] for one stack of layers.
//!
//! The gradients of a small stack with a smooth loss ([`Problem`]) are computed in f64 and compared tensor by tensor:
//!
//! ```text
//! numeric g_i = (ℒ(w_i + ε) − ℒ(w_i − ε)) / 2ε        deviation = (‖numeric − g‖ − rounding) / max(‖g‖, 1e-3)
//! ```
//!
//! The truncation error ε² is far below the bound of 1e-6. Each of the n differences has a rounding error of 2⁻⁵² |ℒ| / ε,
//! which matters where the gradient is small beside the loss: rounding = √n 2⁻⁵² |ℒ| / ε.

mod problem;
pub mod tangents;

use std::fmt;

use crate::bptt::dropout::{Dropout, Mask};
use crate::cell::CellKind;
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::{Context, InstructionSet};

pub use problem::{Case, Gradient, Options, Problem};

/// Step of the central differences, and a step too short to reach a kink.
const EPSILON: [f64; 2] = [1e-5, 1e-5 / 64.0];
/// Largest deviation of a right gradient.
const TOLERANCE: f64 = 1e-6;
/// Step length and bound of the deviation of tangents. The second pair is for functions with a kink, which are smooth up
/// to it. A norm is strongly curved near its mean, so its differences have larger errors.
const TANGENTS: [(f64, f64); 2] = [(1e-3, 1e-7), (1e-7, 1e-6)];

/// The difference of a derivative from central differences.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// The sizes of the stack.
    pub case: Case,
    /// Its options.
    pub options: Options,
    /// The tensor whose gradient was compared; "tangents" for the Jacobian of the state.
    pub tensor: String,
    /// The deviation, see the [module](self).
    pub relative: f64,
    /// The largest deviation of a right derivative.
    pub bound: f64,
}

impl Deviation {
    /// Whether it is above its bound, or not a number.
    pub fn is_wrong(&self) -> bool {
        self.relative.is_nan() || self.relative >= self.bound
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, options, tensor, relative, bound } = self;
        write!(f, "{tensor} of {case:?}, {options:?} deviates by {relative:.1e} (bound {bound:.0e})")
    }
}

/// Derivatives of a cell that central differences contradict.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{wrong} of {compared} derivatives are wrong; the first: {first}")]
pub struct WrongGradient {
    /// Number of wrong derivatives.
    pub wrong: usize,
    /// Number of derivatives that were compared.
    pub compared: usize,
    /// The first one.
    pub first: Box<Deviation>,
}

/// Compares all derivatives of a cell with central differences, and returns how many were compared.
///
/// Stacks of 1 and 2 layers run over rows of equal and different lengths, in chunks of 1, 3 and all steps, also with residual
/// connections, normalisation, dropout, both directions and a learned initial state. The gradients of every tensor, of the
/// input and of the initial state are compared, and the tangents of the state, which the probes multiply.
///
/// # Errors
/// [`WrongGradient`] if a derivative deviates.
///
/// # Panics
/// If the cell uses a slot that it does not have.
///
/// # Examples
/// ```
/// use longspan::gradient_check::gradient_check;
/// use longspan::prelude::*;
///
/// assert!(gradient_check(CellKind::Rnn)? > 30);
/// # Ok::<(), longspan::gradient_check::WrongGradient>(())
/// ```
pub fn gradient_check(cell: CellKind) -> Result<usize, WrongGradient> {
    let isa = InstructionSet::detect();
    let mut found = Vec::new();
    let mut ragged = PackedShape::default();
    ragged.set_lengths(&[5, 3, 3, 1]);
    let dropout = Dropout::new(0.3, 5, 2, 7).map(|dropout| dropout.of(Mask::Step));
    let plain = Options::default();
    let between = Options { residual: true, norm: true, ..plain };
    let all = Options { bidirectional: true, learned_state: true, dropout, ..between };
    let even = PackedShape::even(ragged.steps(), ragged.rows());
    for (layers, hidden, chunk, options, shape) in [
        (1, 4, 1, plain, &ragged),
        (1, 9, 16, plain, &even),
        (2, 4, 3, between, &even),
        (2, 3, 3, all, &ragged),
    ] {
        let (steps, rows) = (shape.steps(), shape.rows());
        let case = Case { kind: cell, layers, input: 3, hidden, steps, rows, chunk };
        found.extend(deviations(isa, &mut Problem::with(isa, case, options, shape.clone(), 11)));
        if !options.bidirectional {
            found.push(tangents_of(isa, case, options));
        }
    }
    let (compared, mut wrong) = (found.len(), found.into_iter().filter(Deviation::is_wrong));
    match wrong.next() {
        None => Ok(compared),
        Some(first) => Err(WrongGradient { first: Box::new(first), wrong: 1 + wrong.count(), compared }),
    }
}

/// Compares the tangents of a stack. A step length that reaches a kink spoils the difference, not the tangent, so a second
/// one is tried.
fn tangents_of(isa: InstructionSet, case: Case, options: Options) -> Deviation {
    let with = |(epsilon, bound)| {
        let problem = &mut Problem::with(isa, case, options, PackedShape::even(case.steps, case.rows), 21);
        let relative = tangents::deviation(problem, 2, epsilon);
        Deviation { case, options, tensor: "tangents".into(), relative, bound }
    };
    let first = with(TANGENTS[0]);
    if first.is_wrong() { with(TANGENTS[1]) } else { first }
}

/// Compares the gradients of every tensor, of the input and of the initial state.
pub fn deviations(isa: InstructionSet, problem: &mut Problem<f64>) -> Vec<Deviation> {
    let ctx = Context::new(isa, 1);
    let gradient = problem.gradient(&ctx);
    let mut found = Vec::new();
    for (index, entry) in problem.params.layout().clone().entries().iter().enumerate() {
        let analytic = gradient.params.tensor(index);
        found.push(compare(&entry.name, problem, &ctx, analytic, |p| p.params.tensor_mut(index)));
    }
    found.push(compare("x", problem, &ctx, &gradient.x, |p| &mut p.x));
    // A learned state replaces the one that is carried in.
    let states = if problem.options.learned_state { 0 } else { problem.stack.states() };
    for layer in 0..states {
        let name = format!("initial state of layer {layer}");
        found.push(compare(&name, problem, &ctx, gradient.state.layer(layer), |p| p.state.layer_mut(layer)));
    }
    found
}

/// Compares the gradient of one tensor; `tensor` returns its numbers.
fn compare(
    name: &str,
    problem: &mut Problem<f64>,
    ctx: &Context<f64>,
    analytic: &[f64],
    tensor: impl Fn(&mut Problem<f64>) -> &mut [f64],
) -> Deviation {
    let (case, options) = (problem.case, problem.options);
    let mut with = |epsilon| Deviation {
        case,
        options,
        tensor: name.into(),
        relative: error(problem, ctx, analytic, epsilon, &tensor),
        bound: TOLERANCE,
    };
    let first = with(EPSILON[0]);
    if !first.is_wrong() {
        return first;
    }
    let second = with(EPSILON[1]);
    if second.is_wrong() { first } else { second }
}

/// Returns the deviation of one tensor, see the [module](self).
fn error(
    problem: &mut Problem<f64>,
    ctx: &Context<f64>,
    analytic: &[f64],
    epsilon: f64,
    tensor: &impl Fn(&mut Problem<f64>) -> &mut [f64],
) -> f64 {
    let (mut error, mut size) = (0.0, 0.0);
    for (i, &exact) in analytic.iter().enumerate() {
        let before = tensor(problem)[i];
        tensor(problem)[i] = before + epsilon;
        let above = problem.loss(ctx);
        tensor(problem)[i] = before - epsilon;
        let below = problem.loss(ctx);
        tensor(problem)[i] = before;
        let numeric = (above - below) / (2.0 * epsilon);
        error += (numeric - exact).powi(2);
        size += exact * exact;
    }
    let rounding = (analytic.len() as f64).sqrt() * f64::EPSILON * problem.loss(ctx).abs() / epsilon;
    // A tensor with a zero gradient (a relu that is never positive) is compared absolutely.
    let size = size.sqrt().max(1e-3);
    // Not `max`, which would take 0 for NaN.
    if error.sqrt() <= rounding { 0.0 } else { (error.sqrt() - rounding) / size }
}
