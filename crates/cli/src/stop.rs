//! Signals that stop the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::{Failure, fail};

/// A listener for signals. At first, a signal ends the program at once, whatever it is doing. After [`Stop::hold`], the first
/// one sets `cancel`, and a second one ends the program at once.
pub(crate) struct Stop {
    pub(crate) cancel: Arc<AtomicBool>,
    at_once: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

/// Makes the first signal set [`Stop::cancel`] instead of ending the program.
pub(crate) struct Hold(Arc<AtomicBool>);

impl Hold {
    pub(crate) fn hold(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Ctrl-C, a request to terminate, and the end of the terminal or connection. By convention, the exit code is 128 + signal.
fn signals() -> impl Iterator<Item = i32> {
    let always = [SIGINT, SIGTERM].into_iter();
    #[cfg(unix)]
    let always = always.chain(hears(signal_hook::consts::SIGHUP).then_some(signal_hook::consts::SIGHUP));
    always
}

/// Whether a signal is not ignored: `nohup` has a program ignore the end of its terminal, and a handler would end that. Where
/// the system does not tell, the signal is left alone.
#[cfg(unix)]
fn hears(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 0)
}

impl Stop {
    /// Starts to listen.
    ///
    /// # Errors
    /// A message if the system refuses.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let at_once = Arc::new(AtomicBool::new(true));
        let stop = Self { cancel: Arc::default(), at_once, signal: Arc::default() };
        for signal in signals() {
            // The order matters: on the second signal, the conditional shutdown sees the flag that the first one has set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop.at_once))
                .and_then(|_| flag::register(signal, Arc::clone(&stop.at_once)))
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

    /// The same, and the first signal sets `cancel`: the command looks at it often.
    ///
    /// # Errors
    /// A message if the system refuses.
    pub(crate) fn listen_and_hold() -> Result<Self, Failure> {
        let stop = Self::listen()?;
        stop.hold().hold();
        Ok(stop)
    }

    /// A switch for the moment from which an end at once would leave something behind.
    pub(crate) fn hold(&self) -> Hold {
        Hold(Arc::clone(&self.at_once))
    }

    /// Whether a signal has arrived.
    pub(crate) fn came(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Exit code of an interrupted command: 130 after Ctrl-C, 143 after a request to terminate, 129 after the end of the terminal.
    pub(crate) fn code(&self) -> u8 {
        128 + self.signal.load(Ordering::Relaxed) as u8
    }
}
