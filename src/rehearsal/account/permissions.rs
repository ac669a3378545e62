//! What the caller of a world may do, as the policy simulator and dry runs say it.
//!
//! The scenario's denials are all that denies. The simulator sees the policies of the caller, its
//! boundary and the organisation's; those of a session, a resource or an endpoint it does not,
//! neither here nor at AWS. Documents are read as far as effect and actions go.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::provider::places;
use super::super::scenario::{Denial, Layer as Written};
use super::super::{World, http};
use super::{objects, text};
use crate::cloud::{
    Asker, Decision, DryRun, DryRunOutcome, Layer, ListedPolicy, Policy, Role, Simulation, Verdict,
};

/// A boundary that allows everything: what a scenario names without saying more.
const EVERYTHING: &str = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\
                          \"Action\":\"*\",\"Resource\":\"*\"}]}";

pub(super) fn simulate(world: &World, asked: &Simulation) -> Vec<Verdict> {
    let everything = ["*".to_owned()];
    let resources: &[String] =
        if asked.resources.is_empty() { &everything } else { &asked.resources };
    let verdict = |action: &String, resource: &String| {
        let (decision, missing) = decide(world, asked, action);
        Verdict { action: action.clone(), resource: resource.clone(), decision, missing }
    };
    let of_action =
        |action| resources.iter().map(move |resource| verdict(action, resource)).collect();
    asked.actions.iter().flat_map(|action| -> Vec<Verdict> { of_action(action) }).collect()
}

fn decide(world: &World, asked: &Simulation, action: &str) -> (Decision, Vec<String>) {
    if let Asker::Policies(documents) = &asked.asker
        && let Some(explicit) = turned_down(documents.iter().map(String::as_str), action)
    {
        return (Decision::Denied { by: Layer::Identity, explicit }, Vec::new());
    }
    if let Some(boundary) = &asked.boundary
        && let Some(explicit) = turned_down([boundary.as_str()], action)
    {
        return (Decision::Denied { by: Layer::Boundary, explicit }, Vec::new());
    }
    if matches!(asked.asker, Asker::Policies(_)) {
        return (Decision::Allowed, Vec::new());
    }
    let denials = &world.scenario.denials;
    let Some((denial, by)) =
        denials.iter().find_map(|d| Some((d, visible(d.layer)?)).filter(|_| d.action == action))
    else {
        return (Decision::Allowed, Vec::new());
    };
    let denied = Decision::Denied { by, explicit: denial.is_explicit() };
    match &denial.unless_boundary {
        None => (denied, Vec::new()),
        Some(boundary) => match asked.context.get(BOUNDARY_KEY) {
            Some(given) if given.contains(boundary) => (Decision::Allowed, Vec::new()),
            Some(_) => (denied, Vec::new()),
            None => (denied, vec![BOUNDARY_KEY.to_owned()]),
        },
    }
}

const BOUNDARY_KEY: &str = "iam:PermissionsBoundary";

/// The layers that the simulator sees.
fn visible(layer: Written) -> Option<Layer> {
    match layer {
        Written::Identity => Some(Layer::Identity),
        Written::Boundary => Some(Layer::Boundary),
        Written::Organisation => Some(Layer::Organisation),
        Written::Session | Written::Resource | Written::Endpoint => None,
    }
}

/// Whether documents do not allow an action, and if so, whether a statement of them denies it.
fn turned_down<'a>(documents: impl IntoIterator<Item = &'a str>, action: &str) -> Option<bool> {
    let mut is_allowed = false;
    for document in documents {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.clone(),
            one => vec![one.clone()],
        };
        for statement in statements.iter().filter(|s| is_about(s, action)) {
            match statement["Effect"].as_str() {
                Some("Deny") => return Some(true),
                Some("Allow") => is_allowed = true,
                _ => {}
            }
        }
    }
    (!is_allowed).then_some(false)
}

fn is_about(statement: &Value, action: &str) -> bool {
    let any = |list: &Value| match list {
        Value::String(pattern) => matches_pattern(pattern, action),
        Value::Array(patterns) => {
            patterns.iter().filter_map(Value::as_str).any(|p| matches_pattern(p, action))
        }
        _ => false,
    };
    match (&statement["Action"], &statement["NotAction"]) {
        (Value::Null, Value::Null) => false,
        (Value::Null, except) => !any(except),
        (actions, _) => any(actions),
    }
}

