//! Arrays of NumPy as slices, and what a layer is called.

use std::borrow::Cow;

use longspan::cell::CellKind;
use longspan_kernel::packed_shape::PackedShape;
use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::context::Number;

/// An array of numbers of one type, borrowed from Python.
pub(crate) struct Numbers<'py, R: Number>(PyReadonlyArrayDyn<'py, R>);

impl<'py, R: Number> Numbers<'py, R> {
    /// Takes an argument; `name` is what an error calls it.
    pub(crate) fn of(value: &Bound<'py, PyAny>, name: &str) -> PyResult<Self> {
        let array = value.cast::<PyArrayDyn<R>>().map_err(|_| {
            PyTypeError::new_err(format!("{name} has to be an array of {}", std::any::type_name::<R>()))
        })?;
        Ok(Self(array.try_readonly().map_err(|error| PyValueError::new_err(format!("{name}: {error}")))?))
    }

    /// The numbers in the order of C; copied if they are stored otherwise.
    pub(crate) fn values(&self) -> Cow<'_, [R]> {
        match self.0.as_slice() {
            Ok(values) => Cow::Borrowed(values),
            Err(_) => Cow::Owned(self.0.as_array().iter().copied().collect()),
        }
    }

    /// The shape.
    pub(crate) fn shape(&self) -> &[usize] {
        self.0.shape()
    }
}

/// The numbers of an array, which has to have as many as `shape`.
pub(crate) fn checked<'a, R: Number>(
    numbers: &'a Numbers<'_, R>,
    name: &str,
    shape: &[usize],
) -> PyResult<Cow<'a, [R]>> {
    let values = numbers.values();
    match values.len() == shape.iter().product::<usize>() {
        true => Ok(values),
        false => Err(PyValueError::new_err(format!(
            "{name} has the shape {:?}, but {shape:?} is expected",
            numbers.shape()
        ))),
    }
}

/// The cell of a module of PyTorch.
pub(crate) fn cell(name: &str) -> PyResult<CellKind> {
    match name {
        "rnn_tanh" => Ok(CellKind::Rnn),
        "rnn_relu" => Ok(CellKind::Relu),
        "gru" => Ok(CellKind::Gru { reset_after: true }),
        "lstm" => Ok(CellKind::Lstm { peepholes: false, coupled: false }),
        _ => Err(PyValueError::new_err(format!(
            "no cell is called {name:?}: choose rnn_tanh, rnn_relu, gru or lstm"
        ))),
    }
}

/// The shape of a packed sequence with these numbers of rows at each step, as PyTorch's `batch_sizes`.
pub(crate) fn shape(batch_sizes: &[usize]) -> PyResult<PackedShape> {
    let falls = batch_sizes.windows(2).all(|pair| pair[0] >= pair[1]);
    if batch_sizes.is_empty() || !falls || batch_sizes.last() == Some(&0) {
        return Err(PyValueError::new_err("batch_sizes have to be positive and must not rise"));
    }
    let rows = batch_sizes[0];
    if batch_sizes.last() == Some(&rows) {
        return Ok(PackedShape::even(batch_sizes.len(), rows));
    }
    let mut shape = PackedShape::default();
    let mut lengths = vec![0; rows];
    let (mut left, mut steps) = (rows, batch_sizes.len());
    for (t, &size) in batch_sizes.iter().enumerate() {
        lengths[size..left].fill(t);
        left = size;
        steps = t + 1;
    }
    lengths[..left].fill(steps);
    shape.set_lengths(&lengths);
    Ok(shape)
}
