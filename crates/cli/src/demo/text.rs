//! The texts of the tour in English and Chinese. They follow the measurements, also where these contradict what one expects.

mod clipping;
mod explosion;
pub(super) mod figures;
mod gates;
mod residual;
mod table;
mod unrolled;
mod vanishing;

pub(super) use clipping::clipping;
pub(super) use explosion::explosion;
pub(super) use gates::gates;
pub(super) use residual::residual;
pub(super) use table::table;
pub(super) use unrolled::unrolled;
pub(super) use vanishing::vanishing;
