//! Everything between the engine and AWS, as one value made in `main`.
//!
//! One constructor makes the real ones, one the rehearsal's; nothing in the engine asks which.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::cloud::{Cloud, CredentialSource};
use crate::preflight::reach::Reach;
use crate::transfer::StorageAccess;
use crate::transfer::images::RegistryAccess;

/// The account and the ways to it.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The account, asked by gates and checks.
    pub cloud: Arc<dyn Cloud>,
    /// The way to hosts, for the checks.
    pub reach: Arc<dyn Reach>,
    /// Environment variables that every external program gets beside `PATH` and `HOME`.
    pub environment: BTreeMap<String, String>,
    /// Environment variables for terraform or tofu alone.
    pub terraform: BTreeMap<String, String>,
    /// Settings of the backend of a state in S3 beside the bucket and the key.
    pub backend: Map<String, Value>,
    /// Where the Kubernetes API is reached, when that is not where its name says.
    pub kubernetes: Option<SocketAddr>,
    /// Who asks: the operator's login as it is now.
    pub credentials: Arc<dyn CredentialSource>,
    /// The same for whatever must not fail: where the login has ended, a new one is waited for.
    pub patient: Arc<dyn CredentialSource>,
    /// What tells `springboard credentials` which login is meant, beside the deployment.
    pub login: Vec<String>,
    /// The registry that images are pushed to, by its host name.
    pub registry: RegistryDoor,
    /// S3, where checkpoints are uploaded.
    pub storage: StorageAccess,
    /// How long a hopeless state in the cluster may last before a wait is given up.
    pub patience: Duration,
    /// How long an hour takes, in hours.
    pub pace: f64,
    /// Who is told what begins; nobody in a real account.
    pub listener: Option<Arc<dyn Listener>>,
}

/// Somebody who is told what the engine begins, before it does.
#[async_trait]
pub trait Listener: Debug + Send + Sync {
    /// A stage begins.
    async fn stage_begins(&self, stage: &str);
}

/// Makes the access to a registry of a given host name.
#[derive(Clone)]
pub struct RegistryDoor(Arc<dyn Fn(&str) -> RegistryAccess + Send + Sync>);

impl RegistryDoor {
    /// A door that opens with `open`.
    pub fn new(open: impl Fn(&str) -> RegistryAccess + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    /// The access to the registry of that host name.
    pub fn open(&self, host: &str) -> RegistryAccess {
        (self.0)(host)
    }
}

impl Debug for RegistryDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RegistryDoor")
    }
}
