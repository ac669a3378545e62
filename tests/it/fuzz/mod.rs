//! Whatever comes from outside, as bytes: what must neither panic nor hang with any of them.
//!
//! Owns the list of what is fuzzed and where each fuzzer begins. `cargo xtask fuzz` feeds these
//! targets with what libFuzzer makes up (the package in `fuzz/` takes in this very folder), and the
//! tests here feed them with the seeds and with everything that was ever found, which is kept in
//! `tests/fixtures/fuzz/TARGET/`.

mod archives;
mod cluster;
mod documents;
mod lines;
mod provider;

use std::path::Path;

/// Something that reads foreign bytes.
pub(crate) struct Target {
    /// How it is called.
    pub(crate) name: &'static str,
    /// Reads them; whatever it returns is dropped.
    pub(crate) read: fn(&[u8]),
    /// Where a fuzzer begins.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "terraform", read: lines::terraform, seeds: lines::terraform_seeds },
    Target { name: "helm", read: lines::helm, seeds: lines::helm_seeds },
    Target { name: "step-log", read: lines::step_log, seeds: lines::step_log_seeds },
    Target { name: "answers", read: documents::answers, seeds: documents::answers_seeds },
    Target { name: "scenario", read: documents::scenario, seeds: documents::scenario_seeds },
    Target { name: "journal", read: documents::journal, seeds: documents::journal_seeds },
    Target { name: "plan", read: documents::plan, seeds: documents::plan_seeds },
    Target { name: "bundle", read: archives::bundle, seeds: archives::bundle_seeds },
    Target { name: "checkpoint", read: archives::checkpoint, seeds: archives::checkpoint_seeds },
    Target { name: "provider", read: provider::requests, seeds: provider::seeds },
    Target { name: "kubernetes", read: cluster::request, seeds: cluster::seeds },
];

/// The root of the repository, of whose packages two have this file.
fn root() -> &'static Path {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find(|folder| folder.join("tests/fixtures").is_dir()).expect("a repository")
}

/// The files in a folder of the fixtures, in the order of their names.
fn fixtures(folder: &str) -> Vec<Vec<u8>> {
    let mut open = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A folder that is quick to write to.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let builder = || tempfile::Builder::new().prefix("sb").to_owned();
    let made = if memory.is_dir() { builder().tempdir_in(memory) } else { builder().tempdir() };
    made.unwrap()
}

#[cfg(test)]
mod tests {
    use super::{TARGETS, Target, fixtures, root};

    fn target(name: &str) -> &'static Target {
        TARGETS.iter().find(|target| target.name == name).unwrap()
    }

    /// Every seed, whole and cut off, and everything that was ever found.
    fn holds(name: &str) {
        let target = target(name);
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty());
        (target.read)(b"");
        for seed in &seeds {
            (target.read)(seed);
            (target.read)(&seed[..seed.len() / 2]);
            (target.read)(&seed[..seed.len().saturating_sub(1)]);
        }
        for found in fixtures(&format!("tests/fixtures/fuzz/{name}")) {
            (target.read)(&found);
        }
    }

    #[test]
    fn no_output_of_terraform_makes_us_panic() {
        holds("terraform");
    }

    #[test]
    fn no_output_of_helm_makes_us_panic() {
        holds("helm");
    }

    #[test]
    fn no_step_log_makes_us_panic() {
        holds("step-log");
    }

    #[test]
    fn no_answers_make_us_panic() {
        holds("answers");
    }

    #[test]
    fn no_scenario_makes_us_panic() {
        holds("scenario");
    }

    #[test]
    fn no_journal_makes_us_panic() {
        holds("journal");
    }

    #[test]
    fn no_plan_and_no_state_makes_us_panic() {
        holds("plan");
    }

    #[test]
    fn no_bundle_makes_us_panic() {
        holds("bundle");
    }

    #[test]
    fn no_checkpoint_makes_us_panic() {
        holds("checkpoint");
    }

    #[test]
    fn no_request_to_the_provider_makes_it_panic() {
        holds("provider");
    }

    #[test]
    fn no_request_to_the_cluster_makes_it_panic() {
        holds("kubernetes");
    }

    #[test]
    fn what_was_found_belongs_to_a_target() {
        let folder = root().join("tests/fixtures/fuzz");
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert_eq!(target(&name).name, name);
        }
    }
}
