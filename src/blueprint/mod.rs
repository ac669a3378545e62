//! Blueprints: what can be installed.
//!
//! A blueprint brings its questions, its Terraform root, its stages and its charts; everything else
//! is the engine's. [`ALL`] is the list of them.

pub mod poolside;

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use crate::answers::{self, Answers, Catalogue, Question, literal};
use crate::bundle::{BundleError, Pinned};
use crate::cloud::Reservation;
use crate::error::Hint;
use crate::plan::Plan;
use crate::plan::demand::Demand;
use crate::preflight::{self, Check};

/// Something that can be installed.
pub trait Blueprint: Debug + Send + Sync {
    /// Its name in the answer file.
    fn name(&self) -> &'static str;
    /// What is asked before.
    fn catalogue(&self) -> &'static Catalogue;
    /// The sample answers of that name, for rehearsals.
    fn sample_answers(&self, name: &str) -> Option<&'static str>;
    /// The name of the deployment.
    fn deployment_name(&self, answers: &Answers) -> String;
    /// The AWS region.
    fn region(&self, answers: &Answers) -> String;
    /// The profile of the AWS CLI that was answered.
    fn aws_profile(&self, answers: &Answers) -> Option<String>;
    /// The capacity reservation that was answered.
    fn reservation(&self, answers: &Answers) -> Option<String>;
    /// What these answers, which may be incomplete, ask of the account and the network.
    fn demand(&self, answers: &Answers) -> Demand;
    /// The checks that only this blueprint has, in display order.
    fn checks(&self) -> &'static [&'static Check];
    /// The charts of third parties that these answers, which may be incomplete, lead to and that the
    /// operator's bundle does not have.
    fn missing_charts(&self, answers: &Answers) -> Vec<&'static Pinned>;
    /// What will be done with these answers.
    ///
    /// # Errors
    /// When the answers, the bundle and the account do not fit together.
    fn plan(&self, answers: &Answers, given: &Given) -> Result<Plan, BlueprintError>;
    /// Where the answers, which may be incomplete, depart from the reference, with the reasons that
    /// were given.
    fn deviations(&self, answers: &Answers) -> Vec<Deviation>;
    /// The question that keeps the reasons of departures, one row a departure by its id, with a
    /// column `reason`.
    fn reasons(&self) -> &'static Question;
    /// What follows from these answers, which may be incomplete, to stand beside the questions. Reads
    /// the folders that they name.
    fn consequences(&self, answers: &Answers, today: Date) -> Consequences;
    /// What follows from the answers: cost, time, deviations from the reference.
    fn describe(&self, answers: &Answers, today: Date) -> Description;
    /// What is left for the operator when everything runs, in order.
    fn afterwards(&self, answers: &Answers, reached: &Reached<'_>) -> Vec<Todo>;
    /// How many seconds resources of a type take, about, and stages where that is known: those as
    /// `stage/ID`.
    fn usual_times(&self, answers: &Answers) -> BTreeMap<String, u64>;
}

/// What follows from answers, for review.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    /// What it costs, by part.
    pub cost: Value,
    /// How long it takes, by stage.
    pub time: Value,
    /// Where it departs from the reference.
    pub deviations: Vec<Deviation>,
    /// Cost and time in lines for people, parted by an empty one.
    #[serde(skip)]
    pub lines: Vec<String>,
}

/// Facts: what, and how it is.
pub type Facts = Vec<(String, String)>;

/// Facts by the key of the question that they stand beside.
pub type Consequences = BTreeMap<&'static str, Facts>;

/// Where answers depart from the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// A short name: `one-nat-gateway`.
    pub id: &'static str,
    /// What is different, and what the reference has.
    pub sentence: String,
    /// The key of the answer that causes it; absent where the blueprint departs with any answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'static str>,
    /// Why, as the operator says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Deviation {
    /// Whether the operator has to answer for it and did not yet.
    pub fn wants_reason(&self) -> bool {
        self.key.is_some() && self.reason.is_none()
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deviation {}: {}", self.id, self.sentence)?;
        match &self.reason {
            Some(reason) => write!(f, "; reason: {reason}"),
            None => Ok(()),
        }
    }
}

/// The answer to [`Blueprint::reasons`] with this reason for the departure `id`, as it is typed;
/// an empty one takes it out, and so goes what is a reason for nothing.
pub fn with_reason(blueprint: &dyn Blueprint, answers: &Answers, id: &str, reason: &str) -> String {
    let departures = blueprint.deviations(answers);
    let mut rows = answers.table(blueprint.reasons()).cloned().unwrap_or_default();
    rows.retain(|known, _| departures.iter().any(|departure| departure.id == known));
    if reason.trim().is_empty() {
        rows.remove(id);
    } else {
        let row = rows.entry(id.to_owned()).or_default();
        row.insert("reason".to_owned(), reason.into());
    }
    if rows.is_empty() { String::new() } else { literal(&answers::Value::Table(rows)) }
}

/// What a run that is done has told.
#[derive(Debug, Clone, Copy)]
pub struct Reached<'a> {
    /// What the deployment has told about itself.
    pub outputs: &'a BTreeMap<String, Value>,
    /// What was verified.
    pub facts: &'a [String],
}

/// Something that is left for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Todo {
    /// What it is about, two words: `DNS record`.
    pub what: String,
    /// What is to be done.
    pub how: String,
}

impl Todo {
    /// Something to do.
    pub fn new(what: &str, how: impl Into<String>) -> Self {
        Self { what: what.to_owned(), how: how.into() }
    }
}

/// What a plan needs beside the answers.
#[derive(Debug, Clone)]
pub struct Given {
    /// The capacity reservation that was answered, as the account describes it.
    pub reservation: Option<Reservation>,
    /// Id of the account, twelve digits.
    pub account: String,
    /// ARN of the role or user that installs, which administers the cluster anyway.
    pub installer: Option<String>,
    /// Folder of the charts that springboard brings, written out.
    pub own_charts: PathBuf,
    /// Folder of the charts that were fetched from their repositories, perhaps none.
    pub fetched_charts: PathBuf,
}

/// All blueprints.
pub const ALL: &[&dyn Blueprint] = &[&poolside::Poolside];

/// All checks of a blueprint: those of every one and its own, by subject.
pub fn checks(blueprint: &dyn Blueprint) -> Vec<&'static Check> {
    let mut checks: Vec<&'static Check> =
        preflight::CHECKS.iter().chain(blueprint.checks()).copied().collect();
    checks.sort_by_key(|check| check.subject);
    checks
}

/// The blueprint of that name.
pub fn named(name: &str) -> Option<&'static dyn Blueprint> {
    ALL.iter().copied().find(|b| b.name() == name)
}

/// Why no plan can be made.
#[derive(Debug, thiserror::Error)]
pub enum BlueprintError {
    /// The operator's bundle is not right.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The answers and what was found do not fit together.
    #[error("{message}")]
    Unfit {
        /// What does not fit.
        message: String,
        /// What can be done.
        hint: Option<String>,
    },
}

impl Hint for BlueprintError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Bundle(error) => error.hint(),
            Self::Unfit { hint, .. } => hint.clone(),
        }
    }
}
