//! Operands of products, softmax and orthonormal rows that do not fit.

use super::{ctx, other_level, packed, refused};
use crate::instruction_sets;
use longspan_kernel::gemm::{Start, Workspace, accumulate_transposed, product};
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::orthonormal::{BLOCK, Finished, orthonormalise};
use longspan_kernel::softmax::{LINE, Normaliser, cross_entropy_gradient, exponentials};
use longspan_kernel::{Context, InstructionSet, Packed, Weights};

#[test]
fn operands_of_impossible_shapes() {
    for gates in [0, 5] {
        refused(&format!("{gates} gates in one product"), || {
            Packed::<f32>::new(InstructionSet::Portable, 3, gates, 5);
        });
    }
    refused("overflows", || drop(Packed::<f32>::new(InstructionSet::Portable, 1 << 40, 4, 1 << 40)));
    refused("overflows", || packed(3, 1, 5).reshape(1 << 32, 1 << 30));
    refused("shape of the weights to pack", || {
        packed(3, 2, 5).pack_here(Weights::Plain(Mat::new(&[0.0; 30], 3, 9)));
    });
}

/// Computes C [2, 5] = A [2, 3] · B.
fn multiply(ctx: &Context<f32>, b: &Packed<f32>) {
    let mut c = [0.0; 10];
    product(ctx, Mat::new(&[0.0; 6], 2, 3), b, Start::Zero, MatMut::new(&mut c, 2, 5));
}

#[test]
fn operands_without_weights() {
    let no_weights = "an operand of shape [3, 5] has no weights";
    refused(no_weights, || multiply(&ctx(), &Packed::new(InstructionSet::Portable, 3, 1, 5)));
    let mut reshaped = packed(2, 1, 7);
    reshaped.reshape(3, 5);
    refused(no_weights, || multiply(&ctx(), &reshaped));
    let (mut small, mut large) = (Packed::new(InstructionSet::Portable, 3, 1, 5), packed(30, 1, 50));
    small.take_room(&mut large);
    refused(no_weights, || multiply(&ctx(), &small));
    large.reshape(3, 5);
    refused(no_weights, || multiply(&ctx(), &large));
    // Setting the same shape again changes nothing.
    let mut ready = packed(3, 1, 5);
    ready.reshape(3, 5);
    multiply(&ctx(), &ready);
}

#[test]
fn operands_of_another_instruction_set() {
    let mut other = Packed::new(other_level(), 3, 1, 5);
    other.pack_here(Weights::Plain(Mat::new(&[0.0f32; 15], 3, 5)));
    refused("an operand packed for avx", || multiply(&ctx(), &other));
    for (isa, another) in
        instruction_sets().into_iter().flat_map(|isa| instruction_sets().into_iter().map(move |l| (isa, l)))
    {
        // Working memory adapts to the context instead.
        let (mut work, mut c) = (Workspace::new(), vec![0.0f32; 40].into_boxed_slice());
        for isa in [isa, another] {
            let ctx = Context::new(isa, 2);
            let (a, b) = (vec![1.0; 6], vec![2.0; 60]);
            let into = [(Mat::new(&b, 3, 20), MatMut::new(&mut c, 2, 20))];
            accumulate_transposed(&ctx, Mat::new(&a, 3, 2), into, &mut work, None);
        }
        assert!(c.iter().all(|&c| c == 12.0), "{isa}, then {another}: {c:?}");
    }
}

#[test]
fn products_whose_shapes_differ() {
    let (ctx, b) = (ctx(), packed(3, 1, 5));
    let mut c = [0.0; 10];
    refused("K of the left", || {
        product(&ctx, Mat::new(&[0.0; 8], 2, 4), &b, Start::Zero, MatMut::new(&mut c, 2, 5));
    });
    refused("shape of the result", || {
        product(&ctx, Mat::new(&[0.0; 6], 2, 3), &b, Start::Zero, MatMut::new(&mut c, 2, 4));
    });
    refused("length of the bias", || {
        product(&ctx, Mat::new(&[0.0; 6], 2, 3), &b, Start::Bias(&[0.0; 4]), MatMut::new(&mut c, 2, 5));
    });
    let mut accumulate = |rows, columns, sums: usize| {
        let into = [(Mat::new(&[0.0; 15], 3, 5), MatMut::new(&mut c, 2, columns))];
        let a = Mat::new(&[0.0; 6], rows, 2);
        accumulate_transposed(&ctx, a, into, &mut Workspace::new(), Some(&mut vec![0.0; sums]));
    };
    refused("K of the left", || accumulate(2, 5, 2));
    refused("shape of the result", || accumulate(3, 4, 2));
    refused("length of the sums", || accumulate(3, 5, 1));
}

#[test]
fn softmax_of_other_lengths() {
    let (ctx, mut logits) = (ctx(), [0.0; 2 * LINE]);
    let mut positions = [[0.0; LINE]; 2];
    let [largest, sums] = &mut positions;
    refused("one bias per token", || {
        exponentials(&ctx, MatMut::new(&mut logits, 2, LINE), &[0.0; 3], largest, sums);
    });
    refused("one sum per position, 16 in total", || {
        exponentials(&ctx, MatMut::new(&mut logits, 2, LINE), &[0.0; 2], &mut largest[1..], sums);
    });
    let of = Normaliser { factors: &[0.0; LINE], targets: &[], scales: &[] };
    let mut gradient = |token, of, d_bias: usize| {
        let view = MatMut::new(&mut logits, 2, LINE);
        cross_entropy_gradient(&ctx, view, token, of, &mut vec![0.0; d_bias]);
    };
    refused("one position per target", || gradient(0, of, 3));
    refused("one factor per position, 16 in total", || {
        gradient(0, Normaliser { factors: &[0.0; 15], ..of }, 2)
    });
    refused("one scale per target", || gradient(0, Normaliser { targets: &[1], ..of }, 2));
    refused("overflow", || gradient(usize::MAX, of, 2));
}

#[test]
fn orthonormal_rows_of_other_blocks() {
    let rows = vec![0.0f32; (BLOCK + 1) * 20];
    refused("17 rows in a block of 16", || {
        Finished::new(InstructionSet::Portable, 20).set(Mat::new(&rows, BLOCK + 1, 20));
    });
    let finished = |isa, n| {
        let mut finished = Box::new(Finished::new(isa, n));
        finished.set(Mat::new(&rows, 1, n));
        finished
    };
    let against = |finished| {
        orthonormalise(InstructionSet::Portable, &mut [1.0f32; 20], &[finished], &mut [0.0]);
    };
    refused("length of the finished rows", || against(finished(InstructionSet::Portable, 19)));
    refused("an operand packed for avx", || against(finished(other_level(), 20)));
    against(finished(InstructionSet::Portable, 20));
}
