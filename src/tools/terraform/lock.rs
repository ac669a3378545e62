//! Who holds the lock of a state, as terraform tells it.

use serde::Deserialize;

/// The block `Lock Info` out of a lock error, or the document that is the lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct LockInfo {
    /// What `force-unlock` wants.
    #[serde(rename = "ID")]
    pub id: String,
    /// Which state.
    pub path: String,
    /// What is done under it, for example `OperationTypeApply`.
    pub operation: String,
    /// `user@host`.
    pub who: String,
    /// Version of the tool.
    pub version: String,
    /// When it was taken, as the tool writes it.
    pub created: String,
}

impl LockInfo {
    /// Reads the document that stands in the lock; what is not there stays empty.
    #[must_use]
    pub fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// Reads the detail of the diagnostic; what is not there stays empty.
    #[must_use]
    pub fn parse(detail: &str) -> Self {
        let mut lock = Self::default();
        for line in detail.lines() {
            let Some((key, value)) = line.trim().split_once(':') else { continue };
            let field = match key {
                "ID" => &mut lock.id,
                "Path" => &mut lock.path,
                "Operation" => &mut lock.operation,
                "Who" => &mut lock.who,
                "Version" => &mut lock.version,
                "Created" => &mut lock.created,
                _ => continue,
            };
            value.trim().clone_into(field);
        }
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_in_a_lock_is_read() {
        let json = r#"{"ID":"f00","Operation":"OperationTypeApply","Info":"","Who":"op@host",
            "Version":"1.11.4","Created":"2026-11-21T08:00:00Z","Path":"b/k"}"#;
        let lock = LockInfo::read(json);
        assert_eq!((lock.id.as_str(), lock.who.as_str()), ("f00", "op@host"));
        assert_eq!(lock.created, "2026-11-21T08:00:00Z");
        assert_eq!(LockInfo::read("torn {"), LockInfo::default());
    }

    #[test]
    fn the_lock_info_of_an_error_is_read() {
        let detail = "Error message: resource temporarily unavailable\nLock Info:\n  ID:        \
            2249f22a\n  Path:      terraform.tfstate\n  Operation: OperationTypeApply\n  Who:       \
            op@host\n  Version:   1.11.4\n  Created:   2026-11-21 07:06:24.365449278 +0000 UTC\n  \
            Info:      \n\n\nTerraform acquires a state lock";
        let lock = LockInfo {
            id: "2249f22a".into(),
            path: "terraform.tfstate".into(),
            operation: "OperationTypeApply".into(),
            who: "op@host".into(),
            version: "1.11.4".into(),
            created: "2026-11-21 07:06:24.365449278 +0000 UTC".into(),
        };
        assert_eq!(LockInfo::parse(detail), lock);
        assert_eq!(LockInfo::parse("no lock here"), LockInfo::default());
    }
}
