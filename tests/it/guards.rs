//! The design, held by tests: what may use what, how large files may grow, what the repository
//! must not contain, and that documents and code say the same.

use std::fmt::Write as _;
use std::fs;

use crate::support::source::{Source, files, root, short, sources};

/// The layers of the library, lowest first. A module may use those of lower layers.
const LAYERS: &[&[&str]] = &[
    &["host", "error"],
    &["run", "answers"],
    &["tools", "cloud", "bundle"],
    &["cluster", "transfer"],
    &["plan"],
    &["preflight"],
    &["form"],
    &["blueprint"],
    &["engine"],
    &["frontend"],
    &["cli"],
];

/// What may be used beside the lower layers, each with its reason.
const ALSO: &[(&str, &str, &str)] =
    &[("host", "error", "the errors of the host have hints like all others")];

/// The simulated world stands beside the layers: it may use these, and only `main` uses it. Of
/// `tools` it needs the door for starting programs: its provider asks a `credential_process`.
const WORLD: (&str, &[&str]) = ("rehearsal", &["host", "error", "tools", "cloud", "bundle"]);

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The modules that `lib.rs` declares.
fn library() -> Vec<String> {
    let text = read("src/lib.rs");
    let declared = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    declared.map(str::to_owned).collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn may_use(module: &str, other: &str) -> bool {
    if module == other || ALSO.iter().any(|(a, b, _)| (*a, *b) == (module, other)) {
        return true;
    }
    if module == WORLD.0 {
        return WORLD.1.contains(&other);
    }
    matches!((layer(module), layer(other)), (Some(above), Some(below)) if below < above)
}

#[test]
fn every_module_of_the_library_has_its_place() {
    let lost: Vec<_> =
        library().into_iter().filter(|m| layer(m).is_none() && m != WORLD.0).collect();
    assert!(lost.is_empty(), "in no layer: {lost:?}");
}

#[test]
fn modules_depend_on_each_other_in_one_direction() {
    let library = library();
    let mut wrong = String::new();
    for source in sources() {
        let Some(module) = source.module.first().filter(|module| library.contains(module)) else {
            continue;
        };
        for other in source.names().iter().filter(|other| library.contains(other)) {
            if !may_use(module, other) {
                writeln!(wrong, "{}: `{module}` may not use `{other}`", source.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn only_its_blueprint_knows_poolside() {
    let library = library();
    let knowing: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.module.first().is_some_and(|module| library.contains(module)))
        .filter(|source| !source.name.starts_with("src/blueprint/"))
        // What an operator of that blueprint would bring, made up for rehearsals.
        .filter(|source| !source.name.starts_with("src/rehearsal/sample_bundle/"))
        .filter(|source| source.code.to_lowercase().contains("poolside"))
        .map(|source| source.name)
        .collect();
    assert!(knowing.is_empty(), "these name `poolside`: {knowing:?}");
}

#[test]
fn only_one_file_starts_programs() {
    let doors: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.code.contains("Command::new"))
        .map(|source| source.name)
        .filter(|name| name != "src/tools/process.rs")
        .collect();
    assert!(doors.is_empty(), "`Command::new` in {doors:?}");
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.lines > 600)
        .map(|source| format!("{}: {} lines", source.name, source.lines))
        .collect();
    assert!(long.is_empty(), "over 600 lines without tests: {long:#?}");
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !read(&source.name).starts_with("//!"))
        .map(|source| source.name)
        .collect();
    assert!(silent.is_empty(), "without module documentation: {silent:?}");
}

#[test]
fn code_does_not_panic_on_purpose() {
    let banned = ["todo!", "unimplemented!", "dbg!"];
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|s| banned.iter().filter(|b| s.code.contains(**b)).map(|b| (s.name.clone(), *b)))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn nothing_depends_on_one_machine() {
    // Spelled in halves, because this file is read too.
    let banned = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/artifac", "tory/"),
        concat!("/Us", "ers/"),
    ];
    let mut found = String::new();
    for path in files(".") {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = banned.iter().find(|word| begins_a_path(line, word)) {
                writeln!(found, "{}:{}: `{word}`", short(&path), number + 1).unwrap();
            }
        }
    }
    assert!(found.is_empty(), "\n{found}");
}

