//! `cargo xtask rehearse`: the main job on a fresh machine.
//!
//! Makes sure that an engine and a Helm are there, builds springboard and becomes it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;

use crate::shell::{self, Failure};
use crate::tools::{Folder, helm_on_path, known};

/// The chore: further arguments go to `springboard rehearse`.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let folder = Folder::of_this_repository();
    let mut flags: Vec<OsString> = Vec::new();
    flags.extend(engine(&folder, args)?);
    flags.extend(helm(&folder, args)?);
    let mut cargo = shell::cargo();
    cargo.args(["run", "--locked", "--bin", "springboard", "--", "rehearse", "--non-interactive"]);
    cargo.args(flags).args(args);
    // In place of this process, so that signals and the exit code are those of springboard.
    let why = cargo.exec();
    Err(Failure::new(format!("could not start cargo: {why}")))
}

/// The flags that name the engine, where springboard would not find the wanted one by itself.
fn engine(folder: &Folder, args: &[String]) -> Result<Vec<OsString>, Failure> {
    if value_of(args, "--terraform").is_some() {
        return Ok(Vec::new());
    }
    let wanted = value_of(args, "--engine");
    let candidates = match wanted {
        Some(name) => vec![name],
        None => vec!["terraform", "tofu"],
    };
    if candidates.iter().any(|name| shell::on_path(name).is_some()) {
        return Ok(Vec::new());
    }
    let there = candidates.iter().find_map(|name| Some((*name, folder.find(name)?)));
    let (name, path) = match there {
        Some(found) => found,
        None if wanted == Some("terraform") => {
            return Err(Failure::new(
                "there is no terraform on the PATH, and it is never fetched; \
                 leave `--engine` out to use OpenTofu",
            ));
        }
        None => ("tofu", folder.ensure(known("tofu")?)?),
    };
    let mut flags: Vec<OsString> = vec!["--terraform".into(), path.into()];
    if wanted.is_none() {
        flags.extend(["--engine".into(), name.into()]);
    }
    Ok(flags)
}

/// The flag that names Helm, where there is none on the `PATH` that is new enough.
fn helm(folder: &Folder, args: &[String]) -> Result<Vec<OsString>, Failure> {
    if value_of(args, "--helm").is_some() || helm_on_path().is_some() {
        return Ok(Vec::new());
    }
    Ok(vec!["--helm".into(), folder.ensure(known("helm4")?)?.into()])
}

/// The value of `--flag VALUE` or `--flag=VALUE`.
fn value_of<'a>(args: &'a [String], flag: &str) -> Option<&'a str> {
    let position = args.iter().position(|arg| arg == flag);
    position
        .and_then(|position| args.get(position + 1))
        .map(String::as_str)
        .or_else(|| args.iter().find_map(|arg| arg.strip_prefix(flag)?.strip_prefix('=')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_in_both_its_forms() {
        let args = ["--engine", "tofu", "--helm=/h"].map(String::from);
        assert_eq!(value_of(&args, "--engine"), Some("tofu"));
        assert_eq!(value_of(&args, "--helm"), Some("/h"));
        assert_eq!(value_of(&args, "--terraform"), None);
    }
}
