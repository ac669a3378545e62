//! What exists in the world: named tables of JSON objects, on disk before a change is answered.
//!
//! Every server keeps its objects here (`aws`, `kubernetes`, `registry`, `storage`, …), so that a
//! killed world comes back with everything. Does not know what the objects mean.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::host::AppendLog;

/// The tables of the world.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    revision: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    tables: BTreeMap<String, BTreeMap<String, Value>>,
    log: AppendLog,
    revision: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flush {
    Now,
    WithTheNext,
}

/// One line of `world.jsonl`; `value` is absent when the object was removed.
#[derive(Debug, Serialize, Deserialize)]
struct Change<'a> {
    table: std::borrow::Cow<'a, str>,
    key: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<std::borrow::Cow<'a, Value>>,
}

impl Store {
    /// Opens the store of a world, made when missing.
    ///
    /// # Errors
    /// When `world.jsonl` cannot be read or written.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let (log, lines) = AppendLog::open(&dir.join("world.jsonl"))?;
        let mut tables: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for line in &lines {
            let change: Change = serde_json::from_str(line).map_err(io::Error::other)?;
            let table = tables.entry(change.table.into_owned()).or_default();
            match change.value {
                Some(value) => table.insert(change.key.into_owned(), value.into_owned()),
                None => table.remove(change.key.as_ref()),
            };
        }
        let revision = lines.len() as u64;
        Ok(Self {
            inner: Mutex::new(Inner { tables, log, revision }),
            revision: watch::Sender::new(revision),
        })
    }

    /// Writes an object, new or changed.
    ///
    /// # Errors
    /// When the disk refuses; the object is then as it was.
    pub fn put(&self, table: &str, key: &str, value: Value) -> io::Result<()> {
        self.update(table, key, |_| Some(value))
    }

    /// Removes an object; one that is not there is left so.
    ///
    /// # Errors
    /// When the disk refuses; the object is then still there.
    pub fn remove(&self, table: &str, key: &str) -> io::Result<()> {
        self.update(table, key, |_| None)
    }

    /// Reads and writes an object in one step: `change` gets what is there and returns what shall
    /// be there. Nothing is written when that is the same.
    ///
    /// # Errors
    /// When the disk refuses; the object is then as it was.
    pub fn update(
        &self,
        table: &str,
        key: &str,
        change: impl FnOnce(Option<&Value>) -> Option<Value>,
    ) -> io::Result<()> {
        self.write(table, key, Flush::Now, change)
    }

    /// Writes an object (`None` removes it) that the world can make again from others, such as
    /// the state of a pod: it survives a killed process, but a power cut may lose it.
    ///
    /// # Errors
    /// When the disk refuses; the object is then as it was.
    pub fn put_derived(&self, table: &str, key: &str, value: Option<Value>) -> io::Result<()> {
        self.write(table, key, Flush::WithTheNext, |_| value)
    }

    fn write(
        &self,
        table: &str,
        key: &str,
        flush: Flush,
        change: impl FnOnce(Option<&Value>) -> Option<Value>,
    ) -> io::Result<()> {
        let mut inner = self.lock();
        let before = inner.tables.get(table).and_then(|t| t.get(key));
        let after = change(before);
        if before == after.as_ref() {
            return Ok(());
        }
        let line = serde_json::to_string(&Change {
            table: table.into(),
            key: key.into(),
            value: after.as_ref().map(std::borrow::Cow::Borrowed),
        })
        .map_err(io::Error::other)?;
        inner.log.append(&line)?;
        if flush == Flush::Now {
            inner.log.sync()?;
        }
        let objects = inner.tables.entry(table.to_owned()).or_default();
        match after {
            Some(value) => objects.insert(key.to_owned(), value),
            None => objects.remove(key),
        };
        inner.revision += 1;
        let revision = inner.revision;
        drop(inner);
        self.revision.send_replace(revision);
        Ok(())
    }

    /// Creates an object under a key that must be free; `false` when it is taken.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(&self, table: &str, key: &str, value: Value) -> io::Result<bool> {
        let mut free = false;
        self.update(table, key, |there| {
            free = there.is_none();
            Some(there.cloned().unwrap_or(value))
        })?;
        Ok(free)
    }

    /// One object.
    pub fn get(&self, table: &str, key: &str) -> Option<Value> {
        self.lock().tables.get(table)?.get(key).cloned()
    }

    /// All objects of a table, in key order.
    pub fn list(&self, table: &str) -> Vec<(String, Value)> {
        self.lock()
            .tables
            .get(table)
            .map(|t| t.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
            .unwrap_or_default()
    }

    /// The objects of a table whose key begins with `prefix`, in key order.
    pub fn list_prefix(&self, table: &str, prefix: &str) -> Vec<(String, Value)> {
        self.lock()
            .tables
            .get(table)
            .map(|t| {
                t.range(prefix.to_owned()..)
                    .take_while(|(k, _)| k.starts_with(prefix))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// Looks at a table without copying it. `look` must be quick: the store waits meanwhile.
    pub fn with_table<R>(
        &self,
        table: &str,
        look: impl FnOnce(&BTreeMap<String, Value>) -> R,
    ) -> R {
        let inner = self.lock();
        match inner.tables.get(table) {
            Some(objects) => look(objects),
            None => look(&BTreeMap::new()),
        }
    }

    /// Wakes whenever anything changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_opened_store_holds_what_was_put_and_not_what_was_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.put("aws", "a", json!({"n": 1})).unwrap();
        store.put("aws", "b", json!({"n": 2})).unwrap();
        store.remove("aws", "a").unwrap();
        assert!(!store.create("aws", "b", json!({})).unwrap());
        drop(store);
        let again = Store::open(dir.path()).unwrap();
        assert_eq!(again.list("aws"), [("b".to_owned(), json!({"n": 2}))]);
    }
}
