//! Between a plan that Terraform has made and its apply: what the answers did not show is asked of
//! the account again, and `springboard plan` ends there.

use std::fs;

use serde_json::{Value, json};

use crate::aws::Moto;
use crate::install::{SECRET, executable, operator};
use crate::support::sandbox::{Finished, Sandbox};

/// A terraform whose plan makes one object of a type that no answer leads to.
const TERRAFORM: &str = r#"#!/bin/sh
case " $* " in
  *" version "*) echo 'Terraform v1.11.4' ;;
  *" plan "*) exit 2 ;;
  *" show "*) cat "$NOTES/plan.json" ;;
  *" apply "*) echo "$*" > "$NOTES/applied"; exit 1 ;;
  *" output "*) echo '{}' ;;
esac
"#;

/// An operator with that terraform.
fn planning() -> (Sandbox, Vec<String>) {
    let (sandbox, mut args) = operator();
    args.extend(["--set", "terraform_state=local"].map(str::to_owned));
    let notes = sandbox.path().join("notes");
    let terraform = TERRAFORM.replace("$NOTES", &notes.display().to_string());
    executable(&sandbox.path().join("bin/terraform"), &terraform);
    let change = json!({
        "actions": ["create"], "before": null, "after": { "name": "acme" }, "after_unknown": {},
        "before_sensitive": false, "after_sensitive": {},
    });
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4",
        "resource_changes": [{
            "address": "aws_sqs_queue.this", "mode": "managed", "type": "aws_sqs_queue",
            "name": "this", "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": change,
        }],
    });
    fs::write(notes.join("plan.json"), plan.to_string()).unwrap();
    (sandbox, args)
}

fn run(sandbox: &Sandbox, args: &[String], moto: &Moto) -> Finished {
    let url = moto.url();
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
    ];
    sandbox.start_with(args, &variables).wait()
}

/// What an install of that plan says, and whether anything was applied.
fn installed(deny: &[&str], more: &[&str]) -> Option<(Option<i32>, String, bool)> {
    let moto = Moto::start(&json!({ "deny": deny }))?;
    let (sandbox, mut args) = planning();
    args.extend(more.iter().map(|word| (*word).to_owned()));
    let finished = run(&sandbox, &args, &moto);
    Some((finished.code, finished.err, sandbox.path().join("notes/applied").exists()))
}

#[test]
fn what_the_plan_makes_and_the_account_denies_is_not_applied() {
    let Some((code, said, is_applied)) = installed(&["sqs:CreateQueue"], &[]) else { return };
    assert_eq!(code, Some(4), "{said}");
    let sentence = "the plan makes what is not permitted: sqs:CreateQueue is not allowed by";
    assert!(said.contains(sentence), "{said}");
    assert!(said.contains("cause: needed for aws_sqs_queue"), "{said}");
    assert!(said.contains("hint: an administrator grants what"), "{said}");
    assert!(!is_applied);
}

#[test]
fn what_is_allowed_or_was_left_out_on_purpose_is_applied() {
    let leaving = ["--skip-check", "permissions"];
    for (deny, more) in [(&[][..], &[][..]), (&["sqs:CreateQueue"], &leaving)] {
        let Some((code, said, is_applied)) = installed(deny, more) else { return };
        assert!(is_applied, "{said}");
        // This terraform cannot apply.
        assert_eq!(code, Some(4), "{said}");
        assert!(!said.contains("not permitted"), "{said}");
    }
}

/// The words of a plan with the answers of an install.
fn plan_words(args: &[String]) -> Vec<String> {
    let mut words = vec!["plan".to_owned()];
    let mut args = args.iter().skip(1);
    while let Some(word) = args.next() {
        match word.as_str() {
            "--non-interactive" => {}
            "--skip-check" => drop(args.next()),
            _ => words.push(word.clone()),
        }
    }
    words
}

#[test]
fn a_plan_for_an_account_says_what_would_be_made_and_leaves_nothing() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let (sandbox, args) = planning();
    let mut words = plan_words(&args);
    let lines = run(&sandbox, &words, &moto).expect_code(0).out;
    assert!(lines.contains("   1 aws_sqs_queue to create\n1 resource in all\n"), "{lines}");
    words.extend(["--output", "json"].map(str::to_owned));
    let document = run(&sandbox, &words, &moto).expect_code(0).out;
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["resources"], json!({ "aws_sqs_queue.this": "create" }));
    assert_eq!(document["region"], "us-west-2");
    assert!(!sandbox.path().join("notes/applied").exists());
    for folder in ["plan", "deployments"] {
        assert!(!sandbox.state().join(folder).exists(), "{folder}");
    }
}

#[test]
fn what_was_begun_is_not_planned_from_nothing() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let (sandbox, args) = planning();
    run(&sandbox, &args, &moto).expect_code(4);
    let said = run(&sandbox, &plan_words(&args), &moto).expect_code(2).err;
    assert!(said.starts_with("error: acme was begun before, "), "{said}");
    assert!(said.contains("`springboard resume acme` plans before it goes on"), "{said}");
}

#[test]
fn a_plan_without_answers_says_what_it_needs() {
    let (sandbox, _) = planning();
    let said = sandbox.run(&["plan"]).expect_code(2).err;
    assert!(said.contains("needs an answer file (`--answers FILE`)"), "{said}");
}
