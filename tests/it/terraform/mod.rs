//! The embedded Terraform, as both engines see it.

mod objects;
mod sources;
mod workshop;

use serde_json::{Value, json};

use crate::support::programs::{capture, engines, program};
use crate::support::source::root;
use objects::Object;
use workshop::Workshop;

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/Boundary";

/// An answer to every question that brings an object of its own, in the pass `foundation`.
fn everything() -> Value {
    json!({
        "deployment_name": "acme",
        "region": "us-west-2",
        "public_hostname": "poolside.example.com",
        "cluster_endpoint_public_access_cidrs": ["198.18.7.4/32"],
        "cluster_admin_principal_arns": ["arn:aws:iam::123456789012:role/Admin"],
        "create_autoscaling_service_linked_role": true,
        "permissions_boundary_arn": BOUNDARY,
        "image_repositories": ["core-api", "web/assistant.v2"],
        "enable_cognito": true,
        "enable_log_aggregation": true,
        "enable_parameter_store": true,
        "enable_web_node_group": true,
        "tags": { "team": "platform" },
    })
}

/// The same in the pass `gpu`.
fn with_gpu() -> Value {
    let mut variables = everything();
    variables["enable_gpu"] = true.into();
    variables
}

#[test]
fn the_sources_are_formatted() {
    for (name, program) in engines() {
        let args = ["fmt", "-check", "-diff", "-recursive", "terraform"];
        let (code, text) = capture(&program, &args, &root());
        assert_eq!(code, Some(0), "{name} fmt:\n{text}");
    }
}

#[test]
fn the_root_and_its_modules_are_valid_without_a_warning() {
    for (name, program) in engines() {
        let workshop = Workshop::new(name, &program);
        workshop.init();
        let verdict = workshop.json(&["validate", "-json"]);
        assert_eq!(verdict["valid"], true, "{name}: {verdict:#}");
        assert_eq!(verdict["diagnostics"], json!([]), "{name}");
    }
}

// The two suites stand apart, so that they run side by side.

#[test]
fn the_tests_of_the_root_pass_under_terraform() {
    run_the_tests("terraform");
}

#[test]
fn the_tests_of_the_root_pass_under_tofu() {
    run_the_tests("tofu");
}

fn run_the_tests(name: &'static str) {
    let Some(program) = program(name) else { return };
    let workshop = Workshop::new(name, &program);
    workshop.init();
    let text = workshop.run(&["test", "-no-color"]);
    assert!(text.contains(" 0 failed."), "{name} test:\n{text}");
}

