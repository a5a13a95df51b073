//! Errors of the crates as exceptions of Python, with their texts.

use longspan_run::config::ConfigError;
use longspan_run::directory::RunError;
use longspan_run::train::TrainError;
use pyo3::PyErr;
use pyo3::exceptions::{
    PyFileExistsError, PyFileNotFoundError, PyMemoryError, PyOSError, PyTypeError, PyValueError,
};

/// A setting that does not exist is a `TypeError`, as any other argument that a function does not have.
pub(crate) fn of_config(error: &ConfigError) -> PyErr {
    let text = error.to_string();
    match error {
        ConfigError::Unknown { .. } => PyTypeError::new_err(text),
        ConfigError::Unreadable { .. } => PyOSError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

pub(crate) fn of_run(error: &RunError) -> PyErr {
    let text = error.to_string();
    match error {
        RunError::Missing { .. } | RunError::NoCheckpoint { .. } => PyFileNotFoundError::new_err(text),
        RunError::Exists { .. } | RunError::NotARun { .. } => PyFileExistsError::new_err(text),
        RunError::Config(error) => of_config(error),
        RunError::Damaged { .. } | RunError::Segment { .. } => PyValueError::new_err(text),
        _ => PyOSError::new_err(text),
    }
}

pub(crate) fn of_training(error: &TrainError) -> PyErr {
    let text = error.to_string();
    match error {
        TrainError::Config(error) => of_config(error),
        TrainError::Run(error) => of_run(error),
        TrainError::Memory(_) => PyMemoryError::new_err(text),
        TrainError::NoDirectory(_) | TrainError::Events { .. } | TrainError::Unread { .. } => {
            PyOSError::new_err(text)
        }
        _ => PyValueError::new_err(text),
    }
}
