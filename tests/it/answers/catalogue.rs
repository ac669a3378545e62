//! The catalogue itself: complete, consistent, and named as the reference architecture names it.

use std::collections::BTreeSet;

use springboard::answers::{Default, Kind, Reference};
use springboard::blueprint::poolside::questions::CATALOGUE;

use super::load;

#[test]
fn every_question_says_what_it_must() {
    for question in CATALOGUE.questions() {
        let key = question.key;
        let sentences = [question.why, question.consequence];
        assert!(sentences.iter().all(|s| s.ends_with('.') && !s.contains('\n')), "{key}");
        assert!(!question.label.is_empty() && !question.example.is_empty(), "{key}");
        let has_default = !matches!(question.default, Default::Required | Default::Optional(_));
        assert_eq!(has_default, !question.basis.is_empty(), "{key}: where its default comes from");
        let is_shared = CATALOGUE.questions().filter(|q| q.key == key).count();
        assert_eq!(is_shared, 1, "{key} is there once");
    }
}

#[test]
fn every_example_is_allowed() {
    // Examples that are folders or files are not there on every machine.
    let is_path = |kind: &Kind| matches!(kind, Kind::Text(text) if text.is_path);
    for question in CATALOGUE.questions().filter(|q| !is_path(&q.kind)) {
        let set = format!("{}={}", question.key, question.example);
        let problems = match load("valid", "everything.toml", &[&set]) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems().to_vec(),
        };
        // A rule may object to an example in this company; the value itself must be right.
        let wrong: Vec<_> = problems
            .iter()
            .filter(|p| p.with.is_empty() && p.key.as_deref() == Some(question.key))
            .collect();
        assert!(wrong.is_empty(), "{set}: {wrong:?}");
    }
}

#[test]
fn the_names_of_the_reference_architecture_are_kept() {
    let confirmed: BTreeSet<_> =
        CATALOGUE.questions().filter(|q| q.name == Reference::Confirmed).map(|q| q.key).collect();
    let known = BTreeSet::from([
        "deployment_name",
        "region",
        "public_hostname",
        "containers_dir",
        "cluster_endpoint_public_access_cidrs",
        "enable_cognito",
        "enable_model_s3_upload",
        "checkpoints_dir",
        "external_models_bucket",
        "inference_models",
        "database_instance_class",
        "single_nat_gateway",
    ]);
    assert_eq!(confirmed, known);
}

#[test]
fn pages_come_in_the_order_of_the_wizard() {
    let ids: Vec<_> = CATALOGUE.pages.iter().map(|page| page.id).collect();
    assert_eq!(
        ids,
        [
            "profile",
            "account",
            "gpu",
            "network",
            "hostname",
            "authentication",
            "security",
            "advanced",
            "bundle"
        ]
    );
}

#[test]
fn every_rule_is_broken_by_some_fixture() {
    let mut quiet: BTreeSet<_> = CATALOGUE.rules.iter().map(|rule| rule.id).collect();
    for entry in std::fs::read_dir(super::fixtures().join("invalid")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let host = super::host_in("invalid", &[]);
        let loader = springboard::answers::Loader::new(&CATALOGUE, &host).file(&path).unwrap();
        let Ok((answers, _)) = loader.draft() else { continue };
        quiet.retain(|id| {
            let rule = CATALOGUE.rules.iter().find(|rule| rule.id == *id).unwrap();
            (rule.check)(&answers).is_none()
        });
    }
    assert!(quiet.is_empty(), "no fixture breaks {quiet:?}");
}
