//! `springboard plan`: what would be done; nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use springboard::answers::{Answers, Loader};
use springboard::blueprint::{self, Blueprint, Description};
use springboard::cli::{ConfirmArgs, PlanArgs};
use springboard::engine::deployment::{Deployment, Kind};
use springboard::frontend::json::pretty;
use springboard::frontend::printer::Printer;
use springboard::frontend::words::count;
use springboard::frontend::{Output, line};
use springboard::host::Host;
use springboard::plan::{Plan, StatePlace, Work};
use springboard::rehearsal::Scenario;
use springboard::run::Action;

use super::codes::Codes;
use super::launch::{Launch, Prepare};
use super::world::{DEFAULT_TIME_SCALE, scenario_text, stop};
use super::{Ending, rehearsal, state_root};

/// What will be done to the resources: address to action.
type Resources = BTreeMap<String, Action>;

pub(crate) async fn plan(
    args: PlanArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let root = state_root(args.common.state_dir.as_ref(), host);
    let blueprint = blueprint::ALL[0];
    let (answers, scenario) = if args.rehearse {
        let text = scenario_text(args.scenario.as_deref(), host)?;
        let scenario = Scenario::parse(&text).map_err(|error| Ending::usage(&error))?;
        let answers = rehearsal::load_answers(&args.answers, &scenario, blueprint, &root, host)?;
        (answers, Some(text))
    } else {
        (real_answers(&args, blueprint, &root, host)?, None)
    };
    let described = blueprint.describe(&answers, host.today());
    // A working directory of its own, and a world: nothing may be left in those of a deployment.
    let scratch = root.join("plan").join(std::process::id().to_string());
    let made = match scenario {
        Some(text) => preview(&args, host, &scratch, &text, blueprint, answers).await,
        None => preview_real(&args, host, &scratch, blueprint, answers).await,
    };
    let removed = std::fs::remove_dir_all(&scratch);
    // Empty unless somebody else plans at the same time.
    let _others_may_plan = std::fs::remove_dir(root.join("plan"));
    let (plan, resources) = made?;
    removed.map_err(|e| {
        Ending::plain(1, format!("error: could not remove the scratch folder\n  cause: {e}"))
    })?;
    match args.common.output {
        Output::Json => printer.line(&pretty(&document(&plan, &resources, &described))),
        Output::Line | Output::Tui => {
            for line in lines(&plan, &resources, &described) {
                printer.line(&line);
            }
        }
    }
    Ok(Ending::DONE)
}

/// The answers of an install that was not begun: what was begun has a state, which says more truly
/// what is left to do.
fn real_answers(
    args: &PlanArgs,
    blueprint: &'static dyn Blueprint,
    root: &Path,
    host: &Host,
) -> Result<Answers, Ending> {
    let Some(path) = &args.answers.answers else {
        let text = "error: a plan for a real account needs an answer file (`--answers FILE`)\n\
                    hint: `springboard plan --rehearse` asks the simulated world instead";
        return Err(Ending::plain(2, text));
    };
    let loader = Loader::new(blueprint.catalogue(), host).sets(&args.answers.sets).file(path);
    let answers = loader.and_then(|loader| loader.load()).map_err(|error| Ending::usage(&error))?;
    let deployment = Deployment::named(root, Kind::Real, &blueprint.deployment_name(&answers));
    let state = deployment.state().map_err(|error| Ending::plain_error(&error))?;
    if state.is_some_and(|state| state.rollout_started.is_some()) {
        let label = deployment.label();
        let text = format!(
            "error: {label} was begun before, and a plan from nothing would not say what is left\n\
             hint: see `springboard status {label}`; `springboard resume {label}` plans before it \
             goes on"
        );
        return Err(Ending::plain(2, text));
    }
    Ok(answers)
}

/// Asks the account, and has Terraform plan against it.
async fn preview_real(
    args: &PlanArgs,
    host: &Host,
    scratch: &Path,
    blueprint: &'static dyn Blueprint,
    answers: Answers,
) -> Result<(Plan, Resources), Ending> {
    let deployment = Deployment::named(scratch, Kind::Real, &blueprint.deployment_name(&answers));
    let prepare = prepare(args, deployment, blueprint, answers, Codes::here(host));
    let launch = Box::pin(prepare.real(host)).await?;
    of_launch(launch, host).await
}

/// Everything there is to make, planned without the state of anything.
async fn of_launch(mut launch: Launch, host: &Host) -> Result<(Plan, Resources), Ending> {
    let plan = launch.plan.clone();
    // Nothing is made, the bucket of the state neither: there is no state yet.
    launch.plan.state = StatePlace::Local;
    Box::pin(launch.preview(host)).await.map(|resources| (plan, resources))
}

