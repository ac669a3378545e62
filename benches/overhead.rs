//! What springboard adds to the tools that it runs, as ratios of wall times.
//!
//! Both measurements rehearse first, with terraform and helm behind a small script that notes
//! each command with its folder, its environment and its variable files, and then repeat the very
//! same commands bare, in a world made new from the same scenario:
//!
//! - *steps*: the Terraform steps of a rehearsal against `plan -out` and `apply` of the same passes,
//!   at a time scale where one pass lasts about a minute;
//! - *whole*: a rehearsal at time scale 0, from start to exit, against all commands that it ran.
//!
//! `cargo xtask bench` runs it; `--only steps|whole`, `--time-scale X` and paths of the programs
//! (`--engine PATH`, `--helm PATH`) may follow.
#![expect(clippy::disallowed_methods, reason = "a measurement starts programs and reads the clock")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SPRINGBOARD: &str = env!("CARGO_BIN_EXE_springboard");

/// What is measured, and with which programs.
struct Setup {
    engine: PathBuf,
    helm: PathBuf,
    /// Where one pass lasts about a minute.
    time_scale: String,
    only: Option<String>,
}

/// A rehearsal in a folder of its own, with everything noted that it ran.
struct Rehearsed {
    folder: tempfile::TempDir,
    took: Duration,
    time_scale: String,
}

/// A command that a rehearsal ran.
struct Noted {
    folder: PathBuf,
    args: Vec<OsString>,
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    code: i32,
    took: Duration,
}

fn main() -> Result<()> {
    let setup = Setup::from_args(std::env::args().skip(1))?;
    let wants = |what: &str| setup.only.as_deref().is_none_or(|only| only == what);
    if wants("whole") {
        whole(&setup)?;
    }
    if wants("steps") {
        steps(&setup)?;
    }
    Ok(())
}

/// A whole rehearsal without waiting, against the commands that it ran.
fn whole(setup: &Setup) -> Result<()> {
    let rehearsed = Rehearsed::run(setup, "0")?;
    let commands = rehearsed.commands()?;
    let world = rehearsed.make_world_new()?;
    let mut bare = Duration::ZERO;
    for command in &commands {
        bare += command.repeat(world)?;
    }
    report("whole rehearsal at time scale 0", rehearsed.took, bare, 1.3);
    let inside: Duration = commands.iter().map(|command| command.took).sum();
    let between = rehearsed.took.saturating_sub(inside).as_secs_f64();
    println!("  {} commands; {between:.2} s of the rehearsal outside of them", commands.len());
    Ok(())
}

/// The Terraform steps, against `plan -out` and `apply` of the same passes.
fn steps(setup: &Setup) -> Result<()> {
    let rehearsed = Rehearsed::run(setup, &setup.time_scale)?;
    let steps = rehearsed.terraform_steps()?;
    let world = rehearsed.make_world_new()?;
    let mut bare = Duration::ZERO;
    for command in rehearsed.commands()?.iter().filter(|command| command.is_engine(setup)) {
        match command.subcommand().as_str() {
            "init" => drop(command.repeat(world)?),
            "plan" | "apply" => bare += command.repeat(world)?,
            _ => {}
        }
    }
    let ours = steps.values().sum();
    report(&format!("Terraform steps at time scale {}", setup.time_scale), ours, bare, 1.02);
    for (step, took) in steps {
        println!("  {step}: {:.1} s", took.as_secs_f64());
    }
    Ok(())
}

fn report(what: &str, ours: Duration, bare: Duration, goal: f64) {
    let (ours, bare) = (ours.as_secs_f64(), bare.as_secs_f64());
    let ratio = ours / bare;
    let verdict = if ratio <= goal { "within" } else { "over" };
    println!("{what}: {ours:.2} s, bare {bare:.2} s: ratio {ratio:.3}, {verdict} the goal {goal}");
}

impl Setup {
    fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut setup = Self {
            engine: find(&["terraform", "tofu"])?,
            helm: find(&["helm", "helm4", "helm3"])?,
            time_scale: "0.06".to_owned(),
            only: None,
        };
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or(format!("{flag} needs a value"));
            match flag.as_str() {
                "--engine" => setup.engine = std::path::absolute(value()?)?,
                "--helm" => setup.helm = std::path::absolute(value()?)?,
                "--time-scale" => setup.time_scale = value()?,
                "--only" => setup.only = Some(value()?),
                // Cargo says so to every benchmark.
                "--bench" => {}
                unknown => return Err(format!("unknown argument {unknown}").into()),
            }
        }
        Ok(setup)
    }
}

