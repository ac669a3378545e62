//! What the scenario wants to go wrong with a call: faults and denials.

use std::time::Duration;

use super::durations::Action;
use super::operations::Calls;
use super::refusal::{self, Refusal, Subject};
use super::scene::Scene;
use super::value::Value;

/// What the scenario says of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    pub(super) refusal: Option<Refusal>,
    /// How much longer it takes.
    pub(super) hang: Duration,
    /// The connection is dropped; the world goes on.
    pub(super) dropped: bool,
}

/// Asks the scenario. The address of a resource is not known to a provider; our own root carries
/// it in a tag, other objects are meant by type, by type and name, or by API action.
pub(super) fn verdict(
    scene: &Scene,
    object: &Value,
    calls: &Calls,
    action: Action,
    subject: &Subject,
) -> Verdict {
    let world = &scene.world;
    let address = object.field("tags_all").text("springboard:address");
    let by_name = format!("{}.{}", scene.type_name, subject.name);
    let mut places = vec![scene.type_name.as_str(), by_name.as_str()];
    if !address.is_empty() {
        places.insert(0, address);
    }
    places.extend(calls.possible.iter().map(String::as_str));
    let mut verdict = Verdict::default();
    match world.fault(&places, action.name()) {
        Ok(Some(fault)) => {
            verdict.hang = fault.hang.map(|h| world.scaled(h.as_duration())).unwrap_or_default();
            verdict.dropped = fault.drop.as_deref() == Some("connection");
            verdict.refusal = fault.error.as_deref().map(|error| {
                refusal::by_code(error, subject).unwrap_or_else(|| Refusal::text(error))
            });
        }
        Ok(None) => {}
        Err(error) => verdict.refusal = Some(Refusal::text(&error.to_string())),
    }
    if verdict.refusal.is_none() {
        verdict.refusal = denied(scene, calls);
    }
    verdict
}

/// The refusal of the first certain call that the account denies.
pub(super) fn denied(scene: &Scene, calls: &Calls) -> Option<Refusal> {
    let scenario = &scene.world.scenario;
    scenario
        .denials
        .iter()
        .find(|d| calls.certain.contains(&d.action))
        .map(|denial| refusal::denial(&scenario.account.principal, &denial.action, &denial.layer))
}

/// Whom a refusal is about.
pub(super) fn subject(scene: &Scene, object: &Value) -> Subject {
    let name = [
        "node_group_name",
        "addon_name",
        "name",
        "bucket",
        "identifier",
        "cluster_identifier",
        "domain",
        "key_name",
        "repository",
        "role",
        "id",
    ]
    .iter()
    .map(|n| object.text(n))
    .find(|n| !n.is_empty())
    .unwrap_or_default();
    let within = ["cluster_name", "vpc_id"].iter().map(|n| object.text(n)).find(|n| !n.is_empty());
    let subnet = object.texts("subnet_ids").first().and_then(|id| scene.find("aws_subnet", id));
    let zone = subnet.map(|s| s.text("availability_zone").to_owned());
    let groups = object.field("resources").as_list().first().map(|r| {
        r.field("autoscaling_groups")
            .as_list()
            .first()
            .unwrap_or(&Value::Null)
            .text("name")
            .to_owned()
    });
    Subject {
        name: name.to_owned(),
        within: within.unwrap_or_default().to_owned(),
        instance_type: instance_type(scene, object),
        zone: zone.unwrap_or_else(|| format!("{}a", scene.region)),
        region: scene.region.clone(),
        account: scene.account().to_owned(),
        scaling_group: groups.unwrap_or_default(),
        node_group: scene.type_name == "aws_eks_node_group",
    }
}

fn instance_type(scene: &Scene, object: &Value) -> String {
    if let Some(first) = object.texts("instance_types").first() {
        return (*first).to_owned();
    }
    let template =
        object.field("launch_template").as_list().first().cloned().unwrap_or(Value::Null);
    let from_template = scene.find("aws_launch_template", template.text("id"));
    match from_template.map(|t| t.text("instance_type").to_owned()) {
        Some(own) if !own.is_empty() => own,
        _ => match object.text("instance_type") {
            "" => "m5.large".into(),
            own => own.to_owned(),
        },
    }
}
