//! What is written is what is read: file, template, schema, explanation.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use springboard::answers::{Answers, Kind, Loader, Question, Value, explain, schema, template};
use springboard::blueprint::poolside::deviations;
use springboard::blueprint::poolside::questions::CATALOGUE;
use springboard::blueprint::poolside::variables::{Facts, Pass, variables};

use super::{load, reload};

#[test]
fn a_written_file_gives_the_same_answers() {
    for (file, snapshot) in [("everything.toml", "everything"), ("platform-only.toml", "platform")]
    {
        let answers = load("valid", file, &[]).unwrap();
        let written = answers.to_toml();
        let again = reload(&written).unwrap();
        assert!(again.same_values(&answers), "{written}");
        assert_eq!(again.digest(), answers.digest());
        assert_eq!(again.to_toml(), written, "written twice");
        let fixtures = super::fixtures().display().to_string();
        insta::assert_snapshot!(snapshot, written.replace(&fixtures, "FIXTURES"));
    }
}

#[test]
fn every_key_is_in_every_written_file() {
    for file in ["everything.toml", "platform-only.toml"] {
        let written = load("valid", file, &[]).unwrap().to_toml();
        for question in CATALOGUE.questions() {
            let key = question.key;
            let found = written.lines().any(|line| {
                let line = line.trim_start_matches("# ");
                line.starts_with(&format!("{key} = ")) || line.starts_with(&format!("[{key}."))
            });
            assert!(found, "`{key}` is not in {file}:\n{written}");
        }
    }
}

#[test]
fn the_digest_does_not_depend_on_where_answers_came_from() {
    let in_file = load("valid", "platform-only.toml", &[]).unwrap();
    let from_outside = load("valid", "platform-only.toml", &["region=us-west-2"]).unwrap();
    let other = load("valid", "platform-only.toml", &["cpu_desired_size=4"]).unwrap();
    let unused = load("valid", "platform-only.toml", &["gpu_desired_size=4"]).unwrap();
    assert_eq!(in_file.digest(), from_outside.digest());
    assert_eq!(in_file.digest(), unused.digest(), "what is not asked does not count");
    assert_ne!(in_file.digest(), other.digest());
}

#[test]
fn the_template_names_what_must_be_answered() {
    for wanted in ["full", "platform-only"] {
        let chosen = BTreeMap::from([("profile".to_owned(), Value::from(wanted))]);
        let text = template(&CATALOGUE, &chosen);
        let error = reload(&text).unwrap_err();
        let open: Vec<_> = error.problems().iter().filter_map(|p| p.key.as_deref()).collect();
        let mut expected = vec![
            "deployment_name",
            "region",
            "public_hostname",
            "acm_certificate_arn",
            "cluster_endpoint_public_access_cidrs",
            "containers_dir",
        ];
        if wanted == "full" {
            expected.push("checkpoints_dir");
        }
        assert_eq!(open, expected, "{error}");
        insta::assert_snapshot!(format!("template-{wanted}"), text);
    }
}

#[test]
fn the_schema_accepts_what_is_right_and_refuses_what_is_not() {
    let schema = schema(&CATALOGUE);
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json =
        |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
    for file in ["everything.toml", "platform-only.toml"] {
        let text = std::fs::read_to_string(super::fixtures().join("valid").join(file)).unwrap();
        let errors: Vec<_> = validator.iter_errors(&json(&text)).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{file}: {errors:?}");
        let written = load("valid", file, &[]).unwrap().to_toml();
        assert!(validator.is_valid(&json(&written)), "{written}");
    }
    for wrong in ["types.toml", "values.toml", "unknown.toml", "missing.toml", "too-new.toml"] {
        let text = std::fs::read_to_string(super::fixtures().join("invalid").join(wrong)).unwrap();
        assert!(!validator.is_valid(&json(&text)), "{wrong}");
    }
}

#[test]
fn a_key_is_explained_with_what_holds() {
    let answers = load("valid", "everything.toml", &[]).unwrap();
    let explained = explain(&CATALOGUE, "gpu_capacity", Some(&answers)).unwrap();
    insta::assert_snapshot!(explained.to_string());
    let error = explain(&CATALOGUE, "gpu_capcity", None).unwrap_err();
    assert_eq!(
        springboard::error::render(&error),
        "error: `gpu_capcity` is not a key of the answers\nhint: the nearest known key is `gpu_capacity`"
    );
}

