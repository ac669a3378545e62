//! What the caller may do: asked of the policy simulator, corroborated by dry runs of EC2.
//!
//! The actions follow from the resource types of the plan. Three answers: allowed, denied by which
//! layer, unknown; a denial for want of a condition key in the question is unknown.

use std::collections::BTreeMap;

use super::super::finding::{Finding, Unable, Verdict, not_needed, waits};
use super::super::{Check, Context, Subject};
use crate::cloud::{
    Asker, Decision, DryRun, DryRunOutcome, Policy, Simulation, Verdict as Simulated,
};
use crate::plan::demand::actions::Actions;
use crate::plan::demand::policy::OWN;

/// Everything that the plan calls.
pub(super) const PERMISSIONS: Check = Check {
    id: "permissions",
    sentence: "the caller may do everything that this plan needs",
    subject: Subject::Permissions,
    ask: |context| Box::pin(may(context)),
};

/// What EC2 itself says.
pub(super) const DRY_RUN: Check = Check {
    id: "permissions-dry-run",
    sentence: "EC2 would carry out what begins the plan, as far as it tells beforehand",
    subject: Subject::Permissions,
    ask: |context| Box::pin(dry_runs(context)),
};

/// Roles, with or without a boundary.
pub(super) const BOUNDARY_WANTED: Check = Check {
    id: "role-creation",
    sentence: "roles may be made, with the permissions boundary that is answered or without one",
    subject: Subject::Permissions,
    ask: |context| Box::pin(role_creation(context)),
};

/// The boundary is there.
pub(super) const BOUNDARY_EXISTS: Check = Check {
    id: "boundary-exists",
    sentence: "the permissions boundary is a policy of this account",
    subject: Subject::Permissions,
    ask: |context| {
        Box::pin(async {
            let arn = boundary(context)?;
            let policy = context.account.ask("the policy", |cloud| cloud.policy(arn)).await?;
            Ok(judge_policy(arn, context.demand.boundary.key, policy.as_ref()))
        })
    },
};

/// The boundary is wide enough.
pub(super) const BOUNDARY_WIDTH: Check = Check {
    id: "boundary-width",
    sentence: "the permissions boundary lets through what the roles of the workloads need",
    subject: Subject::Permissions,
    ask: |context| Box::pin(boundary_width(context)),
};

fn boundary(context: &Context) -> Result<&str, Unable> {
    match context.demand.boundary.known() {
        Ok(arn) => Ok(arn),
        Err(_key) => not_needed("no permissions boundary is answered"),
    }
}

/// What conditions of policies ask for, as far as it is known.
fn surroundings(context: &Context) -> BTreeMap<String, Vec<String>> {
    let region = context.demand.region.value.clone();
    let mut keys = BTreeMap::from([(
        "iam:PassedToService".to_owned(),
        vec!["eks.amazonaws.com".to_owned(), "ec2.amazonaws.com".to_owned()],
    )]);
    keys.extend(region.map(|region| ("aws:RequestedRegion".to_owned(), vec![region])));
    let boundary = context.demand.boundary.value.clone();
    keys.extend(boundary.map(|arn| ("iam:PermissionsBoundary".to_owned(), vec![arn])));
    keys
}

const CREATE_ROLE: &str = "iam:CreateRole";

async fn may(context: &Context) -> Verdict {
    context.demand.region.known().map_err(waits)?;
    permitted(context, context.demand.types.iter().copied()).await
}

/// Whether the caller may make objects of these types; also asked again of a plan that Terraform
/// has made, which may lead to others than the answers did.
pub async fn permitted<'a>(context: &Context, types: impl IntoIterator<Item = &'a str>) -> Verdict {
    let caller = context.account.caller().await?;
    if caller.is_root() {
        return Ok(Finding::pass("the root user may do everything that the organisation lets it"));
    }
    let mut needed = Actions::of(types).needed;
    needed.extend(OWN.iter().map(|action| ((*action).to_owned(), "the engine".to_owned())));
    // That one is asked with its boundary, by a check of its own.
    needed.remove(CREATE_ROLE);
    let question = Simulation {
        asker: Asker::Principal(context.account.principal(caller).await),
        actions: needed.keys().cloned().collect(),
        resources: Vec::new(),
        context: surroundings(context),
        boundary: None,
    };
    let verdicts =
        context.account.ask("the permissions", |cloud| cloud.simulate(&question)).await?;
    let mut refuted = Vec::new();
    for call in calls(context) {
        let is_denied =
            |verdict: &&Simulated| verdict.action == call.action() && denial(verdict).is_some();
        if verdicts.iter().any(|verdict| is_denied(&verdict)) {
            let outcome = context.account.ask("a dry run", |cloud| cloud.dry_run(&call)).await;
            if outcome == Ok(DryRunOutcome::Allowed) {
                refuted.push(call.action());
            }
        }
    }
    Ok(judge(&needed, &verdicts, &refuted))
}

