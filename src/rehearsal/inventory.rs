//! The inventory: what exists, as sorted JSON that is equal for equal worlds.

use serde_json::{Value, json};

use super::Store;

/// The inventory of everything in the store.
pub fn of(store: &Store) -> Value {
    let aws = store.with_table("aws", |rows| {
        rows.iter()
            .filter(|(_, row)| row.get("status").is_none())
            .map(|(k, _)| k.clone())
            .collect::<Vec<_>>()
    });
    json!({ "aws": aws })
}
