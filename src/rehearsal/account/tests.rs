//! What a world answers to a preflight.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;
use crate::cloud::{Asker, Decision, Family, Layer, ListedPolicy, Matching, QuotaSource, Support};
use crate::rehearsal::{Scenario, provider};

const REGION: &str = "us-west-2";

fn world(scenario: &str) -> (tempfile::TempDir, Arc<World>) {
    let dir = tempfile::tempdir().unwrap();
    let scenario = Scenario::parse(scenario).unwrap();
    let world = World::open(dir.path(), scenario, 0.0).unwrap();
    (dir, world)
}

fn told<T: DeserializeOwned>(world: &World, question: &Question) -> T {
    // As it goes over the socket.
    let question = serde_json::from_value(json(question)).unwrap();
    match ask(world, REGION, &question) {
        Answer::Told(value) => serde_json::from_value(value).unwrap(),
        Answer::Refused(words) => panic!("refused: {words}"),
    }
}

fn simulation(actions: &[&str], context: &[(&str, &str)]) -> Simulation {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), vec![(*value).to_owned()]);
    Simulation {
        asker: Asker::Principal("arn:aws:iam::123456789012:role/Installer".into()),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: Vec::new(),
        context: context.iter().map(pair).collect(),
        boundary: None,
    }
}

#[test]
fn a_question_whose_action_is_denied_is_refused_in_the_words_of_aws() {
    let (_dir, world) = world("[[deny]]\naction = \"ec2:DescribeVpcs\"\n");
    let said = ask(&world, REGION, &Question::Vpcs);
    let words = "User: arn:aws:sts::123456789012:assumed-role/Installer/op is not authorized to \
                 perform: ec2:DescribeVpcs on resource: * because no identity-based policy allows \
                 the ec2:DescribeVpcs action";
    assert_eq!(said, Answer::Refused(words.into()));
    assert!(matches!(ask(&world, REGION, &Question::NatGateways), Answer::Told(_)));
}

#[test]
fn an_ordinary_account_is_ready_for_the_sample_answers() {
    let (_dir, world) = world("");
    let quota: Option<Quota> =
        told(&world, &Question::Quota { service: "ec2".into(), code: "L-417A185B".into() });
    let quota = quota.unwrap();
    assert_eq!((quota.value, quota.source), (768.0, QuotaSource::Applied));
    // The reservation of two instances counts, although nothing runs in it.
    let used: u64 = told(&world, &Question::Count(Countable::Vcpus(Family::P)));
    assert_eq!(used, 384);
    let reservations: Vec<Reservation> = told(&world, &Question::Reservations);
    assert_eq!(reservations.len(), 1);
    assert_eq!(reservations[0].matching, Matching::Targeted);
    assert_eq!(reservations[0].owner, "123456789012");
    let certificates: Vec<Certificate> = told(&world, &Question::Certificates);
    assert!(certificates[0].covers("models.acme.example"));
    let types = vec!["p5e.48xlarge".to_owned(), "nonsense".to_owned()];
    let facts: Vec<InstanceType> = told(&world, &Question::InstanceTypes(types.clone()));
    assert_eq!(facts.iter().map(|f| (f.vcpus, f.gpus)).collect::<Vec<_>>(), [(192, 8)]);
    let offerings: Vec<Offering> = told(&world, &Question::Offerings(types));
    assert_eq!(offerings.len(), 4);
    let versions: Vec<ClusterVersion> = told(&world, &Question::ClusterVersions);
    assert_eq!((versions[0].version.as_str(), versions.len()), ("1.36", 6));
    assert_ne!(versions[0].support, Support::Ended);
    let asked = |addon: &str| Question::AddonVersions {
        addon: addon.into(),
        kubernetes: versions[0].version.clone(),
    };
    let addons: Vec<AddonVersion> = told(&world, &asked("vpc-cni"));
    assert_eq!(addons.iter().filter(|version| version.is_default).count(), 1);
    assert_eq!(told::<Vec<AddonVersion>>(&world, &asked("nonsense")), []);
}

