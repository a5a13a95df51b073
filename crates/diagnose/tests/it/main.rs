//! Integration tests of the crate, in one binary.
#![allow(missing_docs, reason = "tests")]

mod runs;
