//! Simulated servers inside the test process.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use springboard::rehearsal::{Scenario, World, kubernetes, registry, storage};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A world with servers that end with it.
pub(crate) struct Servers {
    _dir: TempDir,
    pub(crate) world: Arc<World>,
    running: JoinSet<std::io::Result<()>>,
}

impl Servers {
    /// A world in which no time passes.
    pub(crate) fn new(scenario: &str) -> Self {
        Self::at_scale(scenario, 0.0)
    }

    /// A world in which time passes at that scale.
    pub(crate) fn at_scale(scenario: &str, time_scale: f64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scenario = Scenario::parse(scenario).unwrap();
        let world = World::open(dir.path(), scenario, time_scale).unwrap();
        Self { _dir: dir, world, running: JoinSet::new() }
    }

    /// Something that Terraform made.
    pub(crate) fn has(&self, kind: &str, id: &str, attributes: &Value) {
        let value = json!({"type": kind, "id": id, "attributes": attributes});
        self.world.store.put("aws", &format!("{kind}/{id}"), value).unwrap();
    }

    /// A repository with immutable tags.
    pub(crate) fn has_repository(&self, name: &str) {
        let attributes = json!({"name": name, "image_tag_mutability": "IMMUTABLE"});
        self.has("aws_ecr_repository", name, &attributes);
    }

    /// A bucket.
    pub(crate) fn has_bucket(&self, name: &str) {
        self.has("aws_s3_bucket", name, &json!({"bucket": name}));
    }

    /// Starts the object storage.
    pub(crate) async fn storage(&mut self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.running.spawn(storage::serve(self.world.clone(), listener));
        address
    }

    /// Starts the Kubernetes API.
    pub(crate) async fn kubernetes(&mut self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.running.spawn(kubernetes::serve(self.world.clone(), listener));
        address
    }

    /// Ends every server, opens the world again from its folder, and starts the Kubernetes API.
    pub(crate) async fn restart_kubernetes(&mut self) -> SocketAddr {
        self.running.shutdown().await;
        let scenario = self.world.scenario.clone();
        self.world = World::open(self.world.dir(), scenario, 0.0).unwrap();
        self.kubernetes().await
    }

    /// Starts the registry.
    pub(crate) async fn registry(&mut self) -> SocketAddr {
        self.registry_keeping(1 << 20).await
    }

    /// Starts the registry, which keeps blobs up to that size.
    pub(crate) async fn registry_keeping(&mut self, most: u64) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.running.spawn(registry::serve_keeping(self.world.clone(), listener, most));
        address
    }
}
