//! Each defect, seeded in the world, changes the checks that are for it and no other.

use std::collections::BTreeMap;

use super::{outcomes, report, sandbox};

/// One defect.
struct Defect {
    name: &'static str,
    /// Answers of both the ready and the defective account.
    sets: &'static [&'static str],
    /// The ready account.
    ready: &'static str,
    /// What is answered otherwise.
    wrong: &'static [&'static str],
    /// The account with the defect.
    scenario: &'static str,
    /// The checks that end otherwise.
    changed: &'static [(&'static str, &'static str)],
}

const READY: Defect =
    Defect { name: "", sets: &[], ready: "", wrong: &[], scenario: "", changed: &[] };

const ON_DEMAND: &[&str] = &["gpu_capacity=on-demand", "gpu_capacity_reservation_id=\"\""];
const BLOCK: &[&str] = &["gpu_capacity=capacity-block"];

macro_rules! reservation {
    ($more:literal) => {
        concat!("[[reservation]]\nid = \"cr-0123456789abcdef0\"\ntotal = 2\n", $more)
    };
}

/// Quotas: the scenario, and the check that fails.
const QUOTAS: &[(&str, u32, &str)] = &[
    ("ec2/L-1216C47A", 40, "quota-standard-vcpu"),
    ("ec2/L-0263D0A3", 1, "quota-elastic-ip"),
    ("vpc/L-F678F1CE", 0, "quota-vpc"),
    ("vpc/L-A4707A72", 0, "quota-internet-gateway"),
    ("vpc/L-FE5A380F", 0, "quota-nat-gateway"),
    ("elasticloadbalancing/L-53DA6B97", 0, "quota-load-balancer"),
    ("eks/L-1194D53C", 0, "quota-eks-cluster"),
    ("rds/L-7B6409FD", 0, "quota-database"),
    ("kms/L-C2F1777E", 4, "quota-kms-key"),
    ("s3/L-DC2B2D3D", 2, "quota-bucket"),
    ("iam/L-FE177D64", 3, "quota-role"),
];

/// Leftovers: resource type, attributes, and the check that fails.
const LEFTOVERS: &[(&str, &str, &str)] = &[
    ("aws_iam_role", "name = \"acme-cluster\", assume_role_policy = \"{}\"", "name-role"),
    ("aws_cloudwatch_log_group", "name = \"/aws/eks/acme/cluster\"", "name-log-group"),
    ("aws_ecr_repository", "name = \"acme/core-api\"", "name-repository"),
    (
        "aws_db_subnet_group",
        "name = \"acme\", subnet_ids = [\"subnet-1\", \"subnet-2\"]",
        "name-database",
    ),
    ("aws_launch_template", "name = \"acme-cpu\"", "name-launch-template"),
    ("aws_s3_bucket", "bucket = \"acme-data\"", "name-bucket"),
];