/// Patterns of IAM: `*` stands for anything, case does not matter.
fn matches_pattern(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = action.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

pub(super) fn dry_run(world: &World, region: &str, call: &DryRun) -> DryRunOutcome {
    if let Some(message) = http::denial(world, call.action(), "*") {
        return DryRunOutcome::Denied { message };
    }
    if let DryRun::RunInstances { instance_type, .. } = call {
        let offered = places::zones(region);
        let offers = |(_, id): &(String, String)| world.scenario.offers(instance_type, id);
        if !offered.iter().any(offers) {
            let why = format!("The requested configuration is not supported: {instance_type}");
            return DryRunOutcome::Unknown { why };
        }
    }
    DryRunOutcome::Allowed
}

pub(super) fn role(world: &World, name: &str) -> Option<Role> {
    let made = objects(world, "aws_iam_role").into_iter().find(|(o, _)| text(o, "name") == name);
    let boundary =
        |role: &Value| Some(text(role, "permissions_boundary")).filter(|b| !b.is_empty());
    let made = made.map(|(role, _)| Role { arn: text(&role, "arn"), boundary: boundary(&role) });
    made.or_else(|| {
        let account = &world.scenario.account;
        let session = format!(":assumed-role/{name}/");
        let (head, _) = account.principal.split_once(&session)?;
        let arn = format!("{}:role/{name}", head.replacen(":sts:", ":iam:", 1));
        // Whose boundary denies has one.
        let denies = |denial: &&Denial| denial.layer == Written::Boundary;
        let boundary = world.scenario.denials.iter().find(denies);
        let boundary =
            boundary.map(|_| format!("{}:policy/Boundary", head.replacen(":sts:", ":iam:", 1)));
        Some(Role { arn, boundary })
    })
}

pub(super) fn policy(world: &World, arn: &str) -> Option<Policy> {
    let known = |document: Option<String>| Policy { arn: arn.to_owned(), document };
    let made = objects(world, "aws_iam_policy").into_iter().find(|(o, _)| text(o, "arn") == arn);
    if let Some((policy, _)) = made {
        return Some(known(Some(text(&policy, "policy"))));
    }
    let is_named = |denial: &Denial| denial.unless_boundary.as_deref() == Some(arn);
    if world.scenario.denials.iter().any(is_named) {
        return Some(known(Some(EVERYTHING.to_owned())));
    }
    let of_aws = arn.split(':').nth(4) == Some("aws") && arn.contains(":policy/");
    of_aws.then(|| known(None))
}

pub(super) fn policies(world: &World) -> Vec<ListedPolicy> {
    let made = objects(world, "aws_iam_policy").into_iter().map(|(policy, _)| text(&policy, "arn"));
    let named = world.scenario.denials.iter().filter_map(|denial| denial.unless_boundary.clone());
    let arns: BTreeSet<String> = made.chain(named).collect();
    let bounded: Vec<String> = ["aws_iam_role", "aws_iam_user"]
        .into_iter()
        .flat_map(|kind| objects(world, kind))
        .map(|(object, _)| text(&object, "permissions_boundary"))
        .collect();
    let listed = |arn: String| ListedPolicy {
        name: arn.rsplit('/').next().unwrap_or(&arn).to_owned(),
        bounds: bounded.iter().filter(|boundary| **boundary == arn).count() as u64,
        arn,
    };
    arns.into_iter().map(listed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_iam() {
        for (pattern, action, matches) in [
            ("*", "eks:CreateCluster", true),
            ("eks:*", "EKS:createcluster", true),
            ("eks:Create*er", "eks:CreateCluster", true),
            ("eks:Create", "eks:CreateCluster", false),
            ("eks:*Delete*", "eks:CreateCluster", false),
            ("iam:*", "eks:CreateCluster", false),
        ] {
            assert_eq!(matches_pattern(pattern, action), matches, "{pattern} {action}");
        }
    }

    #[test]
    fn documents_deny_by_a_statement_or_by_none_that_allows() {
        let statement = |effect: &str, action: &str| {
            format!("{{\"Statement\":[{{\"Effect\":\"{effect}\",\"Action\":[\"{action}\"]}}]}}")
        };
        let (allow, deny) = (statement("Allow", "s3:*"), statement("Deny", "s3:Delete*"));
        let said = |action| turned_down([allow.as_str(), deny.as_str()], action);
        assert_eq!(said("s3:GetObject"), None);
        assert_eq!(said("s3:DeleteObject"), Some(true));
        assert_eq!(said("ec2:RunInstances"), Some(false));
    }
}
