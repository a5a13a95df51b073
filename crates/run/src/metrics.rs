//! Evaluation metrics, computed from plain counts and numbers.

pub mod classification;
