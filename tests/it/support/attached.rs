//! The simulated AWS provider, served in the test and attached to an engine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use springboard::rehearsal::{Scenario, World, environment, provider, storage};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Runtime;

/// One engine, and a world with its provider for as long as this is held.
pub(crate) struct Attached {
    /// First, so that nothing serves any more when the folder goes.
    runtime: Runtime,
    dir: TempDir,
    reattach: String,
    settings: String,
    /// What the engine makes is in here.
    pub(crate) world: Arc<World>,
    /// `terraform` or `tofu`.
    pub(crate) name: &'static str,
    /// The program.
    pub(crate) engine: PathBuf,
}

impl Attached {
    /// Serves the provider of a new world to the engine of that name.
    pub(crate) fn new(name: &'static str, engine: &Path, scenario: &str, time_scale: f64) -> Self {
        // The path of a Unix socket must be short.
        let dir = tempfile::Builder::new().prefix("sb").tempdir_in("/tmp").unwrap();
        let at = |name: &str| dir.path().join(name);
        let scenario = Scenario::parse(scenario).unwrap();
        let world = World::open(&at("world"), scenario, time_scale).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(at("p.sock")).unwrap()
        };
        runtime.spawn(provider::serve(Arc::clone(&world), listener));
        let address = match name {
            "terraform" => "registry.terraform.io/hashicorp/aws",
            _ => "registry.opentofu.org/hashicorp/aws",
        };
        let reattach = json!({ address: {
            "Protocol": "grpc", "ProtocolVersion": 6, "Pid": std::process::id(), "Test": true,
            "Addr": { "Network": "unix", "String": at("p.sock") },
        }});
        // The tester's own settings (mirrors, overrides) stay out.
        std::fs::write(at("settings.tfrc"), "").unwrap();
        let settings = at("settings.tfrc").to_str().unwrap().to_owned();
        let reattach = reattach.to_string();
        Self { runtime, dir, reattach, settings, world, name, engine: engine.to_owned() }
    }

    /// A folder that goes with this; `world` and two files in it are taken.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What an engine needs in its environment to find the provider.
    pub(crate) fn environment(&self) -> [(&str, &str); 8] {
        [
            ("AWS_ACCESS_KEY_ID", environment::ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", environment::SECRET_ACCESS_KEY),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("TF_REATTACH_PROVIDERS", &self.reattach),
            ("TF_CLI_CONFIG_FILE", &self.settings),
            ("CHECKPOINT_DISABLE", "1"),
            ("TF_IN_AUTOMATION", "1"),
            // The engines spend a third of their time on collecting garbage that fits in memory.
            ("GOGC", "400"),
        ]
    }

    /// Serves the object storage of the world too, and says where.
    pub(crate) fn serve_storage(&self) -> SocketAddr {
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        self.runtime.spawn(storage::serve(Arc::clone(&self.world), listener));
        address
    }

    /// Waits until a piece of work is done.
    pub(crate) fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Waits until something holds of the world.
    pub(crate) fn until(&self, holds: impl Fn() -> bool) {
        let mut changes = self.world.store.changes();
        self.runtime.block_on(async {
            while !holds() {
                changes.changed().await.unwrap();
            }
        });
    }
}
