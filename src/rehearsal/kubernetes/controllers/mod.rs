//! What a cluster does by itself: one file a controller.
//!
//! Every controller looks at the whole and brings it one step nearer to what is wanted. A pass
//! asks each of them in turn; passes go on until nothing changes, and then wait for the next
//! change in the world or for the next moment that something is due. Nothing polls.

mod bootstrap;
mod claims;
mod containers;
mod daemon_sets;
mod definitions;
mod deployments;
mod events;
mod external_secrets;
mod garbage;
mod gpu;
mod images;
mod ingresses;
mod jobs;
mod kubelet;
mod nodes;
mod pods;
mod quotas;
mod replica_sets;
mod scheduler;
mod services;
mod stateful_sets;
mod timers;
mod topology;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

pub(crate) use self::nodes::GROUP_LABEL;
pub(crate) use self::scheduler::requests;
use self::timers::Timers;
use super::access::Cluster;
use super::admission;
use super::api::Api;
use super::failure::Failure;
use super::kind;
use super::objects::{TABLE, Weight};
use super::value::{annotation, controller_of, label, moment, name, namespace, text, uid};
use crate::rehearsal::World;

/// Passes that follow each other without a pause, before others get their turn.
const PASSES_AT_ONCE: usize = 64;

/// Changes that come together are looked at together.
const GATHER: Duration = Duration::from_millis(5);

/// What the controllers of one pass share.
pub(crate) struct Control<'a> {
    pub(crate) api: &'a Api,
    pub(crate) cluster: &'a Cluster,
    pub(crate) timers: &'a mut Timers,
    /// Now, as Kubernetes writes it.
    pub(crate) now: String,
    has_changed: bool,
}

/// Runs the cluster for ever.
pub(crate) async fn run(api: &Arc<Api>) {
    let mut changes = api.world.store.changes();
    let mut timers = Timers::open(Arc::clone(&api.world));
    loop {
        changes.mark_unchanged();
        for _ in 0..PASSES_AT_ONCE {
            match pass(api, &mut timers) {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%error, "the cluster could not write down what it did");
                    timers.wake_in(Duration::from_secs(1));
                    break;
                }
            }
            changes.mark_unchanged();
        }
        // Both arms are cancel safe: a change that is seen later is still seen.
        tokio::select! {
            result = changes.changed() => {
                if result.is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
            () = timers.next() => {}
        }
    }
}

/// One turn of every controller; whether anything changed.
fn pass(api: &Api, timers: &mut Timers) -> io::Result<bool> {
    timers.begin_pass();
    let Some(cluster) = Cluster::all(&api.world).into_iter().next() else {
        return forget_cluster(api);
    };
    let now = moment(api.world.now());
    let mut control = Control { api, cluster: &cluster, timers, now, has_changed: false };
    let controllers: [fn(&mut Control<'_>) -> io::Result<()>; 17] = [
        bootstrap::run,
        nodes::run,
        garbage::run,
        definitions::run,
        deployments::run,
        replica_sets::run,
        stateful_sets::run,
        daemon_sets::run,
        jobs::run,
        claims::run,
        scheduler::run,
        kubelet::run,
        quotas::run,
        services::run,
        ingresses::run,
        external_secrets::run,
        gpu::run,
    ];
    for controller in controllers {
        controller(&mut control)?;
    }
    Ok(control.has_changed)
}

/// With the cluster goes everything in it.
fn forget_cluster(api: &Api) -> io::Result<bool> {
    let keys: Vec<String> =
        api.world.store.with_table(TABLE, |objects| objects.keys().cloned().collect());
    if keys.is_empty() {
        return Ok(false);
    }
    let mut writer = api.objects.writer(Weight::Asked);
    for (path, object) in api.objects.everything(|_| true) {
        writer.remove(&path, namespace(&object), name(&object))?;
    }
    bootstrap::forget(&api.world)?;
    Ok(true)
}

impl Control<'_> {
    /// The world.
    pub(crate) fn world(&self) -> &World {
        &self.api.world
    }

    /// All objects at a path.
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        self.api.objects.list(path)
    }

    /// Creates an object as a client would, through admission; `Ok` when it is there already.
    pub(crate) fn create(&mut self, mut object: Value) -> io::Result<Result<(), Failure>> {
        let Some(kind) = kind::built_in_of(&object) else {
            return Ok(Err(Failure::no_such_resource()));
        };
        let mut writer = self.api.objects.writer(Weight::Derived);
        if self.api.objects.has(&kind.path(), namespace(&object), name(&object)) {
            return Ok(Ok(()));
        }
        if let Err(failure) = admission::create(self.api, &kind, &mut object) {
            return Ok(Err(failure));
        }
        if kind.has_generation() {
            object["metadata"]["generation"] = 1.into();
        }
        writer.create(&kind.path(), object)?;
        self.has_changed = true;
        Ok(Ok(()))
    }

    /// Changes an object as it is now, if it is still the one that was seen.
    pub(crate) fn modify(
        &mut self,
        path: &str,
        seen: &Value,
        change: impl FnOnce(&mut Value),
    ) -> io::Result<()> {
        let mut writer = self.api.objects.writer(Weight::Derived);
        let Some(before) = self.api.objects.get(path, namespace(seen), name(seen)) else {
            return Ok(());
        };
        if uid(&before) != uid(seen) {
            return Ok(());
        }
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        if before["spec"] != after["spec"]
            && let Some(generation) = before["metadata"]["generation"].as_i64()
        {
            after["metadata"]["generation"] = (generation + 1).into();
        }
        writer.replace(path, after)?;
        self.has_changed = true;
        Ok(())
    }

    /// Sets the status of an object.
    pub(crate) fn set_status(&mut self, path: &str, seen: &Value, status: Value) -> io::Result<()> {
        if seen["status"] == status {
            return Ok(());
        }
        self.modify(path, seen, |object| object["status"] = status)
    }

    /// Removes an object for good.
    pub(crate) fn remove(&mut self, path: &str, object: &Value) -> io::Result<()> {
        let mut writer = self.api.objects.writer(Weight::Derived);
        if writer.remove(path, namespace(object), name(object))?.is_some() {
            self.has_changed = true;
        }
        Ok(())
    }

    /// Whether `what` has taken its time since it was first asked for: `typical`, as the scenario
    /// and the time scale want it. `what` is `KIND/WHICH`, and the kind can be overridden.
    pub(crate) fn has_taken(&mut self, what: &str, typical: Duration) -> bool {
        let after = self.world().duration(what, typical);
        self.timers.is_due(what, after)
    }

    /// The helm release that an object belongs to, found at the top of its owners.
    pub(crate) fn release_of(&self, object: &Value) -> String {
        let mut top = object.clone();
        // Pod, replica set, deployment: never more than that.
        for _ in 0..3 {
            let Some(owner) = controller_of(&top) else { break };
            let wanted = (text(owner, "/kind").to_lowercase() + "s", text(owner, "/name"));
            let group = text(owner, "/apiVersion").split_once('/').map_or("core", |(g, _)| g);
            let path = format!("{group}/{}", wanted.0);
            match self.api.objects.get(&path, namespace(&top), wanted.1) {
                Some(found) => top = found,
                None => break,
            }
        }
        annotation(&top, "meta.helm.sh/release-name")
            .or_else(|| label(&top, "app.kubernetes.io/instance"))
            .unwrap_or_default()
            .to_owned()
    }
}