#[test]
fn names_are_free_own_foreign_or_not_free_yet() {
    let (_dir, world) = world(
        "[[existing]]\ntype = \"aws_iam_role\"\nattributes = { name = \"acme-cluster\", \
         assume_role_policy = \"{}\" }\n\
         [[existing]]\ntype = \"aws_secretsmanager_secret\"\nscheduled_for_deletion = true\n\
         attributes = { name = \"acme-database\" }\n\
         [[existing]]\ntype = \"aws_s3_bucket\"\nowner = \"999988887777\"\n\
         attributes = { bucket = \"acme-data\" }\n\
         [[existing]]\ntype = \"aws_cloudwatch_log_group\"\nregion = \"us-east-1\"\n\
         attributes = { name = \"elsewhere\" }\n",
    );
    provider::existing::seed(&world).unwrap();
    for (kind, name, expected) in [
        (NameKind::Role, "acme-cluster", Taken::Own),
        (NameKind::Role, "acme", Taken::Free),
        (NameKind::Secret, "acme-database", Taken::PendingDeletion { until: None }),
        (NameKind::Bucket, "acme-data", Taken::Foreign),
        (NameKind::LogGroup, "elsewhere", Taken::Free),
    ] {
        let name = name.to_owned();
        assert_eq!(told::<Taken>(&world, &Question::Taken { kind, name }), expected);
    }
}

#[test]
fn what_exists_is_counted_and_shown() {
    let (_dir, world) = world(
        "[[existing]]\ntype = \"aws_vpc\"\n\
         attributes = { cidr_block = \"10.40.0.0/16\", tags = { Name = \"old\" } }\n\
         [[existing]]\ntype = \"aws_eip\"\nattributes = { domain = \"vpc\" }\n",
    );
    provider::existing::seed(&world).unwrap();
    let vpcs: Vec<Vpc> = told(&world, &Question::Vpcs);
    assert_eq!(vpcs.len(), 1);
    assert_eq!(vpcs[0].name.as_deref(), Some("old"));
    assert_eq!(vpcs[0].cidrs, ["10.40.0.0/16".parse().unwrap()]);
    assert_eq!(told::<u64>(&world, &Question::Count(Countable::Addresses)), 1);
}

#[test]
fn the_simulator_names_the_layer_that_denies() {
    let boundary = "arn:aws:iam::123456789012:policy/Boundary";
    let (_dir, world) = world(&format!(
        "[[deny]]\naction = \"eks:CreateCluster\"\nlayer = \"organisation\"\n\
         [[deny]]\naction = \"rds:CreateDBInstance\"\nlayer = \"session policy\"\n\
         [[deny]]\naction = \"iam:CreateRole\"\nlayer = \"permissions boundary\"\n\
         unless_boundary = \"{boundary}\"\n"
    ));
    let decided = |action: &str, context: &[(&str, &str)]| {
        let asked = Question::Simulate(simulation(&[action], context));
        let mut verdicts: Vec<Verdict> = told(&world, &asked);
        let verdict = verdicts.remove(0);
        (verdict.decision, verdict.missing)
    };
    let denied = |by, explicit| Decision::Denied { by, explicit };
    assert_eq!(decided("eks:CreateCluster", &[]), (denied(Layer::Organisation, true), vec![]));
    // The simulator does not see policies of sessions.
    assert_eq!(decided("rds:CreateDBInstance", &[]), (Decision::Allowed, vec![]));
    let key = "iam:PermissionsBoundary";
    let missing = vec![key.to_owned()];
    assert_eq!(decided("iam:CreateRole", &[]), (denied(Layer::Boundary, false), missing));
    assert_eq!(decided("iam:CreateRole", &[(key, boundary)]), (Decision::Allowed, vec![]));
    let policy: Option<Policy> = told(&world, &Question::Policy(boundary.into()));
    assert!(policy.unwrap().document.is_some());
    let listed: Vec<ListedPolicy> = told(&world, &Question::Policies);
    assert_eq!((&*listed[0].arn, &*listed[0].name, listed[0].bounds), (boundary, "Boundary", 0));
    let dry: DryRunOutcome = told(&world, &Question::DryRun(DryRun::AllocateAddress));
    assert_eq!(dry, DryRunOutcome::Allowed);
}

#[test]
fn every_question_goes_over_the_socket_and_back() {
    let unseen = json!({ "taken": { "kind": "role", "name": "acme" } });
    let question: Question = serde_json::from_value(unseen.clone()).unwrap();
    assert_eq!(json(&question), unseen);
    assert_eq!(question.words(), "the role acme");
    assert_eq!(question.action(), Some("iam:GetRole"));
}

#[test]
fn zones_have_the_names_and_ids_of_their_region() {
    let zones = zones(REGION);
    let (name, id, state) = ("us-west-2c".into(), "usw2-az3".into(), "available".into());
    assert_eq!(zones[2], Zone { name, id, state });
}
