//! Operations on the rows of a matrix: sums over them, and copies of some of them.

use super::{Context, Shared, Vector};
use crate::isa::Job;
use crate::matrix::{Mat, MatMut};
use crate::simd::{Isa, Real};

/// Computes `out[j] += Σ_i a[i, j]`, i ascending: a bias gradient.
///
/// # Panics
/// If `out` is not as long as a row.
pub fn add_column_sums<R: Real>(ctx: &Context<R>, a: Mat<'_, R>, out: &mut [R]) {
    weighted_column_sums(ctx, a, None, out);
}

/// Computes `out[j] += Σ_i a[i, j] · b[i, j]`, i ascending: the gradient of an elementwise weight.
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
        // SAFETY: `out` has a.cols() numbers, as asserted above; `split` gives first..end of them to this
        // worker alone.
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

/// Calls `each(i, row)` for every row of a dense `[rows, cols]` matrix, with rows divided among the threads.
/// An incomplete last row is skipped, and so are all rows if `cols` is 0.
///
/// # Panics
/// If `each` panics.
pub fn for_each_row<R: Real>(
    ctx: &Context<R>,
    data: &mut [R],
    cols: usize,
    each: impl Fn(usize, &mut [R]) + Sync,
) {
    let rows = data.len().checked_div(cols).unwrap_or(0);
    let data = Shared(data.as_mut_ptr());
    ctx.split(rows, |_, first, end| {
        for i in first..end {
            // SAFETY: (i + 1) · cols ≤ rows · cols ≤ len; `split` gives row i to this worker alone.
            each(i, unsafe { std::slice::from_raw_parts_mut(data.get().add(i * cols), cols) });
        }
    });
}

/// Copies `to[i] = table[indices[i]]`, with rows divided among the threads.
///
/// # Panics
/// If the shapes do not fit, or an index is outside of the table.
pub fn gather_rows<R: Real>(ctx: &Context<R>, table: Mat<'_, R>, indices: &[u32], mut to: MatMut<'_, R>) {
    assert_eq!((to.rows(), to.cols()), (indices.len(), table.cols()), "one row for each index");
    check_indices(indices, table.rows());
    let (stride, cols) = (to.stride(), to.cols());
    let to = Shared(to.data().as_mut_ptr());
    ctx.split(indices.len(), |_, first, end| {
        for i in first..end {
            // SAFETY: row i is one of the matrix, as asserted above; `split` gives it to this worker alone.
            let row = unsafe { std::slice::from_raw_parts_mut(to.get().add(i * stride), cols) };
            row.copy_from_slice(table.row(indices[i] as usize));
        }
    });
}

/// Computes `table[indices[i]] += from[i]`, i ascending: the gradient of [`gather_rows`]. An index may occur
/// several times, so columns instead of rows are divided among the threads.
///
/// # Panics
/// If the shapes do not fit, or an index is outside of the table.
pub fn scatter_rows<R: Real>(ctx: &Context<R>, indices: &[u32], from: Mat<'_, R>, mut table: MatMut<'_, R>) {
    assert_eq!((from.rows(), from.cols()), (indices.len(), table.cols()), "one row for each index");
    check_indices(indices, table.rows());
    let (stride, cols) = (table.stride(), table.cols());
    let table = Shared(table.data().as_mut_ptr());
    ctx.split(cols.div_ceil(LINE), |_, first, end| {
        let (first, end) = (first * LINE, cols.min(end * LINE));
        for (i, &index) in indices.iter().enumerate() {
            // SAFETY: `check_indices` has checked the row; `split` gives columns first..end, at most `cols`,
            // to this worker alone.
            let to = unsafe {
                std::slice::from_raw_parts_mut(table.get().add(index as usize * stride + first), end - first)
            };
            ctx.instruction_set().dispatch(AddTo { to, from: &from.row(i)[first..end] });
        }
    });
}

/// Panics unless every index is one of `rows` rows.
#[track_caller]
fn check_indices(indices: &[u32], rows: usize) {
    if let Some((i, &index)) = indices.iter().enumerate().find(|&(_, &index)| index as usize >= rows) {
        panic!("index {index} at {i} is beyond a table of {rows} rows");
    }
}

/// Number of columns that are not split: a cache line of `f32`.
const LINE: usize = 16;

struct AddTo<'a, R> {
    to: &'a mut [R],
    from: &'a [R],
}

impl<R: Real> Job for AddTo<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let lanes = <I::V<R> as Vector<R>>::LANES;
        for (to, from) in self.to.chunks_mut(lanes).zip(self.from.chunks(lanes)) {
            (I::V::<R>::load(to) + I::V::<R>::load(from)).store(to);
        }
    }
}