fn prepare(
    args: &PlanArgs,
    deployment: Deployment,
    blueprint: &'static dyn Blueprint,
    answers: Answers,
    codes: Codes,
) -> Prepare {
    Prepare {
        deployment,
        answers,
        blueprint,
        before: None,
        tools: args.tools.clone(),
        confirm: ConfirmArgs { non_interactive: true, yes: false, confirm: Vec::new() },
        left_out: BTreeSet::new(),
        codes,
    }
}

async fn preview(
    args: &PlanArgs,
    host: &Host,
    scratch: &Path,
    scenario: &str,
    blueprint: &'static dyn Blueprint,
    answers: Answers,
) -> Result<(Plan, Resources), Ending> {
    let name = blueprint.deployment_name(&answers);
    let deployment = Deployment::named(scratch, Kind::Rehearsal, &name);
    let world = deployment.world();
    let prepare = prepare(args, deployment, blueprint, answers, Codes::Nobody);
    let launch = Box::pin(prepare.rehearsal(host, scenario, DEFAULT_TIME_SCALE)).await;
    let planned = match launch {
        Ok(launch) => of_launch(launch, host).await,
        Err(ending) => Err(ending),
    };
    stop(&world).await.map_err(|error| Ending::not_ready(&error))?;
    planned
}

fn document(plan: &Plan, resources: &Resources, described: &Description) -> Value {
    let step =
        |s: &springboard::plan::Step| json!({ "id": s.id, "title": s.title, "by": by(&s.work) });
    let stage = |s: &springboard::plan::Stage| json!({ "id": s.id, "steps": s.steps.iter().map(step).collect::<Vec<_>>() });
    json!({
        "blueprint": plan.blueprint,
        "region": plan.region,
        "stages": plan.stages.iter().map(stage).collect::<Vec<_>>(),
        "resources": resources,
        "cost": described.cost,
        "time": described.time,
        "deviations": described.deviations,
    })
}

fn lines(plan: &Plan, resources: &Resources, described: &Description) -> Vec<String> {
    let mut lines = vec![format!("{} in {}", plan.blueprint, plan.region), String::new()];
    for stage in &plan.stages {
        for step in &stage.steps {
            let by = by(&step.work);
            lines.push(format!("{:<14} {:<28} {} ({by})", stage.id, step.id, step.title));
        }
    }
    lines.push(String::new());
    let mut kinds: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for (address, action) in resources {
        *kinds.entry((kind_of(address).to_owned(), to_do(*action))).or_default() += 1;
    }
    for ((kind, action), number) in kinds {
        lines.push(format!("{number:>4} {kind} to {action}"));
    }
    lines.push(format!("{} in all", count(resources.len() as u64, "resource")));
    lines.push(String::new());
    lines.extend(described.lines.iter().cloned());
    lines.push(String::new());
    lines.extend(described.deviations.iter().map(ToString::to_string));
    lines
}

fn to_do(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "change",
        Action::Delete => "delete",
        Action::Replace => "replace",
        Action::Import => "import",
        Action::Read | Action::Other => "look at",
    }
}

/// The type in an address: `aws_vpc` in `module.network.aws_vpc.this["a.b"]`.
fn kind_of(address: &str) -> &str {
    let bare = address.split('[').next().unwrap_or(address);
    let mut rest = address;
    while let Some(inside) = rest.strip_prefix("module.") {
        // A module's name ends at its key or at the next dot; a key may hold dots.
        let end = inside.find(['.', '[']).unwrap_or(inside.len());
        let after = match inside[end..].strip_prefix('[') {
            Some(key) => key.split_once(']').map_or("", |(_, after)| after),
            None => &inside[end..],
        };
        rest = after.trim_start_matches('.');
    }
    rest.split('.').next().filter(|kind| !kind.is_empty()).unwrap_or(bare)
}

fn by(work: &Work) -> &'static str {
    match work {
        Work::Apply(_) | Work::Converge(_) => "Terraform",
        Work::Release(_) => "Helm",
        Work::State => "S3",
        Work::Images(_) | Work::Checkpoint(_) => "transfer",
    }
}

/// A preview that failed, for the operator.
pub(crate) fn failed(failure: &springboard::run::event::Failure) -> Ending {
    Ending::plain(4, line::failure(failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_behind_modules_and_keys() {
        assert_eq!(kind_of("module.a[\"x.y\"].module.b.aws_vpc.this[0]"), "aws_vpc");
        assert_eq!(kind_of("aws_eks_cluster.this"), "aws_eks_cluster");
    }
}
