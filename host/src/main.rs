//! The command `approval-bridge`. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    approval_bridge::cli::main()
}
