use std::collections::BTreeMap;

use serde_json::json;

use super::*;

fn outputs(value: Value) -> Outputs {
    let Value::Object(values) = value else {
        panic!("outputs are an object");
    };
    Outputs::from(values.into_iter().collect::<BTreeMap<_, _>>())
}

fn names(stage: &str, choices: &Choices) -> Vec<&'static str> {
    releases(stage, choices).into_iter().map(|release| release.name).collect()
}

#[test]
fn the_choices_say_which_releases_there_are() {
    let full = Choices::default();
    assert_eq!(
        names("prerequisites", &full),
        [
            "cluster-base",
            "aws-load-balancer-controller",
            "external-secrets",
            "external-secrets-store"
        ]
    );
    assert_eq!(names("platform", &full), ["poolside"]);
    assert_eq!(names("inference", &full), ["gpu-operator", "inference-stack"]);
    let small = Choices {
        profile: Profile::PlatformOnly,
        ingress: Ingress::Nginx,
        log_aggregation: true,
        ..Choices::default()
    };
    assert_eq!(
        names("prerequisites", &small),
        [
            "cluster-base",
            "external-secrets",
            "external-secrets-store",
            "ingress-nginx",
            "aws-for-fluent-bit"
        ]
    );
    assert!(names("inference", &small).is_empty());
}

#[test]
fn an_output_that_is_missing_is_named() {
    let outputs = outputs(json!({"deployment_name": "acme", "kms_key_arns": {"storage": "arn"}}));
    let choices = Choices::default();
    let inputs = Inputs { outputs: &outputs, choices: &choices, images: &BTreeMap::new() };
    let error = prerequisites::CLUSTER_BASE.render(&inputs).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the output `kms_key_arns.volumes` of the stage `foundation` is missing"
    );
}

#[test]
fn an_image_that_was_not_pushed_is_named_with_its_chart() {
    let outputs = outputs(json!({"models_bucket_name": "acme-models", "region": "us-west-2"}));
    let choices = Choices { checkpoints: Some(vec!["malibu-2.2".into()]), ..Choices::default() };
    let inputs = Inputs { outputs: &outputs, choices: &choices, images: &BTreeMap::new() };
    let error = inference::INFERENCE_STACK.render(&inputs).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the image `envoy`, which the chart `inference-stack` needs, was not pushed"
    );
}

#[test]
fn the_operators_tags_do_not_hide_the_deployment() {
    let outputs = outputs(json!({"deployment_name": "acme"}));
    let tags = BTreeMap::from([
        ("team".to_owned(), "ml".to_owned()),
        ("springboard:deployment".to_owned(), "other".to_owned()),
    ]);
    let choices = Choices { tags, ..Choices::default() };
    let inputs = Inputs { outputs: &outputs, choices: &choices, images: &BTreeMap::new() };
    assert_eq!(
        serde_json::to_value(inputs.tags().unwrap()).unwrap(),
        json!({"springboard:deployment": "acme", "team": "ml"})
    );
}
