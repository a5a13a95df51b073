//! The largest and smallest stretch of a change of the state over τ steps: the extreme singular values of
//!
//! ```text
//! P(τ) = J_t J_{t−1} ⋯ J_{t−τ+1}        σ_max = ‖P(τ)‖,  1/σ_min = ‖P(τ)⁻¹‖,  condition number σ_max/σ_min
//! ```
//!
//! Here J_t is the Jacobian of the joint state of all layers, and t is the last step of a window. A gradient
//! with respect to s_t that goes back τ steps changes its length by a factor between σ_min and σ_max. The
//! products and their inverses are stored with a power of two as a scale, so that nothing overflows or
//! underflows. σ_min comes from the inverses: in the product itself it is lost in rounding when the condition
//! number exceeds 1e16. It is 0 if a Jacobian is singular.
//!
//! # References
//! Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013. Vogt et
//! al. 2020.

use super::dense::{Lu, largest_singular_value};
use super::tangent::StackTangents;
use crate::bptt::layer::Layer;
use crate::bptt::{ForwardChunk, Keep, Observer, Pass, Recurrence, State, Window};
use crate::cell::Real;
use crate::params::Params;
use longspan_kernel::gemm::{Start, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::{Context, Packed, Weights};
use longspan_record::jacobian::JacobianProduct;

/// The Jacobians of the joint state at the last steps of a trajectory, as matrices.
pub struct DenseJacobians {
    width: usize,
    rows: usize,
    /// Row-major `[rows][n, n]` for each step, earlier steps first.
    steps: Vec<Vec<f64>>,
    keep: usize,
}

impl DenseJacobians {
    /// Builds the observer for `rows` trajectories from a state like `state`; the last `keep` of all steps
    /// are kept: rows · keep · n² numbers for a joint state of n.
    pub fn new<R: Real>(state: &State<R>, rows: usize, keep: usize) -> Self {
        let width = (0..state.layers()).map(|l| state.layer(l).len() / rows).sum();
        Self { width, rows, steps: Vec::new(), keep }
    }

    /// n, the size of the joint state of one row; the layers' states one after the other, h before c.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of steps that are kept.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no step was observed.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns J of a kept step and a row, row-major `[n, n]`: element (i, j) is the derivative of element i
    /// of s_t with respect to element j of s_{t−1}.
    pub fn matrix(&self, step: usize, row: usize) -> &[f64] {
        &self.steps[step][row * self.width * self.width..][..self.width * self.width]
    }

    /// Returns ln |det J| of a kept step and a row.
    pub fn ln_abs_det(&self, step: usize, row: usize) -> f64 {
        Lu::new(self.matrix(step, row).to_vec(), self.width).ln_abs_det()
    }

    /// Returns P(τ) that ends at the last step, for each of `lags`, in ascending order.
    ///
    /// # Panics
    /// If a lag is 0 or larger than the number of kept steps.
    pub fn products(&self, ctx: &Context<f64>, lags: &[usize]) -> Vec<JacobianProduct> {
        let mut lags = lags.to_vec();
        lags.sort_unstable();
        lags.dedup();
        let (least, most) = (lags.first().copied().unwrap_or(1), lags.last().copied().unwrap_or(0));
        assert!(
            least > 0 && most <= self.len(),
            "lags {least} to {most} do not fit {} kept steps",
            self.len()
        );
        let mut products: Vec<JacobianProduct> = lags
            .iter()
            .map(|&lag_steps| JacobianProduct {
                lag_steps,
                ln_largest_singular_values: Vec::new(),
                ln_smallest_singular_values: Vec::new(),
                ln_condition_numbers: Vec::new(),
            })
            .collect();
        for row in 0..self.rows {
            let mut extremes = self.extremes(ctx, row, &lags).into_iter();
            for product in &mut products {
                let (largest, smallest) = extremes.next().unwrap_or((f64::NAN, f64::NAN));
                product.ln_largest_singular_values.push(largest);
                product.ln_smallest_singular_values.push(smallest);
                // A product that is zero stretches no direction more than another.
                let condition =
                    if smallest == f64::NEG_INFINITY { f64::INFINITY } else { largest - smallest };
                product.ln_condition_numbers.push(condition);
            }
        }
        products
    }

    /// Returns (ln σ_max, ln σ_min) of one row at each of the ascending lags.
    fn extremes(&self, ctx: &Context<f64>, row: usize, lags: &[usize]) -> Vec<(f64, f64)> {
        let n = self.width;
        let mut forward = Scaled::identity(n);
        let mut inverse = Some(Scaled::identity(n));
        let mut packed = Packed::new(ctx.instruction_set(), n, 1, n);
        let mut found = Vec::new();
        for lag in 1..=lags.last().copied().unwrap_or(0) {
            let matrix = self.matrix(self.len() - lag, row);
            packed.pack(ctx, Weights::Plain(Mat::new(matrix, n, n)));
            let mut next = vec![0.0; n * n];
            let left = Mat::new(&forward.matrix, n, n);
            product(ctx, left, &packed, Start::Zero, MatMut::new(&mut next, n, n));
            forward.replace(next);
            inverse = inverse.and_then(|mut inverse| {
                let next = Lu::new(matrix.to_vec(), n).solve(&inverse.matrix, n)?;
                inverse.replace(next);
                Some(inverse)
            });
            if lags.contains(&lag) {
                let largest = forward.ln_norm(ctx, n);
                found.push((largest, inverse.as_ref().map_or(f64::NEG_INFINITY, |x| -x.ln_norm(ctx, n))));
            }
        }
        found
    }
}

/// Observes the trajectories chunk by chunk. What was computed as `R` is stored and multiplied in f64,
/// because inverses of ill-conditioned products would consist of rounding errors otherwise.
///
/// # Panics
/// If a row ends inside the chunk, or the stack is bidirectional.
impl<R: Real> Observer<R> for DenseJacobians {
    fn forward_chunk(&mut self, ctx: &Context<R>, chunk: &mut ForwardChunk<'_, R>) {
        let (n, steps) = (self.width, chunk.slice().steps());
        let width: usize = chunk.layers().iter().map(Layer::state_width).sum();
        assert_eq!(width, n, "the states do not form one chain of this size");
        let mut tangents = StackTangents::of_layers(chunk.layers(), self.rows, n);
        tangents.linearise(ctx, chunk);
        for t in steps.saturating_sub(self.keep)..steps {
            let mut first = 0;
            for l in 0..chunk.layers().len() {
                let width = chunk.layers()[l].state_width();
                let layer = tangents.layer_mut(l);
                layer.fill(R::ZERO);
                for of in layer.chunks_exact_mut(n * width) {
                    (0..width).for_each(|i| of[(first + i) * width + i] = R::ONE);
                }
                first += width;
            }
            tangents.step(ctx, chunk, t);
            let mut matrices = vec![0.0; self.rows * n * n];
            let mut first = 0;
            for l in 0..chunk.layers().len() {
                let width = chunk.layers()[l].state_width();
                let columns = tangents.layer(l).chunks_exact(width);
                for (column, values) in columns.enumerate() {
                    let (row, j) = (column / n, column % n);
                    for (i, &x) in values.iter().enumerate() {
                        matrices[(row * n + first + i) * n + j] = x.to_f64();
                    }
                }
                first += width;
            }
            if self.steps.len() == self.keep {
                self.steps.remove(0);
            }
            self.steps.push(matrices);
        }
    }
}

/// A matrix times e^ln_scale.
struct Scaled {
    matrix: Vec<f64>,
    ln_scale: f64,
}

impl Scaled {
    fn identity(n: usize) -> Self {
        let mut matrix = vec![0.0; n * n];
        (0..n).for_each(|i| matrix[i * n + i] = 1.0);
        Self { matrix, ln_scale: 0.0 }
    }

    /// Replaces the matrix by another one with the same scale and brings its largest element near 1 by a
    /// power of two, which is exact.
    fn replace(&mut self, matrix: Vec<f64>) {
        self.matrix = matrix;
        let largest = self.matrix.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        if largest > 0.0 && largest.is_finite() {
            let power = largest.log2().floor();
            let scale = (-power).exp2();
            self.matrix.iter_mut().for_each(|x| *x *= scale);
            self.ln_scale += power * std::f64::consts::LN_2;
        }
    }

    fn ln_norm(&self, ctx: &Context<f64>, n: usize) -> f64 {
        largest_singular_value(ctx.instruction_set(), &self.matrix, n).ln() + self.ln_scale
    }
}

/// Computes P(τ) at the last step of the trajectories of a stack that reads `window`, starting from `state`,
/// which is the state after the window on return. The weights are those last packed.
///
/// # Panics
/// If a length does not fit the window, rows have different lengths, a lag is 0 or larger than the number of
/// steps, or the stack is bidirectional.
pub fn jacobian_products(
    ctx: &Context<f64>,
    stack: &mut Recurrence<f64>,
    params: &Params<f64>,
    window: Window<'_, f64>,
    state: &mut State<f64>,
    lags: &[usize],
) -> Vec<JacobianProduct> {
    let (shape, longest) = (window.shape, lags.iter().copied().max().unwrap_or(0));
    let mut jacobians = DenseJacobians::new(state, shape.rows(), longest);
    let mut y = vec![0.0; shape.positions() * stack.spec().width()];
    let pass = &mut Pass::new(ctx, params).observed_by(&mut jacobians);
    stack.forward(pass, window, Keep::Outputs, state, &mut y);
    jacobians.products(ctx, lags)
}