const DEFECTS: &[Defect] = &[
    Defect {
        name: "no P instances may run",
        sets: ON_DEMAND,
        scenario: "[quotas]\n\"ec2/L-417A185B\" = 0\n",
        changed: &[("quota-gpu-vcpu", "fail")],
        ..READY
    },
    Defect {
        name: "no P instances may run, but they are reserved",
        scenario: "[quotas]\n\"ec2/L-417A185B\" = 0\n",
        changed: &[],
        ..READY
    },
    Defect {
        name: "the reservation is of another type",
        scenario: reservation!(
            "instance_type = \"p5.48xlarge\"\nzone_id = \"usw2-az3\"\navailable = 2\n"
        ),
        changed: &[("gpu-reservation", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation is a Capacity Block",
        scenario: reservation!(
            "type = \"capacity-block\"\ninstance_type = \"p5e.48xlarge\"\nzone_id = \"usw2-az3\"\navailable = 2\n"
        ),
        changed: &[("gpu-reservation", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation is full",
        scenario: reservation!(
            "instance_type = \"p5e.48xlarge\"\nzone_id = \"usw2-az3\"\navailable = 0\n"
        ),
        changed: &[("gpu-capacity", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation lies in another zone",
        scenario: reservation!(
            "instance_type = \"p5e.48xlarge\"\nzone_id = \"usw2-az1\"\navailable = 2\n"
        ),
        changed: &[("gpu-zone", "fail")],
        ..READY
    },
    Defect {
        name: "the reservation is not there",
        scenario: "reservation = []\n",
        changed: &[
            ("gpu-capacity", "skipped"),
            ("gpu-reservation", "fail"),
            ("gpu-window", "skipped"),
            ("gpu-zone", "skipped"),
        ],
        ..READY
    },
    Defect {
        name: "the Capacity Block begins later",
        sets: BLOCK,
        ready: reservation!(
            "type = \"capacity-block\"\ninstance_type = \"p5e.48xlarge\"\nzone_id = \"usw2-az3\"\navailable = 2\nend = \"+900d\"\n"
        ),
        scenario: reservation!(
            "type = \"capacity-block\"\ninstance_type = \"p5e.48xlarge\"\nzone_id = \"usw2-az3\"\navailable = 2\nstart = \"+1d\"\nend = \"+900d\"\n"
        ),
        changed: &[("gpu-window", "warn")],
        ..READY
    },
    Defect {
        name: "the zone of the GPU nodes does not offer the type",
        scenario: "[[offering]]\ninstance_type = \"p5e.48xlarge\"\nzone_ids = [\"usw2-az1\"]\n",
        changed: &[("gpu-zone", "fail")],
        ..READY
    },
    Defect {
        name: "no zone offers the type",
        scenario: "[[offering]]\ninstance_type = \"p5e.48xlarge\"\nzone_ids = []\n",
        changed: &[("gpu-zone", "fail"), ("instance-types", "fail")],
        ..READY
    },
    Defect {
        name: "the organisation denies the cluster",
        scenario: "[[deny]]\naction = \"eks:CreateCluster\"\nlayer = \"organisation\"\n",
        changed: &[("permissions", "fail")],
        ..READY
    },
    Defect {
        name: "a policy denies the network, and EC2 says so too",
        scenario: "[[deny]]\naction = \"ec2:CreateVpc\"\n",
        changed: &[("permissions", "fail"), ("permissions-dry-run", "fail")],
        ..READY
    },
    Defect {
        name: "the simulator may not be asked",
        scenario: "[[deny]]\naction = \"iam:SimulatePrincipalPolicy\"\n",
        changed: &[("permissions", "unknown"), ("role-creation", "unknown")],
        ..READY
    },
    Defect {
        name: "roles are made with a boundary only",
        scenario: "[[deny]]\naction = \"iam:CreateRole\"\nlayer = \"permissions boundary\"\nunless_boundary = \"arn:aws:iam::123456789012:policy/B\"\n",
        changed: &[("role-creation", "fail")],
        ..READY
    },
    Defect {
        name: "the boundary is not there",
        sets: &["permissions_boundary_arn=arn:aws:iam::123456789012:policy/B"],
        ready: "[[existing]]\ntype = \"aws_iam_policy\"\nattributes = { name = \"B\", policy = '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}' }\n",
        scenario: "",
        changed: &[("boundary-exists", "fail"), ("boundary-width", "skipped")],
        ..READY
    },
    Defect {
        name: "the boundary is too narrow",
        sets: &["permissions_boundary_arn=arn:aws:iam::123456789012:policy/B"],
        ready: "[[existing]]\ntype = \"aws_iam_policy\"\nattributes = { name = \"B\", policy = '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}' }\n",
        scenario: "[[existing]]\ntype = \"aws_iam_policy\"\nattributes = { name = \"B\", policy = '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}' }\n",
        changed: &[("boundary-width", "fail")],
        ..READY
    },
    Defect {
        name: "the bucket belongs to another account",
        scenario: "[[existing]]\ntype = \"aws_s3_bucket\"\nowner = \"999988887777\"\nattributes = { bucket = \"acme-models\" }\n",
        changed: &[("name-bucket", "fail")],
        ..READY
    },
    Defect {
        name: "the login domain belongs to another account",
        sets: &["enable_cognito=true"],
        scenario: "[[existing]]\ntype = \"aws_cognito_user_pool_domain\"\nowner = \"999988887777\"\nattributes = { domain = \"acme\", user_pool_id = \"us-west-2_x\" }\n",
        changed: &[("name-user-pool-domain", "fail")],
        ..READY
    },
    Defect {
        name: "another VPC has the same range",
        scenario: "[[existing]]\ntype = \"aws_vpc\"\nattributes = { cidr_block = \"10.40.0.0/16\" }\n",
        changed: &[("vpc-overlap", "warn")],
        ..READY
    },
    Defect {
        name: "the certificate waits for its validation",
        scenario: "[[certificate]]\nid = \"01234567-89ab-cdef-0123-456789abcdef\"\nnames = [\"*.acme.example\"]\nstatus = \"PENDING_VALIDATION\"\n",
        changed: &[("certificate", "fail"), ("certificate-end", "unknown")],
        ..READY
    },
    Defect {
        name: "the certificate is for another name",
        scenario: "[[certificate]]\nid = \"01234567-89ab-cdef-0123-456789abcdef\"\nnames = [\"*.other.example\"]\n",
        changed: &[("certificate-names", "fail")],
        ..READY
    },
    Defect {
        name: "the certificate has ended",
        scenario: "[[certificate]]\nid = \"01234567-89ab-cdef-0123-456789abcdef\"\nnames = [\"*.acme.example\"]\nstatus = \"EXPIRED\"\nend = \"-1d\"\n",
        changed: &[("certificate", "fail"), ("certificate-end", "fail")],
        ..READY
    },
    Defect {
        name: "the hosted zone is private",
        sets: &["route53_zone_id=Z0123456789ABCDEFGHIJ"],
        scenario: "[[hosted_zone]]\nid = \"Z0123456789ABCDEFGHIJ\"\nname = \"acme.example\"\nprivate = true\n",
        changed: &[("hosted-zone", "warn")],
        ..READY
    },
    Defect {
        name: "the hosted zone is not there",
        sets: &["route53_zone_id=Z0123456789ABCDEFGHIJ"],
        scenario: "hosted_zone = []\n",
        changed: &[("hosted-zone", "fail")],
        ..READY
    },
    Defect {
        name: "the clock is behind",
        scenario: "[host]\nclock_behind = \"10m\"\n",
        changed: &[("clock", "fail")],
        ..READY
    },
    Defect {
        name: "a host does not answer",
        scenario: "[host]\nunreachable = [\"registry.terraform.io\"]\n",
        changed: &[("endpoints", "fail")],
        ..READY
    },
    Defect {
        name: "somebody opens TLS on the way",
        scenario: "[host]\ntls_issuer = \"Acme Root CA\"\n",
        changed: &[("tls-interception", "warn")],
        ..READY
    },
    Defect {
        name: "this host is not on the allowlist",
        scenario: "[host]\negress_ip = \"9.9.9.9\"\n",
        changed: &[("endpoint-allowlist", "fail")],
        ..READY
    },
    Defect {
        name: "the endpoint is open on purpose",
        wrong: &[
            "cluster_endpoint_public_access_cidrs=[\"0.0.0.0/0\"]",
            "allow_open_endpoint=true",
        ],
        changed: &[("endpoint-open", "warn")],
        ..READY
    },
    Defect {
        name: "the root user asks",
        scenario: "[account]\nprincipal = \"arn:aws:iam::123456789012:root\"\n",
        changed: &[("account", "warn")],
        ..READY
    },
    Defect {
        name: "keys that cannot be renewed end before the first stage does",
        scenario: "[account]\ncredentials = \"static\"\ncredentials_expire_in = \"14m\"\n",
        changed: &[("credentials", "fail")],
        ..READY
    },
    Defect {
        name: "the models do not fit",
        wrong: &["gpu_desired_size=0"],
        changed: &[("models-fit", "fail"), ("quota-gpu-vcpu", "skipped")],
        ..READY
    },
];

#[test]
fn each_defect_changes_the_checks_that_are_for_it_and_no_other() {
    let sandbox = sandbox();
    let mut known: BTreeMap<(Vec<&str>, &str), BTreeMap<String, String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut holds = |defect: &Defect, scenario: &str| {
        let ready = known
            .entry((defect.sets.to_vec(), defect.ready))
            .or_insert_with(|| outcomes(&report(&sandbox, defect.ready, defect.sets, &[])));
        let sets = [defect.sets, defect.wrong].concat();
        let found = report(&sandbox, scenario, &sets, &[]);
        let changed: Vec<(String, String)> = outcomes(&found)
            .into_iter()
            .filter(|(id, outcome)| ready.get(id) != Some(outcome))
            .collect();
        let mut expected: Vec<(String, String)> = defect
            .changed
            .iter()
            .map(|(id, outcome)| ((*id).to_owned(), (*outcome).to_owned()))
            .collect();
        expected.sort();
        if changed != expected {
            wrong.push(format!("{}: {changed:?} instead of {expected:?}", defect.name));
        }
    };
    for defect in DEFECTS {
        holds(defect, defect.scenario);
    }
    for (code, value, check) in QUOTAS {
        let changed = [(*check, "fail")];
        let changed: &'static [(&str, &str)] = Box::leak(Box::new(changed));
        let defect = Defect { name: check, changed, ..READY };
        holds(&defect, &format!("[quotas]\n\"{code}\" = {value}\n"));
    }
    for (kind, attributes, check) in LEFTOVERS {
        let changed = [(*check, "fail")];
        let changed: &'static [(&str, &str)] = Box::leak(Box::new(changed));
        let defect = Defect { name: check, changed, ..READY };
        let text = format!("[[existing]]\ntype = \"{kind}\"\nattributes = {{ {attributes} }}\n");
        holds(&defect, &text);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