/// Values that `question` allows, as far as no rule speaks of them.
fn values(question: &'static Question) -> BoxedStrategy<Option<Value>> {
    let texts = |of: Vec<&'static str>| select(of).prop_map(|t| Some(Value::from(t))).boxed();
    match (&question.kind, question.key) {
        (_, "profile") => texts(vec!["full", "platform-only"]),
        (_, "deployment_name") => {
            "[a-z][a-z0-9]{2,20}".prop_map(|t| Some(t.as_str().into())).boxed()
        }
        (_, "vpc_cidr") => {
            (0u8..=255).prop_map(|n| Some(format!("10.{n}.0.0/16").as_str().into())).boxed()
        }
        (_, "aws_profile") => {
            "[a-zA-Z0-9 \"'\\\\#=.-]{0,12}[a-zA-Z]".prop_map(|t| Some(t.trim().into())).boxed()
        }
        (_, "permissions_boundary_arn") => {
            prop_oneof![Just(None), texts(vec!["arn:aws:iam::123456789012:policy/B"])].boxed()
        }
        (_, "cpu_desired_size") => (3i64..=10).prop_map(|n| Some(Value::Number(n))).boxed(),
        (_, "database_backup_retention_days") => {
            (1i64..=35).prop_map(|n| Some(Value::Number(n))).boxed()
        }
        (Kind::Choices(choices), _) => {
            let all: Vec<String> = choices.iter().map(|c| c.value.to_owned()).collect();
            let count = all.len();
            subsequence(all, 0..=count).prop_map(|some| Some(Value::List(some))).boxed()
        }
        (Kind::Flag, key) if key.starts_with("enable_web") || key.starts_with("database") => {
            any::<bool>().prop_map(|flag| Some(Value::Flag(flag))).boxed()
        }
        (Kind::Table(_), "deviations") => {
            let some = prop::sample::subsequence(deviations::known(), 0..=2);
            let reason = "[^\\p{C}]{0,20}[^\\p{C}\\s]";
            (some, reason)
                .prop_map(|(ids, reason)| {
                    let row = BTreeMap::from([("reason".to_owned(), reason.into())]);
                    let rows = ids.into_iter().map(|id| (id.to_owned(), row.clone()));
                    let rows: BTreeMap<_, _> = rows.collect();
                    (!rows.is_empty()).then_some(Value::Table(rows))
                })
                .boxed()
        }
        (Kind::Table(_), _) => prop::collection::btree_map(
            "[a-z][a-z0-9-]{0,8}[a-z]",
            (1i64..=2, "[^\\p{C}]{1,12}", any::<bool>()),
            0..=2,
        )
        .prop_map(|rows| {
            let row = |(gpus, name, extra): (i64, String, bool)| {
                let mut row = BTreeMap::from([
                    ("model".to_owned(), "s3://acme-models/models/m/".into()),
                    ("gpus".to_owned(), gpus.into()),
                    ("modelName".to_owned(), name.clone().into()),
                    ("modelType".to_owned(), "chat".into()),
                ]);
                if extra {
                    row.insert(
                        "extra fields".into(),
                        serde_json::json!({ "x y": [1, name, 0.5, true] }),
                    );
                }
                row
            };
            let rows: BTreeMap<_, _> =
                rows.into_iter().map(|(key, parts)| (key, row(parts))).collect();
            (!rows.is_empty()).then_some(Value::Table(rows))
        })
        .boxed(),
        _ => Just(None).boxed(),
    }
}

fn any_answers() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let each: Vec<_> = CATALOGUE
        .questions()
        .map(|question| values(question).prop_map(move |value| (question.key, value)))
        .collect();
    each.prop_map(|pairs| {
        let fixed = [
            ("region", "us-west-2"),
            ("public_hostname", "poolside.acme.example"),
            ("acm_certificate_arn", "arn:aws:acm:us-west-2:123456789012:certificate/0a"),
            ("containers_dir", "../bundle/containers"),
            ("checkpoints_dir", "../checkpoints"),
        ];
        let mut all: BTreeMap<String, Value> =
            fixed.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        let list = Value::List(vec!["8.8.4.0/24".into()]);
        all.insert("cluster_endpoint_public_access_cidrs".into(), list);
        all.extend(pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        // Models belong to the profile `full`.
        if all.get("profile") == Some(&Value::from("platform-only")) {
            all.remove("inference_models");
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_was_answered_replays(chosen in any_answers()) {
        let presumed = Answers::presumed(&CATALOGUE, &chosen);
        let first = reload(&presumed.to_toml());
        prop_assert!(first.is_ok(), "{}\n{}", first.unwrap_err(), presumed.to_toml());
        let first = first.unwrap();
        let written = first.to_toml();
        let again = reload(&written);
        prop_assert!(again.is_ok(), "{}\n{written}", again.unwrap_err());
        let again = again.unwrap();
        prop_assert!(again.same_values(&first), "{written}");
        prop_assert_eq!(again.digest(), first.digest());
        for (key, value) in &chosen {
            let question = CATALOGUE.question(key).unwrap();
            if !key.ends_with("_dir") && (first.applies(question) || first.is_chosen(question)) {
                prop_assert_eq!(again.value(question), Some(value));
            }
        }
        for pass in [Pass::Foundation, Pass::Gpu] {
            let facts = Facts::default();
            prop_assert_eq!(variables(&again, &facts, pass), variables(&first, &facts, pass));
        }
    }

    #[test]
    fn no_file_is_too_strange_to_be_answered(
        at in 0usize..2000, length in 0usize..40, put in "[\\PC\n\t]{0,8}", words in "\\PC{0,20}",
    ) {
        let path = super::fixtures().join("valid/everything.toml");
        let text: Vec<char> = std::fs::read_to_string(path).unwrap().chars().collect();
        let (head, tail) = (at.min(text.len()), (at + length).min(text.len()));
        let strange: String = text[..head].iter().copied().chain(put.chars()).chain(text[tail..].iter().copied()).collect();
        let host = super::host_in("valid", &[("SPRINGBOARD_ANSWER_TAGS", &words)]);
        let sets = [format!("inference_models={words}"), words.clone()];
        let loader = Loader::new(&CATALOGUE, &host).text(Path::new("strange.toml"), strange).sets(&sets);
        if let Err(error) = loader.load() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
