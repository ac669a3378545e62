//! An account at moto that is ready, and the same with one defect at a time: each changes the checks
//! that are for it, and no other.
//!
//! What moto cannot show, and why; the simulated world shows all of it (`preflight::defects`):
//!
//! | Defect | Why not here |
//! |---|---|
//! | the root user asks | whoever asks moto is one user |
//! | the region is not enabled | moto has every region enabled |
//! | keys that end too soon | moto does not end sessions; `aws::login` has keys with an end |
//! | the clock of this host is wrong | moto runs on this host |
//! | a name of another account's user pool | AWS does not tell it either |
//! | a secret that is deleted, but not for good | no secret of this blueprint has a fixed name; `aws::calls` asks for one |
//! | hosts, TLS on the way, proxies, the allowlist | no question to the account; `preflight::defects` |

use std::collections::BTreeMap;

use serde_json::{Value, json};
use springboard::preflight::Subject;
use springboard::rehearsal::sample_bundle;

use super::Moto;
use super::checks::{PATIENT, report};
use crate::support::checks::outcomes_of;

/// One defect.
struct Defect {
    name: &'static str,
    /// Answers of both the ready and the defective account.
    sets: &'static [&'static str],
    /// What is answered otherwise.
    wrong: &'static [&'static str],
    /// What is otherwise in the account.
    spoil: fn(&mut Value),
    /// The checks that end otherwise.
    changed: &'static [(&'static str, &'static str)],
}

const READY: Defect = Defect { name: "", sets: &[], wrong: &[], spoil: |_| (), changed: &[] };

const ARN: &str =
    "arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef";
const ZONE: &str = "Z0123456789ABCDEFGHIJ";
const ON_DEMAND: &[&str] = &["gpu_capacity=on-demand", "gpu_capacity_reservation_id=\"\""];
const BOUNDED: &[&str] = &["permissions_boundary_arn=arn:aws:iam::123456789012:policy/B"];
const TRUST: &str = "{\"Version\":\"2012-10-17\",\"Statement\":[]}";

/// Quotas that are more than enough.
const QUOTAS: &[(&str, &str, &str)] = &[
    ("ec2", "L-417A185B", "quota-gpu-vcpu"),
    ("ec2", "L-1216C47A", "quota-standard-vcpu"),
    ("ec2", "L-0263D0A3", "quota-elastic-ip"),
    ("vpc", "L-F678F1CE", "quota-vpc"),
    ("vpc", "L-A4707A72", "quota-internet-gateway"),
    ("vpc", "L-FE5A380F", "quota-nat-gateway"),
    ("elasticloadbalancing", "L-53DA6B97", "quota-load-balancer"),
    ("eks", "L-1194D53C", "quota-eks-cluster"),
    ("rds", "L-7B6409FD", "quota-database"),
    ("kms", "L-C2F1777E", "quota-kms-key"),
    ("s3", "L-DC2B2D3D", "quota-bucket"),
    ("iam", "L-FE177D64", "quota-role"),
];

/// An account in which the sample answers can be installed.
pub(super) fn ready() -> Value {
    let mut quotas = json!({});
    for (service, code, _) in QUOTAS {
        quotas[service][code] = json!(1000);
    }
    let addons = [
        "vpc-cni",
        "kube-proxy",
        "coredns",
        "metrics-server",
        "snapshot-controller",
        "aws-ebs-csi-driver",
    ];
    let addon = |name| json!({ "name": name, "kubernetes": ["1.34", "1.35"] });
    json!({
        "quotas": quotas,
        "reservations": [reservation(&[])],
        "certificates": [{ "arn": ARN, "names": ["*.acme.example"] }],
        "versions": [version("STANDARD_SUPPORT", 400), {
            "clusterVersion": "1.34", "defaultVersion": true, "versionStatus": "STANDARD_SUPPORT",
        }],
        "addons": addons.map(addon),
        "zone_id": ZONE,
        "make": [["route53", "create_hosted_zone", { "Name": "acme.example", "CallerReference": "1" }],
            policy("*")],
    })
}

