//! The objects of the cluster: kept in the world's store, numbered, remembered for watches.
//!
//! Owns resource versions, uids and the log of recent changes. Does not judge what is written
//! (`admission` does). Everybody may read; whoever writes takes the [`Writer`], of which there is
//! one at a time, so that a check and the write that depends on it are one step.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::value::{moment, name, namespace};
use crate::rehearsal::World;

/// The table of the store.
pub(crate) const TABLE: &str = "kubernetes";

/// So many changes are remembered for watches that come back.
const REMEMBERED: usize = 4096;

/// The objects of the cluster.
#[derive(Debug)]
pub(crate) struct Objects {
    world: Arc<World>,
    log: Mutex<Log>,
    revision: watch::Sender<u64>,
}

#[derive(Debug)]
struct Log {
    revision: u64,
    /// Changes up to this revision are forgotten.
    forgotten: u64,
    changes: VecDeque<Change>,
}

/// A change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The resource version that it made.
    pub(crate) revision: u64,
    /// `GROUP/PLURAL`.
    pub(crate) path: String,
    /// The object before, unless it is new.
    pub(crate) before: Option<Arc<Value>>,
    /// The object after; of a deleted one its last state with the new resource version.
    pub(crate) after: Arc<Value>,
    /// Whether it is gone.
    pub(crate) what: Effect,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Written,
    Removed,
}

/// How certainly a write is on disk before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Asked for by a client.
    Asked,
    /// Made by a controller, which would make it again.
    Derived,
}

impl Objects {
    /// The objects kept in the world's store.
    pub(crate) fn open(world: Arc<World>) -> Self {
        let highest = world
            .store
            .with_table(TABLE, |objects| objects.values().map(resource_version).max().unwrap_or(0));
        let revision = highest.max(*world.store.changes().borrow());
        Self {
            world,
            log: Mutex::new(Log { revision, forgotten: revision, changes: VecDeque::new() }),
            revision: watch::Sender::new(revision),
        }
    }

    /// One object.
    pub(crate) fn get(&self, path: &str, namespace: &str, name: &str) -> Option<Value> {
        self.world.store.get(TABLE, &key(path, namespace, name))
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, path: &str, namespace: &str, name: &str) -> bool {
        self.world.store.with_table(TABLE, |t| t.contains_key(&key(path, namespace, name)))
    }

    /// All objects at a path, in order of namespace and name.
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        self.select(&format!("{path}/"), |_| true)
    }

    /// All objects at a path in one namespace.
    pub(crate) fn list_in(&self, path: &str, namespace: &str) -> Vec<Value> {
        self.select(&format!("{path}/{namespace}/"), |_| true)
    }

    /// The objects whose key begins with `prefix` and that `wanted` accepts.
    pub(crate) fn select(&self, prefix: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.world.store.with_table(TABLE, |objects| {
            objects
                .range(prefix.to_owned()..)
                .take_while(|(key, _)| key.starts_with(prefix))
                .filter(|(_, object)| wanted(object))
                .map(|(_, object)| object.clone())
                .collect()
        })
    }

    /// Every object with its path.
    pub(crate) fn everything(&self, wanted: impl Fn(&Value) -> bool) -> Vec<(String, Value)> {
        self.world.store.with_table(TABLE, |objects| {
            objects
                .iter()
                .filter(|(_, object)| wanted(object))
                .map(|(key, object)| (path_of(key).to_owned(), object.clone()))
                .collect()
        })
    }

    /// The latest resource version.
    pub(crate) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Wakes whenever an object changed.
    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// What changed at a path after `revision`, and up to which revision that is;
    /// `Err` names the oldest revision that can be asked for.
    pub(crate) fn changes_after(
        &self,
        path: &str,
        revision: u64,
    ) -> Result<(Vec<Change>, u64), u64> {
        let log = self.lock();
        if revision < log.forgotten {
            return Err(log.forgotten);
        }
        let start = log.changes.partition_point(|change| change.revision <= revision);
        let changes = log.changes.range(start..).filter(|c| c.path == path).cloned().collect();
        Ok((changes, log.revision))
    }

    /// The right to write; nobody else writes meanwhile.
    pub(crate) fn writer(&self, weight: Weight) -> Writer<'_> {
        Writer { objects: self, log: self.lock(), weight }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no holder of this lock panics")
    }
}

/// The right to write.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    objects: &'a Objects,
    log: MutexGuard<'a, Log>,
    weight: Weight,
}

