//! What every file of the embedded Terraform keeps to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::source::{files, root, short};

/// The blocks of one kind in a file, by name: `variable "x" {` up to the brace in the first column.
fn blocks(file: &Path, kind: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap();
    let head = format!("\n{kind} \"");
    let text = format!("\n{text}");
    let mut found = BTreeMap::new();
    for block in text.split(head.as_str()).skip(1) {
        let (name, rest) = block.split_once('"').unwrap();
        let body = rest.split_once("\n}\n").map_or(rest, |(body, _)| body);
        found.insert(name.to_owned(), body.to_owned());
    }
    found
}

/// The value of an argument of a block, as it is written.
fn argument<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let line = body.lines().find(|line| line.split_whitespace().next() == Some(name))?;
    Some(line.split_once('=')?.1.trim())
}

fn named(name: &str) -> Vec<std::path::PathBuf> {
    // A link repeats another file.
    let mut found = files("terraform");
    found.retain(|path| path.ends_with(name) && !path.is_symlink());
    found
}

#[test]
fn every_input_is_typed_and_described_by_a_sentence() {
    let mut wrong = Vec::new();
    for file in named("variables.tf") {
        for (name, body) in blocks(&file, "variable") {
            let sentence = argument(&body, "description").is_some_and(|d| d.ends_with(".\""));
            if !sentence || argument(&body, "type").is_none() {
                wrong.push(format!("{}: {name}", short(&file)));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_output_is_described_by_a_sentence() {
    let mut wrong = Vec::new();
    for file in named("outputs.tf") {
        for (name, body) in blocks(&file, "output") {
            if !argument(&body, "description").is_some_and(|d| d.ends_with(".\"")) {
                wrong.push(format!("{}: {name}", short(&file)));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_readme_of_the_root_lists_inputs_and_outputs_as_they_are() {
    let folder = root().join("terraform/poolside");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, tables) = readme.split_once("## Inputs").unwrap();
    let (inputs, outputs) = tables.split_once("## Outputs").unwrap();

    let mut expected = BTreeMap::new();
    for (name, body) in blocks(&folder.join("variables.tf"), "variable") {
        let kind = argument(&body, "type").unwrap();
        let kind =
            kind.split_once('(').filter(|(outer, _)| *outer == "object").map_or(kind, |k| k.0);
        let default =
            argument(&body, "default").map_or("required".to_owned(), |d| format!("`{d}`"));
        let text = argument(&body, "description").unwrap().trim_matches('"');
        expected.insert(name.clone(), format!("| `{name}` | `{kind}` | {default} | {text} |"));
    }
    assert_eq!(rows(inputs), expected);

    let described = |(name, body): (String, String)| {
        let text = argument(&body, "description").unwrap().trim_matches('"');
        (name.clone(), format!("| `{name}` | {text} |"))
    };
    let expected: BTreeMap<_, _> =
        blocks(&folder.join("outputs.tf"), "output").into_iter().map(described).collect();
    assert_eq!(rows(outputs), expected);
}

/// The rows of a table by the name in their first cell.
fn rows(text: &str) -> BTreeMap<String, String> {
    let rows = text.lines().filter_map(|line| Some((line.strip_prefix("| `")?, line)));
    rows.map(|(rest, line)| (rest.split('`').next().unwrap().to_owned(), line.to_owned())).collect()
}
