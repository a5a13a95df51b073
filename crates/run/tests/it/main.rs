//! Tests of the crate, in one program.
#![allow(missing_docs, reason = "tests")]

#[path = "../../../data/tests/it/data.rs"]
mod data;
mod encoder;
mod faults;
mod findings;
mod findings_chinese;
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
mod unread;
mod verdicts;
