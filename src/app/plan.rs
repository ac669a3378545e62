//! `springboard plan`: what would be done; nothing is changed.

use serde_json::{Value, json};
use springboard::blueprint::{self, Description};
use springboard::cli::PlanArgs;
use springboard::engine::deployment::{Deployment, Kind};
use springboard::frontend::Output;
use springboard::frontend::json::pretty;
use springboard::frontend::printer::Printer;
use springboard::host::Host;
use springboard::plan::{Plan, Work};
use springboard::rehearsal::Scenario;

use super::launch::make_plan;
use super::world::{DEFAULT_TIME_SCALE, scenario_text, start};
use super::{Ending, rehearsal, state_root};

pub(crate) async fn plan(
    args: PlanArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    if !args.rehearse {
        return Err(Ending::plain(
            2,
            "error: a plan for a real account is not offered by this version\nhint: `springboard plan --rehearse` asks the simulated world",
        ));
    }
    let root = state_root(args.common.state_dir.as_ref(), host);
    let text = scenario_text(args.scenario.as_deref(), host)?;
    let scenario = Scenario::parse(&text).map_err(|error| Ending::usage(&error))?;
    let blueprint = blueprint::ALL[0];
    let answers = rehearsal::load_answers(&args.answers, &scenario, blueprint, &root, host)?;
    // A world of its own: planning must not leave anything in the world of a rehearsal.
    let dir = root.join("plan-world");
    let address = start(host, &dir, &text, DEFAULT_TIME_SCALE).await?;
    let surroundings = rehearsal::surroundings(&address, &blueprint.region(&answers));
    let name = blueprint.deployment_name(&answers);
    let deployment = Deployment::named(&root, Kind::Rehearsal, &name);
    let made = make_plan(blueprint, &answers, &surroundings, deployment.charts()).await;
    super::world::stop(&dir).await.map_err(|error| Ending::not_ready(&error))?;
    let _not_there = std::fs::remove_dir_all(&dir);
    let described =
        blueprint.describe(&answers, host.now().to_zoned(jiff::tz::TimeZone::UTC).date());
    match args.common.output {
        Output::Json => printer.line(&pretty(&document(&made?, &described))),
        Output::Line => lines(&made?, &described).iter().for_each(|line| printer.line(line)),
    }
    Ok(Ending::DONE)
}

fn document(plan: &Plan, described: &Description) -> Value {
    let stages: Vec<Value> = plan
        .stages
        .iter()
        .map(|stage| {
            let step = |s: &springboard::plan::Step| {
                json!({ "id": s.id, "title": s.title, "by": by(&s.work) })
            };
            json!({ "id": stage.id, "steps": stage.steps.iter().map(step).collect::<Vec<_>>() })
        })
        .collect();
    json!({
        "blueprint": plan.blueprint,
        "region": plan.region,
        "stages": stages,
        "cost": described.cost,
        "deviations": described.deviations,
        "time": described.time,
    })
}

fn lines(plan: &Plan, described: &Description) -> Vec<String> {
    let mut lines = vec![format!("{} in {}", plan.blueprint, plan.region), String::new()];
    for stage in &plan.stages {
        for step in &stage.steps {
            lines.push(format!(
                "{:<14} {:<28} {} ({})",
                stage.id,
                step.id,
                step.title,
                by(&step.work)
            ));
        }
    }
    lines.push(String::new());
    lines.extend(described.lines.iter().cloned());
    lines
}

fn by(work: &Work) -> &'static str {
    match work {
        Work::Apply(_) | Work::Converge(_) => "Terraform",
        Work::Release(_) => "Helm",
        Work::Images(_) | Work::Checkpoint(_) => "transfer",
    }
}
