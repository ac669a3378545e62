//! Where an answer comes from, and which one wins.

use std::collections::BTreeMap;
use std::path::Path;

use springboard::answers::{Answers, Loader, Source, Value};
use springboard::blueprint::poolside::questions::{CATALOGUE, account, advanced, bundle, profile};
use springboard::blueprint::poolside::values::Profile;

use super::{fixtures, host_in, load};

fn text(value: &str) -> Value {
    value.into()
}

fn values(of: &[(&str, &str)]) -> BTreeMap<String, Value> {
    of.iter().map(|(key, value)| ((*key).to_owned(), text(value))).collect()
}

const FILE: &str = "schema_version = 1\nblueprint = \"poolside\"\nprofile = \"platform-only\"\n\
                    deployment_name = \"file\"\npublic_hostname = \"a.example\"\n\
                    ingress_controller = \"nginx\"\ncluster_endpoint_public_access = false\n";

#[test]
fn the_strongest_source_wins() {
    let given = [
        ("deployment_name", "given"),
        ("region", "us-east-2"),
        ("containers_dir", "../bundle/containers"),
    ];
    let account = [("region", "us-west-2"), ("kubernetes_version", "1.36")];
    let layer = |vars: &[(&str, &str)], sets: &[&str]| -> Answers {
        let host = host_in("valid", vars);
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        let loader = Loader::new(&CATALOGUE, &host).text(Path::new("acme.toml"), FILE);
        let loader = loader.sets(&sets).account(values(&account));
        loader.given("the sample bundle", values(&given)).load().unwrap()
    };
    let name = |answers: &Answers| {
        let answer = answers.answer("deployment_name").unwrap();
        (answer.value.clone(), answer.source.clone())
    };
    let plain = layer(&[], &[]);
    let line = Source::File { path: "acme.toml".into(), line: 4 };
    assert_eq!(name(&plain), (text("file"), line));
    let variable = ("SPRINGBOARD_ANSWER_DEPLOYMENT_NAME", "environment");
    let source = Source::Environment(variable.0.into());
    assert_eq!(name(&layer(&[variable], &[])), (text("environment"), source));
    let sets = ["deployment_name=first", "deployment_name=second"];
    assert_eq!(name(&layer(&[variable], &sets)), (text("second"), Source::Set));

    let region = plain.answer("region").unwrap();
    assert_eq!(region.source, Source::Given("the sample bundle".into()));
    assert_eq!(plain.text(&account::REGION), Some("us-east-2"));
    let version = plain.answer("kubernetes_version").unwrap();
    assert_eq!((version.value.clone(), version.source.clone()), (text("1.36"), Source::Account));
    assert_eq!(plain.answer("database_multi_az").unwrap().source, Source::Default);
    let charts = plain.answer("charts_dir").unwrap();
    let beside = "the folder `charts` beside `containers_dir`";
    assert_eq!(charts.source, Source::Derived(beside));
    let folder = fixtures().join("valid/../bundle/charts").display().to_string();
    assert_eq!(charts.value, text(&folder));
}

#[test]
fn words_from_outside_mean_what_the_question_asks_for() {
    let sets = [
        "kubernetes_version=1.36",
        "enable_bedrock=false",
        "cpu_desired_size=5",
        "availability_zones=us-west-2a, us-west-2c",
        "cluster_admin_principal_arns=[\"arn:aws:iam::123456789012:role/A\"]",
        "permissions_boundary_arn=",
        "deployment_name=true",
        "inference_models={malibu={model='s3://acme-checkpoints/m/',gpus=2}}",
        "containers_dir=~/bundle/containers",
    ];
    let answers = load("valid", "everything.toml", &sets).unwrap();
    assert_eq!(answers.text(&advanced::cluster::KUBERNETES_VERSION), Some("1.36"));
    assert!(!answers.flag(&advanced::options::ENABLE_BEDROCK));
    assert_eq!(answers.number(&advanced::nodes::CPU_DESIRED_SIZE), Some(5));
    assert_eq!(answers.answer("permissions_boundary_arn"), None);
    assert_eq!(answers.text(&profile::DEPLOYMENT_NAME), Some("true"));
    assert_eq!(
        answers
            .list(&springboard::blueprint::poolside::questions::network::AVAILABILITY_ZONES)
            .len(),
        2
    );
    assert_eq!(answers.table(&bundle::INFERENCE_MODELS).unwrap().len(), 1);
    let folder = fixtures().join("bundle/containers").display().to_string();
    assert_eq!(answers.text(&bundle::CONTAINERS_DIR), Some(folder.as_str()));
}

