//! Compares the kernels with plain loops, on every instruction set and for one to three threads.
//!
//! Operands are small whole numbers: every sum is exact in any order, so results are equal and not only
//! close. Gaps between rows contain NaN, which must neither be read nor overwritten. The modules test the
//! rounding of products and activations.

use crate::instruction_sets;
use longspan_kernel::Real;
use longspan_kernel::gemm::{DEPTH, Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::rng::{Key, Purpose};
use longspan_kernel::rows::{add_column_dots, add_column_sums, for_each_row, gather_rows, scatter_rows};
use longspan_kernel::{Context, Packed, Weights};

/// One, all heights of tiles, a prime, and several tiles with a remainder.
const ROWS: [usize; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 193];
/// Around one vector and one panel of every width, and several panels with and without a remainder.
const COLUMNS: [usize; 22] =
    [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 129, 192, 259];
/// Around one block, and more than two blocks.
const DEPTHS: [usize; 7] = [0, 1, 2, DEPTH - 1, DEPTH, DEPTH + 1, 2 * DEPTH + 7];

/// Returns every height and width at a small depth, every depth for some heights and widths, and empty
/// shapes.
fn shapes() -> impl Iterator<Item = (usize, usize, usize)> {
    let flat = ROWS.into_iter().flat_map(|m| COLUMNS.map(|n| (m, 5, n)));
    let deep =
        DEPTHS.into_iter().flat_map(|k| [(1, 70), (3, 17), (8, 33), (67, 129)].map(|(m, n)| (m, k, n)));
    flat.chain(deep).chain([(0, 3, 5), (3, 5, 0)])
}

fn contexts<R: Real>() -> Vec<Context<R>> {
    instruction_sets()
        .into_iter()
        .flat_map(|isa| [1, 2, 3].map(|threads| Context::new(isa, threads)))
        .collect()
}

fn label<R: Real>(ctx: &Context<R>) -> String {
    format!("{} {} with {} threads", R::NAME, ctx.instruction_set(), ctx.threads())
}

/// A matrix with gaps between its rows.
struct Gapped<R> {
    data: Vec<R>,
    rows: usize,
    cols: usize,
}

/// Number of elements in the gap between two rows.
const GAP: usize = 3;

impl<R: Real> Gapped<R> {
    /// Whole numbers from −4 to 4.
    fn draw(rows: usize, cols: usize, seed: u64) -> Self {
        let mut draw = Key::new(seed, Purpose::Probe, 0, 0).stream(0, 0);
        let mut whole = || R::from_f64(f64::from(draw.below(9)) - 4.0);
        let gap = R::from_f64(f64::NAN);
        let data = (0..rows * (cols + GAP)).map(|i| if i % (cols + GAP) < cols { whole() } else { gap });
        Self { data: data.collect(), rows, cols }
    }

    fn view(&self) -> Mat<'_, R> {
        Mat::strided(&self.data, self.rows, self.cols, self.cols + GAP)
    }

    fn view_mut(&mut self) -> MatMut<'_, R> {
        MatMut::strided(&mut self.data, self.rows, self.cols, self.cols + GAP)
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * (self.cols + GAP) + j].to_f64()
    }

    fn transposed(&self) -> Self {
        let mut transposed = Self::draw(self.cols, self.rows, 0);
        for (i, j) in (0..self.rows).flat_map(|i| (0..self.cols).map(move |j| (i, j))) {
            transposed.data[j * (self.rows + GAP) + i] = R::from_f64(self.at(i, j));
        }
        transposed
    }

    fn assert_holds(&self, exact: impl Fn(usize, usize) -> f64, what: &str) {
        for i in 0..self.rows {
            for j in 0..self.cols {
                let (seen, exact) = (self.at(i, j), exact(i, j));
                assert!(seen == exact, "{what}: {seen} and not {exact} at ({i}, {j})");
            }
            let gap = &self.data[i * (self.cols + GAP) + self.cols..][..GAP];
            assert!(gap.iter().all(|x| x.to_f64().is_nan()), "{what}: the gap after row {i} was written to");
        }
    }
}

/// Computes A · B with a triple loop, row after row.
fn triple<R: Real>(a: &Gapped<R>, b: &Gapped<R>) -> Vec<f64> {
    let mut c = vec![0.0; a.rows * b.cols];
    for i in 0..a.rows {
        for k in 0..a.cols {
            (0..b.cols).for_each(|j| c[i * b.cols + j] += a.at(i, k) * b.at(k, j));
        }
    }
    c
}

fn products<R: Real>() {
    let contexts = contexts::<R>();
    for (m, k, n) in shapes() {
        let (a, b, bias) =
            (Gapped::<R>::draw(m, k, 1), Gapped::<R>::draw(k, n, 2), Gapped::<R>::draw(1, n, 3));
        let (transposed, exact) = (b.transposed(), triple(&a, &b));
        for ctx in &contexts {
            let what = format!("[{m}, {k}] · [{k}, {n}] in {}", label(ctx));
            let mut c = Gapped::<R>::draw(m, n, 4);
            let mut packed = Packed::new(ctx.instruction_set(), k, 1, n);
            packed.pack(ctx, Weights::Plain(b.view()));
            product(ctx, a.view(), &packed, Start::Zero, c.view_mut());
            c.assert_holds(|i, j| exact[i * n + j], &what);
            packed.pack(ctx, Weights::Transposed(transposed.view()));
            product(ctx, a.view(), &packed, Start::Keep, c.view_mut());
            c.assert_holds(|i, j| 2.0 * exact[i * n + j], &what);
            product(ctx, a.view(), &packed, Start::Bias(&bias.data[..n]), c.view_mut());
            c.assert_holds(|i, j| bias.at(0, j) + exact[i * n + j], &what);
        }
    }
}

