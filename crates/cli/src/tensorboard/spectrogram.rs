//! An image of the gradient through time over a run. Training steps go from left to right, time steps of the window from top to
//! bottom; the colour is log10 ‖∂ℒ/∂h_t‖, brighter for larger norms.

/// From this number of points on in either direction, neighbours are averaged.
const MOST: usize = 256;
/// An image is at least this wide and high, in pixels.
const LEAST: usize = 384;
/// Decades from the largest norm down to the darkest colour.
const DECADES: f64 = 12.0;

/// Columns of log10 norms; if there are too many, neighbours are averaged.
#[derive(Default)]
pub(super) struct Spectrogram {
    columns: Vec<Vec<f64>>,
    /// Training steps in each column.
    steps: usize,
    /// Training steps of the column in progress.
    pending: Vec<Vec<f64>>,
}

/// An RGB image.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Three bytes for each pixel.
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

    /// Draws the image; None if no norm is finite.
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

/// The size of a point in pixels.
fn scale(points: usize) -> usize {
    LEAST.div_ceil(points).max(1)
}

/// The colour of a norm on the Viridis scale; grey for NaN.
fn colour(log10: f64, largest: f64) -> [u8; 3] {
    if log10.is_nan() {
        return [128; 3];
    }
    let share = 1.0 - (largest - log10) / DECADES;
    colorous::VIRIDIS.eval_continuous(share.clamp(0.0, 1.0)).as_array()
}

/// Averages neighbours, so that at most `most` values are left.
fn pooled(values: &[f64], most: usize) -> Vec<f64> {
    let size = values.len().div_ceil(most).max(1);
    // Chunks begin at the end, because windows of different lengths are aligned at their last step.
    let mut means: Vec<f64> = values.rchunks(size).map(|chunk| average(chunk.iter().copied())).collect();
    means.reverse();
    means
}

/// The mean of columns, aligned at their ends.
fn mean(columns: &[Vec<f64>]) -> Vec<f64> {
    let points = columns.iter().map(Vec::len).max().unwrap_or(0);
    (0..points)
        .map(|point| average(columns.iter().filter_map(|c| Some(c[(point + c.len()).checked_sub(points)?]))))
        .collect()
}

/// The mean of the finite values, so that one gradient of 0 (log10 −∞) does not hide its neighbours; the first value if none is
/// finite.
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
        // Neighbours were replaced by their mean.
        let (first, steps) = (&spectrogram.columns[0], spectrogram.steps);
        let mean = -(0..steps).map(|step| step as f64).sum::<f64>() / (1000 * steps) as f64;
        assert!((first[0] - mean).abs() < 1e-12, "{} {mean}", first[0]);
    }

    #[test]
    fn windows_are_aligned_at_their_last_step() {
        let mut spectrogram = Spectrogram::default();
        spectrogram.push(&[0.0, -20.0]);
        spectrogram.push(&[f64::NEG_INFINITY]);
        let picture = spectrogram.draw().unwrap();
        let at = |x: usize, y: usize| &picture.rgb[3 * (y * picture.width + x)..][..3];
        let (right, bottom) = (picture.width - 1, picture.height - 1);
        assert_eq!(at(0, 0), [253, 231, 37], "the largest is the brightest");
        assert_eq!(at(0, bottom), at(right, bottom), "below the scale, and a gradient of 0");
        assert_eq!(at(right, 0), [255; 3], "no such step");
    }

    #[test]
    fn without_a_finite_norm_there_is_no_image() {
        let mut spectrogram = Spectrogram::default();
        assert!(spectrogram.draw().is_none());
        spectrogram.push(&[f64::NAN, f64::NEG_INFINITY]);
        assert!(spectrogram.draw().is_none());
    }
}
