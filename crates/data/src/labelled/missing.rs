//! Treatment of missing values.

use std::fmt;
use std::str::FromStr;

use super::error::{LabelledError, Problem};
use super::sequences::{Kind, Labelled};
use longspan::option_syntax;
use longspan::option_syntax::OptionError;

/// How missing values are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// They are an error.
    #[default]
    Refuse,
    /// Linear interpolation between the nearest steps x_a and x_b of the sequence with a value, x_t = x_a + (t - a) /
    /// (b - a) · (x_b - x_a); before the first and after the last value, that value.
    Interpolate,
    /// They become 0 when the values are scaled, which is the mean of the channel.
    Zero,
}

const FORMS: option_syntax::Kind =
    option_syntax::Kind { what: "treatment of missing values", forms: &["refuse", "interpolate", "zero"] };

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refuse => "refuse",
            Self::Interpolate => "interpolate",
            Self::Zero => "zero",
        })
    }
}

impl FromStr for Missing {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "interpolate" => Ok(Self::Interpolate),
            "zero" => Ok(Self::Zero),
            _ => Err(FORMS.unknown(text)),
        }
    }
}

impl Labelled {
    /// Refuses missing values, interpolates them, or leaves them to [`super::Scaling::apply`].
    ///
    /// # Errors
    /// [`Problem::MissingValue`] for the first missing value if they are refused, [`Problem::AllMissing`] for a
    /// sequence with a channel that has nothing to interpolate.
    pub fn treat(&mut self, missing: Missing) -> Result<(), LabelledError> {
        let Kind::Values { channels } = &self.kind else { return Ok(()) };
        let width = channels.len();
        if self.missing == 0 || missing == Missing::Zero {
            return Ok(());
        }
        for sequence in 0..self.labels.len() {
            let range = self.offsets[sequence] * width..self.offsets[sequence + 1] * width;
            let values = &mut self.values[range.clone()];
            if missing == Missing::Interpolate {
                let empty = (0..width).find(|&channel| !interpolate(values, channel, width));
                if let Some(exact) = &mut self.exact {
                    for channel in 0..width {
                        interpolate(&mut exact[range.clone()], channel, width);
                    }
                }
                if let Some(channel) = empty {
                    let problem = Problem::AllMissing { channel: channels[channel].clone() };
                    return Err(self.problem(sequence, problem));
                }
            } else if let Some(index) = values.iter().position(|value| value.is_nan()) {
                let (channel, step) = (channels[index % width].clone(), index / width + 1);
                let problem = Problem::MissingValue { channel, step, count: self.missing };
                return Err(self.problem(sequence, problem));
            }
        }
        Ok(())
    }
}

/// A value in single or double precision.
trait Value: Copy + Into<f64> {
    fn of(value: f64) -> Self;
}

impl Value for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Value for f64 {
    fn of(value: f64) -> Self {
        value
    }
}

/// Fills the gaps of one channel of a sequence `[T, width]`; returns false if the channel has no value.
fn interpolate<T: Value>(values: &mut [T], channel: usize, width: usize) -> bool {
    let mut before: Option<usize> = None;
    for t in 0..values.len() / width {
        let value = values[t * width + channel];
        if value.into().is_nan() {
            continue;
        }
        let first = before.map_or(0, |before| before + 1);
        let start = before.map_or(value, |before| values[before * width + channel]);
        for gap in first..t {
            // In f64, because the difference of two f32 may overflow f32.
            let share = before.map_or(0.0, |before| (gap - before) as f64 / (t - before) as f64);
            let (a, b): (f64, f64) = (start.into(), value.into());
            values[gap * width + channel] = T::of(a + share * (b - a));
        }
        before = Some(t);
    }
    let Some(last) = before else { return false };
    for t in last + 1..values.len() / width {
        values[t * width + channel] = values[last * width + channel];
    }
    true
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ts;
    use super::*;

    #[test]
    fn gaps_are_refused_interpolated_or_left() {
        let text = "@classLabel true a b\n@data\n1,2:3,4:a\n?,2,?,?,8,?:0,1,2,3,4,5:b\n";
        let read = || ts::read(text.as_bytes(), Path::new("x.ts")).unwrap();
        let error = read().treat(Missing::Refuse).unwrap_err().to_string();
        assert!(
            error.contains(
                "x.ts: line 4: value 1 of channel 1 is missing (4 missing in the file): choose --missing"
            ),
            "{error}"
        );
        let mut labelled = read();
        labelled.treat(Missing::Interpolate).unwrap();
        assert_eq!(labelled.sequence(1), [2., 0., 2., 1., 4., 2., 6., 3., 8., 4., 8., 5.]);
        assert_eq!((labelled.missing(), labelled.sequence(0)), (4, &[1., 3., 2., 4.][..]));
        let mut labelled = read();
        labelled.treat(Missing::Zero).unwrap();
        assert!(labelled.sequence(1)[0].is_nan());

        let text = "@classLabel true a b\n@data\n1,2:?,?:a\n";
        let mut labelled = ts::read(text.as_bytes(), Path::new("x.ts")).unwrap();
        let error = labelled.treat(Missing::Interpolate).unwrap_err().to_string();
        assert!(
            error.contains("line 3: every value of channel 2") && error.contains("--missing zero"),
            "{error}"
        );
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for missing in [Missing::Refuse, Missing::Interpolate, Missing::Zero] {
            assert_eq!(missing.to_string().parse(), Ok(missing));
        }
        let error = "interpolat".parse::<Missing>().unwrap_err().to_string();
        assert!(error.contains("did you mean interpolate?"), "{error}");
    }
}
