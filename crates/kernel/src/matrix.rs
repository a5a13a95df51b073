//! Row-major views of matrices, whose shapes are checked on construction.
//!
//! Unsafe code relies on the check: a view of `rows` rows spans (rows − 1) · stride + cols ≤ `data.len()`
//! elements, and its rows do not overlap.

/// A read-only matrix: element (i, j) is at `i * stride + j`.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, R> {
    data: &'a [R],
    rows: usize,
    cols: usize,
    stride: usize,
}

/// A writable matrix: element (i, j) is at `i * stride + j`.
#[derive(Debug)]
pub struct MatMut<'a, R> {
    data: &'a mut [R],
    rows: usize,
    cols: usize,
    stride: usize,
}

#[track_caller]
fn check(len: usize, rows: usize, cols: usize, stride: usize) {
    assert!(stride >= cols, "a row of {cols} does not fit a stride of {stride}");
    let Some(last) = rows.checked_sub(1) else { return };
    let needed = last.checked_mul(stride).and_then(|before| before.checked_add(cols));
    let needed = needed.unwrap_or_else(|| panic!("a [{rows}, {cols}] matrix of stride {stride} overflows"));
    assert!(len >= needed, "a [{rows}, {cols}] matrix of stride {stride} needs {needed} elements, not {len}");
}

impl<'a, R> Mat<'a, R> {
    /// Builds a dense matrix.
    ///
    /// # Panics
    /// If `data` is too short.
    #[track_caller]
    pub fn new(data: &'a [R], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// Builds a matrix whose rows are `stride` apart.
    ///
    /// # Panics
    /// If `data` is too short, or rows overlap (`stride` below `cols`).
    #[track_caller]
    pub fn strided(data: &'a [R], rows: usize, cols: usize, stride: usize) -> Self {
        check(data.len(), rows, cols, stride);
        Self { data, rows, cols, stride }
    }

    /// Number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Distance between rows.
    #[inline]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The elements, including gaps between rows.
    #[inline]
    pub fn data(&self) -> &'a [R] {
        self.data
    }

    /// Returns row i.
    ///
    /// # Panics
    /// If the row ends beyond the data.
    #[inline]
    pub fn row(&self, i: usize) -> &'a [R] {
        &self.data[i * self.stride..][..self.cols]
    }
}

impl<'a, R> MatMut<'a, R> {
    /// Builds a dense matrix, see [`Mat::new`].
    ///
    /// # Panics
    /// As [`Mat::new`].
    #[track_caller]
    pub fn new(data: &'a mut [R], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// Builds a matrix whose rows are `stride` apart, see [`Mat::strided`].
    ///
    /// # Panics
    /// As [`Mat::strided`].
    #[track_caller]
    pub fn strided(data: &'a mut [R], rows: usize, cols: usize, stride: usize) -> Self {
        check(data.len(), rows, cols, stride);
        Self { data, rows, cols, stride }
    }

    /// Number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Distance between rows.
    #[inline]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The elements, including gaps between rows.
    #[inline]
    pub fn data(&mut self) -> &mut [R] {
        self.data
    }

    /// Returns row i.
    ///
    /// # Panics
    /// If the row ends beyond the data.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [R] {
        &mut self.data[i * self.stride..][..self.cols]
    }
}
