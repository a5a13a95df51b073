//! The program `longspan`.

#![warn(clippy::disallowed_macros)]

use std::process::ExitCode;

use longspan_kernel::allocator::Allocator;

/// What does not fit into memory and was not noticed before ends with a message instead of an abort. All files of a run are
/// written so that the process may end at any moment. It is not in the library: a Python process is not ours to end.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new(longspan_cli::out_of_memory);

fn main() -> ExitCode {
    ExitCode::from(longspan_cli::main(std::env::args_os()))
}
