//! How long a plan of 5,000 simulated resources takes, against the same engine's plan of as many
//! `terraform_data`: the ratio of wall times, for each engine that is there, before they are made and
//! after that.
//!
//! The resources are real types mixed as people mix them, in modules with `for_each`. Printed
//! beside the ratios, without a goal: how long it took to make them, and who used the processors
//! during the plan of those that exist. An engine alone uses about twice as much for resources
//! with the schemas of the AWS provider as for `terraform_data`, whoever the provider is; what
//! springboard can make shorter is the time of the world.
//!
//! `cargo xtask bench world` runs it; `--count N` and `--engine PATH` may follow.
#![expect(clippy::disallowed_methods, reason = "a measurement starts programs and reads the clock")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

mod processor;

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as InPath, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use processor::used_by;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SPRINGBOARD: &str = env!("CARGO_BIN_EXE_springboard");

/// So much of what a program said that failed is told.
const LAST_LINES: usize = 30;

/// Against the plan of as many `terraform_data`.
const GOAL: f64 = 2.0;

/// What one instance of the module has: ten resources.
const MODULE: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "index" { type = number }
locals {
  name = "unit-${var.index}"
  cidr = "10.${var.index % 250}.0.0/16"
}
resource "aws_vpc" "this" {
  cidr_block = local.cidr
  tags       = { Name = local.name }
}
resource "aws_subnet" "this" {
  for_each          = { a = 0, b = 1 }
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(local.cidr, 8, each.value)
  availability_zone = "us-west-2${each.key}"
}
resource "aws_security_group" "this" {
  name   = local.name
  vpc_id = aws_vpc.this.id
}
resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = local.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
resource "aws_iam_role" "this" {
  name               = local.name
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}
resource "aws_s3_bucket" "this" { bucket = local.name }
resource "aws_sqs_queue" "this" { name = local.name }
resource "aws_ssm_parameter" "this" {
  name  = "/${local.name}"
  type  = "String"
  value = aws_sqs_queue.this.arn
}
"#;

/// As many resources in as many modules, with the same references between them and without a
/// provider of their own. References count: an engine looks each of them up among all objects.
const BARE_MODULE: &str = r#"
variable "index" { type = number }
locals {
  name = "unit-${var.index}"
  cidr = "10.${var.index % 250}.0.0/16"
}
resource "terraform_data" "vpc" { input = { cidr = local.cidr, name = local.name } }
resource "terraform_data" "subnet" {
  for_each = { a = 0, b = 1 }
  input    = { vpc = terraform_data.vpc.id, cidr = cidrsubnet(local.cidr, 8, each.value) }
}
resource "terraform_data" "group" { input = { name = local.name, vpc = terraform_data.vpc.id } }
resource "terraform_data" "rule" {
  input = { group = terraform_data.group.id, cidr = local.cidr, from = 443, to = 443 }
}
resource "terraform_data" "role" {
  input = { name = local.name, policy = jsonencode({ Version = "2012-10-17", Statement = [] }) }
}
resource "terraform_data" "attachment" {
  input = { role = terraform_data.role.id, policy = "arn:aws:iam::aws:policy/ReadOnlyAccess" }
}
resource "terraform_data" "bucket" { input = { bucket = local.name } }
resource "terraform_data" "queue" { input = { name = local.name } }
resource "terraform_data" "parameter" {
  input = { name = local.name, value = terraform_data.queue.id }
}
"#;

fn root(count: usize) -> String {
    format!(
        "variable \"units\" {{ default = {} }}\nmodule \"unit\" {{\n  source   = \"./unit\"\n  \
         for_each = toset([for i in range(var.units) : tostring(i)])\n  index    = tonumber(each.key)\n}}\n",
        count / 10
    )
}

/// An account that may have as many VPCs as are made; the default of AWS is 5.
const SCENARIO: &str = "[quotas]\n\"vpc/L-F678F1CE\" = 100000\n";

/// Where the state of a root is: an engine writes a state file anew after each object, and with
/// thousands of them does little else; what is elsewhere is written from time to time.
#[derive(Clone, Default)]
struct States(Arc<Mutex<HashMap<String, Bytes>>>);

