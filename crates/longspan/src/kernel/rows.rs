//! Sums over the rows of a matrix.

use super::Context;
use super::Shared;
use crate::matrix::Mat;
use crate::real::Real;

/// `out[j] += Σ_i a[i, j]`, i ascending: a bias gradient.
///
/// # Panics
/// If `out` is not as long as a row.
pub fn add_column_sums<R: Real>(ctx: &Context<R>, a: Mat<'_, R>, out: &mut [R]) {
    weighted_column_sums(ctx, a, None, out);
}

/// `out[j] += Σ_i a[i, j] · b[i, j]`, i ascending: the gradient of an elementwise weight.
///
/// # Panics
/// If the shapes differ.
pub fn add_column_dots<R: Real>(ctx: &Context<R>, a: Mat<'_, R>, b: Mat<'_, R>, out: &mut [R]) {
    assert_eq!((a.rows(), a.cols()), (b.rows(), b.cols()), "shapes of the factors");
    weighted_column_sums(ctx, a, Some(b), out);
}

fn weighted_column_sums<R: Real>(ctx: &Context<R>, a: Mat<'_, R>, b: Option<Mat<'_, R>>, out: &mut [R]) {
    assert_eq!(out.len(), a.cols(), "length of the sums");
    let total = Shared(out.as_mut_ptr());
    ctx.split(a.cols(), |_, first, end| {
        // SAFETY: columns first..end belong to this worker alone.
        let out = unsafe { std::slice::from_raw_parts_mut(total.get().add(first), end - first) };
        for i in 0..a.rows() {
            let row = &a.row(i)[first..end];
            match b {
                None => out.iter_mut().zip(row).for_each(|(o, &x)| *o += x),
                Some(b) => {
                    out.iter_mut().zip(row).zip(&b.row(i)[first..end]).for_each(|((o, &x), &y)| *o += x * y);
                }
            }
        }
    });
}

/// Calls `each(i, row)` for every row of a dense `[rows, cols]` matrix, rows cut over the threads, and stores what it
/// returns in `results[i]`.
///
/// # Panics
/// If `data` or `results` is too short.
pub fn for_each_row<R: Real>(
    ctx: &Context<R>,
    data: &mut [R],
    cols: usize,
    results: &mut [f64],
    each: impl Fn(usize, &mut [R]) -> f64 + Sync,
) {
    let rows = results.len();
    assert!(data.len() >= rows * cols, "{rows} rows of {cols} in {} elements", data.len());
    let (data, results) = (Shared(data.as_mut_ptr()), Shared(results.as_mut_ptr()));
    ctx.split(rows, |_, first, end| {
        for i in first..end {
            // SAFETY: row i and result i belong to this worker alone, and both lie inside their slices.
            unsafe {
                let row = std::slice::from_raw_parts_mut(data.get().add(i * cols), cols);
                *results.get().add(i) = each(i, row);
            }
        }
    });
}
