//! Recurrent layers that PyTorch trains, recomputed and observed.

use longspan::params::Params;
use longspan::telemetry::{GradientProfile, Recorded, Replay as Layers, ReplaySpec};
use longspan_kernel::InstructionSet;
use longspan_record::StepRecord;
use numpy::PyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arrays::{Numbers, cell, checked, shape};
use crate::context::Number;

/// Recomputes the layers of one module.
#[pyclass(module = "longspan._core")]
pub(crate) struct Replay {
    inner: Inner,
    threads: usize,
}

enum Inner {
    F32(Box<Layers<f32>>),
    F64(Box<Layers<f64>>),
}

/// Calls a function with the layers of either type.
macro_rules! with {
    ($inner:expr, $layers:ident => $call:expr) => {
        match $inner {
            Inner::F32($layers) => $call,
            Inner::F64($layers) => $call,
        }
    };
}

/// The arguments of one pass, see [`Recorded`].
struct Pass<'py> {
    step: u64,
    x: Bound<'py, PyAny>,
    batch_sizes: Vec<usize>,
    weights: Vec<Vec<Bound<'py, PyAny>>>,
    state: Vec<Bound<'py, PyAny>>,
    masks: Vec<Bound<'py, PyAny>>,
    d_y: Bound<'py, PyAny>,
    d_state: Vec<Bound<'py, PyAny>>,
}

fn run<R: Number>(py: Python<'_>, layers: &mut Layers<R>, threads: usize, pass: &Pass<'_>) -> PyResult<()> {
    let &ReplaySpec { input, hidden, layers: count, bidirectional, .. } = layers.spec();
    let directions = if bidirectional { 2 } else { 1 };
    let shape = shape(&pass.batch_sizes)?;
    let (rows, positions, width) = (shape.rows(), shape.positions(), directions * hidden);
    if pass.weights.len() != count {
        return Err(PyValueError::new_err(format!("weights of {} layers, not {count}", pass.weights.len())));
    }
    for (l, weights) in pass.weights.iter().enumerate() {
        load(layers.params_mut(l), weights)?;
    }
    let list = |arrays: &[Bound<'_, PyAny>], name: &str, of_one: &[usize]| -> PyResult<Vec<Vec<R>>> {
        let of = |array| Ok(checked(&Numbers::of(array, name)?, name, of_one)?.into_owned());
        arrays.iter().map(of).collect()
    };
    let parts = layers.parts();
    let state = list(&pass.state, "a state", &[parts, rows, hidden])?;
    let d_state = list(&pass.d_state, "the gradient by a state", &[parts, rows, hidden])?;
    let masks = list(&pass.masks, "a mask", &[positions, width])?;
    let (x, d_y) =
        (Numbers::of(&pass.x, "the input")?, Numbers::of(&pass.d_y, "the gradient by the output")?);
    let x = checked(&x, "the input", &[positions, input])?;
    let d_y = checked(&d_y, "the gradient by the output", &[positions, width])?;
    let (state, masks, d_state) = (slices(&state), slices(&masks), slices(&d_state));
    let recorded =
        Recorded { shape: &shape, x: &x, state: &state, masks: &masks, d_y: &d_y, d_state: &d_state };
    let context = R::context(threads);
    let step = pass.step;
    py.detach(|| layers.run(&context, step, &recorded));
    Ok(())
}

/// Copies the weights of a layer, in the order of PyTorch. A layer without biases has only the first two of each
/// direction, and its biases are 0.
pub(crate) fn load<R: Number>(params: &mut Params<R>, weights: &[Bound<'_, PyAny>]) -> PyResult<()> {
    let layout = std::sync::Arc::clone(params.layout());
    let count = layout.entries().len();
    let with_bias = match weights.len() {
        given if given == count => true,
        given if 2 * given == count => false,
        given => {
            return Err(PyValueError::new_err(format!(
                "{given} weights of a layer, but {count} are expected, or {} without biases",
                count / 2
            )));
        }
    };
    let entries = layout.entries().iter().enumerate();
    let named = entries.filter(|(_, entry)| with_bias || !entry.name.contains("bias"));
    for ((index, entry), weight) in named.zip(weights) {
        let weight = Numbers::<R>::of(weight, &entry.name)?;
        params.tensor_mut(index).copy_from_slice(&checked(&weight, &entry.name, &entry.shape)?);
    }
    Ok(())
}

fn slices<R>(list: &[Vec<R>]) -> Vec<&[R]> {
    list.iter().map(Vec::as_slice).collect()
}

fn tensors<'py, R: Number>(py: Python<'py>, params: &Params<R>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for index in 0..params.layout().entries().len() {
        list.append(PyArray1::from_slice(py, params.tensor(index)))?;
    }
    Ok(list)
}

