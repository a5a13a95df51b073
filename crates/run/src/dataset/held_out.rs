//! Data to evaluate a model on.

use std::sync::Arc;

use longspan::batch::Source;
use longspan_data::series::{Part, Series};

use super::baseline::Baseline;
use crate::units::Units;

/// Data to evaluate a model on.
pub struct HeldOut {
    /// The data.
    pub source: Box<dyn Source>,
    /// What their units are.
    pub units: Units,
    /// The series and its part, for a forecaster.
    pub series: Option<(Arc<Series>, Part)>,
    /// The baselines of these data; empty for a series of another file, whose forecasts without a network are scored as
    /// those of the model are.
    pub baselines: Vec<Baseline>,
    /// The most frequent class of the training part, if it is known.
    pub most_frequent_class: Option<u32>,
    /// How other data than the run's own differ from the training part: other units, unknown categories.
    pub shifts: Vec<String>,
}
