//! The gradient through time over a run: training steps from left to right, time steps of the window from the first, at the top, to
//! the last; the colour is log10 ‖∂ℒ/∂h_t‖, brighter where more arrives.

/// The most points that a picture has in either direction before they are drawn together.
const MOST: usize = 256;
/// Points are drawn at least this large, together.
const LEAST: usize = 384;
/// Powers of ten from the largest down to the darkest.
const DECADES: f64 = 12.0;

/// Columns of log10 norms; where there are too many, neighbours become one.
#[derive(Default)]
pub(super) struct Spectrogram {
    columns: Vec<Vec<f64>>,
    /// Steps in each column, and those of the column in progress.
    steps: usize,
    pending: Vec<Vec<f64>>,
}

/// A picture.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Three bytes for each point.
    pub(super) rgb: Vec<u8>,
}

impl Spectrogram {
    /// Adds one training step.
    pub(super) fn push(&mut self, log10: &[f64]) {
        self.pending.push(pooled(log10, MOST));
        if self.pending.len() < self.steps.max(1) {
            return;
        }
        self.steps = self.steps.max(1);
        let column = mean(&self.pending);
        self.pending.clear();
        self.columns.push(column);
        if self.columns.len() == 2 * MOST {
            self.columns = self.columns.chunks(2).map(mean).collect();
            self.steps *= 2;
        }
    }

    /// None where nothing has a gradient.
    pub(super) fn draw(&self) -> Option<Picture> {
        let largest = self.columns.iter().flatten().copied().filter(|x| x.is_finite()).reduce(f64::max)?;
        let points = self.columns.iter().map(Vec::len).max()?;
        let (across, down) = (scale(self.columns.len()), scale(points));
        let (width, height) = (self.columns.len() * across, points * down);
        let mut rgb = Vec::with_capacity(3 * width * height);
        for y in 0..height {
            for x in 0..width {
                let column = &self.columns[x / across];
                // Windows of different lengths end together.
                let at = (y / down + column.len()).checked_sub(points);
                let colour = at.map_or([255; 3], |at| colour(column[at], largest));
                rgb.extend(colour);
            }
        }
        Some(Picture { width, height, rgb })
    }
}

/// How large a point is drawn.
fn scale(points: usize) -> usize {
    LEAST.div_ceil(points).max(1)
}

/// Viridis; grey for what is not a number.
fn colour(log10: f64, largest: f64) -> [u8; 3] {
    if log10.is_nan() {
        return [128; 3];
    }
    let share = 1.0 - (largest - log10) / DECADES;
    colorous::VIRIDIS.eval_continuous(share.clamp(0.0, 1.0)).as_array()
}

/// At most `most` neighbouring means.
fn pooled(values: &[f64], most: usize) -> Vec<f64> {
    let size = values.len().div_ceil(most).max(1);
    // From the end: the last step is the one that all windows have.
    let mut means: Vec<f64> = values.rchunks(size).map(|chunk| average(chunk.iter().copied())).collect();
    means.reverse();
    means
}

/// The mean of columns, ends together.
fn mean(columns: &[Vec<f64>]) -> Vec<f64> {
    let points = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..points)
        .map(|point| average(columns.iter().filter_map(|c| Some(c[(point + c.len()).checked_sub(points)?]))))
        .collect()
}

/// The mean of what is finite: one gradient of nothing would make its neighbours nothing. Else the first.
fn average(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let finite = values.clone().filter(|x| x.is_finite());
    match finite.clone().count() {
        0 => values.take(1).sum(),
        count => finite.sum::<f64>() / count as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_and_windows_stay_small() {
        let mut spectrogram = Spectrogram::default();
        for step in 0..5000 {
            spectrogram.push(&vec![-f64::from(step) / 1000.0; 1000]);
        }
        assert!((MOST..2 * MOST).contains(&spectrogram.columns.len()), "{}", spectrogram.columns.len());
        assert!(spectrogram.columns.iter().all(|column| column.len() <= MOST));
        // Neighbours became one: their mean.
        let (first, steps) = (&spectrogram.columns[0], spectrogram.steps);
        let mean = -(0..steps).map(|step| step as f64).sum::<f64>() / (1000 * steps) as f64;
        assert!((first[0] - mean).abs() < 1e-12, "{} {mean}", first[0]);
    }

    #[test]
    fn the_last_steps_lie_below_each_other() {
        let mut spectrogram = Spectrogram::default();
        spectrogram.push(&[0.0, -20.0]);
        spectrogram.push(&[f64::NEG_INFINITY]);
        let picture = spectrogram.draw().unwrap();
        let at = |x: usize, y: usize| &picture.rgb[3 * (y * picture.width + x)..][..3];
        let (right, bottom) = (picture.width - 1, picture.height - 1);
        assert_eq!(at(0, 0), [253, 231, 37], "the largest is the brightest");
        assert_eq!(at(0, bottom), at(right, bottom), "beyond the scale, and nothing");
        assert_eq!(at(right, 0), [255; 3], "no such step");
    }

    #[test]
    fn nothing_is_not_drawn() {
        let mut spectrogram = Spectrogram::default();
        assert!(spectrogram.draw().is_none());
        spectrogram.push(&[f64::NAN, f64::NEG_INFINITY]);
        assert!(spectrogram.draw().is_none());
    }
}
