//! Integration tests of the crate, in one binary.
#![allow(clippy::disallowed_methods, reason = "tests make and damage files")]
#![allow(missing_docs, reason = "tests")]

#[path = "../../../data/tests/it/data.rs"]
mod data;
mod edges;
mod encoder;
mod faults;
mod finding_pages;
mod findings;
mod findings_chinese;
mod horizons;
mod learn;
mod losses;
mod objective;
mod observe;
mod planted;
mod profiles;
#[path = "../../../longspan/tests/it/rows.rs"]
mod rows;
#[path = "../../../longspan/tests/it/stack.rs"]
mod stack;
mod tasks;
mod test_dir;
mod unread;
mod verdicts;
