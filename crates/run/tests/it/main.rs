//! Integration tests of the crate, in one binary.
#![allow(clippy::disallowed_methods, reason = "tests make and damage files")]
#![allow(missing_docs, reason = "tests")]

#[path = "../../../data/tests/it/data.rs"]
mod data;
mod edges;
mod effects;
mod encoder;
mod faults;
mod finding_pages;
mod findings;
mod findings_chinese;
mod guide;
mod horizons;
mod learn;
mod losses;
mod objective;
mod observe;
mod planted;
mod profiles;
mod recorder;
#[path = "../../../longspan/tests/it/rows.rs"]
mod rows;
mod tasks;
mod test_dir;
mod unread;
mod verdicts;
