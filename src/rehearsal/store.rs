//! What exists in the world: named tables of JSON objects, on disk before a change is answered.
//!
//! Every server keeps its objects here (`aws`, `kubernetes`, `registry`, `storage`, …), so that a
//! killed world comes back with everything. Does not know what the objects mean. A table can be
//! indexed by the texts in its objects, so that "who mentions this id" costs the same in a world
//! of thousands.

use std::collections::{BTreeMap, BTreeSet};
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
    /// For indexed tables: each text, and the keys of the objects that hold it.
    indexes: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    log: AppendLog,
    revision: u64,
}

/// Longer texts are documents, and nobody looks for an object by one.
const LONGEST_WORD: usize = 256;

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
            inner: Mutex::new(Inner { tables, indexes: BTreeMap::new(), log, revision }),
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
        inner.replace(table, key, after);
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

    /// Makes [`Store::holding`] answer for a table.
    pub fn index(&self, table: &str) {
        let mut inner = self.lock();
        let mut index: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, object) in inner.tables.get(table).into_iter().flatten() {
            for word in words(object) {
                index.entry(word.to_owned()).or_default().insert(key.clone());
            }
        }
        inner.indexes.insert(table.to_owned(), index);
    }

    /// The objects of an indexed table whose key begins with `prefix` and that hold these texts
    /// anywhere, in key order. Empty texts and whole documents are not looked for: the caller
    /// compares what it means.
    pub fn holding(&self, table: &str, prefix: &str, texts: &[&str]) -> Vec<(String, Value)> {
        let inner = self.lock();
        let none = BTreeSet::new();
        let index = inner.indexes.get(table);
        let mut holders: Vec<&BTreeSet<String>> = texts
            .iter()
            .filter(|text| is_word(text))
            .map(|text| index.and_then(|index| index.get(*text)).unwrap_or(&none))
            .collect();
        holders.sort_by_key(|keys| keys.len());
        let Some((rarest, others)) = holders.split_first() else {
            drop(inner);
            return self.list_prefix(table, prefix);
        };
        let Some(objects) = inner.tables.get(table) else { return Vec::new() };
        rarest
            .range(prefix.to_owned()..)
            .take_while(|key| key.starts_with(prefix))
            .filter(|key| others.iter().all(|keys| keys.contains(*key)))
            .filter_map(|key| Some((key.clone(), objects.get(key)?.clone())))
            .collect()
    }

    /// Whether an object is there.
    pub fn contains(&self, table: &str, key: &str) -> bool {
        self.lock().tables.get(table).is_some_and(|objects| objects.contains_key(key))
    }

    /// Wakes whenever anything changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }
}

impl Inner {
    /// Puts an object in, or takes it out, and keeps the index right.
    fn replace(&mut self, table: &str, key: &str, after: Option<Value>) {
        let objects = self.tables.entry(table.to_owned()).or_default();
        let index = self.indexes.get_mut(table);
        if let Some(index) = index {
            for word in objects.get(key).map(words).unwrap_or_default() {
                if let Some(keys) = index.get_mut(word) {
                    keys.remove(key);
                    if keys.is_empty() {
                        index.remove(word);
                    }
                }
            }
            for word in after.as_ref().map(words).unwrap_or_default() {
                index.entry(word.to_owned()).or_default().insert(key.to_owned());
            }
        }
        match after {
            Some(value) => objects.insert(key.to_owned(), value),
            None => objects.remove(key),
        };
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_WORD
}

/// All texts in an object by which it may be looked for.
fn words(object: &Value) -> BTreeSet<&str> {
    fn collect<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
        match value {
            Value::String(text) if is_word(text) => {
                found.insert(text);
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(object, &mut found);
    found
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

    #[test]
    fn objects_are_found_by_the_texts_that_they_hold_now() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.put("aws", "subnet/1", json!({"vpc": "v", "names": ["a"]})).unwrap();
        store.index("aws");
        store.put("aws", "subnet/2", json!({"vpc": "v", "inner": {"name": "b"}})).unwrap();
        store.put("aws", "gateway/1", json!({"vpc": "v"})).unwrap();
        let keys = |texts: &[&str]| -> Vec<String> {
            store.holding("aws", "subnet/", texts).into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys(&["v"]), ["subnet/1", "subnet/2"]);
        assert_eq!(keys(&["v", "b"]), ["subnet/2"]);
        assert_eq!(keys(&["", &"long".repeat(100)]), ["subnet/1", "subnet/2"]);
        store.put("aws", "subnet/2", json!({"vpc": "w"})).unwrap();
        store.remove("aws", "subnet/1").unwrap();
        assert_eq!(keys(&["v"]), [""; 0]);
        assert_eq!(keys(&["w"]), ["subnet/2"]);
    }
}
