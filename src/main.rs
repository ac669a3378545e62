//! Parses the command line and turns the end of a run into an exit code.
fn main() {}