#[test]
fn both_passes_converge_and_the_second_only_adds() {
    for (name, program) in engines() {
        let workshop = Workshop::new(name, &program);
        workshop.init();
        workshop.apply(&everything());
        assert_eq!(workshop.planned_actions(&everything()), Vec::<String>::new(), "{name}");

        let mut added = workshop.planned_actions(&with_gpu());
        added.sort();
        assert_eq!(added, NODE_GROUP.map(|object| format!("create module.gpu_nodes[0].{object}")));

        workshop.apply(&with_gpu());
        assert_eq!(workshop.planned_actions(&with_gpu()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn other_answers_converge_too() {
    // What the other tests leave out, in as few applies as possible; one engine is enough.
    let Some((name, program)) = engines().into_iter().next() else { return };
    let answers = |more: Value| {
        let mut variables = json!({
            "deployment_name": "acme",
            "region": "us-west-2",
            "public_hostname": "poolside.example.com",
        });
        variables.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        variables
    };
    let private_platform = answers(json!({
        "profile": "platform-only",
        "cluster_endpoint_public_access": false,
        "cluster_endpoint_public_access_cidrs": [],
        "enable_nat_gateway": false,
        "ingress_controller": "nginx",
        "database_multi_az": false,
    }));
    let block_of_own_images = answers(json!({
        "enable_gpu": true,
        "gpu_instance_type": "p5en.48xlarge",
        "gpu_capacity": "capacity-block",
        "gpu_capacity_reservation_id": "cr-0123456789abcdef0",
        "gpu_availability_zone": "us-west-2d",
        "gpu_desired_size": 0,
        "cpu_ami_id": "ami-0123456789abcdef0",
        "gpu_ami_id": "ami-0123456789abcdef1",
        "cluster_endpoint_public_access_cidrs": ["198.18.7.4/32"],
        "availability_zone_count": 3,
        "single_nat_gateway": true,
        "enable_model_s3_upload": false,
        "external_models_bucket": "elsewhere",
    }));
    for variables in [private_platform, block_of_own_images] {
        let workshop = Workshop::new(name, &program);
        workshop.init();
        workshop.apply(&variables);
        assert_eq!(workshop.planned_actions(&variables), Vec::<String>::new(), "{variables}");
    }
}

const NODE_GROUP: [&str; 5] = [
    "aws_eks_node_group.this[0]",
    "aws_launch_template.this",
    "module.role.aws_iam_role.this",
    "module.role.aws_iam_role_policy_attachment.this[\"AmazonEC2ContainerRegistryPullOnly\"]",
    "module.role.aws_iam_role_policy_attachment.this[\"AmazonEKSWorkerNodePolicy\"]",
];

#[test]
fn what_was_made_is_tagged_bounded_closed_and_encrypted() {
    for (name, program) in engines() {
        let workshop = Workshop::new(name, &program);
        workshop.init();
        workshop.apply(&with_gpu());
        let objects = workshop.objects();
        assert!(objects.len() > 100, "{name}: {} objects", objects.len());
        assert_eq!(objects::untagged(&objects, "acme"), Vec::<String>::new(), "{name}");
        assert_eq!(objects::unbounded(&objects, BOUNDARY), Vec::<String>::new(), "{name}");
        assert_eq!(objects::open_to_anybody(&objects), Vec::<String>::new(), "{name}");
        assert_eq!(objects::not_encrypted_with_our_keys(&objects), NOT_OUR_KEY, "{name}");
        for (later, first) in ORDER {
            assert!(objects::comes_after(&objects, later, first), "{name}: {later} before {first}");
        }
    }
}

/// What fails, now and then or always, when it is made in another order.
const ORDER: [(&str, &str); 7] = [
    ("module.cpu_nodes.aws_eks_node_group.this[0]", "module.addons.aws_eks_addon.vpc_cni"),
    ("module.gpu_nodes[0].aws_eks_node_group.this[0]", "module.addons.aws_eks_addon.vpc_cni"),
    ("module.addons.aws_eks_addon.coredns", "module.cpu_nodes.aws_eks_node_group.this"),
    ("module.addons.aws_eks_addon.ebs_csi", "module.addons.aws_eks_addon.snapshot_controller"),
    (
        "module.cluster.aws_eks_cluster.this",
        "module.cluster.aws_cloudwatch_log_group.control_plane",
    ),
    ("module.database.aws_db_instance.this", "module.database.aws_cloudwatch_log_group.this"),
    (
        "module.encryption.aws_kms_key.this[\"volumes\"]",
        "module.encryption.aws_iam_service_linked_role.autoscaling",
    ),
];

/// The exceptions that the README of the root names.
const NOT_OUR_KEY: [&str; 10] = [
    "module.parameters[0].aws_ssm_parameter.this[\"cluster-endpoint\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"cluster-name\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"data-bucket\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"database-address\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"database-name\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"database-secret-arn\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"public-hostname\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"registry\"]: key_id",
    "module.parameters[0].aws_ssm_parameter.this[\"vpc-id\"]: key_id",
    "module.storage.aws_s3_bucket_server_side_encryption_configuration.this[\"access_logs\"]: \
     kms_master_key_id",
];

#[test]
fn an_address_is_spelled_with_what_a_tag_may_hold() {
    assert_eq!(objects::spelled("module.a.aws_vpc.this"), "module.a.aws_vpc.this");
    assert_eq!(
        objects::spelled("module.a[0].module.b.aws_subnet.c[\"us-west-2a\"]"),
        "module.a/0.module.b.aws_subnet.c/us-west-2a"
    );
}

#[test]
fn a_missing_or_foreign_tag_is_found() {
    let object = |tags: Value| Object {
        address: "aws_vpc.this".to_owned(),
        kind: "aws_vpc".to_owned(),
        values: json!({ "tags_all": tags }),
        after: Vec::new(),
    };
    let (deployment, address) = ("springboard:deployment", "springboard:address");
    let wrong = [
        object(json!({ address: "aws_vpc.this" })),
        object(json!({ deployment: "acme" })),
        object(json!({ deployment: "acme", address: "aws_vpc.that" })),
    ];
    assert_eq!(objects::untagged(&wrong, "acme").len(), 3);
    let right = [object(json!({ deployment: "acme", address: "aws_vpc.this" }))];
    assert_eq!(objects::untagged(&right, "acme"), Vec::<String>::new());
}

#[test]
fn a_statement_for_everybody_is_found() {
    let object = |policy: Value| Object {
        address: "aws_kms_key.this".to_owned(),
        kind: "aws_kms_key".to_owned(),
        values: json!({ "policy": policy.to_string() }),
        after: Vec::new(),
    };
    let statement = |effect: &str, principal: Value| {
        object(json!({ "Statement": [{ "Effect": effect, "Principal": principal }] }))
    };
    let open = [
        statement("Allow", json!("*")),
        statement("Allow", json!({ "AWS": "*" })),
        statement("Allow", json!({ "AWS": ["arn:aws:iam::123456789012:root", "*"] })),
    ];
    assert_eq!(objects::open_to_anybody(&open).len(), 3);
    let closed = [
        statement("Deny", json!("*")),
        statement("Allow", json!({ "Service": "logging.s3.amazonaws.com" })),
    ];
    assert_eq!(objects::open_to_anybody(&closed), Vec::<String>::new());
}
