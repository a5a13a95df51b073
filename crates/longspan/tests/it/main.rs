//! The integration tests of the crate, in one program.
#![allow(missing_docs, reason = "tests")]

mod credit;
mod credit_laws;
mod credit_report;
mod custom_cell;
mod examine;
mod golden;
mod golden_credit;
mod golden_jacobian;
mod golden_lag;
mod golden_model;
mod gradcheck;
mod jacobian;
mod lag_snapshot;
mod laws;
mod model;
mod naive;
mod not_finite;
mod options;
mod own_loop;
mod recurrence;
mod replay;
mod rows;
mod spectrum;
mod stack;