/// The first of these programs that is there: `PATH` first, then the fetched ones.
fn find(names: &[&str]) -> Result<PathBuf> {
    let fetched = std::env::var_os("SPRINGBOARD_TOOLS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin"), PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).chain([fetched]).collect();
    let files = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = files.into_iter().find(|file| file.is_file());
    found.ok_or_else(|| format!("none of {} is there", names.join(", ")).into())
}

impl Rehearsed {
    /// Rehearses with noting scripts in front of the programs.
    fn run(setup: &Setup, time_scale: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sb").tempdir()?;
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("notes"))?;
        fs::create_dir(at("bin"))?;
        let engine = noting_script(folder.path(), &setup.engine)?;
        let helm = noting_script(folder.path(), &setup.helm)?;
        let name = setup.engine.file_name().unwrap_or_default();
        let mut command = Command::new(SPRINGBOARD);
        command.args(["rehearse", "--non-interactive", "--time-scale", time_scale]);
        command.arg("--state-dir").arg(at("state"));
        command.arg("--engine").arg(name).arg("--terraform").arg(engine).arg("--helm").arg(helm);
        let log = fs::File::create(at("rehearsal.log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        let status = command.status()?;
        let took = started.elapsed();
        let rehearsed = Self { folder, took, time_scale: time_scale.to_owned() };
        if !status.success() {
            let log = fs::read_to_string(rehearsed.at("rehearsal.log"))?;
            return Err(format!("the rehearsal ended with {status}:\n{log}").into());
        }
        Ok(rehearsed)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the one deployment.
    fn deployment(&self) -> Result<PathBuf> {
        let mut found = fs::read_dir(self.at("state/rehearsals"))?;
        Ok(found.next().ok_or("the rehearsal left no deployment")??.path())
    }

    /// All commands, in the order of their start.
    fn commands(&self) -> Result<Vec<Noted>> {
        let mut folders: Vec<_> =
            fs::read_dir(self.at("notes"))?.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
        folders.sort();
        folders.into_iter().map(Noted::read).collect()
    }

    /// Wall time of each step that applied a pass, from the journal.
    fn terraform_steps(&self) -> Result<BTreeMap<String, Duration>> {
        let mut runs = fs::read_dir(self.deployment()?.join("runs"))?;
        let run = runs.next().ok_or("the rehearsal left no run")??.path();
        let journal = fs::read_to_string(run.join("journal.jsonl"))?;
        let mut steps = BTreeMap::new();
        let mut applied = Vec::new();
        for line in journal.lines() {
            let event: Value = serde_json::from_str(line)?;
            let step = format!("{}/{}", text(&event, "stage"), text(&event, "step"));
            match (text(&event, "kind"), text(&event, "purpose")) {
                ("command_started", "apply") => applied.push(step),
                ("step_finished", _) if applied.contains(&step) => {
                    let elapsed = event["elapsed_ms"].as_u64().ok_or("a step without a time")?;
                    steps.insert(step, Duration::from_millis(elapsed));
                }
                _ => {}
            }
        }
        Ok(steps)
    }

    /// Makes world and Terraform state as they were before, at the same addresses. Images and
    /// checkpoints stay, because no command brought them. Returns the process of the new world.
    fn make_world_new(&self) -> Result<u64> {
        self.world("stop")?;
        let deployment = self.deployment()?;
        let objects = deployment.join("world/world.jsonl");
        let mut kept = String::new();
        for line in fs::read_to_string(&objects)?.lines() {
            let change: Value = serde_json::from_str(line)?;
            if ["registry", "storage"].iter().any(|part| text(&change, "table").starts_with(part)) {
                kept.extend([line, "\n"]);
            }
        }
        fs::write(&objects, kept)?;
        for root in fs::read_dir(deployment.join("terraform"))? {
            for entry in fs::read_dir(root?.path()).into_iter().flatten() {
                let path = entry?.path();
                if path.to_string_lossy().contains(".tfstate") {
                    fs::remove_file(path)?;
                }
            }
        }
        self.world("start")?;
        let address: Value =
            serde_json::from_slice(&fs::read(deployment.join("world/world.json"))?)?;
        address["pid"].as_u64().ok_or_else(|| "a world without a process".into())
    }

    /// `springboard world start` or `stop` for the world of this rehearsal.
    fn world(&self, what: &str) -> Result<()> {
        let mut command = Command::new(SPRINGBOARD);
        command.args(["world", what, "--dir"]).arg(self.deployment()?.join("world"));
        if what == "start" {
            command.args(["--time-scale", &self.time_scale]);
        }
        let log = fs::File::create(self.at("world.log"))?;
        let status = command.stdout(log.try_clone()?).stderr(log).stdin(Stdio::null()).status()?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.at("world.log"))?;
        Err(format!("`world {what}` ended with {status}:\n{log}").into())
    }
}

impl Drop for Rehearsed {
    fn drop(&mut self) {
        if let Err(error) = self.world("stop") {
            println!("the world is left in {}: {error}", self.folder.path().display());
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Writes a script that runs `program` and notes how it was asked to.
fn noting_script(folder: &Path, program: &Path) -> Result<PathBuf> {
    let notes = folder.join("notes");
    let name = program.file_name().unwrap_or_default();
    let script = folder.join("bin").join(name);
    let text = format!(
        r#"#!/bin/sh
note=$(mktemp -d "{notes}/$(date +%s%N).XXXXXX")
printf '%s\0' "{program}" "$@" >"$note/args"
pwd >"$note/dir"
env -0 >"$note/env"
cp -p ./*.tfvars ./*.tfvars.json "$note/" 2>/dev/null
began=$(date +%s%N)
"{program}" "$@"
code=$?
echo $(($(date +%s%N) - began)) >"$note/nanoseconds"
echo $code >"$note/code"
exit $code
"#,
        notes = notes.display(),
        program = program.display(),
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(script)
}

impl Noted {
    fn read(folder: PathBuf) -> Result<Self> {
        let words = |name: &str| -> Result<Vec<OsString>> {
            let bytes = fs::read(folder.join(name))?;
            let words =
                bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
            Ok(words.collect())
        };
        let mut args = words("args")?;
        args.pop();
        let env = words("env")?
            .into_iter()
            .filter_map(|pair| {
                let pair = pair.into_string().ok()?;
                let (name, value) = pair.split_once('=')?;
                Some((name.into(), value.into()))
            })
            .collect();
        let code = fs::read_to_string(folder.join("code"))?.trim().parse()?;
        let dir = fs::read_to_string(folder.join("dir"))?.trim_end().into();
        let took = fs::read_to_string(folder.join("nanoseconds"))?.trim().parse()?;
        Ok(Self { folder, args, dir, env, code, took: Duration::from_nanos(took) })
    }

    fn is_engine(&self, setup: &Setup) -> bool {
        self.args.first().is_some_and(|program| Path::new(program) == setup.engine)
    }

    /// `plan` of `terraform -chdir=… plan …`.
    fn subcommand(&self) -> String {
        let words = self.args.iter().skip(1).map(|word| word.to_string_lossy());
        let mut words = words.map(Cow::into_owned);
        words.find(|word| !word.starts_with('-')).unwrap_or_default()
    }

    /// Runs it again with the variable files that it had, and returns its wall time. `world` is the
    /// process that engines are told to watch: they give up when it is gone.
    fn repeat(&self, world: u64) -> Result<Duration> {
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if name.to_string_lossy().contains(".tfvars") {
                fs::copy(self.folder.join(&name), self.dir.join(&name))?;
            }
        }
        let (program, args) = self.args.split_first().ok_or("a command without a program")?;
        let log = fs::File::create(self.folder.join("repeated"))?;
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.dir).env_clear().envs(self.env.iter().cloned());
        let attached = "TF_REATTACH_PROVIDERS";
        if let Some((_, value)) = self.env.iter().find(|(name, _)| name == attached) {
            let mut value: Value = serde_json::from_str(&value.to_string_lossy())?;
            for plugin in value.as_object_mut().into_iter().flat_map(|plugins| plugins.values_mut())
            {
                plugin["Pid"] = world.into();
            }
            command.env(attached, value.to_string());
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        let status = command.status()?;
        let took = started.elapsed();
        if status.code() == Some(self.code) {
            return Ok(took);
        }
        let log = fs::read_to_string(self.folder.join("repeated"))?;
        let spelled = self.args.join(" ".as_ref());
        Err(format!("`{}` ended with {status}, not {}:\n{log}", spelled.display(), self.code)
            .into())
    }
}
