//! Tests of the program, in one program.
#![allow(missing_docs, reason = "tests")]

mod bad_data;
mod bad_input;
mod browser;
mod categorical;
mod completions;
mod demo;
mod diagnose;
mod fault;
mod groups;
mod help;
mod inspect;
mod large_text;
mod moved;
mod odd_files;
mod old_files;
mod other_data;
mod outside;
mod predict;
mod printed;
mod probe;
mod program;
mod real_text;
mod recipes;
mod report;
mod resume;
mod resume_changed;
mod resume_data;
mod schemas;
mod scores;
mod serve;
mod server_load;
mod server_requests;
mod tensorboard;
#[cfg(unix)]
mod terminal;
mod test_dir;
mod untrusted;
