//! Tests of the crate, in one program.
#![allow(missing_docs, reason = "tests")]

mod examine;
mod golden;
mod golden_jacobian;
mod golden_model;
mod golden_reach;
mod gradcheck;
mod jacobian;
mod laws;
mod model;
mod naive;
mod not_finite;
mod options;
mod reach;
mod reach_laws;
mod reach_report;
mod recurrence;
mod rows;
mod spectrum;
mod stack;
