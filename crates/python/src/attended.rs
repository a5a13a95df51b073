//! Long work that Python attends to: Ctrl-C and callbacks are handled while it runs.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Time between two looks at the signals.
const PATIENCE: Duration = Duration::from_millis(50);
/// Messages that wait for Python; more than these make the work wait.
const WAITING: usize = 64;

/// What `work` returned, and the first exception of a signal or of `receive`.
pub(crate) type Ended<T> = (T, Option<PyErr>);

/// Runs `work` on a thread of its own, because only the main thread of Python handles signals. What it sends is passed to
/// `receive`. An exception, such as `KeyboardInterrupt`, sets the flag that `work` gets, and `work` ends by itself.
pub(crate) fn attend<T: Send, M: Send>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool, SyncSender<M>) -> T + Send,
    mut receive: impl FnMut(Python<'_>, M) -> PyResult<()> + Send,
) -> PyResult<Ended<T>> {
    let cancel = AtomicBool::new(false);
    py.detach(|| {
        thread::scope(|scope| {
            let (sender, messages) = sync_channel(WAITING);
            let worker = thread::Builder::new()
                .name("longspan".into())
                .spawn_scoped(scope, || work(&cancel, sender))
                .map_err(|error| PyRuntimeError::new_err(format!("no thread can be started ({error})")))?;
            let mut failed = None;
            while let Some(message) = next(&messages) {
                let handled = Python::attach(|py| {
                    py.check_signals()?;
                    match message {
                        Some(message) if failed.is_none() => receive(py, message),
                        _ => Ok(()),
                    }
                });
                if let Err(error) = handled {
                    cancel.store(true, Ordering::Relaxed);
                    failed.get_or_insert(error);
                }
            }
            Ok((worker.join().unwrap_or_else(|panic| resume_unwind(panic)), failed))
        })
    })
}

/// The next message; `Some(None)` if there was none for a while, None at the end of the work.
fn next<M>(messages: &Receiver<M>) -> Option<Option<M>> {
    match messages.recv_timeout(PATIENCE) {
        Ok(message) => Some(Some(message)),
        Err(RecvTimeoutError::Timeout) => Some(None),
        Err(RecvTimeoutError::Disconnected) => None,
    }
}
