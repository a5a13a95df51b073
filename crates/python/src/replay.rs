//! Recurrent layers that PyTorch trains, recomputed and observed.

use longspan::params::{Layout, Params};
use longspan::telemetry::{GradientProfile, Recorded, Replay as Layers, ReplaySpec};
use longspan_kernel::InstructionSet;
use longspan_record::StepRecord;
use numpy::PyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

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
    for (index, weight) in named(&layout, weights)? {
        let entry = &layout.entries()[index];
        let weight = Numbers::<R>::of(weight, &entry.name)?;
        params.tensor_mut(index).copy_from_slice(&checked(&weight, &entry.name, &entry.shape)?);
    }
    Ok(())
}

/// The tensors of a layer with their indices in its layout.
fn named<'a, 'py>(
    layout: &Layout,
    weights: &'a [Bound<'py, PyAny>],
) -> PyResult<impl Iterator<Item = (usize, &'a Bound<'py, PyAny>)>> {
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
    let kept: Vec<_> = entries.filter(|(_, entry)| with_bias || !entry.name.contains("bias")).collect();
    Ok(kept.into_iter().map(|(index, _)| index).zip(weights))
}

fn deviation<R: Number>(
    layers: &Layers<R>,
    y: &Bound<'_, PyAny>,
    gradients: &[Vec<Bound<'_, PyAny>>],
) -> PyResult<f64> {
    let relative = |found: &[R], own: &Bound<'_, PyAny>, name: &str| {
        Ok::<_, PyErr>(largest_difference(found, &checked(&Numbers::of(own, name)?, name, &[found.len()])?))
    };
    let mut largest = relative(layers.outputs(), y, "the output")?;
    for (l, own) in gradients.iter().enumerate() {
        layer(layers.spec(), l)?;
        let grads = layers.grads(l);
        for (index, own) in named(grads.layout(), own)? {
            let name = &grads.layout().entries()[index].name;
            largest = largest.max(relative(grads.tensor(index), own, name)?);
        }
    }
    Ok(largest)
}

/// max |a − b| / max |b|, or max |a − b| if all of b is 0; infinite if a number of one is finite and that of the other is
/// not.
fn largest_difference<R: Number>(a: &[R], b: &[R]) -> f64 {
    // Independent lanes, which the processor compares in parallel.
    const LANES: usize = 16;
    let (mut difference, mut size, mut finite) = ([R::ZERO; LANES], [R::ZERO; LANES], [R::ZERO; LANES]);
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for (l, (&a, &b)) in a.iter().zip(b).enumerate() {
            let (d, b) = ((a - b).abs(), b.abs());
            difference[l] = if d > difference[l] { d } else { difference[l] };
            size[l] = if b > size[l] { b } else { size[l] };
            // 0 · d is 0, or NaN if d is not finite.
            finite[l] += d * R::ZERO;
        }
    }
    if finite.iter().any(|zero| !zero.is_finite()) {
        let differ = a.iter().zip(b).any(|(a, b)| a.is_finite() != b.is_finite());
        return if differ { f64::INFINITY } else { 0.0 };
    }
    let largest = |lanes: [R; LANES]| lanes.into_iter().map(R::to_f64).fold(0.0, f64::max);
    let (difference, size) = (largest(difference), largest(size));
    if size > 0.0 { difference / size } else { difference }
}

fn slices<R>(list: &[Vec<R>]) -> Vec<&[R]> {
    list.iter().map(Vec::as_slice).collect()
}

/// Refuses the number of a layer that there is not.
fn layer(spec: &ReplaySpec, layer: usize) -> PyResult<()> {
    match layer < spec.layers {
        true => Ok(()),
        false => Err(PyValueError::new_err(format!("layer {layer} of {}", spec.layers))),
    }
}

impl Replay {
    /// Writes the observations of the last pass into the record of its step.
    pub(crate) fn write(&mut self, record: &mut StepRecord) {
        with!(&mut self.inner, layers => layers.write(record));
    }

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

    /// What was observed, as the JSON of a step's record.
    fn observations(&mut self) -> PyResult<String> {
        let mut record = StepRecord::default();
        self.write(&mut record);
        serde_json::to_string(&record).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The largest difference between the outputs of the top layer and `y`, and between the gradients of the weights and
    /// `gradients` of each layer, each relative to the largest number of the tensor: max |a − b| / max |b|.
    fn deviation(&self, y: Bound<'_, PyAny>, gradients: Vec<Vec<Bound<'_, PyAny>>>) -> PyResult<f64> {
        with!(&self.inner, layers => deviation(layers, &y, &gradients))
    }
}
