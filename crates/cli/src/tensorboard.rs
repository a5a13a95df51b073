//! Events for TensorBoard: curves, histograms of the gradient norms over the time steps of a window, and an image of these norms over
//! the whole run.

mod events;
mod spectrogram;

use std::io;
use std::path::{Path, PathBuf};

use longspan::model::head::Unit;
use longspan::optim::clip::ClipReport;
use longspan::telemetry::GradientProfile;
use longspan_record::StepRecord;
use longspan_run::train::{Event, TrainError};

use crate::streams;
use events::{EventFile, Value};
use spectrogram::Spectrogram;

/// Training steps between two histograms.
const HISTOGRAM_EVERY: u64 = 20;

/// The events of a run, if --tensorboard is given. If they can no longer be written, the run continues without them.
pub(crate) struct Events {
    directory: PathBuf,
    board: Option<TensorBoard>,
}

impl Events {
    /// Creates a file of events in `directory`, if one is given.
    ///
    /// # Errors
    /// [`TrainError::Events`] if the file cannot be written.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, TrainError> {
        let Some(directory) = directory else { return Ok(Self { directory: PathBuf::new(), board: None }) };
        let board = TensorBoard::create(directory)
            .map_err(|error| TrainError::Events { path: directory.into(), error })?;
        Ok(Self { directory: directory.into(), board: Some(board) })
    }

    /// Writes an event of the run.
    pub(crate) fn see(&mut self, event: &Event<'_>) {
        let done = self.board.as_mut().map(|board| board.see(event));
        self.check(done);
    }

    /// Draws the last images.
    pub(crate) fn close(&mut self) {
        let done = self.board.as_mut().map(TensorBoard::draw);
        self.check(done);
    }

    fn check(&mut self, done: Option<io::Result<()>>) {
        if let Some(Err(error)) = done {
            streams::note(format_args!(
                "note: {} cannot be written ({error}): training continues without TensorBoard events",
                self.directory.display()
            ));
            self.board = None;
        }
    }
}

/// A writer of events.
struct TensorBoard {
    file: EventFile,
    unit: Unit,
    /// One image for each layer.
    spectrograms: Vec<Spectrogram>,
    step: u64,
    /// The step of the last images.
    drawn: u64,
}

impl TensorBoard {
    /// Creates a file of events in `directory`.
    fn create(directory: &Path) -> io::Result<Self> {
        let file = EventFile::create(directory)?;
        Ok(Self { file, unit: Unit::Nats, spectrograms: Vec::new(), step: 0, drawn: 0 })
    }

    fn see(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started(start) => {
                self.unit = start.data.unit;
                Ok(())
            }
            Event::Stepped { record, clip, flow } => self.step(record, clip, flow),
            Event::Validated { score, record, .. } => {
                let mut values = vec![Value::scalar(format!("loss_{}/valid", self.unit), score.mean_loss())];
                if score.accuracy().is_finite() && self.unit == Unit::Nats {
                    values.push(Value::scalar("accuracy/valid", score.accuracy()));
                }
                self.file.add(record.step, values)?;
                self.draw()
            }
            Event::Reading(_)
            | Event::Opening
            | Event::Scored { .. }
            | Event::Warning(_)
            | Event::Saved(_)
            | Event::DiskFull(_)
            | Event::DiskWritable { .. }
            | Event::Recovered(_) => Ok(()),
        }
    }

    fn step(&mut self, record: &StepRecord, clip: &ClipReport, flow: &GradientProfile) -> io::Result<()> {
        let step = record.step;
        self.step = step;
        let mut values = vec![
            Value::scalar(format!("loss_{}/train", self.unit), record.loss),
            Value::scalar("learning_rate", record.lr),
            Value::scalar("gradient/log10_global_norm", record.log10_global_norm),
            Value::scalar("gradient/log10_global_norm_after_clipping", record.log10_global_norm_after),
            Value::scalar("gradient/clip_coefficient", clip.coefficient),
        ];
        self.spectrograms.resize_with(flow.layers(), Spectrogram::default);
        for (layer, spectrogram) in self.spectrograms.iter_mut().enumerate() {
            values.push(Value::scalar(
                format!("gradient_through_time/log10_survival/layer_{layer}"),
                flow.log10_survival(layer),
            ));
            let log10: Vec<f64> = flow.mean(layer).iter().map(|norm| norm.log10()).collect();
            if step % HISTOGRAM_EVERY == 1 {
                let tag = format!("gradient_through_time/log10_norm_of_d_h/layer_{layer}");
                values.extend(Value::histogram(tag, &log10));
            }
            spectrogram.push(&log10);
        }
        self.file.add(step, values)
    }

    /// Draws the images of the steps so far, unless that was done.
    fn draw(&mut self) -> io::Result<()> {
        if self.drawn == self.step {
            return Ok(());
        }
        self.drawn = self.step;
        let pictures = self.spectrograms.iter().enumerate().filter_map(|(layer, spectrogram)| {
            let picture = spectrogram.draw()?;
            let tag = format!("gradient_through_time/spectrogram/layer_{layer}");
            Some(Value::image(tag, picture.width, picture.height, &picture.rgb))
        });
        let pictures: Vec<_> = pictures.collect();
        if pictures.is_empty() { Ok(()) } else { self.file.add(self.step, pictures) }
    }
}
