//! The progress bar of a prediction.

use indicatif::{ProgressBar, ProgressStyle};

use crate::streams;

/// A progress bar. It appears only on a terminal.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(super) fn new(length: u64, what: &'static str) -> Self {
        if !streams::bars_are_shown() {
            return Self(None);
        }
        let style =
            ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}  {eta} left").expect("a valid template");
        let bar = ProgressBar::with_draw_target(Some(length), streams::bars());
        bar.set_style(style.progress_chars("━╸ "));
        bar.set_message(what);
        Self(Some(bar))
    }

    pub(super) fn advance(&self, by: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(by);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
