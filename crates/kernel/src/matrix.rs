//! Row-major views of matrices, shape-checked where they are made.

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

fn check(len: usize, rows: usize, cols: usize, stride: usize) {
    assert!(stride >= cols, "a row of {cols} does not fit a stride of {stride}");
    let needed = if rows == 0 { 0 } else { (rows - 1) * stride + cols };
    assert!(len >= needed, "a [{rows}, {cols}] matrix of stride {stride} needs {needed} elements, not {len}");
}

impl<'a, R> Mat<'a, R> {
    /// A dense matrix.
    ///
    /// # Panics
    /// If `data` is too short.
    pub fn new(data: &'a [R], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// A matrix whose rows are `stride` apart.
    ///
    /// # Panics
    /// If `data` is too short or rows overlap.
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

    /// The elements, gaps between rows included.
    #[inline]
    pub fn data(&self) -> &'a [R] {
        self.data
    }

    /// One row.
    #[inline]
    pub fn row(&self, i: usize) -> &'a [R] {
        &self.data[i * self.stride..][..self.cols]
    }
}

impl<'a, R> MatMut<'a, R> {
    /// A dense matrix, see [`Mat::new`].
    pub fn new(data: &'a mut [R], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// A matrix whose rows are `stride` apart, see [`Mat::strided`].
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

    /// The elements, gaps between rows included.
    #[inline]
    pub fn data(&mut self) -> &mut [R] {
        self.data
    }

    /// One row.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [R] {
        &mut self.data[i * self.stride..][..self.cols]
    }
}
