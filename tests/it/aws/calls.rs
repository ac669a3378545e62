//! Every question, answered by moto.

use std::collections::BTreeMap;

use serde_json::json;
use springboard::cloud::{
    Asker, BlockQuery, Cloud as _, CloudError, Condition, Countable, Decision, DryRun,
    DryRunOutcome, Family, Layer, Matching, NameKind, Origin, QuotaSource, Simulation, Taken,
};

use super::Moto;

const TRUST: &str = "{\"Version\":\"2012-10-17\",\"Statement\":[]}";
const BOUND: &str = "arn:aws:iam::123456789012:policy/Bound";
const POLICY: &str = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\
                      \"Action\":\"s3:GetObject\",\"Resource\":\"*\"}]}";

#[tokio::test]
async fn places_types_and_the_caller_are_told() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let cloud = moto.cloud();
    let caller = cloud.caller().await.unwrap();
    assert_eq!(caller.account, "123456789012");
    assert_eq!(caller.origin, Some(Origin::Environment));
    let zones = cloud.zones().await.unwrap();
    assert_eq!((zones[0].name.as_str(), zones[0].state.as_str()), ("us-west-2a", "available"));
    assert!(zones.iter().all(|zone| zone.id.starts_with("usw2-az")));
    let regions = cloud.regions().await.unwrap();
    assert!(regions.iter().any(|region| region.name == "us-west-2" && region.enabled));
    let names = ["p5.48xlarge".to_owned(), "m5.4xlarge".to_owned(), "nonsense.large".to_owned()];
    let types = cloud.instance_types(&names).await.unwrap();
    let facts: BTreeMap<_, _> =
        types.iter().map(|t| (t.name.as_str(), (t.vcpus, t.gpus))).collect();
    assert_eq!(facts, BTreeMap::from([("m5.4xlarge", (16, 0)), ("p5.48xlarge", (192, 8))]));
    let offered = cloud.offerings(&names[1..2]).await.unwrap();
    assert!(offered.len() >= 3 && offered[0].zone_id.starts_with("usw2-az"), "{offered:?}");
    let behind = jiff::Timestamp::now().duration_since(cloud.clock().await.unwrap());
    assert!(behind.abs() < jiff::SignedDuration::from_secs(30));
}

#[tokio::test]
async fn reservations_are_told_through_all_pages() {
    let reservation = |id: &str, kind: &str, state: &str| {
        json!({
            "CapacityReservationId": id, "OwnerId": "123456789012", "InstanceType": "p5.48xlarge",
            "InstancePlatform": "Linux/UNIX", "AvailabilityZone": "us-west-2b", "Tenancy": "default",
            "TotalInstanceCount": 2, "AvailableInstanceCount": 1, "State": state,
            "InstanceMatchCriteria": "targeted", "ReservationType": kind, "EndDateType": "limited",
        })
    };
    let seed = json!({
        "reservations": [
            reservation("cr-1", "capacity-block", "scheduled"),
            reservation("cr-2", "default", "cancelled"),
            reservation("cr-3", "default", "active"),
        ],
        "blocks": [{
            "CapacityBlockOfferingId": "cb-1", "InstanceType": "p5e.48xlarge",
            "AvailabilityZone": "us-west-2c", "InstanceCount": 1,
            "CapacityBlockDurationHours": 24, "UpfrontFee": "800.0", "CurrencyCode": "USD",
        }],
    });
    let Some(moto) = Moto::start(&seed) else { return };
    let cloud = moto.cloud();
    let all = cloud.reservations().await.unwrap();
    let ids: Vec<_> = all.iter().map(|r| (r.id.as_str(), r.block)).collect();
    assert_eq!(ids, [("cr-1", true), ("cr-3", false)]);
    let found = cloud.reservation("cr-3").await.unwrap().unwrap();
    assert_eq!((found.total, found.available, found.matching), (2, 1, Matching::Targeted));
    // EC2 may leave the id of the zone out.
    let zones = cloud.zones().await.unwrap();
    assert_eq!(Some(&found.zone_id), zones.iter().find(|z| z.name == "us-west-2b").map(|z| &z.id));
    assert_eq!(cloud.reservation("cr-9").await.unwrap(), None);
    // A reservation counts, used or not; a block and what is cancelled do not.
    assert_eq!(cloud.count(Countable::Vcpus(Family::P)).await.unwrap(), 384);
    let wanted = BlockQuery { instance_type: "p5e.48xlarge".into(), count: 1, hours: 24 };
    let offers = cloud.block_offers(&wanted).await.unwrap();
    assert_eq!((offers[0].id.as_str(), offers[0].price.as_str()), ("cb-1", "800.0"));
}

