//! A column of a series, with its mean and standard deviation.

/// A column of the series.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// Mean over the training part, μ.
    pub mean: f64,
    /// Standard deviation over the training part, σ, or 1 if the column is constant there.
    pub std: f64,
    /// Whether the column is constant over the training part.
    pub constant: bool,
    /// Number of missing values in the whole file.
    pub missing: u64,
    /// Whether it is 1 for one category and 0 for all others; then it is not standardised.
    pub one_hot: bool,
}

impl Column {
    /// Converts a standardised value to the units of the file, if groups share the scaling: x = μ + σz.
    pub fn original(&self, z: f64) -> f64 {
        self.mean + self.std * z
    }

    /// Standardises a value of the file: z = (x − μ)/σ.
    pub fn standardised(&self, x: f64) -> f64 {
        (x - self.mean) / self.std
    }
}
