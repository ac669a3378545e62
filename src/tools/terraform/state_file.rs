//! A state as a file: whole, torn, or not there; which of two is the later one.
//!
//! Reads no more of it than its place in the history.

use std::io;
use std::path::Path;

use serde::Deserialize;

/// What a file that should hold a state holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateFile {
    /// There is none.
    Missing,
    /// It is empty or ends in the middle.
    Torn,
    /// It is a state.
    Whole {
        /// Counts the changes.
        serial: u64,
        /// The same in every form of one state.
        lineage: String,
    },
}

impl StateFile {
    /// Looks at a file.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn look(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Self::of(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Missing),
            Err(error) => Err(error),
        }
    }

    /// What bytes hold, as from `state pull`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Place {
            serial: u64,
            lineage: String,
            #[serde(default)]
            resources: Vec<serde::de::IgnoredAny>,
        }
        match serde_json::from_slice(bytes) {
            // What tofu pulls where no state was ever written. One that it could not write may
            // have no lineage either, but it holds what was made.
            Ok(Place { lineage, resources, .. }) if lineage.is_empty() && resources.is_empty() => {
                Self::Missing
            }
            Ok(Place { serial, lineage, .. }) => Self::Whole { serial, lineage },
            Err(_not_a_state) => Self::Torn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_whole_only_to_its_last_brace() {
        let text = br#"{"version":4,"serial":7,"lineage":"l-1","resources":[{"a":"}"}]}"#;
        let whole = StateFile::Whole { serial: 7, lineage: "l-1".into() };
        assert_eq!(StateFile::of(text), whole);
        for cut in 0..text.len() {
            assert_eq!(StateFile::of(&text[..cut]), StateFile::Torn, "cut at {cut}");
        }
        let never = br#"{"version":4,"serial":0,"lineage":"","resources":[]}"#;
        assert_eq!(StateFile::of(never), StateFile::Missing);
        let first = br#"{"version":4,"serial":0,"lineage":"","resources":[{}]}"#;
        assert_eq!(StateFile::of(first), StateFile::Whole { serial: 0, lineage: String::new() });
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(StateFile::look(&dir.path().join("none")).unwrap(), StateFile::Missing);
    }
}
