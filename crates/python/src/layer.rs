//! One recurrent layer for `longspan.nn`: a forward pass, and the backward pass of it that automatic differentiation
//! asks for later.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use longspan::bptt::{Input, Keep, Pass, Recurrence, RecurrenceSpec, State, Window, chunk_for};
use longspan::params::{Layout, Params};
use longspan_kernel::InstructionSet;
use longspan_kernel::packed_shape::PackedShape;
use numpy::PyArray1;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arrays::{Numbers, cell, checked, shape};
use crate::context::Number;
use crate::replay::load;

/// A recurrent layer, in one or both directions.
#[pyclass(frozen, module = "longspan._core")]
pub(crate) struct Layer(Either<Arc<Shared<f32>>, Arc<Shared<f64>>>);

/// What the backward pass of one forward pass needs.
#[pyclass(module = "longspan._core")]
pub(crate) struct Tape(Either<OfPass<f32>, OfPass<f64>>);

enum Either<A, B> {
    F32(A),
    F64(B),
}

/// A layer without weights, and the memory of passes that have ended.
struct Shared<R> {
    spec: RecurrenceSpec,
    free: Mutex<Vec<Memory<R>>>,
}

/// The memory of one pass.
struct Memory<R> {
    recurrence: Recurrence<R>,
    params: Params<R>,
    state: State<R>,
}

struct OfPass<R: Number> {
    layer: Arc<Shared<R>>,
    /// None after the backward pass.
    memory: Option<Memory<R>>,
    shape: PackedShape,
    threads: usize,
}

impl<R: Number> Shared<R> {
    fn new(spec: RecurrenceSpec) -> Arc<Self> {
        Arc::new(Self { spec, free: Mutex::default() })
    }

    /// Memory for a pass of `rows` rows. The length of its chunks depends on them alone, so that the bits of a result do not
    /// depend on the passes before.
    fn take(&self, rows: usize) -> Memory<R> {
        let chunk = chunk_for(rows);
        if let Ok(mut free) = self.free.lock() {
            match free.iter().rposition(|memory| memory.recurrence.spec().chunk == chunk) {
                Some(at) => return free.swap_remove(at),
                // Other memory is released, so that batches of many sizes do not keep one each.
                None => drop(free.pop()),
            }
        }
        let mut layout = Layout::default();
        let spec = RecurrenceSpec { chunk, ..self.spec };
        let recurrence = Recurrence::new(InstructionSet::detect(), &spec, &mut layout);
        let state = recurrence.zero_state(rows);
        Memory { recurrence, params: Params::zeros(Arc::new(layout)), state }
    }

    fn give_back(&self, memory: Memory<R>) {
        if let Ok(mut free) = self.free.lock() {
            free.push(memory);
        }
    }

    fn forward<'py>(self: &Arc<Self>, py: Python<'py>, call: &Call<'py>) -> PyResult<Passed<'py, R>> {
        let shape = shape(&call.batch_sizes)?;
        let x = Numbers::<R>::of(&call.x, "the input")?;
        let x = checked(&x, "the input", &[shape.positions(), self.spec.input])?;
        let mut memory = self.take(shape.rows());
        load(&mut memory.params, &call.weights)?;
        memory.state = memory.recurrence.zero_state(shape.rows());
        load_state(&mut memory.state, &call.state)?;
        let mut y = vec![R::ZERO; shape.positions() * self.spec.width()];
        let context = R::context(call.threads);
        let keep = if call.differentiable { Keep::Everything } else { Keep::Outputs };
        py.detach(|| {
            let Memory { recurrence, params, state } = &mut memory;
            recurrence.pack(&context, params);
            let window = Window { shape: &shape, input: Input::Numbers(&x) };
            recurrence.forward(&mut Pass::new(&context, params), window, keep, state, &mut y);
        });
        let states = arrays(py, &memory.state)?;
        if !call.differentiable {
            self.give_back(memory);
            return Ok((PyArray1::from_vec(py, y), states, None));
        }
        let pass = OfPass { layer: Arc::clone(self), memory: Some(memory), shape, threads: call.threads };
        Ok((PyArray1::from_vec(py, y), states, Some(pass)))
    }
}

type Passed<'py, R> = (Bound<'py, PyArray1<R>>, Bound<'py, PyList>, Option<OfPass<R>>);

/// The arguments of a forward pass.
struct Call<'py> {
    x: Bound<'py, PyAny>,
    batch_sizes: Vec<usize>,
    weights: Vec<Bound<'py, PyAny>>,
    state: Vec<Bound<'py, PyAny>>,
    threads: usize,
    differentiable: bool,
}

/// The gradients of a backward pass: by the input, the states and the weights.
type Gradients<'py> = (Option<Bound<'py, PyAny>>, Bound<'py, PyList>, Bound<'py, PyList>);

