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
        "the image `envoy`, which the chart `inference-stack` needs, is not there"
    );
}

#[test]
fn what_is_bound_to_fail_is_said_before_anything_is_made() {
    let stems = ["malibu-2.2", "point-1.4", "laguna-m-1"].map(str::to_owned).to_vec();
    let choices = Choices { checkpoints: Some(stems), ..Choices::default() };
    let images = ["core-api", "web-assistant", "models-reconciliation-loop", "atlas"];
    let images = images.map(str::to_owned).into();
    let problems: Vec<_> = foreseen(&choices, &images, 1).iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "the image `envoy`, which the chart `inference-stack` needs, is not there",
            "the models cannot be served: the models take 10 GPUs, which do not fit on 1 node \
             of 8 each",
        ]
    );
    let small = Choices { profile: Profile::PlatformOnly, ..choices };
    assert_eq!(foreseen(&small, &images, 0), []);
}

#[test]
fn nginx_ends_tls_with_the_certificate_of_the_operator() {
    let mut values = json!({
        "deployment_name": "acme", "region": "us-west-2", "public_hostname": "p.example.com",
        "database_address": "db", "database_port": 5432, "database_name": "poolside",
        "bucket_names": {"data": "acme-data"}, "kms_key_arns": {"application": "arn"},
        "role_arns": {"core_api": "arn"}, "acm_certificate_arn": null,
    });
    let image = PushedImage { repository: "r".into(), tag: "1".into(), digest: "d".into() };
    let images = platform::IMAGES.iter().map(|&name| (name.to_owned(), image.clone())).collect();
    let choices = Choices { ingress: Ingress::Nginx, ..Choices::default() };
    let secret = |values: &Value| {
        let outputs = outputs(values.clone());
        let inputs = Inputs { outputs: &outputs, choices: &choices, images: &images };
        platform::POOLSIDE.render(&inputs).unwrap()["ingress"]["tlsSecretName"].clone()
    };
    assert_eq!(secret(&values), "poolside-tls");
    values["acm_certificate_arn"] = json!("arn:aws:acm:x");
    assert_eq!(secret(&values), Value::Null);
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