#[test]
fn wrong_words_from_outside_are_named_with_their_place() {
    let host = host_in(
        "valid",
        &[
            ("SPRINGBOARD_ANSWER_REGION", "us-west"),
            ("SPRINGBOARD_ANSWER_REGIN", "us-west-2"),
            ("SPRINGBOARD_ANSWER_DATABASE_PASSWORD", "hunter2"),
        ],
    );
    let sets = [
        "cpu_desired_size=three",
        "availability_zones=[\"us-west-2a\"",
        "cpu_desired_sise=3",
        "novalue",
        "schema_version=2",
    ];
    let sets = sets.map(str::to_owned);
    let given = BTreeMap::from([("charts_dir".to_owned(), text("nowhere"))]);
    let loader = Loader::new(&CATALOGUE, &host).file(Path::new("platform-only.toml")).unwrap();
    let error = loader.sets(&sets).given("the sample bundle", given).load().unwrap_err();
    let message = error.to_string().replace(&fixtures().display().to_string(), "FIXTURES");
    insta::assert_snapshot!(message);
}

#[test]
fn a_stronger_answer_makes_up_for_a_wrong_one() {
    let answers = load("invalid", "rules-upload.toml", &["external_models_bucket="]).unwrap();
    assert_eq!(answers.answer("external_models_bucket"), None);
}

#[test]
fn answers_that_are_not_asked_for_are_kept_and_named() {
    let answers = load("valid", "platform-only.toml", &["gpu_desired_size=3"]).unwrap();
    let unused: Vec<_> = answers.unused().map(|q| q.key).collect();
    assert_eq!(unused, ["gpu_desired_size"]);
}

#[test]
fn without_a_file_everything_may_come_from_outside() {
    let host = host_in("valid", &[]);
    let error = Answers::load(&CATALOGUE, None, &["profile=platform-only".into()], &host);
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains(
            "\n  answers: deployment_name: is missing: a deployment name such as `acme-prod`\n"
        ),
        "{text}"
    );
    let sets = [
        "profile=platform-only",
        "deployment_name=acme",
        "region=us-west-2",
        "public_hostname=poolside.acme.example",
        "ingress_controller=nginx",
        "cluster_endpoint_public_access_cidrs=8.8.4.0/24",
        "containers_dir=../bundle/containers",
    ]
    .map(str::to_owned);
    let answers = Answers::load(&CATALOGUE, None, &sets, &host).unwrap();
    assert_eq!(Profile::of(&answers), Profile::PlatformOnly);
}

#[test]
fn a_summary_counts_sources_and_names_what_is_not_used() {
    let sets = ["gpu_desired_size=3", "cpu_desired_size=4"];
    let answers = load("valid", "platform-only.toml", &sets).unwrap();
    assert_eq!(
        answers.summary(),
        "the answers are right: 1 --set, 7 the file, 35 default\nnote: --set: `gpu_desired_size` \
         is not used; it is asked only with the profile `full`"
    );
    let json = answers.to_json();
    assert_eq!(
        json["answers"]["cpu_desired_size"],
        serde_json::json!({ "value": 4, "source": "--set" })
    );
    assert_eq!(json["unused"], serde_json::json!(["gpu_desired_size"]));
    assert_eq!(json["digest"], answers.digest());
}
