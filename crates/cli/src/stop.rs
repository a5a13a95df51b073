//! Signals that stop the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::{Failure, fail};

/// A listener for signals: the first one sets `cancel`, a second one ends the program at once.
pub(crate) struct Stop {
    pub(crate) cancel: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

/// Ctrl-C and a request to terminate. By convention, the exit code is 128 + signal.
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

impl Stop {
    /// Starts to listen.
    ///
    /// # Errors
    /// A message if the system refuses.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let stop = Self { cancel: Arc::default(), signal: Arc::default() };
        for signal in SIGNALS {
            // The order matters: on the second signal, the conditional shutdown sees the flag that the first one has set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop.cancel))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&stop.signal), signal as usize))
                .and_then(|_| flag::register(signal, Arc::clone(&stop.cancel)))
                .map_err(|error| {
                    fail(format!(
                        "the handler of Ctrl-C cannot be installed ({error}): run the command again"
                    ))
                })?;
        }
        Ok(stop)
    }

    /// Whether a signal has arrived.
    pub(crate) fn came(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Exit code of an interrupted command: 130 after Ctrl-C, 143 after a request to terminate.
    pub(crate) fn code(&self) -> u8 {
        128 + self.signal.load(Ordering::Relaxed) as u8
    }
}
