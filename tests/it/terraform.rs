//! The embedded Terraform, as both engines see it.

use crate::support::programs::{capture, engines};
use crate::support::source::root;

#[test]
fn the_sources_are_formatted() {
    for (name, program) in engines() {
        let args = ["fmt", "-check", "-diff", "-recursive", "terraform"];
        let (code, text) = capture(&program, &args, &root());
        assert_eq!(code, Some(0), "{name} fmt:\n{text}");
    }
}