/// Whether `line` has `start` where a path begins, not in the middle of one.
fn begins_a_path(line: &str, start: &str) -> bool {
    let mut found = line.match_indices(start).map(|(at, _)| line[..at].chars().next_back());
    found.any(|before| !before.is_some_and(char::is_alphanumeric))
}

#[test]
fn every_dependency_comes_from_the_one_registry() {
    let lock = read("Cargo.lock");
    let strange: Vec<_> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .filter(|source| *source != "\"registry+https://github.com/rust-lang/crates.io-index\"")
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn the_crate_documentation_names_every_module() {
    let text = read("src/lib.rs");
    let missing: Vec<_> = library()
        .into_iter()
        .filter(|module| {
            !text.lines().any(|l| l.starts_with("//!") && l.contains(&format!("[`{module}`]")))
        })
        .collect();
    assert!(missing.is_empty(), "not on the map in src/lib.rs: {missing:?}");
}

#[test]
fn the_map_of_the_tree_names_every_folder() {
    let map = read("CONTRIBUTING.md");
    let folders: Vec<_> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| format!("  {}/", entry.file_name().to_string_lossy()))
        .filter(|folder| !map.lines().any(|line| line.starts_with(folder.as_str())))
        .collect();
    assert!(folders.is_empty(), "not on the map in CONTRIBUTING.md: {folders:?}");
}

#[test]
fn the_change_log_names_the_version() {
    let heading = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(read("CHANGELOG.md").contains(&heading), "`{heading}` is missing");
}

#[test]
fn every_chart_and_terraform_module_says_what_it_is() {
    let mut silent = Vec::new();
    for path in files("assets") {
        if path.file_name().is_some_and(|name| name == "Chart.yaml") {
            let text = fs::read_to_string(&path).unwrap();
            if !text.lines().any(|line| line.starts_with("description: ")) {
                silent.push(short(&path));
            }
        }
    }
    for folder in fs::read_dir(root().join("terraform/modules")).into_iter().flatten() {
        let folder = folder.unwrap().path();
        let main = fs::read_to_string(folder.join("main.tf")).unwrap_or_default();
        if !main.starts_with("# ") {
            silent.push(short(&folder));
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:?}");
}

#[test]
fn a_wrong_direction_would_be_seen() {
    let source = Source {
        name: "src/run/x.rs".to_owned(),
        module: vec!["run".to_owned(), "x".to_owned()],
        code: "use crate::engine::Session;".to_owned(),
        lines: 1,
    };
    assert!(source.names().iter().any(|other| !may_use("run", other)));
    assert!(may_use("engine", "run"));
    assert!(!may_use("rehearsal", "engine") && !may_use("engine", "rehearsal"));
}

/// What a kill leaves unrecorded is found by its tags; what carries none must have a natural key.
#[test]
fn whatever_our_terraform_makes_can_be_found_again_without_a_state() {
    use std::io::Read as _;

    let packed = fs::read(root().join("assets/rehearsal/aws/schema-6.47.0.json.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schemas = &schema["provider_schemas"]["registry.terraform.io/hashicorp/aws"];
    let schemas = &schemas["resource_schemas"];
    let mut kinds = std::collections::BTreeSet::new();
    for file in
        files("terraform").into_iter().filter(|file| file.extension().is_some_and(|e| e == "tf"))
    {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let resources = text.lines().filter_map(|line| line.strip_prefix("resource \""));
        kinds.extend(resources.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    assert!(kinds.len() > 30, "{kinds:?}");
    let lost: Vec<_> = kinds
        .iter()
        .filter(|kind| {
            let attributes = &schemas[kind.as_str()]["block"]["attributes"];
            assert!(attributes.is_object(), "{kind} is not in the schema");
            attributes.get("tags").is_none() && springboard::cloud::NaturalKey::of(kind).is_none()
        })
        .collect();
    assert!(lost.is_empty(), "neither tags nor a natural key: {lost:?}");
}
