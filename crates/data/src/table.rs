//! Tables: one reader for series, labelled tables, inspection and streams.
//!
//! A table is text with fields between commas, semicolons, tabs, bars or runs of spaces. How it is written is found
//! from its first rows and may be said by [`TableOptions`] instead:
//!
//! - The separator is the one that divides most rows into the same number of fields, most of them numbers or times.
//!   In a tie the first of `,` `;` tab `|` space wins. A line `sep=;` names it.
//! - Comments (`#`, `%`), the first line of a data logger (TOA5) and lines of free text before the first row are left
//!   out. So are up to two rows of units and other words below the names, and the empty field after a separator at the
//!   end of each row. A line that begins with `#` and is no row is a comment anywhere, and rows of separators alone are
//!   skipped at the end.
//! - A row of names differs from the rows below it in the kind of its fields: number, time or text. Without one the
//!   columns are called `column 1`, `column 2`, …. Whole numbers are names if they count up, as those of years and of
//!   programs do, or differ from one another above columns of fractions; a note says so.
//! - The decimal mark is the one that most numbers show: 2,5 shows a comma, 0.25 and 1,234.5 show a point, 1,234 shows
//!   neither and is refused unless another number shows the mark. The other mark, spaces and apostrophes may separate
//!   thousands.
//! - Numbers may have a currency sign, `%`, K, M, G or a unit if all numbers of the column have it. Missing values are
//!   those of [`is_missing`] and of `--na`.
//!
//! The file may be compressed with gzip and may be a pipe: it is read once.

mod blanks;
mod error;
mod format;
mod header;
mod key;
mod kind;
mod layout;
mod line;
mod misfit;
mod missing;
mod names;
mod notation;
mod number;
mod options;
mod rows;
mod runs;
mod sketch;
mod source;
#[cfg(test)]
mod tests;
mod times;
mod unit;

pub use error::TableError;
pub(crate) use error::{list, shorten};
pub(crate) use format::is_table;
pub(crate) use key::Key;
pub use line::{LineFormat, LineProblem};
pub use missing::is_missing;
pub(crate) use names::is_no_column;
pub use names::{join_names, split_names};
pub(crate) use number::{Cell, NumberForm};
pub use options::{Decimal, Separator, TableOptions};
pub(crate) use rows::{Location, Rows};
pub(crate) use runs::{in_runs, restarting};
pub(crate) use sketch::{Column, IDS, Sketch, columns};
pub(crate) use source::LONGEST;
pub(crate) use times::looks_like_time;