#[test]
fn products_equal_the_triple_loop() {
    products::<f32>();
    products::<f64>();
}

/// Operands of several gates are split between units, which does not change the order of the result's
/// columns.
fn gates<R: Real>() {
    for ctx in contexts::<R>() {
        for (gates, units) in (1..=4).flat_map(|gates| [1, 3, 8, 17, 33, 70].map(|units| (gates, units))) {
            let (a, b) = (Gapped::<R>::draw(7, 5, 1), Gapped::<R>::draw(5, gates * units, 2));
            let (mut c, exact) = (Gapped::<R>::draw(7, gates * units, 3), triple(&a, &b));
            let mut packed = Packed::new(ctx.instruction_set(), 5, gates, units);
            packed.pack(&ctx, Weights::Plain(b.view()));
            product(&ctx, a.view(), &packed, Start::Zero, c.view_mut());
            let what = format!("{gates} gates of {units} units in {}", label(&ctx));
            c.assert_holds(|i, j| exact[i * gates * units + j], &what);
        }
    }
}

#[test]
fn gates_side_by_side_equal_the_triple_loop() {
    gates::<f32>();
    gates::<f64>();
}

fn transposed_products<R: Real>() {
    let contexts = contexts::<R>();
    // One working memory for all shapes in turn.
    let mut works: Vec<Workspace<R>> = contexts.iter().map(|_| Workspace::new()).collect();
    for (m, k, n) in shapes() {
        let a = Gapped::<R>::draw(k, m, 1);
        let others = [n, n, 1 + n / 2].map(|n| Gapped::<R>::draw(k, n, n as u64));
        let exact = others.each_ref().map(|b| triple(&a.transposed(), b));
        for (ctx, work) in contexts.iter().zip(&mut works) {
            let what = format!("[{k}, {m}]ᵀ · [{k}, {n}] in {}", label(ctx));
            let mut all = others.each_ref().map(|b| Gapped::<R>::draw(m, b.cols, 5));
            let before = all.each_ref().map(|c| Gapped { data: c.data.clone(), ..*c });
            let mut sums = vec![R::ONE; m];
            let mut results = all.iter_mut().map(Gapped::view_mut);
            let each = others.each_ref().map(|b| (b.view(), results.next().expect("as many")));
            accumulate_transposed(ctx, a.view(), each, work, Some(&mut sums));
            for (p, c) in all.iter().enumerate() {
                c.assert_holds(|i, j| before[p].at(i, j) + exact[p][i * c.cols + j], &what);
            }
            for (i, sum) in sums.iter().enumerate() {
                assert_eq!(sum.to_f64(), 1.0 + (0..k).map(|k| a.at(k, i)).sum::<f64>(), "{what}");
            }
            let [c, ..] = &mut all;
            accumulate_transposed(ctx, a.view(), [(others[0].view(), c.view_mut())], work, None);
            c.assert_holds(|i, j| before[0].at(i, j) + 2.0 * exact[0][i * n + j], &what);
        }
    }
}

#[test]
fn transposed_products_equal_the_triple_loop() {
    transposed_products::<f32>();
    transposed_products::<f64>();
}

fn row_kernels<R: Real>() {
    for ctx in contexts::<R>() {
        for (rows, cols) in [(1, 1), (4, 15), (7, 16), (5, 17), (30, 50), (0, 3), (3, 131)] {
            let what = format!("[{rows}, {cols}] in {}", label(&ctx));
            let (a, b) = (Gapped::<R>::draw(rows, cols, 1), Gapped::<R>::draw(rows, cols, 2));
            let mut sums = vec![R::ONE; cols];
            add_column_sums(&ctx, a.view(), &mut sums);
            let mut dots = vec![R::ONE; cols];
            add_column_dots(&ctx, a.view(), b.view(), &mut dots);
            for j in 0..cols {
                assert_eq!(sums[j].to_f64(), 1.0 + (0..rows).map(|i| a.at(i, j)).sum::<f64>(), "{what}");
                let dot: f64 = (0..rows).map(|i| a.at(i, j) * b.at(i, j)).sum();
                assert_eq!(dots[j].to_f64(), 1.0 + dot, "{what}");
            }
            // Rows of a table, some of them several times.
            let mut table = Gapped::<R>::draw(4, cols, 3);
            let indices: Vec<u32> = (0..rows as u32).map(|i| i * i % 4).collect();
            let mut gathered = Gapped::<R>::draw(rows, cols, 4);
            gather_rows(&ctx, table.view(), &indices, gathered.view_mut());
            gathered.assert_holds(|i, j| table.at(indices[i] as usize, j), &what);
            let before = Gapped { data: table.data.clone(), ..table };
            scatter_rows(&ctx, &indices, a.view(), table.view_mut());
            let hits = |row: usize| (0..rows).filter(move |&i| i * i % 4 == row);
            table.assert_holds(|i, j| before.at(i, j) + hits(i).map(|i| a.at(i, j)).sum::<f64>(), &what);

            let mut met = vec![R::ZERO; rows * cols];
            for_each_row(&ctx, &mut met, cols, |i, row| {
                row.iter_mut().enumerate().for_each(|(j, x)| *x += R::from_f64((i * cols + j) as f64));
            });
            assert!(met.iter().enumerate().all(|(i, x)| x.to_f64() == i as f64), "{what}");
        }
    }
}

#[test]
fn row_kernels_equal_plain_loops() {
    row_kernels::<f32>();
    row_kernels::<f64>();
}
