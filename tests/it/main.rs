//! The one integration-test binary; one module a theme.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[test]
fn the_test_binary_runs() {
    assert_eq!(Some(1).unwrap(), 1);
}
