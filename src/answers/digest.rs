//! The digest of answers: equal for equal answers, however they were written.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::answer::{Answers, Value};

impl Answers {
    /// `sha256:` and the digest of all answers that count, as JSON with sorted keys.
    pub fn digest(&self) -> String {
        format!("sha256:{}", hex::encode(Sha256::digest(self.canonical())))
    }

    /// The answers that count, as one line of JSON with sorted keys.
    fn canonical(&self) -> String {
        let mut values: BTreeMap<&str, &Value> = self
            .catalogue
            .questions()
            .filter(|q| self.applies(q))
            .filter_map(|q| Some((q.key, self.value(q)?)))
            .collect();
        let blueprint = Value::from(self.catalogue.blueprint);
        values.insert("blueprint", &blueprint);
        serde_json::to_string(&values).expect("texts, numbers, lists and tables by text are JSON")
    }
}
