//! The progress of the tour, and the reasons to end it early.

use longspan::probe::credit::Cancelled;

use crate::failure::Failure;
use crate::progress::Bar;
use crate::stop::Stop;

/// Why the tour ended early.
pub(crate) enum Stopped {
    /// A signal asked for it.
    Signal,
    /// Something failed.
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Cancelled> for Stopped {
    fn from(_: Cancelled) -> Self {
        Self::Signal
    }
}

/// A progress bar over all training steps of the tour. Its unit is one word of each row of a batch.
pub(super) struct Stage<'a> {
    stop: &'a Stop,
    bar: Bar,
    name: String,
    done: u64,
    all: u64,
    /// Words of a sentence, the progress of one training step.
    words: u64,
}

impl<'a> Stage<'a> {
    /// Starts the bar; `all` is the number of words of all training steps.
    pub(super) fn new(stop: &'a Stop, all: u64) -> Self {
        Self { stop, bar: Bar::new(), name: String::new(), done: 0, all, words: 0 }
    }

    /// Names the network that the next steps train, and the length of its sentences in words.
    pub(super) fn begin(&mut self, network: &str, words: usize) {
        (self.name, self.words) = (format!("training {network} on {words} words"), words as u64);
    }

    /// Advances by one training step.
    ///
    /// # Errors
    /// [`Stopped::Signal`] if a signal has come.
    pub(super) fn step(&mut self) -> Result<(), Stopped> {
        self.skip(1);
        if self.stop.came() { Err(Stopped::Signal) } else { Ok(()) }
    }

    /// Advances by training steps that are not needed.
    pub(super) fn skip(&mut self, steps: u64) {
        self.done += steps * self.words;
        self.bar.show(self.name.clone(), self.done, self.all);
    }

    /// Prints above the bar.
    pub(super) fn aside(&self, print: impl FnOnce() -> Result<(), Failure>) -> Result<(), Stopped> {
        Ok(self.bar.suspend(print)?)
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.bar.finish();
    }
}
