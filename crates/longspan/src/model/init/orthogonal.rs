//! Random orthogonal matrices: Gram–Schmidt on the rows of a Gaussian matrix.
//!
//! The factor Q of A = L Q with a positive diagonal of L is uniform on the orthogonal group (Mezzadri 2007),
//! like that of the QR decomposition with fixed signs; the diagonal of Gram–Schmidt consists of norms. It
//! runs over blocks of rows. Matrix products project each block off the finished rows, twice, because one
//! projection loses orthogonality.

use longspan_kernel::gemm::{Start, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::norms::{project_off, sum_of_squares};
use longspan_kernel::{Context, InstructionSet, Packed, Weights};

/// Rows per block.
const BLOCK: usize = 64;

/// Replaces a Gaussian matrix `[n, n]` by a random orthogonal one, on the calling thread.
pub(super) fn orthogonalise(isa: InstructionSet, q: &mut [f64], n: usize) {
    let ctx = Context::new(isa, 1);
    for first in (0..n).step_by(BLOCK) {
        let rows = BLOCK.min(n - first);
        let (finished, rest) = q.split_at_mut(first * n);
        let block = &mut rest[..rows * n];
        let finished = Mat::new(finished, first, n);
        // Rows that are already orthonormal lose nothing to cancellation: the second pass leaves errors of
        // one rounding.
        if first == 0 {
            orthonormalise(isa, block, n);
            orthonormalise(isa, block, n);
        } else {
            let (mut along, mut back) = (Packed::new(isa, n, 1, first), Packed::new(isa, first, 1, n));
            along.pack(&ctx, Weights::Transposed(finished));
            back.pack(&ctx, Weights::Plain(finished));
            let mut shares = vec![0.0; rows * first];
            for _ in 0..2 {
                let to = MatMut::new(&mut shares, rows, first);
                product(&ctx, Mat::new(block, rows, n), &along, Start::Zero, to);
                shares.iter_mut().for_each(|x| *x = -*x);
                let to = MatMut::new(block, rows, n);
                product(&ctx, Mat::new(&shares, rows, first), &back, Start::Keep, to);
                orthonormalise(isa, block, n);
            }
        }
    }
}

/// Applies modified Gram–Schmidt to the rows of `[rows, n]`.
fn orthonormalise(isa: InstructionSet, block: &mut [f64], n: usize) {
    for i in 0..block.len() / n {
        let (before, row) = block.split_at_mut(i * n);
        let row = &mut row[..n];
        project_off(isa, row, before);
        let norm = sum_of_squares(isa, row).sqrt();
        row.iter_mut().for_each(|x| *x /= norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use longspan_kernel::rng::{Key, Purpose};

    fn orthogonal(isa: InstructionSet, n: usize, key: Key) -> Vec<f64> {
        let mut q = Vec::new();
        for i in 0..n {
            let mut stream = key.stream(0, i as u64);
            q.extend((0..n).map(|_| stream.normal()));
        }
        orthogonalise(isa, &mut q, n);
        q
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn rows_are_orthonormal_at_every_size() {
        for n in [1, 2, 5, 63, 64, 65, 130, 300] {
            let key = Key::new(1, Purpose::Init, 0, 0);
            let q = orthogonal(InstructionSet::detect(), n, key);
            for i in 0..n {
                for j in 0..=i {
                    let expected = if i == j { 1.0 } else { 0.0 };
                    let product = dot(&q[i * n..][..n], &q[j * n..][..n]);
                    assert!((product - expected).abs() < 1e-14, "n = {n}: row {i} · row {j} = {product}");
                }
            }
        }
    }

    /// Row 0 has the direction of its Gaussian; row 1 has a positive component along its own.
    #[test]
    fn signs_are_those_of_a_positive_diagonal() {
        let key = Key::new(2, Purpose::Init, 0, 0);
        let n = 70;
        let q = orthogonal(InstructionSet::detect(), n, key);
        for i in 0..n {
            let mut stream = key.stream(0, i as u64);
            let gaussian: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
            assert!(dot(&gaussian, &q[i * n..][..n]) > 0.0, "row {i}");
        }
    }

    /// The trace of a uniform orthogonal matrix has mean 0 and variance 1 (Diaconis, Shahshahani 1994).
    #[test]
    fn traces_have_their_moments() {
        let count = 2000;
        let traces: Vec<f64> = (0..count)
            .map(|seed| {
                let key = Key::new(seed, Purpose::Init, 0, 0);
                let q = orthogonal(InstructionSet::Portable, 4, key);
                (0..4).map(|i| q[i * 5]).sum()
            })
            .collect();
        let mean = traces.iter().sum::<f64>() / count as f64;
        let variance = traces.iter().map(|x| x * x).sum::<f64>() / count as f64;
        // The tolerance is five standard errors; the fourth moment is that of a Gaussian, 3.
        assert!(mean.abs() < 5.0 / (count as f64).sqrt(), "{mean}");
        assert!((variance - 1.0).abs() < 5.0 * (2.0 / count as f64).sqrt(), "{variance}");
    }
}