/// The reservation of the sample answers, with these properties over it.
fn reservation(otherwise: &[(&str, Value)]) -> Value {
    let mut found = json!({
        "CapacityReservationId": "cr-0123456789abcdef0", "OwnerId": "123456789012",
        "InstanceType": "p5e.48xlarge", "InstancePlatform": "Linux/UNIX", "Tenancy": "default",
        "AvailabilityZone": "us-west-2c", "AvailabilityZoneId": "usw2-az3", "State": "active",
        "TotalInstanceCount": 2, "AvailableInstanceCount": 2, "InstanceMatchCriteria": "targeted",
        "ReservationType": "default", "EndDateType": "unlimited",
    });
    for (key, value) in otherwise {
        found[*key] = value.clone();
    }
    found
}

/// A moment so many hours from now.
fn hence(hours: i64) -> Value {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// The Kubernetes of the sample answers.
fn version(status: &str, days: i64) -> Value {
    json!({
        "clusterVersion": "1.35", "versionStatus": status,
        "endOfStandardSupportDate": hence(days * 24), "endOfExtendedSupportDate": hence((days + 365) * 24),
    })
}

/// The boundary of the answers.
fn policy(allowed: &str) -> Value {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": [allowed], "Resource": "*" }],
    });
    json!(["iam", "create_policy", { "PolicyName": "B", "PolicyDocument": document.to_string() }])
}

/// Makes one more object.
fn also(seed: &mut Value, service: &str, operation: &str, arguments: &Value) {
    let made = seed["make"].as_array_mut().unwrap();
    made.push(json!([service, operation, arguments]));
}

/// Makes something, and something else of what the first answer says.
fn with(seed: &mut Value, first: (&str, &str, &Value), then: (&str, &Value)) {
    let at = seed["make"].as_array().unwrap().len();
    let (service, operation, arguments) = first;
    also(seed, service, operation, arguments);
    let text = then.1.to_string().replace("$first", &format!("${at}"));
    also(seed, service, then.0, &serde_json::from_str(&text).unwrap());
}

