//! What the scenario wants to go wrong with a call: faults and denials.

use std::time::Duration;

use super::durations::Action;
use super::kinds;
use super::operations::{self, Calls};
use super::refusal::{self, Refusal, Subject, Telling};
use super::scene::Scene;
use super::schema::catalogue;
use super::value::Value;
use super::wire::Diagnostic;
use crate::rehearsal::fault::{Fault, Point, Reach};

/// What the scenario says of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    pub(super) refusal: Option<Refusal>,
    /// How much longer it takes.
    pub(super) hang: Duration,
    /// The connection is dropped; the world goes on.
    pub(super) dropped: bool,
    /// A fault that ends a process, or tells it to stop.
    pub(super) strikes: Option<Fault>,
}

impl Verdict {
    /// Whether what is being made is held back until the tool is told to stop.
    pub(super) fn holds(&self) -> bool {
        self.strikes.as_ref().is_some_and(|fault| fault.stop.is_some())
    }
}

/// How often the provider asks before it gives up.
const ATTEMPTS: u32 = 25;

/// Asks the scenario. The address of a resource is not known to a provider; our own root carries
/// it in a tag, other objects are meant by type, by type and name, or by API action. The SDK asks
/// again where AWS says that it is busy: such faults cost time, and an error only in the end.
pub(super) fn verdict(
    scene: &Scene,
    object: &Value,
    calls: &Calls,
    action: Action,
    subject: &Subject,
) -> Verdict {
    let world = &scene.world;
    let addresses = addresses(object.field("tags_all").text("springboard:address"));
    let by_name = format!("{}.{}", scene.type_name, subject.name);
    let mut places = vec![scene.type_name.as_str(), by_name.as_str()];
    places.extend(addresses.iter().map(String::as_str));
    places.extend(calls.possible.iter().map(String::as_str));
    let point = Point { places: &places, when: action.name(), reach: Reach::Terraform };
    let mut verdict = Verdict::default();
    for attempt in 1..=ATTEMPTS {
        let fault = match world.fault(&point) {
            Ok(Some(fault)) => fault,
            Ok(None) => break,
            Err(error) => {
                verdict.refusal = Some(Refusal::text(&error.to_string()));
                break;
            }
        };
        verdict.hang += fault.hang.map(|h| world.scaled(h.as_duration())).unwrap_or_default();
        verdict.dropped |= fault.drop.is_some();
        let refusal = fault
            .error
            .as_deref()
            .map(|error| refusal::by_code(error, subject).unwrap_or_else(|| Refusal::text(error)));
        match refusal {
            Some(refusal) if refusal.is_retried() && attempt < ATTEMPTS => {
                verdict.hang += world.scaled(back_off(attempt));
                continue;
            }
            Some(refusal) => {
                let attempts = if refusal.is_retried() { ATTEMPTS } else { 0 };
                verdict.refusal = Some(Refusal { attempts, ..refusal });
            }
            None if fault.kill.is_some() || fault.stop.is_some() => verdict.strikes = Some(fault),
            None => {}
        }
        break;
    }
    if verdict.refusal.is_none() {
        verdict.refusal = denied(scene, object, calls, action, subject);
    }
    verdict
}

/// The SDK waits twice as long each time, at most 20 s, less a random part: half of it on average.
fn back_off(attempt: u32) -> Duration {
    let longest = Duration::from_secs(20);
    Duration::from_secs(1).saturating_mul(2u32.saturating_pow(attempt)).min(longest) / 2
}

/// The addresses that a tag may stand for. Tags cannot hold brackets, so an instance key is written
/// after a slash: `module.nodes.aws_eks_node_group.gpu/0` is `….gpu[0]`.
pub(super) fn addresses(tag: &str) -> Vec<String> {
    if tag.is_empty() {
        return Vec::new();
    }
    let spelled = |with_keys: bool| {
        let part = |part: &str| match part.split_once('/') {
            None => part.to_owned(),
            Some((name, _)) if !with_keys => name.to_owned(),
            Some((name, key)) if key.parse::<u32>().is_ok() => format!("{name}[{key}]"),
            Some((name, key)) => format!("{name}[\"{key}\"]"),
        };
        tag.split('.').map(part).collect::<Vec<_>>().join(".")
    };
    vec![tag.to_owned(), spelled(true), spelled(false)]
}

/// What a reader is told instead of, or before, an answer.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) diagnostic: Option<Diagnostic>,
    pub(super) hang: Duration,
    pub(super) dropped: bool,
    pub(super) strikes: Option<Fault>,
}

/// Faults and denials at reading an object or a data source.
pub(super) fn told_of_read(scene: &Scene, object: &Value) -> Told {
    let is_source = catalogue()
        .data_sources
        .get(&scene.type_name)
        .is_some_and(|source| std::ptr::eq(source, scene.resource));
    let calls = if is_source {
        operations::of_data_source(&scene.type_name)
    } else {
        operations::of_resource(&scene.type_name, Action::Read)
    };
    let subject = subject(scene, object);
    let mut verdict = verdict(scene, object, &calls, Action::Read, &subject);
    let diagnostic = verdict.refusal.take().map(|refusal| {
        refusal.diagnostic(&Telling {
            action: Action::Read,
            title: &scene.kind.title,
            name: &subject.name,
            operation: refusal::operation_of(&refusal, &calls, Action::Read),
            request_id: kinds::uuid(&scene.digits),
        })
    });
    let Verdict { hang, dropped, strikes, .. } = verdict;
    Told { diagnostic, hang, dropped, strikes }
}

/// The refusal of the first certain call that the account denies.
fn denied(
    scene: &Scene,
    object: &Value,
    calls: &Calls,
    action: Action,
    subject: &Subject,
) -> Option<Refusal> {
    let scenario = &scene.world.scenario;
    let has_boundary = |arn: &String| object.text("permissions_boundary") == arn;
    let denial = scenario.denials.iter().find(|denial| {
        calls.certain.contains(&denial.action)
            && !denial.unless_boundary.as_ref().is_some_and(has_boundary)
    })?;
    // What EC2 has not made yet has no id that could be named.
    let arn = match subject.arn.rsplit_once('/') {
        Some((kind, _)) if action == Action::Create && denial.action.starts_with("ec2:") => {
            format!("{kind}/*")
        }
        _ => subject.arn.clone(),
    };
    Some(refusal::denial(&scenario.account.principal, denial, &arn))
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
        instances: instances(object),
        arn: object.text("arn").to_owned(),
    }
}

/// How many instances a node group wants.
fn instances(object: &Value) -> u32 {
    let scaling = object.field("scaling_config").as_list().first();
    let desired = scaling.map(|s| kinds::plain(s.field("desired_size"))).unwrap_or_default();
    desired.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tag_means_the_resource_with_and_without_its_keys() {
        assert_eq!(
            addresses("module.nodes/0.aws_eks_node_group.this/gpu"),
            [
                "module.nodes/0.aws_eks_node_group.this/gpu",
                "module.nodes[0].aws_eks_node_group.this[\"gpu\"]",
                "module.nodes.aws_eks_node_group.this",
            ]
        );
    }
}
