//! Measurements of weights on data: what training does not show, or only mixed with everything else.

pub mod reach;
