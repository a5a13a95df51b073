//! The program `longspan`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(longspan_cli::main(std::env::args_os()))
}
