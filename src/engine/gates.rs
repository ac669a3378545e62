//! Gates: waits until what must be true is true, says why it is not, gives up on hopeless states.
//!
//! Asks the account and the cluster anew each time; never infers from what was done.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::recorder::RecordError;
use super::steps::{Context, StepError};
use crate::cloud::CloudError;
use crate::cluster::readiness::{
    self, ingress_address, is_default_storage_class, name_of, node_is_ready, ready_condition,
};
use crate::cluster::{Cluster, ClusterError, Hooks, Readiness, Verdict, Watch, Workloads};
use crate::plan::Gate;
use crate::run::event::{EventKind, Failure};

/// How long a gate is waited for before it counts as failed.
const LIMIT: Duration = Duration::from_mins(20);
/// Between two looks at the beginning, and the longest pause between later ones.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What a look at a gate found.
enum Look {
    /// It holds; what was verified.
    Holds(String),
    /// Not yet, and why.
    Waits(Vec<Readiness>),
}

impl Look {
    fn wait(object: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Waits(vec![waiting(object, reason)])
    }

    /// Holds when everything is ready.
    fn of(readiness: Vec<Readiness>, what: String) -> Self {
        if readiness.iter().all(|r| r.verdict == Verdict::Ready) {
            Self::Holds(what)
        } else {
            Self::Waits(readiness)
        }
    }
}

fn waiting(object: impl Into<String>, reason: impl Into<String>) -> Readiness {
    Readiness { object: object.into(), verdict: Verdict::Waiting(reason.into()) }
}

/// Waits until the gate holds.
///
/// # Errors
/// When it cannot hold, does not in time, or a stop is asked for.
pub(super) async fn hold(context: &Context<'_>, gate: &Gate) -> Result<(), StepError> {
    let since = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut watch = Watch::new(context.session.surroundings.patience);
    loop {
        let found = match look(context, gate).await {
            Ok(Look::Holds(what)) => {
                context.record(|stage, step| EventKind::GateHeld { stage, step, what }).await?;
                return Ok(());
            }
            Ok(Look::Waits(found)) => found,
            Err(error) => match context.session.account_gone().await {
                Some(gone) => return Err(StepError::of(&gone)),
                None => vec![waiting(gate_name(gate), error.sentence())],
            },
        };
        let seen = watch.look(&found, since.elapsed());
        tell(context, seen.news).await?;
        if let Some(hopeless) = seen.hopeless {
            return Err(failed(&hopeless));
        }
        if since.elapsed() > LIMIT {
            let first = found.into_iter().find(|r| r.verdict != Verdict::Ready);
            return Err(failed(&first.unwrap_or_else(|| waiting(gate_name(gate), "not in time"))));
        }
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            () = context.session.stop.now() => return Err(StepError::Stopped),
        }
    }
}

/// Whether the gate holds right now; nothing is recorded and nothing is waited for.
pub(super) async fn holds(context: &Context<'_>, gate: &Gate) -> bool {
    matches!(look(context, gate).await, Ok(Look::Holds(_)))
}

/// Records reasons that are new.
pub(super) async fn tell(context: &Context<'_>, news: Vec<Readiness>) -> Result<(), RecordError> {
    for Readiness { object, verdict } in news {
        let Some(reason) = verdict.reason().map(str::to_owned) else { continue };
        context.record(|stage, step| EventKind::Waiting { stage, step, object, reason }).await?;
    }
    Ok(())
}

fn failed(readiness: &Readiness) -> StepError {
    let reason = readiness.verdict.reason().unwrap_or("not ready");
    StepError::Failed(Failure {
        what: format!("{} does not become ready: {reason}", readiness.object),
        causes: Vec::new(),
        hint: Some("mend the cause, then resume; what is done stays done".into()),
    })
}

async fn look(context: &Context<'_>, gate: &Gate) -> Result<Look, GateError> {
    match gate {
        Gate::ClusterActive | Gate::AddonsActive | Gate::DatabaseAvailable { .. } => {
            look_at_account(context, gate).await
        }
        Gate::NodesReady { group } => nodes(context, group, None).await,
        Gate::Allocatable { group, resource, each } => {
            nodes(context, group, Some((resource, *each))).await
        }
        _ => look_at_cluster(context.cluster()?, gate).await,
    }
}

async fn look_at_account(context: &Context<'_>, gate: &Gate) -> Result<Look, GateError> {
    let (cloud, cluster) = (&context.session.surroundings.cloud, &context.session.plan.cluster);
    let (object, status, wanted) = match gate {
        Gate::ClusterActive => {
            let status = cloud.cluster(cluster).await?.map(|c| c.status);
            (format!("cluster {cluster}"), status, "ACTIVE")
        }
        Gate::DatabaseAvailable { identifier } => {
            let status = cloud.database(identifier).await?.map(|d| d.status);
            (format!("database {identifier}"), status, "available")
        }
        _ => {
            let addons = cloud.addons(cluster).await?;
            let lagging = addons.iter().find(|a| a.status != "ACTIVE");
            let status = lagging.map_or_else(
                || (!addons.is_empty()).then(|| "ACTIVE".to_owned()),
                |a| Some(format!("{} is {}", a.name, a.status)),
            );
            (format!("{} add-ons", addons.len()), status, "ACTIVE")
        }
    };
    Ok(match status {
        Some(status) if status == wanted => Look::Holds(format!("{object} {wanted}")),
        Some(status) => Look::wait(object, status),
        None => Look::wait(object, "does not exist"),
    })
}

