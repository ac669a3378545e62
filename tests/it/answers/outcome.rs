//! What follows from answers: departures from the reference, cost, time; and the sample answers.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::date;
use springboard::answers::{Answers, Loader, Value};
use springboard::blueprint::poolside::cost::{MicroDollars, estimate};
use springboard::blueprint::poolside::deviations::deviations;
use springboard::blueprint::poolside::questions::CATALOGUE;
use springboard::blueprint::poolside::time::stage_times;
use springboard::blueprint::poolside::values::{Choices, Exposure, Ingress, Profile};

use super::{host_in, load};
use crate::support::source::root;

/// A sample as a rehearsal loads it, with the folders of the sample bundle.
fn sample(name: &str, sets: &[&str]) -> Answers {
    let host = host_in("valid", &[]);
    let path = root().join("assets/rehearsal/answers").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let folders = [
        ("containers_dir", "../bundle/containers"),
        ("charts_dir", "../bundle/charts"),
        ("checkpoints_dir", "../checkpoints"),
    ];
    let folders: BTreeMap<_, _> =
        folders.iter().map(|(key, folder)| ((*key).to_owned(), Value::from(*folder))).collect();
    let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
    let loader = Loader::new(&CATALOGUE, &host).text(Path::new(name), text).sets(&sets);
    loader.given("the sample bundle", folders).load().unwrap()
}

#[test]
fn the_sample_answers_are_right_with_the_folders_of_the_sample_bundle() {
    let full = sample("sample-full.toml", &[]);
    assert_eq!(Profile::of(&full), Profile::Full);
    assert_eq!(full.unused().count(), 0);
    let platform = sample("sample-platform-only.toml", &[]);
    assert_eq!(Profile::of(&platform), Profile::PlatformOnly);
    assert_eq!(platform.unused().count(), 0);
    for answers in [full, platform] {
        assert_eq!(answers.answer("deployment_name").unwrap().value, Value::from("acme"));
    }
}

#[test]
fn a_sample_can_be_changed_to_another_profile_and_authentication() {
    let platform = sample("sample-full.toml", &["profile=platform-only", "enable_cognito=true"]);
    assert_eq!(Profile::of(&platform), Profile::PlatformOnly);
    let domain = platform.answer("cognito_domain_prefix").unwrap();
    assert_eq!(domain.value, Value::from("acme"));
}

#[test]
fn only_what_departs_from_the_reference_is_named() {
    let ids = |answers: &Answers| -> Vec<_> {
        deviations(answers).into_iter().map(|d| (d.id, d.key)).collect()
    };
    let always = [("helm-outside-terraform", None), ("access-logs-sse-s3", None)];
    assert_eq!(ids(&sample("sample-full.toml", &[])), always);
    let everything = load("valid", "everything.toml", &["gpu_instance_type=p5.48xlarge"]).unwrap();
    let by_answers: Vec<_> = ids(&everything)[always.len()..].iter().map(|(id, _)| *id).collect();
    assert_eq!(
        by_answers,
        [
            "one-nat-gateway",
            "open-endpoint",
            "nginx-ingress",
            "internal-load-balancer",
            "gpu-below-minimum",
            "fewer-cpu-nodes",
            "web-node-group",
            "database-in-one-zone",
            "bedrock",
            "parameter-store",
        ]
    );
    let known = springboard::blueprint::poolside::deviations::known();
    assert!(by_answers.iter().all(|id| known.contains(id)), "{known:?}");
    for deviation in deviations(&everything) {
        assert!(!deviation.sentence.ends_with('.'), "{}", deviation.sentence);
        assert!(deviation.key.is_none_or(|key| CATALOGUE.question(key).is_some()));
    }
}

#[test]
fn a_cost_is_the_sum_of_known_prices_and_says_what_is_unknown() {
    let today = date(2026, 11, 21);
    let platform = estimate(&sample("sample-platform-only.toml", &[]), today);
    insta::assert_snapshot!("cost-platform-only", platform.to_string());
    assert_eq!(platform.unknown().count(), 0);
    // The cost baseline of the reference says about 3.2 $/h, without disks and addresses.
    let hour = platform.per_hour();
    assert!(MicroDollars(3_100_000) < hour && hour < MicroDollars(3_400_000), "{hour}");
    let full = estimate(&sample("sample-full.toml", &[]), today);
    let unknown: Vec<_> = full.unknown().map(|part| part.id).collect();
    assert_eq!(unknown, ["gpu-nodes"], "p5e has no On-Demand list price");
    let set = ["gpu_instance_type=p5en.48xlarge"];
    insta::assert_snapshot!(
        "cost-full",
        estimate(&sample("sample-full.toml", &set), today).to_string()
    );
}

#[test]
fn extended_support_costs_more_from_its_first_day() {
    let answers = sample("sample-platform-only.toml", &["kubernetes_version=1.34"]);
    let control_plane = |day| estimate(&answers, day).parts[0].per_hour;
    assert_eq!(control_plane(date(2026, 12, 1)), Some(MicroDollars(100_000)));
    assert_eq!(control_plane(date(2026, 12, 2)), Some(MicroDollars(600_000)));
    assert_eq!(control_plane(date(2028, 1, 1)), None);
}

#[test]
fn only_times_with_a_basis_are_stated() {
    let times = stage_times(&sample("sample-full.toml", &[]));
    let stages: Vec<_> = times.iter().map(|time| time.stage).collect();
    assert_eq!(
        stages,
        [
            "foundation",
            "images",
            "prerequisites",
            "platform",
            "gpu",
            "checkpoints",
            "inference",
            "converge"
        ]
    );
    let known: Vec<_> = times.iter().filter_map(|time| Some((time.stage, time.seconds?))).collect();
    assert_eq!(known, [("foundation", 922)]);
    let single = stage_times(&sample("sample-platform-only.toml", &["database_multi_az=false"]));
    assert_eq!(single[0].seconds, Some(857));
    assert!(single.iter().all(|time| time.stage != "gpu"));
}

#[test]
fn charts_are_told_what_was_answered() {
    let stems = ["malibu-2.2".to_owned()];
    let everything = Choices::of(&load("valid", "everything.toml", &[]).unwrap(), &stems).unwrap();
    assert_eq!(
        (everything.profile, everything.ingress, everything.exposure),
        (Profile::Full, Ingress::Nginx, Exposure::Internal)
    );
    assert_eq!(everything.inbound_cidrs, ["10.0.0.0/8"]);
    assert_eq!(everything.checkpoints, None, "the bucket is the operator's");
    let own = &everything.models["own-model"];
    assert_eq!((own.gpus, own.model_name.as_deref()), (Some(8), Some("own")));
    assert_eq!(own.other["resources"]["requests"]["memory"], "100Gi");
    let sample = Choices::of(&sample("sample-full.toml", &[]), &stems).unwrap();
    assert!(sample.models.is_empty() && sample.custom_ca.is_none() && sample.marketplace_metering);
    assert_eq!(sample.checkpoints.as_deref(), Some(&stems[..]));
}
