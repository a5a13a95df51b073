//! Dense matrices of a few hundred rows: LU decomposition and largest singular value.

use longspan_kernel::InstructionSet;
use longspan_kernel::norms::project_off;
use longspan_kernel::rng::{Key, Purpose};

/// An LU decomposition with partial pivoting, P A = L U.
pub(super) struct Lu {
    n: usize,
    /// U on and above the diagonal, L (with a unit diagonal) below.
    factors: Vec<f64>,
    /// Row i of P A is row `order[i]` of A.
    order: Vec<usize>,
}

impl Lu {
    /// Decomposes a row-major `[n, n]`.
    pub(super) fn new(mut a: Vec<f64>, n: usize) -> Self {
        assert_eq!(a.len(), n * n, "a square matrix");
        let mut order: Vec<usize> = (0..n).collect();
        for k in 0..n {
            let pivot =
                (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
            if pivot != k {
                order.swap(pivot, k);
                let (above, below) = a.split_at_mut(pivot * n);
                above[k * n..][..n].swap_with_slice(&mut below[..n]);
            }
            let (above, below) = a.split_at_mut((k + 1) * n);
            let top = &above[k * n..];
            if top[k] == 0.0 {
                continue;
            }
            for row in below.chunks_exact_mut(n) {
                let factor = row[k] / top[k];
                row[k] = factor;
                row[k + 1..].iter_mut().zip(&top[k + 1..]).for_each(|(x, t)| *x -= factor * t);
            }
        }
        Self { n, factors: a, order }
    }

    /// Returns ln |det A|; −∞ for a singular matrix.
    pub(super) fn ln_abs_det(&self) -> f64 {
        (0..self.n).map(|i| self.factors[i * self.n + i].abs().ln()).sum()
    }

    /// Returns A⁻¹ B for a row-major B `[n, m]`; None if A is singular.
    pub(super) fn solve(&self, b: &[f64], m: usize) -> Option<Vec<f64>> {
        let n = self.n;
        if (0..n).any(|i| self.factors[i * n + i] == 0.0) {
            return None;
        }
        let mut x: Vec<f64> = self.order.iter().flat_map(|&row| &b[row * m..][..m]).copied().collect();
        let subtract = |x: &mut [f64], i: usize, j: usize| {
            let factor = self.factors[i * n + j];
            let (low, high) = x.split_at_mut(i.max(j) * m);
            let (to, from) = if i < j { (&mut low[i * m..], &high[..m]) } else { (high, &low[j * m..][..m]) };
            to[..m].iter_mut().zip(from).for_each(|(x, y)| *x -= factor * y);
        };
        for i in 0..n {
            (0..i).for_each(|j| subtract(&mut x, i, j));
        }
        for i in (0..n).rev() {
            (i + 1..n).for_each(|j| subtract(&mut x, i, j));
            let pivot = self.factors[i * n + i];
            x[i * m..][..m].iter_mut().for_each(|x| *x /= pivot);
        }
        Some(x)
    }
}

/// Returns the largest singular value of a row-major `[n, n]`, to rounding error: Lanczos on AᵀA with full
/// reorthogonalisation.
pub(super) fn largest_singular_value(isa: InstructionSet, a: &[f64], n: usize) -> f64 {
    let mut stream = Key::new(0, Purpose::Probe, 0, 0).stream(0, 0);
    let mut q: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
    normalise(&mut q);
    let (mut diagonal, mut beside): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut found = 0.0;
    for k in 0..n {
        let last = &q[k * n..];
        let image: Vec<f64> = a.chunks_exact(n).map(|row| dot(row, last)).collect();
        let mut next = vec![0.0; n];
        for (row, &y) in a.chunks_exact(n).zip(&image) {
            next.iter_mut().zip(row).for_each(|(x, r)| *x += y * r);
        }
        diagonal.push(dot(&image, &image));
        let largest = largest_eigenvalue(&diagonal, &beside);
        // Twice, because rounding errors remain after one projection.
        project_off(isa, &mut next, &q);
        project_off(isa, &mut next, &q);
        let left = normalise(&mut next);
        // The estimate grows until it has converged; here it no longer changes in the last digits.
        if left.is_nan() || left <= f64::EPSILON * largest || (k > 8 && largest - found <= 1e-15 * largest) {
            return largest.sqrt();
        }
        found = largest;
        beside.push(left);
        q.extend(next);
    }
    found.sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Scales to length 1 and returns the previous length.
fn normalise(x: &mut [f64]) -> f64 {
    let norm = dot(x, x).sqrt();
    x.iter_mut().for_each(|x| *x /= norm);
    norm
}

/// Returns the largest eigenvalue of a symmetric tridiagonal matrix, by bisection: the number of eigenvalues
/// below x is the number of negative members of the sequence q_i = d_i − x − e²_{i−1} / q_{i−1}.
fn largest_eigenvalue(diagonal: &[f64], beside: &[f64]) -> f64 {
    let e = |i: usize| beside.get(i).copied().unwrap_or(0.0);
    let radius = |i: usize| e(i) + if i > 0 { e(i - 1) } else { 0.0 };
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for (i, &d) in diagonal.iter().enumerate() {
        (low, high) = (low.max(d), high.max(d + radius(i)));
    }
    let all_below = |x: f64| {
        let mut q = 1.0;
        diagonal.iter().enumerate().all(|(i, &d)| {
            q = d - x - if i > 0 { e(i - 1).powi(2) / q } else { 0.0 };
            q < 0.0
        })
    };
    while high - low > f64::EPSILON * high.abs() {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if all_below(middle) { high = middle } else { low = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(n: usize, seed: u64) -> Vec<f64> {
        let mut stream = Key::new(seed, Purpose::Probe, 1, 0).stream(0, 0);
        (0..n * n).map(|_| stream.normal()).collect()
    }

    #[test]
    fn a_solution_solves() {
        for n in [1, 2, 7, 40] {
            let (a, b) = (random(n, 1), random(n, 2));
            let x = Lu::new(a.clone(), n).solve(&b, n).unwrap();
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = (0..n).map(|k| a[i * n + k] * x[k * n + j]).sum();
                    // The condition number of a Gaussian matrix of 40 rows is a few hundred.
                    assert!((sum - b[i * n + j]).abs() < 1e-10, "n = {n}: {sum} against {}", b[i * n + j]);
                }
            }
        }
        let known = Lu::new(vec![0.0, 2.0, 3.0, 1.0], 2);
        assert!((known.ln_abs_det() - 6f64.ln()).abs() < 1e-15);
        let singular = Lu::new(vec![1.0, 2.0, 0.0, 0.0], 2);
        assert_eq!(singular.ln_abs_det(), f64::NEG_INFINITY);
        assert!(singular.solve(&[1.0, 0.0, 0.0, 1.0], 2).is_none());
    }

    /// Tests products of a diagonal matrix with rotations on both sides, also when the two largest values are
    /// close or equal.
    #[test]
    fn singular_values_are_those_put_in() {
        for values in [vec![3.0], vec![1.0; 5], vec![2.0, 2.0 - 1e-9, 1.0, 0.0], vec![1e-8; 3]] {
            let n = values.len();
            let mut a = vec![0.0; n * n];
            values.iter().enumerate().for_each(|(i, v)| a[i * n + i] = *v);
            for i in 1..n {
                let (s, c) = (0.3 + i as f64).sin_cos();
                for j in 0..n {
                    let (x, y) = (a[j], a[i * n + j]);
                    (a[j], a[i * n + j]) = (c * x - s * y, s * x + c * y);
                }
                for row in a.chunks_exact_mut(n) {
                    let (x, y) = (row[0], row[i]);
                    (row[0], row[i]) = (s * x + c * y, c * x - s * y);
                }
            }
            let found = largest_singular_value(InstructionSet::detect(), &a, n);
            assert!((found / values[0] - 1.0).abs() < 1e-14, "{found} of {values:?}");
        }
        assert_eq!(largest_singular_value(InstructionSet::detect(), &[0.0; 9], 3), 0.0);
    }
}
