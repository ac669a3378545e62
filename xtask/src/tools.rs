//! `cargo xtask tools`: the external programs, fetched into a folder that git ignores.
//!
//! A program that is there is not asked for again, so a second run needs no network. A stamp
//! beside it says which version it was built from; another version in the table makes it
//! outdated. A program without a stamp was put there by somebody and is taken as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::golang;
use crate::pins::{PROGRAMS, Program, Source, program};
use crate::shell::{self, Failure, Show};

/// The folder of fetched programs, and what building them needs beside it.
#[derive(Debug)]
pub(crate) struct Folder {
    bin: PathBuf,
    home: PathBuf,
}

/// The chore: `tools [--list | NAME…]`.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    if args == ["--list"] {
        list();
        return Ok(());
    }
    let folder = Folder::of_this_repository();
    let programs = if args.is_empty() {
        PROGRAMS.iter().filter(|program| !matches!(program.source, Source::Never)).collect()
    } else {
        args.iter().map(|name| known(name)).collect::<Result<Vec<_>, _>>()?
    };
    for program in programs {
        let file = folder.ensure(program)?;
        println!("{} {} is at {}", program.name, program.version, file.display());
    }
    Ok(())
}

impl Folder {
    /// `SPRINGBOARD_TOOLS_DIR`, else `.tools/bin`.
    pub(crate) fn of_this_repository() -> Self {
        let home = shell::root().join(".tools");
        let named = std::env::var_os("SPRINGBOARD_TOOLS_DIR").filter(|dir| !dir.is_empty());
        let bin = named.map_or_else(|| home.join("bin"), PathBuf::from);
        Self { bin: std::path::absolute(&bin).unwrap_or(bin), home }
    }

    /// Where the programs are.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// The program of that name, where it is in the folder.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let file = self.bin.join(name);
        shell::is_executable(&file).then_some(file)
    }

    /// Fetches `program` unless it is there in the pinned version.
    pub(crate) fn ensure(&self, program: &Program) -> Result<PathBuf, Failure> {
        let file = self.bin.join(program.name);
        let stamp = self.bin.join(".stamps").join(program.name);
        let current =
            fs::read_to_string(&stamp).map_or(true, |text| text.trim() == program.version);
        if shell::is_executable(&file) && current {
            return Ok(file);
        }
        // Built aside and moved in place, so that a killed build leaves nothing that looks whole.
        let aside = self.home.join("build").join(program.name);
        make_folders(&[&self.bin, &aside, &self.bin.join(".stamps")])?;
        let built = self.build(program, &aside)?;
        install(&built, &file)
            .and_then(|()| fs::write(&stamp, program.version))
            .and_then(|()| fs::remove_dir_all(&aside))
            .map_err(|why| Failure::new(format!("could not write {}: {why}", file.display())))?;
        Ok(file)
    }

    /// Builds `program` into the folder `aside` and returns the file.
    fn build(&self, program: &Program, aside: &Path) -> Result<PathBuf, Failure> {
        let version = program.version;
        let (mut command, made) = match &program.source {
            Source::GoPackage { package, ldflags } => {
                let mut go = golang::command(&self.home)?;
                go.arg("install").args(["-trimpath", "-ldflags", ldflags]);
                go.arg(format!("{package}@v{version}")).env("GOBIN", aside);
                (go, aside.join(package.rsplit('/').next().unwrap_or(package)))
            }
            Source::GoModule { folder, package, ldflags } => {
                let mut go = golang::command(&self.home)?;
                let made = aside.join(program.name);
                go.current_dir(shell::root().join(folder));
                go.args(["build", "-mod=readonly", "-buildvcs=false", "-trimpath"]);
                go.args(["-ldflags", ldflags, "-o"]).arg(&made).arg(package);
                (go, made)
            }
            Source::Crate => {
                let mut cargo = shell::cargo();
                // An unoptimised build is a third of the work, and quick enough for one look at
                // the lock file. Its own folders, so that it does not wait for other builds.
                cargo.args(["install", program.name, "--version", version, "--locked", "--force"]);
                cargo.args(["--profile", "dev", "--config", "profile.dev.debug=false", "--root"]);
                cargo.arg(aside).env("CARGO_BUILD_BUILD_DIR", aside.join("build"));
                cargo.env("CARGO_TARGET_DIR", aside.join("target"));
                (cargo, aside.join("bin").join(program.name))
            }
            Source::Python { requirements } => return self.python(program, requirements, aside),
            Source::Never => {
                let why = program.why;
                let name = program.name;
                return Err(Failure::new(format!("{name} is never fetched: {why}")));
            }
        };
        shell::run(&format!("build {} {version}", program.name), &mut command, Show::Nothing)?;
        Ok(made)
    }
}