const CAPACITY: &[Defect] = &[
    Defect {
        name: "no P instances may run, but they are reserved",
        spoil: |seed| seed["quotas"]["ec2"]["L-417A185B"] = json!(0),
        ..READY
    },
    Defect {
        name: "the reservation is of another type",
        spoil: |seed| {
            seed["reservations"] = json!([reservation(&[("InstanceType", json!("p5.48xlarge"))])]);
        },
        changed: &[("gpu-reservation", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation is for Windows",
        spoil: |seed| {
            seed["reservations"] = json!([reservation(&[("InstancePlatform", json!("Windows"))])]);
        },
        changed: &[("gpu-reservation", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation is cancelled",
        spoil: |seed| {
            seed["reservations"] = json!([reservation(&[("State", json!("cancelled"))])]);
        },
        changed: &[("gpu-reservation", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation is a Capacity Block",
        spoil: |seed| {
            let block = ("ReservationType", json!("capacity-block"));
            seed["reservations"] = json!([reservation(&[block])]);
        },
        changed: &[("gpu-reservation", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation is full",
        spoil: |seed| {
            seed["reservations"] = json!([reservation(&[("AvailableInstanceCount", json!(0))])]);
        },
        changed: &[("gpu-capacity", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation lies in another zone",
        spoil: |seed| {
            let zone = [
                ("AvailabilityZone", json!("us-west-2a")),
                ("AvailabilityZoneId", json!("usw2-az2")),
            ];
            seed["reservations"] = json!([reservation(&zone)]);
        },
        changed: &[("gpu-zone", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation begins later",
        spoil: |seed| {
            let later = [("State", json!("scheduled")), ("StartDate", hence(48))];
            seed["reservations"] = json!([reservation(&later)]);
        },
        changed: &[("gpu-window", "warn")],
        ..READY
    },
    Defect {
        name: "the reservation ends in a week",
        spoil: |seed| {
            let ends = [("EndDate", hence(7 * 24)), ("EndDateType", json!("limited"))];
            seed["reservations"] = json!([reservation(&ends)]);
        },
        changed: &[("gpu-window", "warn")],
        ..READY
    },
    Defect {
        name: "the reservation is not there",
        spoil: |seed| seed["reservations"] = json!([]),
        changed: &[
            ("gpu-capacity", "skipped"),
            ("gpu-reservation", "fail"),
            ("gpu-window", "skipped"),
            ("gpu-zone", "skipped"),
        ],
        ..READY
    },
    Defect {
        name: "the reservation may not be asked for",
        spoil: |seed| seed["deny"] = json!(["ec2:DescribeCapacityReservations"]),
        changed: &[
            ("gpu-capacity", "unknown"),
            ("gpu-reservation", "unknown"),
            ("gpu-window", "unknown"),
            ("gpu-zone", "unknown"),
            ("quota-standard-vcpu", "unknown"),
        ],
        ..READY
    },
    Defect {
        name: "the zone of the GPU nodes does not offer the type",
        sets: ON_DEMAND,
        wrong: &["gpu_availability_zone=us-west-2a"],
        changed: &[("gpu-zone", "fail")],
        ..READY
    },
    Defect {
        name: "a zone that there is not",
        wrong: &["availability_zones=[\"us-west-2c\", \"us-west-2z\"]"],
        changed: &[("zones", "fail")],
        ..READY
    },
    Defect {
        name: "an instance type that there is not",
        wrong: &["cpu_instance_type=m99.4xlarge"],
        changed: &[("instance-types", "fail"), ("quota-standard-vcpu", "unknown")],
        ..READY
    },
];

const PERMISSIONS: &[Defect] = &[
    Defect {
        name: "no policy allows the cluster",
        spoil: |seed| seed["deny"] = json!(["eks:CreateCluster"]),
        changed: &[("permissions", "fail")],
        ..READY
    },
    Defect {
        name: "the organisation denies the database",
        spoil: |seed| {
            seed["decisions"] = json!({ "rds:CreateDBInstance": {
                "EvalDecision": "explicitDeny",
                "OrganizationsDecisionDetail": { "AllowedByOrganizations": false },
            } });
        },
        changed: &[("permissions", "fail")],
        ..READY
    },
    Defect {
        name: "the simulator lacks a key of the context, so nothing is certain",
        spoil: |seed| {
            seed["decisions"] = json!({ "eks:CreateCluster": {
                "EvalDecision": "implicitDeny", "MissingContextValues": ["aws:RequestTag/owner"],
            } });
        },
        ..READY
    },
    Defect {
        name: "a policy denies the network, and EC2 says so too",
        spoil: |seed| seed["deny"] = json!(["ec2:CreateVpc"]),
        changed: &[("permissions", "fail"), ("permissions-dry-run", "fail")],
        ..READY
    },
    Defect {
        name: "the simulator denies the network, and EC2 knows better",
        spoil: |seed| {
            seed["decisions"] = json!({ "ec2:CreateVpc": { "EvalDecision": "implicitDeny" } });
        },
        ..READY
    },
    Defect {
        name: "the simulator may not be asked",
        spoil: |seed| seed["deny"] = json!(["iam:SimulatePrincipalPolicy"]),
        changed: &[("permissions", "unknown"), ("role-creation", "unknown")],
        ..READY
    },
    Defect {
        name: "no roles may be made without a boundary",
        spoil: |seed| seed["deny"] = json!(["iam:CreateRole"]),
        changed: &[("role-creation", "fail")],
        ..READY
    },
    Defect {
        name: "the boundary is not there",
        sets: BOUNDED,
        spoil: |seed| drop(seed["make"].as_array_mut().unwrap().pop()),
        changed: &[("boundary-exists", "fail"), ("boundary-width", "skipped")],
        ..READY
    },
    Defect {
        name: "the boundary is too narrow",
        sets: BOUNDED,
        spoil: |seed| *seed["make"].as_array_mut().unwrap().last_mut().unwrap() = policy("s3:*"),
        changed: &[("boundary-width", "fail")],
        ..READY
    },
];

const NAMES: &[Defect] = &[
    Defect {
        name: "a role is left over",
        spoil: |seed| {
            let role = json!({ "RoleName": "acme-cluster", "AssumeRolePolicyDocument": TRUST });
            also(seed, "iam", "create_role", &role);
        },
        changed: &[("name-role", "fail")],
        ..READY
    },
    Defect {
        name: "a role that this deployment has made",
        spoil: |seed| {
            let tags = json!([
                { "Key": "springboard:deployment", "Value": "acme" },
                { "Key": "springboard:address", "Value": "aws_iam_role.this" },
            ]);
            let role = json!({
                "RoleName": "acme-cluster", "AssumeRolePolicyDocument": TRUST, "Tags": tags,
            });
            also(seed, "iam", "create_role", &role);
        },
        ..READY
    },
    Defect {
        name: "a log group is left over",
        spoil: |seed| {
            let group = json!({ "logGroupName": "/aws/eks/acme/cluster" });
            also(seed, "logs", "create_log_group", &group);
        },
        changed: &[("name-log-group", "fail")],
        ..READY
    },
    Defect {
        name: "a key alias is left over",
        spoil: |seed| {
            let alias = json!({ "AliasName": "alias/acme-cluster", "TargetKeyId": "$first.KeyMetadata.KeyId" });
            with(seed, ("kms", "create_key", &json!({})), ("create_alias", &alias));
        },
        changed: &[("name-key-alias", "fail")],
        ..READY
    },
    Defect {
        name: "a bucket is left over",
        spoil: |seed| also(seed, "s3", "create_bucket", &bucket("acme-data")),
        changed: &[("name-bucket", "fail")],
        ..READY
    },
    Defect {
        name: "the bucket of the state is found again",
        spoil: |seed| also(seed, "s3", "create_bucket", &bucket("acme-tfstate-123456789012")),
        ..READY
    },
    Defect {
        name: "the bucket belongs to another account",
        spoil: |seed| {
            let mut bucket = bucket("acme-access-logs");
            bucket["Account"] = json!("999988887777");
            also(seed, "s3", "create_bucket", &bucket);
        },
        changed: &[("name-bucket", "fail")],
        ..READY
    },
    Defect {
        name: "a repository is left over",
        spoil: |seed| {
            let repository = json!({ "repositoryName": "acme/core-api" });
            also(seed, "ecr", "create_repository", &repository);
        },
        changed: &[("name-repository", "fail")],
        ..READY
    },
    Defect {
        name: "a database is left over",
        spoil: |seed| {
            let database = json!({
                "DBInstanceIdentifier": "acme", "Engine": "postgres",
                "DBInstanceClass": "db.m5.large", "AllocatedStorage": 20,
                "MasterUsername": "op", "MasterUserPassword": "of-no-use",
            });
            also(seed, "rds", "create_db_instance", &database);
        },
        changed: &[("name-database", "fail")],
        ..READY
    },
    Defect {
        name: "a subnet group is left over",
        spoil: |seed| {
            let at = seed["make"].as_array().unwrap().len();
            also(seed, "ec2", "describe_subnets", &json!({}));
            let subnets = [0, 1].map(|n| format!("${at}.Subnets.{n}.SubnetId"));
            let group = json!({
                "DBSubnetGroupName": "acme", "DBSubnetGroupDescription": "x", "SubnetIds": subnets,
            });
            also(seed, "rds", "create_db_subnet_group", &group);
        },
        changed: &[("name-database", "fail")],
        ..READY
    },
    Defect {
        name: "a cluster of the same name",
        spoil: |seed| {
            let cluster = json!({
                "name": "acme", "roleArn": "arn:aws:iam::123456789012:role/x",
                "resourcesVpcConfig": { "subnetIds": [] },
            });
            also(seed, "eks", "create_cluster", &cluster);
        },
        changed: &[("name-cluster", "fail")],
        ..READY
    },
    Defect {
        name: "a launch template is left over",
        spoil: |seed| {
            let template = json!({
                "LaunchTemplateName": "acme-cpu",
                "LaunchTemplateData": { "InstanceType": "m5.4xlarge" },
            });
            also(seed, "ec2", "create_launch_template", &template);
        },
        changed: &[("name-launch-template", "fail")],
        ..READY
    },
    Defect {
        name: "the login domain is taken",
        sets: &["enable_cognito=true"],
        spoil: |seed| {
            let domain = json!({ "Domain": "acme", "UserPoolId": "$first.UserPool.Id" });
            let pool = json!({ "PoolName": "other" });
            with(
                seed,
                ("cognito-idp", "create_user_pool", &pool),
                ("create_user_pool_domain", &domain),
            );
        },
        changed: &[("name-user-pool-domain", "fail")],
        ..READY
    },
];

fn bucket(name: &str) -> Value {
    json!({ "Bucket": name, "CreateBucketConfiguration": { "LocationConstraint": "us-west-2" } })
}

const PLACES: &[Defect] = &[
    Defect {
        name: "another VPC has the same range",
        spoil: |seed| also(seed, "ec2", "create_vpc", &json!({ "CidrBlock": "10.40.0.0/16" })),
        changed: &[("vpc-overlap", "warn")],
        ..READY
    },
    Defect {
        name: "the certificate is not there",
        spoil: |seed| seed["certificates"] = json!([]),
        changed: &[
            ("certificate", "fail"),
            ("certificate-end", "skipped"),
            ("certificate-names", "skipped"),
        ],
        ..READY
    },
    Defect {
        name: "the certificate waits for its validation",
        spoil: |seed| seed["certificates"][0]["status"] = json!("PENDING_VALIDATION"),
        changed: &[("certificate", "fail")],
        ..READY
    },
    Defect {
        name: "the certificate is for another name",
        spoil: |seed| seed["certificates"][0]["names"] = json!(["*.other.example"]),
        changed: &[("certificate-names", "fail")],
        ..READY
    },
    Defect {
        name: "a certificate that was brought in ends soon",
        spoil: |seed| {
            seed["certificates"][0]["days"] = json!(12);
            seed["certificates"][0]["type"] = json!("IMPORTED");
        },
        changed: &[("certificate-end", "warn")],
        ..READY
    },
    Defect {
        name: "the certificate has ended",
        spoil: |seed| {
            seed["certificates"][0]["status"] = json!("EXPIRED");
            seed["certificates"][0]["days"] = json!(-1);
        },
        changed: &[("certificate", "fail"), ("certificate-end", "fail")],
        ..READY
    },
    Defect {
        name: "the certificate is of another account",
        wrong: &[
            "acm_certificate_arn=arn:aws:acm:us-west-2:999988887777:certificate/01234567-89ab-cdef-0123-456789abcdef",
        ],
        changed: &[
            ("account-of-answers", "fail"),
            ("certificate", "fail"),
            ("certificate-end", "skipped"),
            ("certificate-names", "skipped"),
        ],
        ..READY
    },
    Defect {
        name: "the hosted zone is not there",
        sets: &["route53_zone_id=Z0123456789ABCDEFGHIJ"],
        spoil: |seed| drop(seed["make"].as_array_mut().unwrap().remove(0)),
        changed: &[("hosted-zone", "fail")],
        ..READY
    },
    Defect {
        name: "the hosted zone is of another domain",
        sets: &["route53_zone_id=Z0123456789ABCDEFGHIJ"],
        spoil: |seed| seed["make"][0][2]["Name"] = json!("other.example"),
        changed: &[("hosted-zone", "fail")],
        ..READY
    },
    Defect {
        name: "EKS has not that Kubernetes",
        spoil: |seed| drop(seed["versions"].as_array_mut().unwrap().remove(0)),
        changed: &[("kubernetes-version", "fail")],
        ..READY
    },
    Defect {
        name: "standard support of that Kubernetes ends soon",
        spoil: |seed| seed["versions"][0] = version("STANDARD_SUPPORT", 20),
        changed: &[("kubernetes-version", "warn")],
        ..READY
    },
    Defect {
        name: "that Kubernetes is in extended support",
        spoil: |seed| seed["versions"][0] = version("EXTENDED_SUPPORT", -20),
        changed: &[("kubernetes-version", "warn")],
        ..READY
    },
    Defect {
        name: "an add-on has no version for that Kubernetes",
        spoil: |seed| seed["addons"][2]["kubernetes"] = json!(["1.34"]),
        changed: &[("kubernetes-addons", "fail")],
        ..READY
    },
];

/// Whatever changed, where it is not what was expected.
struct Table {
    moto: Moto,
    bundle: String,
    ready: BTreeMap<Vec<&'static str>, BTreeMap<&'static str, &'static str>>,
    wrong: Vec<String>,
}

impl Table {
    fn new() -> Option<(Self, tempfile::TempDir)> {
        let moto = Moto::start(&ready())?;
        let dir = tempfile::tempdir().unwrap();
        let written = sample_bundle::write(dir.path()).unwrap();
        let bundle = format!("containers_dir={:?}", written.containers.display().to_string());
        Some((Self { moto, bundle, ready: BTreeMap::new(), wrong: Vec::new() }, dir))
    }

    async fn asked(&mut self, seed: &Value, sets: &[&str]) -> BTreeMap<&'static str, &'static str> {
        self.moto.seed(seed);
        let sets: Vec<&str> = sets.iter().copied().chain([self.bundle.as_str()]).collect();
        let report = report(&self.moto.url(), &sets, PATIENT).await;
        // What this host is like changes from one moment to the next.
        outcomes_of(&report, |subject| !matches!(subject, Subject::Host | Subject::Tools))
    }

    async fn hold(&mut self, defect: &Defect) {
        let sets = defect.sets.to_vec();
        if !self.ready.contains_key(&sets) {
            let told = self.asked(&ready(), &sets).await;
            self.ready.insert(sets.clone(), told);
        }
        let mut seed = ready();
        (defect.spoil)(&mut seed);
        let found = self.asked(&seed, &[defect.sets, defect.wrong].concat()).await;
        let before = &self.ready[&sets];
        let changed: Vec<_> =
            found.into_iter().filter(|(id, outcome)| before.get(id) != Some(outcome)).collect();
        if changed != defect.changed {
            let (name, expected) = (defect.name, defect.changed);
            self.wrong.push(format!("{name}: {changed:?} instead of {expected:?}"));
        }
    }
}

#[tokio::test]
async fn each_defect_of_the_account_changes_the_checks_that_are_for_it_and_no_other() {
    let Some((mut table, _bundle)) = Table::new() else { return };
    for defect in [CAPACITY, PERMISSIONS, NAMES, PLACES].into_iter().flatten() {
        table.hold(defect).await;
    }
    assert!(table.wrong.is_empty(), "{:#?}", table.wrong);
}

#[tokio::test]
async fn each_quota_that_is_too_small_fails_the_check_that_is_for_it_and_no_other() {
    let Some((mut table, _bundle)) = Table::new() else { return };
    let before = table.asked(&ready(), ON_DEMAND).await;
    for (at, (service, code, check)) in QUOTAS.iter().enumerate() {
        let (mut seed, mut expected) = (ready(), before.clone());
        expected.insert(check, "fail");
        // What everybody has counts where the account has none of its own.
        if at % 2 == 1 {
            seed["quotas"][service].as_object_mut().unwrap().remove(*code);
            seed["defaults"][service][code] = json!(0);
        } else {
            seed["quotas"][service][code] = json!(0);
        }
        let found = table.asked(&seed, ON_DEMAND).await;
        assert_eq!(found, expected, "{service} {code}");
    }
    let (mut seed, mut expected) = (ready(), before);
    seed["quotas"]["kms"] = json!({});
    expected.insert("quota-kms-key", "unknown");
    assert_eq!(table.asked(&seed, ON_DEMAND).await, expected, "a quota that AWS does not tell");
}
