//! What a trained network is measured by, from plain counts and numbers: no model is known here.

pub mod classification;
