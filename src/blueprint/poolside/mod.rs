//! Poolside on AWS, modelled on the reference architecture v1.2.
//!
//! Owns everything that knows Poolside: what is asked ([`questions`]), what goes to Terraform
//! ([`variables`]) and to Helm ([`values`]), in which stages ([`stages`]), what that demands ([`demand`]), what is verified before ([`checks`]), where the answers depart
//! from the reference ([`deviations`]), what the result costs ([`cost`]) and how long it takes
//! ([`time`]). Start at [`Poolside`].

mod afterwards;
mod checks;
mod choices;
mod consequences;
pub mod cost;
mod delivered;
mod demand;
pub mod deviations;
pub mod questions;
mod stages;
pub mod support;
pub mod time;
pub mod values;
pub mod variables;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::json;

use self::questions::account::{AWS_PROFILE, REGION};
use self::questions::gpu::GPU_CAPACITY_RESERVATION_ID;
use self::questions::profile::DEPLOYMENT_NAME;
use super::{
    Blueprint, BlueprintError, Consequences, Description, Deviation, Given, Reached, Todo,
};
use crate::answers::{Answers, Catalogue, Question};
use crate::bundle::{Pinned, embedded};
use crate::plan::Plan;
use crate::plan::demand::Demand;
use crate::preflight::Check;

/// The name in answer files.
const NAME: &str = "poolside";

/// The blueprint.
#[derive(Debug)]
pub struct Poolside;

impl Blueprint for Poolside {
    fn name(&self) -> &'static str {
        NAME
    }

    fn catalogue(&self) -> &'static Catalogue {
        &questions::CATALOGUE
    }

    fn sample_answers(&self, name: &str) -> Option<&'static str> {
        let file = embedded::file(&format!("assets/rehearsal/answers/{name}.toml"))?;
        std::str::from_utf8(file).ok()
    }

    fn deployment_name(&self, answers: &Answers) -> String {
        answers.text(&DEPLOYMENT_NAME).unwrap_or_default().to_owned()
    }

    fn region(&self, answers: &Answers) -> String {
        answers.text(&REGION).unwrap_or_default().to_owned()
    }

    fn aws_profile(&self, answers: &Answers) -> Option<String> {
        answers.text(&AWS_PROFILE).map(str::to_owned)
    }

    fn reservation(&self, answers: &Answers) -> Option<String> {
        let asked = answers.applies(&GPU_CAPACITY_RESERVATION_ID);
        answers.text(&GPU_CAPACITY_RESERVATION_ID).filter(|_| asked).map(str::to_owned)
    }

    fn demand(&self, answers: &Answers) -> Demand {
        demand::demand(answers)
    }

    fn checks(&self) -> &'static [&'static Check] {
        checks::CHECKS
    }

    fn missing_charts(&self, answers: &Answers) -> Vec<&'static Pinned> {
        delivered::missing_charts(answers)
    }

    fn plan(&self, answers: &Answers, given: &Given) -> Result<Plan, BlueprintError> {
        stages::plan(answers, given)
    }

    fn deviations(&self, answers: &Answers) -> Vec<Deviation> {
        deviations::deviations(answers)
    }

    fn reasons(&self) -> &'static Question {
        &questions::review::DEVIATIONS
    }

    fn consequences(&self, answers: &Answers, today: Date) -> Consequences {
        consequences::consequences(answers, today)
    }

    fn describe(&self, answers: &Answers, today: Date) -> Description {
        let cost = cost::estimate(answers, today);
        let time = time::stage_times(answers);
        let deviations = deviations::deviations(answers);
        let mut lines: Vec<String> = cost.to_string().lines().map(str::to_owned).collect();
        lines.push(String::new());
        for stage in &time {
            let about =
                stage.seconds.map_or("unknown".into(), |s| format!("about {} min", s.div_ceil(60)));
            lines.push(format!("{:<14} {about} ({})", stage.stage, stage.basis));
        }
        Description { cost: json!(cost), time: json!(time), deviations, lines }
    }

    fn afterwards(&self, answers: &Answers, reached: &Reached<'_>) -> Vec<Todo> {
        afterwards::afterwards(answers, reached)
    }

    fn usual_times(&self, answers: &Answers) -> BTreeMap<String, u64> {
        time::usual_times(answers)
    }
}