impl States {
    /// Serves them on loopback for as long as the runtime lives.
    fn serve(self, runtime: &Runtime) -> Result<SocketAddr> {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let one = get(async |State(states): State<Self>, InPath(name): InPath<String>| {
            states.all().get(&name).cloned().ok_or(StatusCode::NOT_FOUND)
        })
        .post(
            async |State(states): State<Self>, InPath(name): InPath<String>, body: Bytes| {
                states.all().insert(name, body);
            },
        );
        let router = Router::new().route("/{name}", one).layer(DefaultBodyLimit::disable());
        runtime.spawn(async move { axum::serve(listener, router.with_state(self)).await });
        Ok(address)
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PROVIDER: &str = "provider \"aws\" { region = \"us-west-2\" }\n";

fn main() -> Result<()> {
    let mut count = 5_000;
    let mut engines = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or(format!("{flag} needs a value"));
        match flag.as_str() {
            "--count" => count = value()?.parse()?,
            "--engine" => engines.push(std::path::absolute(value()?)?),
            // Cargo says so to every benchmark.
            "--bench" => {}
            unknown => return Err(format!("unknown argument {unknown}").into()),
        }
    }
    if engines.is_empty() {
        engines = ["terraform", "tofu"].iter().filter_map(|name| find(name)).collect();
    }
    for engine in engines {
        measure(&engine, count)?;
    }
    Ok(())
}

/// A program: the fetched ones first, then `PATH`.
fn find(name: &str) -> Option<PathBuf> {
    let fetched = std::env::var_os("SPRINGBOARD_TOOLS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin"), PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(fetched).chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A world, and the environment of programs that work in it.
struct World {
    dir: PathBuf,
    env: Vec<(String, String)>,
    pid: u64,
}

impl World {
    fn start(dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(&dir)?;
        let scenario = dir.with_extension("toml");
        fs::write(&scenario, SCENARIO)?;
        run(world("start", &dir).args(["--time-scale", "0", "--scenario"]).arg(&scenario))?;
        let told = world("env", &dir).arg("--json").output()?;
        let vars: Value = serde_json::from_slice(&told.stdout)?;
        let vars = vars.as_object().ok_or("`world env --json` prints no object")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // Engines are told where the provider is, and of which process.
        let reattach: Value = serde_json::from_str(&text(&vars["TF_REATTACH_PROVIDERS"]))?;
        let providers = reattach.as_object().ok_or("no provider to attach to")?;
        let pid = providers.values().find_map(|provider| provider["Pid"].as_u64());
        let env = vars.iter().map(|(k, v)| (k.clone(), text(v))).collect();
        Ok(Self { dir, env, pid: pid.ok_or("no process of the world")? })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Without an answer the world ends by itself when it is idle.
        drop(run(&mut world("stop", &self.dir)));
    }
}

fn world(what: &str, dir: &Path) -> Command {
    let mut command = Command::new(SPRINGBOARD);
    command.args(["world", what, "--dir"]).arg(dir);
    command
}

fn measure(engine: &Path, count: usize) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("sb").tempdir_in("/tmp")?;
    let world = World::start(folder.path().join("world"))?;
    let runtime = Runtime::new()?;
    let states = States::default().serve(&runtime)?;
    let (ours, bare) = (folder.path().join("ours"), folder.path().join("bare"));
    let roots = [(&ours, "ours", MODULE, PROVIDER), (&bare, "bare", BARE_MODULE, "")];
    for (root_folder, name, module, head) in roots {
        fs::create_dir_all(root_folder.join("unit"))?;
        let backend = format!(
            "terraform {{\n  backend \"http\" {{ address = \"http://{states}/{name}\" }}\n}}\n"
        );
        fs::write(root_folder.join("main.tf"), format!("{backend}{head}{}", root(count)))?;
        fs::write(root_folder.join("unit/main.tf"), module)?;
    }
    let name = engine.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (mut plans, mut used) = (Vec::new(), Vec::new());
    for root_folder in [&bare, &ours] {
        let command = |args: &[&str]| {
            let mut command = Command::new(engine);
            command.args(args).current_dir(root_folder);
            command.envs(world.env.iter().map(|(k, v)| (k, v)));
            command.env("TF_IN_AUTOMATION", "1").env("CHECKPOINT_DISABLE", "1");
            command
        };
        run(&mut command(&["init", "-input=false"]))?;
        let new = timed(&mut command(&["plan", "-input=false"]))?;
        let made = timed(&mut command(&["apply", "-auto-approve", "-input=false"]))?;
        let plan = ["plan", "-input=false", "-detailed-exitcode"];
        // Twice, and the better one, so that what else the machine does counts less.
        let planned = timed(&mut command(&plan))?;
        let (engine_before, world_before) = (used_by_children()?, used_by(world.pid)?);
        let planned = planned.min(timed(&mut command(&plan))?);
        let by_engine = used_by_children()?.saturating_sub(engine_before);
        let by_world = used_by(world.pid)?.saturating_sub(world_before);
        plans.push((new, made, planned));
        used.push((by_engine, by_world));
    }
    let [(bare_new, bare_made, bare_planned), (new, made, planned)] = plans[..] else {
        return Err("two roots were measured".into());
    };
    for (what, ours, bare) in [("that exist", planned, bare_planned), ("anew", new, bare_new)] {
        let (ours, bare) = (ours.as_secs_f64(), bare.as_secs_f64());
        let ratio = ours / bare;
        let verdict = if ratio <= GOAL { "within" } else { "over" };
        println!(
            "{name}: plan of {count} resources {what} {ours:.2} s, of as many terraform_data \
             {bare:.2} s: ratio {ratio:.2}, {verdict} the goal {GOAL}"
        );
    }
    let (made, bare) = (made.as_secs_f64(), bare_made.as_secs_f64());
    println!("  made in {made:.2} s, as many terraform_data in {bare:.2} s");
    for (what, (engine, world)) in ["terraform_data", "resources"].iter().zip(used) {
        let (engine, world) = (engine.as_secs_f64(), world.as_secs_f64());
        println!(
            "  processor time of the plan of {what}: {name} {engine:.2} s, world {world:.2} s"
        );
    }
    Ok(())
}

/// What the children have used that this process has waited for.
fn used_by_children() -> Result<Duration> {
    processor::time("/proc/self/stat", 13)
}

fn timed(command: &mut Command) -> Result<Duration> {
    let began = Instant::now();
    run(command)?;
    Ok(began.elapsed())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    // The last lines say why; a plan of thousands of objects is above them.
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let lines: Vec<&str> = told.lines().collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
    let program = command.get_program().to_string_lossy().into_owned();
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
    Err(format!("{program} {}: {}\n{last}", args.join(" "), output.status).into())
}
