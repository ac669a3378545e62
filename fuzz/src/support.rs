//! What the targets share with the tests.

#[path = "../../tests/it/support/images.rs"]
pub(crate) mod images;
