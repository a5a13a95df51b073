//! The compiled part of the Python package `longspan`: recurrent layers, and the observation of layers that PyTorch
//! trains. Python sees it as `longspan._core`; the package wraps it and documents what users call.

mod arrays;
mod attended;
mod context;
mod errors;
mod layer;
mod probe;
mod program;
mod recorder;
mod replay;
mod run;
mod train;
mod verdict;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<layer::Layer>()?;
    module.add_class::<layer::Tape>()?;
    module.add_class::<replay::Replay>()?;
    module.add_class::<recorder::Recorder>()?;
    module.add_class::<run::RunData>()?;
    module.add_function(wrap_pyfunction!(probe::lyapunov, module)?)?;
    module.add_function(wrap_pyfunction!(probe::probe, module)?)?;
    module.add_function(wrap_pyfunction!(train::train, module)?)?;
    module.add_function(wrap_pyfunction!(program::main, module)?)?;
    module.add_function(wrap_pyfunction!(verdict::findings, module)?)?;
    Ok(())
}