/// The sentence of a denial, where the simulator is sure of it.
fn denial(verdict: &Simulated) -> Option<String> {
    let Decision::Denied { by, explicit } = &verdict.decision else { return None };
    if !verdict.missing.is_empty() {
        return None;
    }
    let how = if *explicit { "is denied by" } else { "is not allowed by" };
    Some(format!("{} {how} {}", verdict.action, by.words()))
}

/// How many are named before the rest is counted.
const NAMED: usize = 5;

fn judge(needed: &BTreeMap<String, String>, verdicts: &[Simulated], refuted: &[&str]) -> Finding {
    let denied: Vec<(String, &str)> = verdicts
        .iter()
        .filter(|verdict| !refuted.contains(&verdict.action.as_str()))
        .filter_map(|verdict| Some((denial(verdict)?, verdict.action.as_str())))
        .collect();
    let allowed = verdicts.iter().filter(|verdict| verdict.decision == Decision::Allowed).count();
    if denied.is_empty() {
        let unsure = verdicts.len() - allowed - refuted.len();
        return if verdicts.is_empty() || unsure > verdicts.len() / 2 {
            Finding::unknown(format!("the policy simulator cannot tell for {unsure} actions"))
        } else if unsure > 0 {
            Finding::pass(format!("{allowed} actions allowed; for {unsure} nobody can tell"))
        } else {
            Finding::pass(format!("{} actions allowed", verdicts.len()))
        };
    }
    let sentences = denied.iter().map(|(sentence, _)| sentence.as_str()).take(NAMED);
    let mut found = sentences.collect::<Vec<_>>().join("; ");
    if denied.len() > NAMED {
        found = format!("{found}; and {} more", denied.len() - NAMED);
    }
    let by: Vec<&str> = denied
        .iter()
        .take(NAMED)
        .filter_map(|(_, action)| needed.get(*action).map(String::as_str))
        .collect();
    let is_ours = denied.iter().any(|(sentence, _)| sentence.contains("organisation"));
    let who = if is_ours {
        "who owns the organisation has to change the service control policy; no policy of this \
         account helps"
    } else {
        "an administrator grants what `springboard preflight --policy` prints"
    };
    Finding::fail(found).because(format!("needed for {}", by.join(", "))).mend(who)
}

/// The calls whose refusal is known beforehand.
fn calls(context: &Context) -> Vec<DryRun> {
    let demand = &context.demand;
    let cidr = demand.network.vpc.value.map_or("10.0.0.0/16".to_owned(), |cidr| cidr.to_string());
    let mut calls = vec![DryRun::CreateVpc { cidr }, DryRun::CreateInternetGateway];
    if demand.network.nat_gateways > 0 {
        calls.push(DryRun::AllocateAddress);
    }
    let types = demand.nodes.iter().map(|nodes| nodes.instance_type.clone()).take(1);
    calls.extend(types.map(|instance_type| DryRun::RunInstances {
        instance_type,
        reservation: None,
        block: false,
    }));
    calls
}

async fn dry_runs(context: &Context) -> Verdict {
    context.demand.region.known().map_err(waits)?;
    let asked = calls(context).into_iter().map(|call| async move {
        let outcome = context.account.ask("a dry run", |cloud| cloud.dry_run(&call)).await;
        (call.action(), outcome)
    });
    let outcomes = futures::future::join_all(asked).await;
    let told: Vec<(&str, DryRunOutcome)> = outcomes
        .iter()
        .filter_map(|(action, outcome)| Some((*action, outcome.clone().ok()?)))
        .collect();
    if told.is_empty() {
        let first = outcomes.into_iter().find_map(|(_, outcome)| outcome.err());
        return Err(first.unwrap_or(Unable::NotNeeded("nothing of EC2 is made".into())));
    }
    Ok(judge_dry_runs(&told))
}

fn judge_dry_runs(told: &[(&str, DryRunOutcome)]) -> Finding {
    let denied = told.iter().filter(|(_, outcome)| matches!(outcome, DryRunOutcome::Denied { .. }));
    let denied: Vec<&str> = denied.map(|(action, _)| *action).collect();
    if !denied.is_empty() {
        return Finding::fail(format!("EC2 would refuse {}", denied.join(", ")))
            .because("the first pass makes a network with it")
            .mend("an administrator grants what `springboard preflight --policy` prints");
    }
    let allowed = told.iter().filter(|(_, outcome)| *outcome == DryRunOutcome::Allowed);
    let allowed: Vec<&str> = allowed.map(|(action, _)| *action).collect();
    if allowed.is_empty() {
        return Finding::unknown("EC2 does not say beforehand what it would do");
    }
    Finding::pass(format!("EC2 would carry out {}", allowed.join(", ")))
}