async fn look_at_cluster(cluster: Cluster, gate: &Gate) -> Result<Look, GateError> {
    match gate {
        Gate::OneDefaultStorageClass => default_storage_class(&cluster).await,
        Gate::WorkloadsReady { namespace, release } => {
            let readiness = release_readiness(&cluster, namespace, release, Hooks::LeftOut).await?;
            let what = format!("{} workloads of {release} ready", readiness.len());
            Ok(Look::of(readiness, what))
        }
        Gate::ExternalSecretsReady { namespace } => {
            let path =
                format!("/apis/external-secrets.io/v1/namespaces/{namespace}/externalsecrets");
            let secrets = cluster.list(&path).await?;
            let readiness = secrets.iter().map(|s| Readiness {
                object: format!("externalsecret/{}", name_of(s)),
                verdict: ready_condition(s),
            });
            Ok(Look::of(readiness.collect(), format!("{} external secrets ready", secrets.len())))
        }
        Gate::IngressAddress { namespace } => ingress_address_of(&cluster, namespace).await,
        Gate::ServiceAnswers { namespace, service, port, path } => {
            let answer = cluster.service(namespace, service, &port.to_string(), path).await?;
            let entries = answer.get("data").and_then(|data| data.as_array()).map_or(0, Vec::len);
            Ok(Look::Holds(format!("service {service} answers {path} with {entries} entries")))
        }
        _ => {
            cluster.ready().await?;
            Ok(Look::Holds("the Kubernetes API answers from this host".into()))
        }
    }
}

/// How the workloads of a release stand; also asked while Helm itself waits for them.
pub(super) async fn release_readiness(
    cluster: &Cluster,
    namespace: &str,
    release: &str,
    hooks: Hooks,
) -> Result<Vec<Readiness>, ClusterError> {
    Ok(Workloads::read(cluster, namespace).await?.of_release(release, hooks).readiness())
}

async fn default_storage_class(cluster: &Cluster) -> Result<Look, GateError> {
    let classes = cluster.list("/apis/storage.k8s.io/v1/storageclasses").await?;
    let defaults: Vec<_> = classes.iter().filter(|c| is_default_storage_class(c)).collect();
    Ok(match defaults.as_slice() {
        [one] => Look::Holds(format!("StorageClass {} is the default", name_of(one))),
        others => {
            let reason = format!("{} default StorageClasses, one is needed", others.len());
            Look::wait("storage classes", reason)
        }
    })
}

async fn ingress_address_of(cluster: &Cluster, namespace: &str) -> Result<Look, GateError> {
    let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses");
    let ingresses = cluster.list(&path).await?;
    let events = cluster.list(&format!("/api/v1/namespaces/{namespace}/events")).await?;
    let first = ingresses.iter().find_map(ingress_address).unwrap_or("none").to_owned();
    let readiness = ingresses.iter().map(|ingress| Readiness {
        object: format!("ingress/{}", name_of(ingress)),
        verdict: readiness::ingress(ingress, &events),
    });
    Ok(Look::of(readiness.collect(), format!("load balancer {first}")))
}

/// Whether the node group has as many ready nodes as it wants, and each offers enough of a
/// resource.
async fn nodes(
    context: &Context<'_>,
    group: &str,
    resource: Option<(&String, u64)>,
) -> Result<Look, GateError> {
    let cloud = &context.session.surroundings.cloud;
    let groups = cloud.node_groups(&context.session.plan.cluster).await?;
    let object = format!("node group {group}");
    let Some(wanted) = groups.iter().find(|g| g.name == group) else {
        return Ok(Look::wait(object, "does not exist"));
    };
    let selector = format!("eks.amazonaws.com%2Fnodegroup%3D{group}");
    let nodes = context.cluster()?.list(&format!("/api/v1/nodes?labelSelector={selector}")).await?;
    let good = nodes.iter().filter(|node| node_is_ready(node)).filter(|node| {
        resource.is_none_or(|(name, each)| readiness::allocatable(node, name) >= each)
    });
    let good = u32::try_from(good.count()).unwrap_or(u32::MAX);
    let what =
        resource.map_or("nodes ready".into(), |(name, each)| format!("nodes with {each} {name}"));
    Ok(if good >= wanted.desired {
        Look::Holds(format!("{good} {what} in {object}"))
    } else {
        let issues = wanted.issues.join("; ");
        let issues = if issues.is_empty() { issues } else { format!(": {issues}") };
        Look::wait(object, format!("{good} of {} {what}{issues}", wanted.desired))
    })
}

fn gate_name(gate: &Gate) -> String {
    match gate {
        Gate::ClusterActive | Gate::AddonsActive | Gate::ClusterReachable => "cluster".into(),
        Gate::DatabaseAvailable { identifier } => format!("database {identifier}"),
        Gate::NodesReady { group } | Gate::Allocatable { group, .. } => {
            format!("node group {group}")
        }
        Gate::OneDefaultStorageClass => "storage classes".into(),
        Gate::WorkloadsReady { namespace, .. }
        | Gate::ExternalSecretsReady { namespace }
        | Gate::IngressAddress { namespace } => format!("namespace {namespace}"),
        Gate::ServiceAnswers { service, .. } => format!("service {service}"),
    }
}

/// Why a gate could not be looked at; waited out like a gate that does not hold.
#[derive(Debug, thiserror::Error)]
enum GateError {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl GateError {
    fn sentence(&self) -> String {
        use std::error::Error as _;
        let mut sentence = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            sentence = format!("{sentence}: {cause}");
            source = cause.source();
        }
        sentence
    }
}
