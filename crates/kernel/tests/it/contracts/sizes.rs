//! Buffers, matrices and windows whose sizes overflow or contradict each other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{ctx, refused};
use longspan_kernel::Buffer;
use longspan_kernel::matrix::{Mat, MatMut};
use longspan_kernel::packed_shape::PackedShape;
use longspan_kernel::rows::{gather_rows, scatter_rows};

#[test]
fn buffers_whose_size_wraps() {
    refused("a buffer of 4611686018427387904 numbers of 4 bytes", || drop(Buffer::<f32>::zeros(1 << 62)));
    refused("a buffer of 1152921504606846976 numbers of 8 bytes", || drop(Buffer::<f64>::zeros(1 << 60)));
    refused("a buffer of 4611686018427387905 numbers", || Buffer::<f32>::zeros(1).grow((1 << 62) + 1));
}

#[test]
fn matrices_that_leave_their_data() {
    let mut data = [0.0f32; 12];
    refused("a [3, 2] matrix of stride 9223372036854775808 overflows", || {
        MatMut::strided(&mut data, 3, 2, 1 << 63);
    });
    refused("a [9223372036854775809, 2] matrix of stride 2 overflows", || {
        Mat::new(&[0.0f32; 2], (1 << 63) + 1, 2);
    });
    refused("a [3, 4] matrix of stride 5 needs 14 elements, not 12", || {
        Mat::strided(&[0.0f32; 12], 3, 4, 5);
    });
    refused("a row of 4 does not fit a stride of 3", || {
        Mat::strided(&[0.0f32; 12], 3, 4, 3);
    });
}

#[test]
fn windows_whose_offsets_would_be_wrong() {
    refused("overflows", || drop(PackedShape::even(2, 1 << 63)));
    refused("a window of 18446744073709551615 steps overflows", || drop(PackedShape::even(usize::MAX, 1)));
    refused("longest first", || PackedShape::default().set_lengths(&[2, 3]));
    refused("row 1 of 2 has no step", || PackedShape::default().set_lengths(&[2, 0]));
    let shape = PackedShape::even(3, 2);
    refused("steps 2..2 + 2 of a window of 3", || {
        shape.time_slice(2, 2).rows();
    });
    refused("steps 18446744073709551615..", || {
        shape.time_slice(usize::MAX, 2).rows();
    });
    refused("step 3 of 3", || {
        shape.whole().after(3).rows();
    });
    refused("part 2 of 2", || {
        shape.whole().share(2, 2);
    });
}

/// The function returns different lengths in different calls: no offset may be wrong.
#[test]
fn lengths_that_change_while_they_are_read() {
    let lengths = [4, 3, 1];
    for changes_after in 0..20 {
        let calls = AtomicUsize::new(0);
        let mut shape = PackedShape::default();
        let set = catch_unwind(AssertUnwindSafe(|| {
            shape.set_lengths_of(3, |row| match calls.fetch_add(1, Ordering::Relaxed) < changes_after {
                true => lengths[row],
                false => 0,
            });
        }));
        if set.is_ok() {
            let rows: Vec<usize> = (0..shape.steps()).map(|t| shape.rows_at(t)).collect();
            assert_eq!((rows.iter().sum::<usize>(), rows), (8, vec![3, 2, 2, 1]));
        } else {
            assert!(changes_after < 15, "the lengths were right whenever they were read");
        }
    }
}

#[test]
fn parts_and_rows_that_do_not_exist() {
    let ctx = ctx();
    refused("12 elements in parts of 0", || ctx.split_parts(&mut [0; 12], 0, |_, _| ()));
    let (mut table, mut rows) = ([0.0; 6], [0.0; 4]);
    refused("index 3 at 1 is beyond a table of 3 rows", || {
        gather_rows(&ctx, Mat::new(&table, 3, 2), &[2, 3], MatMut::new(&mut rows, 2, 2));
    });
    refused("index 7 at 0 is beyond a table of 3 rows", || {
        scatter_rows(&ctx, &[7, 0], Mat::new(&rows, 2, 2), MatMut::new(&mut table, 3, 2));
    });
    refused("one row for each index", || {
        scatter_rows(&ctx, &[0], Mat::new(&rows, 2, 2), MatMut::new(&mut table, 3, 2));
    });
}