async fn role_creation(context: &Context) -> Verdict {
    if context.demand.names_of("aws_iam_role").next().is_none() {
        return context
            .demand
            .deployment
            .known()
            .map_err(waits)
            .and_then(|_| not_needed("no role"));
    }
    let caller = context.account.caller().await?;
    if caller.is_root() {
        return Ok(Finding::pass("the root user may make roles"));
    }
    let (partition, account) = (caller.partition(), &caller.account);
    let names = context.demand.names_of("aws_iam_role");
    let question = Simulation {
        asker: Asker::Principal(context.account.principal(caller).await),
        actions: vec![CREATE_ROLE.to_owned()],
        resources: names
            .map(|name| format!("arn:{partition}:iam::{account}:role/{name}"))
            .collect(),
        context: surroundings(context),
        boundary: None,
    };
    let verdicts =
        context.account.ask("the permissions", |cloud| cloud.simulate(&question)).await?;
    let answered = context.demand.boundary.value.as_deref();
    Ok(judge_roles(&verdicts, answered, context.demand.boundary.key))
}

fn judge_roles(verdicts: &[Simulated], boundary: Option<&str>, key: &str) -> Finding {
    // A role that is made without a boundary has no such key either: the question is the call.
    let is_as_asked = |name: &String| boundary.is_none() && name == "iam:PermissionsBoundary";
    let verdicts: Vec<Simulated> = verdicts
        .iter()
        .cloned()
        .map(|mut verdict| {
            verdict.missing.retain(|name| !is_as_asked(name));
            verdict
        })
        .collect();
    let denied = verdicts.iter().find_map(|verdict| Some((denial(verdict)?, verdict)));
    let with = boundary.map_or("without a boundary".to_owned(), |arn| format!("with {arn}"));
    if let Some((sentence, verdict)) = denied {
        let mend = if boundary.is_none() {
            format!(
                "answer `{key}` with the ARN of the boundary that your organisation wants on roles; \
                 where it wants none, an administrator grants the action"
            )
        } else {
            format!("answer `{key}` with the boundary that is wanted, or ask for the permission")
        };
        return Finding::fail(format!("{sentence}, {with}"))
            .because(format!("{} is among the roles of this plan", verdict.resource))
            .mend(mend);
    }
    if verdicts.iter().all(|verdict| verdict.decision == Decision::Allowed) && !verdicts.is_empty()
    {
        return Finding::pass(format!("roles may be made {with}"));
    }
    Finding::unknown(format!("the policy simulator cannot tell whether roles may be made {with}"))
}

fn judge_policy(arn: &str, key: &str, policy: Option<&Policy>) -> Finding {
    match policy {
        Some(_) => Finding::pass(format!("{arn} is there")),
        None => Finding::fail(format!("there is no policy {arn}"))
            .because("no role can be made with a boundary that does not exist")
            .mend(format!("answer `{key}` with another ARN, or have the policy made")),
    }
}

/// Stands for the roles: the boundary alone decides then.
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

async fn boundary_width(context: &Context) -> Verdict {
    let arn = boundary(context)?;
    let actions = context.demand.role_actions;
    if actions.is_empty() {
        return not_needed("no role of a workload is made");
    }
    let policy = context.account.ask("the policy", |cloud| cloud.policy(arn)).await?;
    let Some(policy) = policy else { return not_needed("the boundary is not there") };
    let Some(document) = policy.document else {
        return Ok(Finding::unknown(format!("{arn} may not be read")));
    };
    let question = Simulation {
        asker: Asker::Policies(vec![EVERYTHING.to_owned()]),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: Vec::new(),
        context: surroundings(context),
        boundary: Some(document),
    };
    let verdicts =
        context.account.ask("the permissions", |cloud| cloud.simulate(&question)).await?;
    Ok(judge_width(arn, &verdicts))
}