impl Writer<'_> {
    /// The objects, for reading.
    pub(crate) fn objects(&self) -> &Objects {
        self.objects
    }

    /// Writes a new object with uid and creation time; its key must be free.
    pub(crate) fn create(&mut self, path: &str, mut object: Value) -> io::Result<Value> {
        let world = &self.objects.world;
        let label = format!("{path}/{}/{}/{}", namespace(&object), name(&object), self.next());
        let hex = world.hex(&label, 32);
        let uid = format!(
            "{}-{}-4{}-a{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..32]
        );
        object["metadata"]["uid"] = json!(uid);
        object["metadata"]["creationTimestamp"] = json!(moment(world.now()));
        self.write(path, None, object)
    }

    /// Writes an object over what is there; nothing happens when it is the same.
    pub(crate) fn replace(&mut self, path: &str, object: Value) -> io::Result<Value> {
        let before = self.objects.get(path, namespace(&object), name(&object));
        if before.as_ref() == Some(&object) {
            return Ok(object);
        }
        self.write(path, before, object)
    }

    /// Removes an object and returns its last state.
    pub(crate) fn remove(
        &mut self,
        path: &str,
        namespace: &str,
        name: &str,
    ) -> io::Result<Option<Value>> {
        let Some(before) = self.objects.get(path, namespace, name) else { return Ok(None) };
        let revision = self.next();
        let store = &self.objects.world.store;
        let key = key(path, namespace, name);
        match self.weight {
            Weight::Asked => store.remove(TABLE, &key)?,
            Weight::Derived => store.put_derived(TABLE, &key, None)?,
        }
        let mut last = before.clone();
        last["metadata"]["resourceVersion"] = json!(revision.to_string());
        self.remember(Change {
            revision,
            path: path.to_owned(),
            before: Some(Arc::new(before)),
            after: Arc::new(last.clone()),
            what: Effect::Removed,
        });
        Ok(Some(last))
    }

    fn write(&mut self, path: &str, before: Option<Value>, mut object: Value) -> io::Result<Value> {
        let revision = self.next();
        object["metadata"]["resourceVersion"] = json!(revision.to_string());
        let key = key(path, namespace(&object), name(&object));
        let store = &self.objects.world.store;
        match self.weight {
            Weight::Asked => store.put(TABLE, &key, object.clone())?,
            Weight::Derived => store.put_derived(TABLE, &key, Some(object.clone()))?,
        }
        self.remember(Change {
            revision,
            path: path.to_owned(),
            before: before.map(Arc::new),
            after: Arc::new(object.clone()),
            what: Effect::Written,
        });
        Ok(object)
    }

    /// Each write is one line of the store, so its count never falls behind, whatever was deleted
    /// before a restart.
    fn next(&self) -> u64 {
        let lines = *self.objects.world.store.changes().borrow();
        self.log.revision.max(lines) + 1
    }

    fn remember(&mut self, change: Change) {
        self.log.revision = change.revision;
        self.log.changes.push_back(change);
        if self.log.changes.len() > REMEMBERED
            && let Some(oldest) = self.log.changes.pop_front()
        {
            self.log.forgotten = oldest.revision;
        }
        self.objects.revision.send_replace(self.log.revision);
    }
}

/// `metadata.resourceVersion` as a number.
pub(crate) fn resource_version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn key(path: &str, namespace: &str, name: &str) -> String {
    format!("{path}/{namespace}/{name}")
}

/// `GROUP/PLURAL` of a key.
fn path_of(key: &str) -> &str {
    let second = key.match_indices('/').nth(1).map_or(key.len(), |(at, _)| at);
    &key[..second]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::Scenario;

    #[test]
    fn resource_versions_grow_over_a_restart_even_when_the_latest_object_was_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Objects::open(World::open(dir.path(), Scenario::default(), 0.0).unwrap());
        let objects = open();
        let made = objects
            .writer(Weight::Asked)
            .create("core/configmaps", json!({"metadata": {"name": "a", "namespace": "x"}}))
            .unwrap();
        let gone =
            objects.writer(Weight::Asked).remove("core/configmaps", "x", "a").unwrap().unwrap();
        assert!(resource_version(&gone) > resource_version(&made));
        drop(objects);
        let again = open();
        assert!(again.revision() >= resource_version(&gone));
        assert_eq!(again.changes_after("core/configmaps", 0).unwrap_err(), again.revision());
    }
}