#[tokio::test]
async fn a_quota_is_the_applied_one_else_the_usual_one_else_none() {
    let seed = json!({
        "quotas": { "ec2": { "L-417A185B": 384 } },
        "defaults": { "ec2": { "L-417A185B": 0, "L-0263D0A3": 5 } },
    });
    let Some(moto) = Moto::start(&seed) else { return };
    let cloud = moto.cloud();
    let mut told = Vec::new();
    for code in ["L-417A185B", "L-0263D0A3", "L-00000000"] {
        let quota = cloud.quota("ec2", code).await.unwrap();
        told.push(quota.map(|quota| (quota.value, quota.source)));
    }
    let expected = [Some((384.0, QuotaSource::Applied)), Some((5.0, QuotaSource::Default)), None];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_exists_is_counted_and_its_names_are_taken() {
    let seed = json!({ "make": [
        ["ec2", "create_vpc", { "CidrBlock": "10.1.0.0/16", "TagSpecifications":
            [{ "ResourceType": "vpc", "Tags": [{ "Key": "Name", "Value": "old" }] }] }],
        ["ec2", "allocate_address", { "Domain": "vpc" }],
        ["iam", "create_role", { "RoleName": "acme-cluster", "AssumeRolePolicyDocument": TRUST }],
        ["iam", "create_instance_profile", { "InstanceProfileName": "acme" }],
        ["iam", "create_policy", { "PolicyName": "acme", "PolicyDocument": POLICY }],
        ["logs", "create_log_group", { "logGroupName": "/aws/eks/acme/cluster" }],
        ["s3", "create_bucket", { "Bucket": "acme-data",
            "CreateBucketConfiguration": { "LocationConstraint": "us-west-2" } }],
        ["ecr", "create_repository", { "repositoryName": "acme/api" }],
        ["secretsmanager", "create_secret", { "Name": "acme-old", "SecretString": "x" }],
        ["secretsmanager", "delete_secret", { "SecretId": "acme-old" }],
        ["secretsmanager", "create_secret", { "Name": "acme-new", "SecretString": "x" }],
        ["kms", "create_key", {}],
    ] });
    let Some(moto) = Moto::start(&seed) else { return };
    let cloud = moto.cloud();
    let vpcs = cloud.vpcs().await.unwrap();
    let old = vpcs.iter().find(|vpc| vpc.name.as_deref() == Some("old")).unwrap();
    assert_eq!(old.cidrs, ["10.1.0.0/16".parse().unwrap()]);
    assert!(!old.is_default);
    for (what, number) in [
        (Countable::Addresses, 1),
        (Countable::Buckets, 1),
        (Countable::Roles, 1),
        (Countable::Keys, 1),
        (Countable::Clusters, 0),
        (Countable::Databases, 0),
        (Countable::ApplicationLoadBalancers, 0),
    ] {
        assert_eq!(cloud.count(what).await.unwrap(), number, "{what:?}");
    }
    for (kind, name) in [
        (NameKind::Role, "acme-cluster"),
        (NameKind::InstanceProfile, "acme"),
        (NameKind::Policy, "acme"),
        (NameKind::LogGroup, "/aws/eks/acme/cluster"),
        (NameKind::Bucket, "acme-data"),
        (NameKind::Repository, "acme/api"),
        (NameKind::Secret, "acme-new"),
        (NameKind::KeyAlias, "alias/aws/s3"),
    ] {
        assert_eq!(cloud.taken(kind, name).await.unwrap(), Taken::Own, "{kind:?}");
    }
    for kind in NameKind::ALL {
        assert_eq!(cloud.taken(kind, "unheard-of").await.unwrap(), Taken::Free, "{kind:?}");
    }
    // The beginning of a name is not the name.
    assert_eq!(cloud.taken(NameKind::LogGroup, "/aws/eks").await.unwrap(), Taken::Free);
    let deleted = cloud.taken(NameKind::Secret, "acme-old").await.unwrap();
    assert!(matches!(deleted, Taken::PendingDeletion { until: Some(_) }), "{deleted:?}");
}

#[tokio::test]
async fn permissions_are_told_by_layer_and_through_all_pages() {
    let seed = json!({
        "deny": ["eks:*", "rds:CreateDBInstance", "ec2:AllocateAddress"],
        "decisions": {
            "eks:CreateCluster": { "OrganizationsDecisionDetail": { "AllowedByOrganizations": false } },
            "rds:CreateDBInstance": { "MissingContextValues": ["aws:RequestTag/owner"] },
        },
        "make": [
            ["iam", "create_policy", { "PolicyName": "Bound", "PolicyDocument": POLICY }],
            ["iam", "create_role", { "RoleName": "Installer", "AssumeRolePolicyDocument": TRUST,
                "PermissionsBoundary": BOUND }],
        ],
    });
    let Some(moto) = Moto::start(&seed) else { return };
    let cloud = moto.cloud();
    let role = cloud.role("Installer").await.unwrap().unwrap();
    let actions = ["ec2:RunInstances", "eks:CreateCluster", "rds:CreateDBInstance"];
    let asked = Simulation {
        asker: Asker::Principal(role.arn),
        actions: actions.map(str::to_owned).to_vec(),
        resources: Vec::new(),
        context: BTreeMap::new(),
        boundary: None,
    };
    let verdicts = cloud.simulate(&asked).await.unwrap();
    let decisions: Vec<_> = verdicts.iter().map(|v| v.decision.clone()).collect();
    let denied = |by| Decision::Denied { by, explicit: false };
    assert_eq!(
        decisions,
        [Decision::Allowed, denied(Layer::Organisation), denied(Layer::Identity)]
    );
    assert_eq!(verdicts[2].missing, ["aws:RequestTag/owner"]);
    let dry = cloud.dry_run(&DryRun::AllocateAddress).await.unwrap();
    assert!(matches!(dry, DryRunOutcome::Denied { .. }), "{dry:?}");
    let dry = cloud.dry_run(&DryRun::CreateInternetGateway).await.unwrap();
    assert_eq!(dry, DryRunOutcome::Allowed);
    assert_eq!(cloud.role("nobody").await.unwrap(), None);
    let unknown = "arn:aws:iam::123456789012:policy/nothing";
    assert_eq!(cloud.policy(unknown).await.unwrap(), None);
    let listed = cloud.policies().await.unwrap();
    let told: Vec<_> = listed.iter().map(|policy| (&*policy.arn, &*policy.name)).collect();
    assert_eq!(told, [(BOUND, "Bound")]);
}

#[tokio::test]
async fn the_policies_of_an_account_are_told_through_all_pages() {
    let policy = |at: u32| {
        json!(["iam", "create_policy", { "PolicyName": format!("policy-{at:03}"),
            "PolicyDocument": POLICY }])
    };
    // A page of IAM has a hundred.
    let seed = json!({ "make": (0..150).map(policy).collect::<Vec<_>>() });
    let Some(moto) = Moto::start(&seed) else { return };
    assert_eq!(moto.cloud().policies().await.unwrap().len(), 150);
}

#[tokio::test]
async fn what_is_denied_is_refused_in_the_words_of_aws() {
    let seed = json!({ "deny": ["ec2:DescribeVpcs", "iam:GetRole", "rds:*", "secretsmanager:*"] });
    let Some(moto) = Moto::start(&seed) else { return };
    let cloud = moto.cloud();
    let said = |error: CloudError| match error {
        CloudError::Refused { message, .. } => message,
        other => panic!("{other:?}"),
    };
    let ec2 = said(cloud.vpcs().await.unwrap_err());
    assert_eq!(ec2, "You are not authorized to perform this operation.");
    let iam = said(cloud.role("acme").await.unwrap_err());
    assert_eq!(iam, "User is not authorized to perform: iam:GetRole");
    said(cloud.count(Countable::Databases).await.unwrap_err());
    said(cloud.taken(NameKind::Secret, "acme").await.unwrap_err());
}

#[tokio::test]
async fn certificates_zones_and_parameters_are_told() {
    let seed = json!({ "make": [
        ["acm", "request_certificate", { "DomainName": "acme.example",
            "SubjectAlternativeNames": ["*.acme.example"] }],
        ["route53", "create_hosted_zone", { "Name": "acme.example", "CallerReference": "1" }],
        ["ssm", "put_parameter", { "Name": "/acme/image", "Value": "ami-1", "Type": "String" }],
    ] });
    let Some(moto) = Moto::start(&seed) else { return };
    let cloud = moto.cloud();
    let certificates = cloud.certificates().await.unwrap();
    assert_eq!(certificates.len(), 1);
    assert!(certificates[0].covers("models.acme.example"));
    let zones = cloud.hosted_zones().await.unwrap();
    assert_eq!((zones[0].name.as_str(), zones[0].is_private), ("acme.example", false));
    assert!(!zones[0].id.is_empty() && !zones[0].id.contains('/'), "{}", zones[0].id);
    assert_eq!(cloud.parameter("/acme/image").await.unwrap().as_deref(), Some("ami-1"));
    assert_eq!(cloud.parameter("/acme/other").await.unwrap(), None);
}

#[tokio::test]
async fn objects_of_a_deployment_are_found_and_looked_at() {
    let tags = |address: &str| {
        json!([{ "Key": "springboard:deployment", "Value": "acme" },
               { "Key": "springboard:address", "Value": address }])
    };
    let vpc = "module.network.aws_vpc.this";
    let role = "module.identity.aws_iam_role.cluster";
    let seed = json!({ "make": [
        ["ec2", "create_vpc", { "CidrBlock": "10.1.0.0/16",
            "TagSpecifications": [{ "ResourceType": "vpc", "Tags": tags(vpc) }] }],
        ["iam", "create_role",
            { "RoleName": "acme-cluster", "AssumeRolePolicyDocument": TRUST, "Tags": tags(role) }],
        ["iam", "create_role", { "RoleName": "other", "AssumeRolePolicyDocument": TRUST }],
        ["iam", "put_role_policy",
            { "RoleName": "acme-cluster", "PolicyName": "own", "PolicyDocument": POLICY }],
    ] });
    let Some(moto) = Moto::start(&seed) else { return };
    let cloud = moto.cloud();
    let found = cloud.tagged("acme").await.unwrap();
    let named: Vec<_> = found.iter().map(|o| (o.kind.as_str(), o.address.as_str())).collect();
    assert_eq!(named, [("aws_iam_role", role), ("aws_vpc", vpc)]);
    assert_eq!(found[0].import_id, "acme-cluster");
    assert!(found[1].import_id.starts_with("vpc-"));
    assert_eq!(cloud.tagged("nobody").await.unwrap(), []);
    let key = |name: &str| {
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        BTreeMap::from([("role", "acme-cluster"), ("name", name)].map(pair))
    };
    let inline = cloud.untagged("aws_iam_role_policy", &key("own")).await.unwrap();
    assert_eq!(inline.unwrap().import_id, "acme-cluster:own");
    assert_eq!(cloud.untagged("aws_iam_role_policy", &key("none")).await.unwrap(), None);
    let absent = cloud.condition("aws_eks_cluster", "acme").await.unwrap();
    assert_eq!(absent, Condition::Absent);
}
