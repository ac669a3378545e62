//! Every invalid file has its exact message.

use std::fs;

use springboard::error;

use super::{fixtures, load};

#[test]
fn every_invalid_file_has_its_exact_message() {
    let mut seen = 0;
    for entry in fs::read_dir(fixtures().join("invalid")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".toml") else { continue };
        let error = load("invalid", &name, &[]).unwrap_err();
        let text = error::render(&error).replace(&fixtures().display().to_string(), "FIXTURES");
        insta::with_settings!({
            snapshot_path => "../../fixtures/answers/invalid",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(stem.to_owned(), text) });
        seen += 1;
    }
    assert!(seen >= 12, "{seen} fixtures");
}

#[test]
fn a_file_that_is_not_there_is_one_clear_sentence() {
    let error = load("invalid", "nowhere.toml", &[]).unwrap_err();
    assert_eq!(
        error::render(&error),
        "error: could not read the answer file `nowhere.toml`\n  cause: No such file or directory \
         (os error 2)\nhint: `springboard answers new` prints a commented file to begin with"
    );
}

#[test]
fn a_secret_never_shows_in_a_message() {
    let error = load("invalid", "unknown.toml", &["client_secret=hunter2", "password hunter2"]);
    let text = error::render(&error.unwrap_err());
    assert!(text.contains("looks like a secret") && !text.contains("hunter2"), "{text}");
}

#[test]
fn problems_are_written_for_programs_too() {
    let error = load("invalid", "rules-upload.toml", &["zone=1"]).unwrap_err();
    assert_eq!(
        serde_json::to_value(error.problems()).unwrap(),
        serde_json::json!([
            {
                "file": { "path": "rules-upload.toml", "line": 10 },
                "key": "external_models_bucket",
                "with": ["enable_model_s3_upload"],
                "problem": "`acme-checkpoints` is named, and checkpoints are uploaded to a bucket \
                            that is made: take it out, or set `enable_model_s3_upload = false` \
                            (see `enable_model_s3_upload`, default)"
            },
            {
                "set": null,
                "key": "zone",
                "problem": "is not a key; `springboard answers new` lists them all"
            }
        ])
    );
}