fn judge_width(arn: &str, verdicts: &[Simulated]) -> Finding {
    let denied = verdicts.iter().filter(|verdict| denial(verdict).is_some());
    let denied: Vec<&str> = denied.map(|verdict| verdict.action.as_str()).collect();
    if denied.is_empty() {
        return Finding::pass(format!("{arn} lets through what the roles need"));
    }
    Finding::fail(format!("{arn} does not let through {}", denied.join(", ")))
        .because("roles under it are denied these, and that shows late, in the pods")
        .mend("have these actions added to the boundary")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Layer;
    use crate::run::event::Outcome;

    fn said(action: &str, decision: Decision) -> Simulated {
        let missing = Vec::new();
        Simulated { action: action.into(), resource: "*".into(), decision, missing }
    }

    fn denied(action: &str, by: Layer) -> Simulated {
        said(action, Decision::Denied { by, explicit: by == Layer::Organisation })
    }

    fn needed() -> BTreeMap<String, String> {
        BTreeMap::from([("ec2:CreateVpc".into(), "aws_vpc".into())])
    }

    #[test]
    fn a_denial_names_action_layer_and_what_needs_it() {
        let verdicts = [denied("ec2:CreateVpc", Layer::Organisation)];
        let finding = judge(&needed(), &verdicts, &[]);
        assert_eq!(finding.outcome, Outcome::Fail);
        let sentence = "ec2:CreateVpc is denied by a service control policy of the organisation";
        assert_eq!(finding.found, sentence);
        assert_eq!(finding.why.unwrap(), "needed for aws_vpc");
        assert!(finding.remedy.unwrap().contains("owns the organisation"));
        let own = judge(&needed(), &[denied("ec2:CreateVpc", Layer::Identity)], &[]);
        assert!(own.remedy.unwrap().contains("--policy"));
    }

    #[test]
    fn what_a_dry_run_allows_is_no_denial() {
        let verdicts = [denied("ec2:CreateVpc", Layer::Identity), said("a:B", Decision::Allowed)];
        assert_eq!(judge(&needed(), &verdicts, &["ec2:CreateVpc"]).outcome, Outcome::Pass);
    }

    #[test]
    fn a_denial_for_want_of_a_key_is_none() {
        let mut verdict = denied("ec2:CreateVpc", Layer::Identity);
        verdict.missing.push("aws:PrincipalTag/team".into());
        assert_eq!(judge(&needed(), &[verdict], &[]).outcome, Outcome::Unknown);
        assert_eq!(judge(&needed(), &[], &[]).outcome, Outcome::Unknown);
    }

    #[test]
    fn many_denials_are_counted() {
        let verdicts: Vec<_> =
            (0..8).map(|n| denied(&format!("a:B{n}"), Layer::Identity)).collect();
        assert!(judge(&needed(), &verdicts, &[]).found.ends_with("; and 3 more"));
    }

    #[test]
    fn a_role_that_needs_a_boundary_fails_with_the_key_to_answer() {
        let verdicts = [denied(CREATE_ROLE, Layer::Boundary)];
        let finding = judge_roles(&verdicts, None, "the_key");
        assert_eq!(finding.outcome, Outcome::Fail);
        assert!(finding.found.ends_with(", without a boundary"), "{}", finding.found);
        assert!(finding.remedy.unwrap().starts_with("answer `the_key`"));
        let allowed = [said(CREATE_ROLE, Decision::Allowed)];
        assert_eq!(judge_roles(&allowed, Some("arn"), "k").outcome, Outcome::Pass);
        let mut unsure = denied(CREATE_ROLE, Layer::Identity);
        unsure.missing.push("iam:PermissionsBoundary".into());
        assert_eq!(judge_roles(&[unsure.clone()], None, "k").outcome, Outcome::Fail);
        unsure.missing.push("aws:PrincipalTag/team".into());
        assert_eq!(judge_roles(&[unsure], None, "k").outcome, Outcome::Unknown);
    }

    #[test]
    fn a_boundary_is_judged_by_what_it_keeps_back() {
        assert_eq!(judge_policy("arn", "k", None).outcome, Outcome::Fail);
        let finding = judge_width("arn", &[denied("s3:GetObject", Layer::Boundary)]);
        assert_eq!(finding.found, "arn does not let through s3:GetObject");
        assert_eq!(judge_width("arn", &[said("a:B", Decision::Allowed)]).outcome, Outcome::Pass);
    }

    #[test]
    fn dry_runs_fail_by_a_denial_and_know_nothing_by_other_errors() {
        let no = DryRunOutcome::Denied { message: "UnauthorizedOperation".into() };
        let other = DryRunOutcome::Unknown { why: "DryRunOperation not supported".into() };
        let outcome = |told: &[(&str, DryRunOutcome)]| judge_dry_runs(told).outcome;
        assert_eq!(outcome(&[("ec2:CreateVpc", no)]), Outcome::Fail);
        assert_eq!(outcome(&[("ec2:CreateVpc", other)]), Outcome::Unknown);
        assert_eq!(outcome(&[("ec2:CreateVpc", DryRunOutcome::Allowed)]), Outcome::Pass);
    }
}