impl<R: Number> OfPass<R> {
    fn backward<'py>(
        &mut self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        d_y: &Bound<'py, PyAny>,
        d_state: &[Bound<'py, PyAny>],
        with_input: bool,
    ) -> PyResult<Gradients<'py>> {
        let spec = self.layer.spec;
        let x = Numbers::<R>::of(x, "the input")?;
        let x = checked(&x, "the input", &[self.shape.positions(), spec.input])?;
        let d_y = Numbers::<R>::of(d_y, "the gradient by the output")?;
        let d_y = checked(&d_y, "the gradient by the output", &[self.shape.positions(), spec.width()])?;
        let mut memory = self.memory.take().ok_or_else(|| {
            PyRuntimeError::new_err(
                "the backward pass of this layer has already run, and its intermediate values were freed: run the \
                 forward pass again",
            )
        })?;
        memory.state.clear();
        load_state(&mut memory.state, d_state)?;
        let mut grads = Params::zeros(Arc::clone(memory.params.layout()));
        let mut d_x = with_input.then(|| vec![R::ZERO; x.len()]);
        let context = R::context(self.threads);
        py.detach(|| {
            let Memory { recurrence, params, state } = &mut memory;
            let window = Window { shape: &self.shape, input: Input::Numbers(&x) };
            let pass = &mut Pass::new(&context, params);
            recurrence.backward(pass, window, &d_y, state, &mut grads, d_x.as_deref_mut());
        });
        let weights = PyList::empty(py);
        for index in 0..grads.layout().entries().len() {
            weights.append(PyArray1::from_slice(py, grads.tensor(index)))?;
        }
        let states = arrays(py, &memory.state)?;
        self.layer.give_back(memory);
        Ok((d_x.map(|d_x| PyArray1::from_vec(py, d_x).into_any()), states, weights))
    }
}

/// The memory of a pass that never runs backwards is used again too.
impl<R: Number> Drop for OfPass<R> {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.layer.give_back(memory);
        }
    }
}

/// Copies the states of the directions, part by part: h, h of the reverse direction, then c.
fn load_state<R: Number>(state: &mut State<R>, from: &[Bound<'_, PyAny>]) -> PyResult<()> {
    let directions = state.layers();
    for (i, part) in from.iter().enumerate() {
        let part = Numbers::<R>::of(part, "a state")?;
        let values: Cow<'_, [R]> = part.values();
        let to = state.layer_mut(i % directions);
        let len = values.len();
        let at = i / directions * len;
        match to.get_mut(at..at + len) {
            Some(to) => to.copy_from_slice(&values),
            None => return Err(PyTypeError::new_err("a state does not have the shape of the layer")),
        }
    }
    Ok(())
}

/// The states of the directions as arrays, in the order of [`load_state`].
fn arrays<'py, R: Number>(py: Python<'py>, state: &State<R>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for part in 0..state.parts() {
        for layer in 0..state.layers() {
            let values = state.layer(layer);
            let len = values.len() / state.parts();
            list.append(PyArray1::from_slice(py, &values[part * len..][..len]))?;
        }
    }
    Ok(list)
}

#[pymethods]
impl Layer {
    #[new]
    fn new(name: &str, input: usize, hidden: usize, bidirectional: bool, float64: bool) -> PyResult<Self> {
        let spec = RecurrenceSpec::new(cell(name)?, input.max(1), hidden.max(1), 1, 1);
        let spec = RecurrenceSpec { bidirectional, ..spec };
        Ok(Self(match float64 {
            true => Either::F64(Shared::new(spec)),
            false => Either::F32(Shared::new(spec)),
        }))
    }

    /// Runs the layer; returns y, the states after each row's last step, and the tape if it is differentiable.
    #[expect(clippy::too_many_arguments, reason = "they are those of the call from Python")]
    fn forward<'py>(
        &self,
        py: Python<'py>,
        x: Bound<'py, PyAny>,
        batch_sizes: Vec<usize>,
        weights: Vec<Bound<'py, PyAny>>,
        state: Vec<Bound<'py, PyAny>>,
        threads: usize,
        differentiable: bool,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyList>, Option<Tape>)> {
        let call = Call { x, batch_sizes, weights, state, threads, differentiable };
        match &self.0 {
            Either::F32(layer) => {
                let (y, states, pass) = layer.forward(py, &call)?;
                Ok((y.into_any(), states, pass.map(|pass| Tape(Either::F32(pass)))))
            }
            Either::F64(layer) => {
                let (y, states, pass) = layer.forward(py, &call)?;
                Ok((y.into_any(), states, pass.map(|pass| Tape(Either::F64(pass)))))
            }
        }
    }
}

#[pymethods]
impl Tape {
    /// Runs the pass backwards; returns the gradients by x, if it is wanted, by the states before it and by the weights.
    fn backward<'py>(
        &mut self,
        py: Python<'py>,
        x: Bound<'py, PyAny>,
        d_y: Bound<'py, PyAny>,
        d_state: Vec<Bound<'py, PyAny>>,
        with_input: bool,
    ) -> PyResult<Gradients<'py>> {
        match &mut self.0 {
            Either::F32(pass) => pass.backward(py, &x, &d_y, &d_state, with_input),
            Either::F64(pass) => pass.backward(py, &x, &d_y, &d_state, with_input),
        }
    }
}
