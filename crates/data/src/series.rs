//! Numeric series from files of separated values: the model reads W rows and predicts some columns of the next H rows.
//!
//! # Equations
//! x_{t,d} is the value of column d in row t. μ_d and σ_d are its mean and standard deviation over the R rows of the
//! training part, accumulated in f64:
//!
//! ```text
//! μ_d = 1/R Σ_t x_{t,d}        σ_d² = 1/R Σ_t (x_{t,d} − μ_d)²        z_{t,d} = (x_{t,d} − μ_d) / σ_d
//! ```
//!
//! A column that is constant over the training part has σ_d = 1. The one-hot columns of a categorical column are not
//! standardised: μ_d = 0 and σ_d = 1. Window i of a stretch of rows reads z_i … z_{i+W−1};
//! its targets are the target columns of z_{i+W} … z_{i+W+H−1}.
//!
//! # The file
//! [`crate::table`] reads it. Arrays of NumPy (`.npy`, `.npz`) are read as a table: of `[T, D]`, T rows of D columns that
//! are called c0, c1 and so on; of several arrays `[T]`, one column each.
//! One row is one step, however far the times of two rows are apart; times must not decrease within a group. Without
//! `--time-column`, the time column is the first one whose fields [`crate::stamps`] recognises as dates. Times that are
//! neither dates nor numbers cannot be compared: [`TimeSpan::checked`] is false, and the rows are assumed to be in the
//! order of time. Rows of several groups may be interleaved. A group has one value in each of the columns of
//! `--group-column`; with several columns its name is `store=1 item=7`. Text columns are left out unless `--columns`
//! or `--categorical` names them.
//!
//! # The calendar
//! [`SeriesOptions::calendar`] adds two columns for each of its features, after those of the file:
//! [`crate::stamps::calendar`] of the time of the row. They are inputs and never targets. Their values are between -1
//! and 1 and are not standardised, so they do not depend on which part of the year the training part covers.
//!
//! # Parts
//! Of the N rows of each group the first N − ⌊vN⌋ − ⌊uN⌋ are for training, the next ⌊vN⌋ for validation and the last
//! ⌊uN⌋ for the test; v and u are the two fractions. The targets of a window are in one part. Its inputs are rows of the
//! same part or, with [`SeriesOptions::reach_back`], up to W rows before the part: a validation window may begin in the
//! training part, and a test window in the validation part. So a validation part of V rows without a gap has
//! V − H + 1 windows instead of V − W − H + 1. Windows of the training part read rows of that part only. A group that is
//! too short for a window has no windows, but its rows count in μ and σ.
//!
//! # Missing values
//! Missing values are those of [`crate::table::is_missing`] and `--na`; so are blank lines in a file of one column.
//! [`Missing::Drop`] removes rows that lack any column that is read, before the parts are cut. The rows before and
//! after form two segments, and no window spans the gap. [`Missing::Interpolate`] fills a value in linearly between its
//! nearest neighbours, or with the nearest one at an end. Neighbours come from the same part of the group, so that no
//! part leaks into another. Within a part, an interpolated value depends on a later one; as a target it is scored like
//! any other.
//!
//! # Memory
//! The file is read row by row. Values are kept in f64 until all rows are read, then standardised and rounded to f32.

mod baseline;
mod channels;
mod clock;
mod column;
mod dates;
mod describe;
mod empty_columns;
mod error;
mod group;
mod layout;
mod lines;
mod load;
mod numbers;
mod one_hot;
mod options;
mod part;
mod period;
mod regularity;
mod segment;
mod shift;
mod split;
mod standardised;
mod table;
#[cfg(test)]
mod tests;
mod time_check;
mod time_column;
mod times;
mod unsplit;

pub use baseline::{
    Accuracy, Naive, Score, longest_season, naive, naive_by_group, naive_losses, naive_mae,
    naive_mae_of_group,
};
pub use channels::{channels, value_range};
pub use clock::Clock;
pub use column::Column;
pub use describe::{ColumnDescription, Description, GroupDescription, TimeSpan};
pub use error::SeriesError;
pub use options::{Gaps, Missing, SeriesOptions};
pub use part::Part;
pub use period::periods;
pub use regularity::Regularity;
pub use segment::{Segment, Window};
pub use standardised::Series;
pub(crate) use time_column::{TimeColumn, shown};
pub use times::Time;
pub(crate) use unsplit::Unsplit;
pub use unsplit::describe;