/// Refuses the number of a layer that there is not.
fn layer(spec: &ReplaySpec, layer: usize) -> PyResult<()> {
    match layer < spec.layers {
        true => Ok(()),
        false => Err(PyValueError::new_err(format!("layer {layer} of {}", spec.layers))),
    }
}

impl Replay {
    /// The gradient profile of the last pass.
    pub(crate) fn profile(&self) -> &GradientProfile {
        with!(&self.inner, layers => layers.profile())
    }
}

#[pymethods]
impl Replay {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "they are those of the call from Python")]
    fn new(
        name: &str,
        input: usize,
        hidden: usize,
        layers: usize,
        bidirectional: bool,
        float64: bool,
        rows: usize,
        seed: u64,
        threads: usize,
    ) -> PyResult<Self> {
        if input == 0 || hidden == 0 || layers == 0 {
            return Err(PyValueError::new_err("a layer without inputs or units cannot be observed"));
        }
        let spec = ReplaySpec { cell: cell(name)?, input, hidden, layers, bidirectional };
        let isa = InstructionSet::detect();
        let inner = match float64 {
            true => Inner::F64(Box::new(Layers::new(isa, spec, rows, seed))),
            false => Inner::F32(Box::new(Layers::new(isa, spec, rows, seed))),
        };
        Ok(Self { inner, threads })
    }

    /// Recomputes the pass of a training step forwards and backwards, and observes it.
    #[expect(clippy::too_many_arguments, reason = "they are those of the call from Python")]
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        step: u64,
        x: Bound<'py, PyAny>,
        batch_sizes: Vec<usize>,
        weights: Vec<Vec<Bound<'py, PyAny>>>,
        state: Vec<Bound<'py, PyAny>>,
        masks: Vec<Bound<'py, PyAny>>,
        d_y: Bound<'py, PyAny>,
        d_state: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let pass = Pass { step, x, batch_sizes, weights, state, masks, d_y, d_state };
        with!(&mut self.inner, layers => run(py, layers, self.threads, &pass))
    }

    /// The outputs of the top layer.
    fn outputs<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        with!(&self.inner, layers => PyArray1::from_slice(py, layers.outputs()).into_any())
    }

    /// What a layer reads: the input, or the outputs of the layer below with its mask.
    fn inputs<'py>(&self, py: Python<'py>, layer: usize) -> PyResult<Bound<'py, PyAny>> {
        with!(&self.inner, layers => {
            self::layer(layers.spec(), layer)?;
            Ok(PyArray1::from_slice(py, layers.inputs(layer)).into_any())
        })
    }

    /// The gradient profile of a layer and direction, by step: mean and maximum over the rows of ‖∂ℒ/∂h_t‖ and of
    /// ‖∂ℒ/∂c_t‖, and ‖Γ_t‖. Without c, its curves are empty.
    fn curves<'py>(&self, py: Python<'py>, layer: usize) -> PyResult<Vec<Bound<'py, PyArray1<f64>>>> {
        let profile = self.profile();
        if layer >= profile.layers() {
            return Err(PyValueError::new_err(format!("no profile of layer {layer}")));
        }
        let [cell_mean, cell_max] = profile.cell(layer).unwrap_or_default();
        let gamma = profile.gamma(layer).unwrap_or_default();
        let curves = [profile.mean(layer), profile.max(layer), cell_mean, cell_max, gamma];
        Ok(curves.map(|curve| PyArray1::from_slice(py, curve)).into())
    }

    /// The gradient by the input.
    fn input_gradient<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        with!(&self.inner, layers => PyArray1::from_slice(py, layers.input_gradient()).into_any())
    }

    /// The gradients of the weights of a layer.
    fn gradients<'py>(&self, py: Python<'py>, layer: usize) -> PyResult<Bound<'py, PyList>> {
        with!(&self.inner, layers => {
            self::layer(layers.spec(), layer)?;
            tensors(py, layers.grads(layer))
        })
    }

    /// What was observed, as the JSON of a step's record.
    fn observations(&mut self) -> PyResult<String> {
        let mut record = StepRecord::default();
        with!(&mut self.inner, layers => layers.write(&mut record));
        serde_json::to_string(&record).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}
