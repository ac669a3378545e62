//! The account of the world: who asks, zones, reservations, and the state of what was made.
//!
//! [`answer`] and [`ask`] are the world's side, [`RehearsedCloud`] the engine's: the trait
//! [`Cloud`] over the world's control socket.

mod facts;
mod permissions;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::login::Login;
use super::provider::{capacity, places};
use super::scenario::{ReservationKind, Span};
use super::{World, control};
use crate::cloud::{
    ADDRESS_TAG, Addon, AddonVersion, BlockOffer, BlockQuery, Caller, Certificate, Cloud,
    CloudError, Cluster, ClusterVersion, Condition, Countable, CredentialSource, DEPLOYMENT_TAG,
    Database, DryRun, DryRunOutcome, HostedZone, InstanceType, ListedPolicy, NameKind, NatGateway,
    NaturalKey, NodeGroup, Offering, Origin, Policy, Quota, Region, Reservation, Role, Simulation,
    Tagged, Taken, Untagged, Verdict, Vpc, Zone,
};

pub(super) use questions::Question;

/// The zones of a region, as the provider of the world knows them.
pub fn zones(region: &str) -> Vec<Zone> {
    places::zones(region).into_iter().map(zone).collect()
}

fn zone((name, id): (String, String)) -> Zone {
    Zone { name, id, state: "available".into() }
}

/// What the world says to a [`Question`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The JSON of the answer.
    Told(Value),
    /// Why AWS does not tell.
    Refused(String),
}

/// Answers a question, unless the scenario denies the action that it needs.
pub(super) fn ask(world: &World, region: &str, question: &Question) -> Answer {
    match facts::answer(world, region, question) {
        Ok(value) => Answer::Told(value),
        Err(words) => Answer::Refused(words),
    }
}

