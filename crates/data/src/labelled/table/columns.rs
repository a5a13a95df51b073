//! The columns of a table of labelled sequences that are not values.

use crate::categorical::Categorical;
use crate::table::TableOptions;

/// The columns that are not values, and how the table is written.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Name of the label column; None finds `label`, `class` or `target`.
    pub label: Option<String>,
    /// Name of the id column, or names between commas, for tables with one row per step.
    pub id: Option<String>,
    /// Columns of categories, for tables with one row per step.
    pub categorical: Vec<Categorical>,
    /// Column of times, or columns of date and time of day between commas, which are no inputs (`--time-column`); None
    /// finds those that have dates or times of day as text, in tables with one row per step. `none` if there is none.
    pub time: Option<String>,
    /// Whether the steps of a sequence are sorted by time (`--sort-time`); otherwise times must not decrease.
    pub sort_time: bool,
    /// Whether 02/04/2021 is 2 April (`--day-first`); None if the first rows show it.
    pub day_first: Option<bool>,
    /// How the table is written, where its first rows do not say it.
    pub table: TableOptions,
}
