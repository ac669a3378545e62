//! The inventory: what exists, as sorted JSON that is equal for equal worlds.
//!
//! Each server knows what its own objects are called; this puts them together.

use serde_json::{Value, json};

use super::{Store, kubernetes, provider, registry, storage};

/// The inventory of everything in the store.
pub fn of(store: &Store) -> Value {
    json!({
        "aws": provider::inventory(store),
        "kubernetes": kubernetes::inventory(store),
        "registry": registry::inventory(store),
        "storage": storage::inventory(store),
    })
}
