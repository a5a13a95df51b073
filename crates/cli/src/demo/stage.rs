//! How far the story has come, and what ends it early.

use longspan::probe::credit::Cancelled;

use crate::failure::Failure;
use crate::progress::Bar;
use crate::stop::Stop;

/// Why the story ends before its end.
pub(crate) enum Stopped {
    /// A signal came.
    Signal,
    /// Something is wrong.
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

/// A bar over all training steps of the story, in words read.
pub(super) struct Stage<'a> {
    stop: &'a Stop,
    bar: Bar,
    name: String,
    done: u64,
    all: u64,
    /// Words of a sentence.
    words: u64,
}

impl<'a> Stage<'a> {
    /// `all` counts the words of one sentence a step.
    pub(super) fn new(stop: &'a Stop, all: u64) -> Self {
        Self { stop, bar: Bar::new(), name: String::new(), done: 0, all, words: 0 }
    }

    /// What the next steps train, on sentences of so many words.
    pub(super) fn begin(&mut self, network: &str, words: usize) {
        (self.name, self.words) = (format!("training {network} on {words} words"), words as u64);
    }

    /// One step is taken next.
    pub(super) fn step(&mut self) -> Result<(), Stopped> {
        self.skip(1);
        if self.stop.came() { Err(Stopped::Signal) } else { Ok(()) }
    }

    /// Steps that are not needed.
    pub(super) fn skip(&mut self, steps: u64) {
        self.done += steps * self.words;
        self.bar.show(self.name.clone(), self.done, self.all);
    }

    /// Lets something be printed above the bar.
    pub(super) fn aside(&self, print: impl FnOnce() -> Result<(), Failure>) -> Result<(), Stopped> {
        Ok(self.bar.suspend(print)?)
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish();
    }
}