/// Answers a question of the account, `/caller` or `/cluster/acme`; `None` for one nobody knows.
pub fn answer(world: &World, region: &str, question: &str) -> Option<Value> {
    let mut parts = question.trim_matches('/').splitn(2, '/');
    let (what, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let answer = match what {
        "caller" => json(&caller(world)),
        "zones" => json(&zones(region)),
        "reservation" => json(&reservation(world, region, name)),
        "cluster" => json(&cluster(world, name)),
        "node-groups" => json(&node_groups(world, name)),
        "addons" => json(&addons(world, name)),
        "database" => json(&database(world, name)),
        "condition" => json(&condition(world, name)),
        "tagged" => json(&tagged(world, name)),
        "untagged" => json(&untagged(world, name)),
        _ => return None,
    };
    Some(answer)
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn caller(world: &World) -> Caller {
    let account = &world.scenario.account;
    Caller {
        account: account.id.clone(),
        arn: account.principal.clone(),
        expires: Login::current(world).expires,
        origin: Some(Origin::Rehearsal),
    }
}

fn reservation(world: &World, region: &str, id: &str) -> Option<Reservation> {
    let found = world.scenario.reservations.iter().find(|r| r.id == id)?;
    let zone = zones(region).into_iter().find(|z| z.id == found.zone_id)?;
    let now = world.now();
    let moment = |span: Option<Span>| span.map(|span| world.moment(span));
    let (start, end) = (moment(found.start), moment(found.end));
    let state = if end.is_some_and(|end| end <= now) {
        "expired"
    } else if start.is_some_and(|start| start > now) {
        "scheduled"
    } else {
        "active"
    };
    Some(Reservation {
        id: found.id.clone(),
        block: found.kind == ReservationKind::CapacityBlock,
        instance_type: found.instance_type.clone(),
        zone: zone.name,
        zone_id: zone.id,
        total: found.total,
        available: found.available.saturating_sub(capacity::used(world, id)),
        state: state.into(),
        start,
        end,
        platform: found.platform.clone(),
        tenancy: found.tenancy.clone(),
        matching: found.matching,
        owner: found.owner.clone().unwrap_or_else(|| world.scenario.account.id.clone()),
    })
}

/// All objects of a type: attributes, and how far they are.
fn objects(world: &World, kind: &str) -> Vec<(Value, Progress)> {
    let rows = world.store.list_prefix("aws", &format!("{kind}/"));
    let object = |(_, row): (String, Value)| {
        (row.get("attributes").cloned().unwrap_or(Value::Null), Progress::of(&row))
    };
    rows.into_iter().map(object).collect()
}

/// How far an object is, and what AWS says is wrong with it.
struct Progress {
    condition: Condition,
    issues: Vec<String>,
}

impl Progress {
    fn of(row: &Value) -> Self {
        // What has failed while it was made will not be made by waiting.
        let failed = row.get("failed").is_some_and(|code| !code.is_null());
        let condition = match row.get("status").and_then(Value::as_str) {
            _ if failed => Condition::Broken,
            None => Condition::Healthy,
            Some("creating") => Condition::Creating,
            Some(_) => Condition::Broken,
        };
        let issues = row.get("issues").and_then(Value::as_array).into_iter().flatten();
        let issues = issues.filter_map(|issue| Some(issue.as_str()?.to_owned())).collect();
        Self { condition, issues }
    }

    /// As EKS says it.
    fn word(&self) -> String {
        match self.condition {
            Condition::Creating => "CREATING",
            Condition::Broken => "CREATE_FAILED",
            Condition::Healthy | Condition::Absent => "ACTIVE",
        }
        .to_owned()
    }
}

fn text(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn cluster(world: &World, name: &str) -> Option<Cluster> {
    let (object, progress) =
        objects(world, "aws_eks_cluster").into_iter().find(|(o, _)| text(o, "name") == name)?;
    Some(Cluster { name: name.into(), status: progress.word(), version: text(&object, "version") })
}

fn node_groups(world: &World, cluster: &str) -> Vec<NodeGroup> {
    let of_cluster = |(o, _): &(Value, Progress)| text(o, "cluster_name") == cluster;
    let group = |(object, progress): (Value, Progress)| NodeGroup {
        name: text(&object, "node_group_name"),
        status: progress.word(),
        desired: object
            .pointer("/scaling_config/0/desired_size")
            .and_then(|n| n.as_u64().or_else(|| format!("{n}").trim_end_matches(".0").parse().ok()))
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
        issues: progress.issues,
    };
    objects(world, "aws_eks_node_group").into_iter().filter(of_cluster).map(group).collect()
}

fn addons(world: &World, cluster: &str) -> Vec<Addon> {
    let of_cluster = |(o, _): &(Value, Progress)| text(o, "cluster_name") == cluster;
    let addon = |(object, progress): (Value, Progress)| Addon {
        name: text(&object, "addon_name"),
        status: progress.word(),
        version: text(&object, "addon_version"),
    };
    objects(world, "aws_eks_addon").into_iter().filter(of_cluster).map(addon).collect()
}

fn database(world: &World, identifier: &str) -> Option<Database> {
    let (_, progress) = objects(world, "aws_db_instance")
        .into_iter()
        .find(|(o, _)| text(o, "identifier") == identifier)?;
    let status = match progress.condition {
        Condition::Creating => "creating",
        Condition::Broken => "failed",
        Condition::Healthy | Condition::Absent => "available",
    };
    Some(Database { identifier: identifier.into(), status: status.into() })
}

/// `TYPE/ID`, the key of the world's own table.
fn condition(world: &World, key: &str) -> Condition {
    world.store.get("aws", key).map_or(Condition::Absent, |row| Progress::of(&row).condition)
}

/// Objects of a deployment by their tags; what has failed will not be made and is left out.
fn tagged(world: &World, deployment: &str) -> Vec<Tagged> {
    let object = |(key, row): (String, Value)| {
        let attributes = row.get("attributes")?;
        let tags = attributes.get("tags_all").or_else(|| attributes.get("tags"))?;
        let tag = |name: &str| tags.get(name).and_then(Value::as_str);
        if tag(DEPLOYMENT_TAG) != Some(deployment)
            || row.get("failed").is_some_and(|c| !c.is_null())
        {
            return None;
        }
        let (kind, id) = key.split_once('/')?;
        // The one type here whose import goes by another attribute than its id.
        let by = if kind == "aws_db_instance" { "identifier" } else { "id" };
        Some(Tagged {
            kind: kind.to_owned(),
            address: tag(ADDRESS_TAG)?.to_owned(),
            import_id: attributes.get(by).and_then(Value::as_str).unwrap_or(id).to_owned(),
            is_creating: row.get("status").is_some(),
        })
    };
    world.store.list("aws").into_iter().filter_map(object).collect()
}

/// `TYPE/` and the values of its natural key as hexadecimal JSON.
fn untagged(world: &World, question: &str) -> Option<Untagged> {
    let (kind, values) = question.split_once('/')?;
    let wanted: BTreeMap<String, String> =
        serde_json::from_slice(&hex::decode(values).ok()?).ok()?;
    let key = NaturalKey::of(kind)?;
    let rows = world.store.list_prefix("aws", &format!("{kind}/"));
    let is_meant = |row: &Value| key.values(&row["attributes"]).as_ref() == Some(&wanted);
    let (_, row) = rows
        .into_iter()
        .find(|(_, row)| is_meant(row) && row.get("failed").is_none_or(Value::is_null))?;
    Some(Untagged {
        import_id: key.import_id(&row["attributes"]),
        is_creating: row.get("status").is_some(),
    })
}

/// The account of a world, asked over its control socket.
#[derive(Debug, Clone)]
pub struct RehearsedCloud {
    socket: PathBuf,
    region: String,
    credentials: Arc<dyn CredentialSource>,
}

impl RehearsedCloud {
    /// The account of the world behind that control socket, in one region, asked with these
    /// credentials.
    pub fn new(
        socket: PathBuf,
        region: impl Into<String>,
        credentials: Arc<dyn CredentialSource>,
    ) -> Self {
        Self { socket, region: region.into(), credentials }
    }

    async fn ask<T: DeserializeOwned>(&self, what: &str, question: &str) -> Result<T, CloudError> {
        // The world gives them only while they are valid.
        self.credentials.credentials().await?;
        let path = format!("/account/{}/{question}", self.region);
        let answer = control::request(&self.socket, "GET", &path, None).await;
        let answer = answer.map_err(|source| unreachable(what, source))?;
        serde_json::from_value(answer)
            .map_err(|error| unreachable(what, std::io::Error::other(error)))
    }
}

impl RehearsedCloud {
    async fn put<T: DeserializeOwned>(&self, question: Question) -> Result<T, CloudError> {
        let what = question.words();
        self.credentials.credentials().await?;
        let path = format!("/ask/{}", self.region);
        let asked = control::request(&self.socket, "POST", &path, Some(json(&question))).await;
        let told = asked.map_err(|source| unreachable(&what, source))?;
        let strange = |error: serde_json::Error| CloudError::NotUnderstood {
            what: what.clone(),
            source: Box::new(error),
        };
        match serde_json::from_value(told).map_err(strange)? {
            Answer::Told(value) => serde_json::from_value(value).map_err(strange),
            Answer::Refused(message) => Err(CloudError::Refused { what, message }),
        }
    }
}

/// Why the world did not answer the question for `what`.
pub(super) fn unreachable(what: &str, source: std::io::Error) -> CloudError {
    match source.kind() {
        // The socket of a world that was stopped is removed, that of one that died refuses.
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => CloudError::Gone {
            message: "the simulated world has ended".into(),
            remedy: "resume; that starts it again with everything that was made in it".into(),
        },
        _ => CloudError::Unreachable { what: what.to_owned(), source: Box::new(source) },
    }
}

#[async_trait]
impl Cloud for RehearsedCloud {
    async fn caller(&self) -> Result<Caller, CloudError> {
        self.ask("who asks", "caller").await
    }

    async fn zones(&self) -> Result<Vec<Zone>, CloudError> {
        self.ask("the zones", "zones").await
    }

    async fn reservation(&self, id: &str) -> Result<Option<Reservation>, CloudError> {
        self.ask("the reservation", &format!("reservation/{id}")).await
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, CloudError> {
        self.ask("the cluster", &format!("cluster/{name}")).await
    }

    async fn node_groups(&self, cluster: &str) -> Result<Vec<NodeGroup>, CloudError> {
        self.ask("the node groups", &format!("node-groups/{cluster}")).await
    }

    async fn addons(&self, cluster: &str) -> Result<Vec<Addon>, CloudError> {
        self.ask("the add-ons", &format!("addons/{cluster}")).await
    }

    async fn database(&self, identifier: &str) -> Result<Option<Database>, CloudError> {
        self.ask("the database", &format!("database/{identifier}")).await
    }

    async fn condition(&self, kind: &str, id: &str) -> Result<Condition, CloudError> {
        self.ask("an object", &format!("condition/{kind}/{id}")).await
    }

    async fn tagged(&self, deployment: &str) -> Result<Vec<Tagged>, CloudError> {
        self.ask("the objects of the deployment", &format!("tagged/{deployment}")).await
    }

    async fn untagged(
        &self,
        kind: &str,
        key: &BTreeMap<String, String>,
    ) -> Result<Option<Untagged>, CloudError> {
        let values = hex::encode(serde_json::json!(key).to_string());
        self.ask("an object", &format!("untagged/{kind}/{values}")).await
    }

    async fn clock(&self) -> Result<Timestamp, CloudError> {
        self.put(Question::Clock).await
    }

    async fn regions(&self) -> Result<Vec<Region>, CloudError> {
        self.put(Question::Regions).await
    }

    async fn offerings(&self, instance_types: &[String]) -> Result<Vec<Offering>, CloudError> {
        self.put(Question::Offerings(instance_types.to_vec())).await
    }

    async fn instance_types(&self, names: &[String]) -> Result<Vec<InstanceType>, CloudError> {
        self.put(Question::InstanceTypes(names.to_vec())).await
    }

    async fn reservations(&self) -> Result<Vec<Reservation>, CloudError> {
        self.put(Question::Reservations).await
    }

    async fn block_offers(&self, wanted: &BlockQuery) -> Result<Vec<BlockOffer>, CloudError> {
        self.put(Question::BlockOffers(wanted.clone())).await
    }

    async fn quota(&self, service: &str, code: &str) -> Result<Option<Quota>, CloudError> {
        self.put(Question::Quota { service: service.into(), code: code.into() }).await
    }

    async fn count(&self, what: Countable) -> Result<u64, CloudError> {
        self.put(Question::Count(what)).await
    }

    async fn vpcs(&self) -> Result<Vec<Vpc>, CloudError> {
        self.put(Question::Vpcs).await
    }

    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CloudError> {
        self.put(Question::NatGateways).await
    }

    async fn simulate(&self, question: &Simulation) -> Result<Vec<Verdict>, CloudError> {
        self.put(Question::Simulate(question.clone())).await
    }

    async fn dry_run(&self, call: &DryRun) -> Result<DryRunOutcome, CloudError> {
        self.put(Question::DryRun(call.clone())).await
    }

    async fn role(&self, name: &str) -> Result<Option<Role>, CloudError> {
        self.put(Question::Role(name.into())).await
    }

    async fn policy(&self, arn: &str) -> Result<Option<Policy>, CloudError> {
        self.put(Question::Policy(arn.into())).await
    }

    async fn policies(&self) -> Result<Vec<ListedPolicy>, CloudError> {
        self.put(Question::Policies).await
    }

    async fn taken(&self, kind: NameKind, name: &str) -> Result<Taken, CloudError> {
        self.put(Question::Taken { kind, name: name.into() }).await
    }

    async fn certificates(&self) -> Result<Vec<Certificate>, CloudError> {
        self.put(Question::Certificates).await
    }

    async fn hosted_zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        self.put(Question::HostedZones).await
    }

    async fn cluster_versions(&self) -> Result<Vec<ClusterVersion>, CloudError> {
        self.put(Question::ClusterVersions).await
    }

    async fn addon_versions(
        &self,
        addon: &str,
        kubernetes: &str,
    ) -> Result<Vec<AddonVersion>, CloudError> {
        let (addon, kubernetes) = (addon.into(), kubernetes.into());
        self.put(Question::AddonVersions { addon, kubernetes }).await
    }

    async fn parameter(&self, name: &str) -> Result<Option<String>, CloudError> {
        self.put(Question::Parameter(name.into())).await
    }
}