impl Folder {
    /// Makes an environment with the packages, and a program that starts its Python.
    fn python(
        &self,
        program: &Program,
        requirements: &str,
        aside: &Path,
    ) -> Result<PathBuf, Failure> {
        // It knows its own path, so it is made where it stays; the program that starts it comes last.
        let home = self.home.join(program.name);
        let what = format!("build {} {}", program.name, program.version);
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&home);
        shell::run(&what, &mut make, Show::Nothing)?;
        let python = home.join("bin/python");
        let mut fetch = Command::new(&python);
        fetch.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "-r"]);
        fetch.arg(shell::root().join(requirements));
        shell::run(&what, &mut fetch, Show::Nothing)?;
        let starter = aside.join(program.name);
        let text = format!("#!/bin/sh\nexec '{}' \"$@\"\n", python.display());
        fs::write(&starter, text)
            .and_then(|()| fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)))
            .map_err(|why| Failure::new(format!("could not write {}: {why}", starter.display())))?;
        Ok(starter)
    }
}

/// The pinned program of that name, or a failure that names the ones that are known.
pub(crate) fn known(name: &str) -> Result<&'static Program, Failure> {
    program(name).ok_or_else(|| {
        let names: Vec<_> = PROGRAMS.iter().map(|program| program.name).collect();
        Failure::new(format!("there is no tool `{name}`; known are {}", names.join(", ")))
    })
}

fn list() {
    for program in PROGRAMS {
        let from = match &program.source {
            Source::GoPackage { package, .. } | Source::GoModule { package, .. } => {
                format!("Go module proxy: {package}")
            }
            Source::Python { requirements } => format!("PyPI: {requirements}"),
            Source::Crate => format!("crates.io: {}", program.name),
            Source::Never => "not fetched".to_owned(),
        };
        println!("{:<11} {:<14} {from}\n{:<27}{}", program.name, program.version, "", program.why);
    }
}

fn make_folders(folders: &[&Path]) -> Result<(), Failure> {
    for folder in folders {
        fs::create_dir_all(folder)
            .map_err(|why| Failure::new(format!("could not make {}: {why}", folder.display())))?;
    }
    Ok(())
}

/// Moves a built program in place, across file systems too, never half of it.
fn install(built: &Path, file: &Path) -> std::io::Result<()> {
    let partial = file.with_extension("partial");
    fs::copy(built, &partial)?;
    fs::rename(partial, file)
}

/// A Helm on the `PATH` that springboard works with.
pub(crate) fn helm_on_path() -> Option<PathBuf> {
    let helm = shell::on_path("helm")?;
    let version =
        shell::answer(Command::new(&helm).args(["version", "--template", "{{.Version}}"]))?;
    (parse_helm(&version)? >= crate::pins::OLDEST_HELM).then_some(helm)
}

/// `(3, 14)` of `v3.14.2` or `v3.14`.
fn parse_helm(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split(['.', '+', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_another_name() {
        for (index, program) in PROGRAMS.iter().enumerate() {
            assert!(PROGRAMS[..index].iter().all(|other| other.name != program.name));
        }
    }

    #[test]
    fn the_version_of_helm_is_read_in_both_its_forms() {
        assert_eq!(parse_helm("v3.14.2"), Some((3, 14)));
        assert_eq!(parse_helm("v4.3"), Some((4, 3)));
        assert_eq!(parse_helm("v4.0.0-rc.1"), Some((4, 0)));
        assert_eq!(parse_helm("unknown"), None);
    }

    #[test]
    fn the_pinned_moto_is_the_one_of_its_requirements() {
        let pin = program("moto-python").map(|program| program.version).unwrap();
        let text = fs::read_to_string(shell::root().join("xtask/moto/requirements.txt")).unwrap();
        assert!(text.lines().any(|line| line == format!("moto=={pin}")), "{text}");
    }

    #[test]
    fn the_pinned_opentofu_is_the_one_of_its_go_mod() {
        let pin = program("tofu").map(|program| program.version).unwrap();
        let text = fs::read_to_string(shell::root().join("xtask/tofu/go.mod")).unwrap();
        assert!(text.contains(&format!("github.com/opentofu/opentofu v{pin}")), "{text}");
    }

    #[test]
    fn the_pinned_kubectl_is_the_one_of_its_go_mod() {
        // The libraries of Kubernetes 1.37.2 are called 0.37.2.
        let pin =
            program("kubectl").and_then(|program| program.version.strip_prefix("1.")).unwrap();
        let text = fs::read_to_string(shell::root().join("xtask/kubectl/go.mod")).unwrap();
        assert!(text.contains(&format!("k8s.io/kubectl v0.{pin}")), "{text}");
    }
}
