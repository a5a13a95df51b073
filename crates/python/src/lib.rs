//! The compiled part of the Python package `longspan`: recurrent layers, and the observation of layers that PyTorch
//! trains. Python sees it as `longspan._core`; the package wraps it and documents what users call.

mod arrays;
mod context;
mod layer;
mod recorder;
mod replay;
mod verdict;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<layer::Layer>()?;
    module.add_class::<layer::Tape>()?;
    module.add_class::<replay::Replay>()?;
    module.add_class::<recorder::Recorder>()?;
    module.add_function(wrap_pyfunction!(verdict::findings, module)?)?;
    Ok(())
}
