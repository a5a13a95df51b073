//! Integration tests of the crate, in one binary.
#![allow(missing_docs, reason = "tests")]

mod data;
mod golden_losses;
mod labelled;
mod series;
mod tokenizer;
