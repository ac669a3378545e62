//! Events: everything that can happen in a run.
//!
//! An [`Event`] is lasting: it is in the journal before anybody sees it. [`Progress`] is only
//! sent to viewers and summed up in the next lasting event. A reader of the same major version
//! ignores kinds and fields it does not know ([`EventKind::Unknown`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of the journal after its header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in this run's journal, from 1, without gaps.
    pub seq: u64,
    /// When it happened, UTC.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// A stage and its steps as the plan announced them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageOutline {
    /// Id of the stage, for example `foundation`.
    pub id: String,
    /// Its steps, in order: the last part of `stage/step`.
    pub steps: Vec<StepOutline>,
}

/// A step as the plan announced it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutline {
    /// Id within the stage.
    pub id: String,
    /// What it does, present participle: "Creating the network, the cluster and the data stores".
    pub title: String,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is removed.
    Delete,
    /// It is removed and made again.
    Replace,
    /// It is looked up.
    Read,
    /// It exists and is taken in.
    Import,
    /// Anything a newer tool may add.
    #[serde(other)]
    Other,
}

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The tool failed because of it.
    Error,
    /// It went on.
    Warning,
}

/// A piece of configuration, as a tool quotes it. The values of its expressions are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    /// The file.
    pub file: String,
    /// Its first line, from 1.
    pub line: u64,
    /// The block that it is in: `resource "aws_vpc" "this"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The lines.
    pub code: String,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not as it should be, but it does not stop the run.
    Warn,
    /// The run would fail.
    Fail,
    /// It could not be found out; never blocks.
    Unknown,
    /// Not asked, by request or because it does not apply.
    Skipped,
}

/// How the credentials of a run stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// They end soon.
    Ending,
    /// They have ended.
    Ended,
    /// There are new ones.
    Renewed,
    /// Anything that a newer springboard may add.
    #[serde(other)]
    Other,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything is done and the closing plan was empty.
    Done,
    /// The host or the account is not ready; nothing was begun.
    NotReady,
    /// A step failed; `resume` can go on.
    Failed,
    /// Stopped by request; `resume` can go on.
    Stopped,
    /// A deletion or replacement needs a confirmation that names the object.
    Refused,
}

/// A failure in words: what, the causes, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Failure {
    /// What went wrong, one statement.
    pub what: String,
    /// The causes, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What the operator can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What happened; the `kind` of a journal line with its payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// A check ended.
    CheckFinished {
        /// Id of the check.
        check: String,
        /// How it ended.
        outcome: Outcome,
        /// What was found.
        finding: String,
        /// Why that matters for this plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// What to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
    /// The rollout begins; from here on something may have been made.
    RolloutStarted {
        /// What will be done, in order.
        stages: Vec<StageOutline>,
        /// The external programs that will be used: name to version.
        tools: BTreeMap<String, String>,
    },
    /// A stage begins.
    StageStarted {
        /// Which.
        stage: String,
    },
    /// A step begins; written before any process of it exists.
    StepStarted {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// 1 for the first try in this run.
        attempt: u32,
    },
    /// An external program is about to be started.
    CommandStarted {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// What it is for, for example `plan`.
        purpose: String,
        /// Program and arguments; never holds a secret.
        command: Vec<String>,
        /// Step log that holds its lines, relative to the run's folder.
        log: String,
    },
    /// An external program of an earlier run, whose engine has died, is followed to its end: it is
    /// still at work, or has ended unseen.
    CommandAdopted {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// What it is for, for example `apply`.
        purpose: String,
        /// The run that started it.
        run: String,
        /// Step log that holds its lines, relative to the folder of that run.
        log: String,
    },
    /// An external program ended.
    CommandFinished {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// What it was for.
        purpose: String,
        /// Exit code; absent when a signal ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// A plan was made.
    PlanMade {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Objects to make.
        add: u64,
        /// Objects to change in place.
        change: u64,
        /// Objects to remove.
        remove: u64,
        /// Objects to take in.
        import: u64,
        /// Address to action, for everything that is not left as it is.
        resources: BTreeMap<String, Action>,
    },
    /// Work on a resource, release object, image or checkpoint begins.
    ObjectStarted {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Address, for example `module.cluster.aws_eks_cluster.this`.
        address: String,
        /// What is done to it.
        action: Action,
    },
    /// That work is done.
    ObjectFinished {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Address.
        address: String,
        /// What was done to it.
        action: Action,
        /// Its id, digest or count, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
        /// Bytes that were transferred, for transfers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// That work failed.
    ObjectFailed {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Address.
        address: String,
        /// What should have been done to it.
        action: Action,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// A tool said what is wrong.
    Diagnostic {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// How grave.
        severity: Severity,
        /// One sentence.
        summary: String,
        /// The rest of its text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
        /// The resource it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        /// The piece of configuration that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snippet: Option<Snippet>,
    },
    /// Something was found that the operator should know, and what was done about it.
    Found {
        /// The stage, where one is running.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
        /// What was found and what was done, one or two sentences.
        what: String,
    },
    /// The credentials are about to end, have ended, or were renewed.
    CredentialsChanged {
        /// Which of these.
        standing: Standing,
        /// When they end, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// What that means and what to do, one sentence.
        what: String,
    },
    /// Something waited for has a new reason for not being ready.
    Waiting {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// The object waited for.
        object: String,
        /// Why it is not ready yet.
        reason: String,
    },
    /// What must be true before the next step holds.
    GateHeld {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// What was verified.
        what: String,
    },
    /// A step is done and its gate holds.
    StepFinished {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Nothing had to be done.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unchanged: bool,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// A step failed.
    StepFailed {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Why.
        failure: Failure,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// A step was stopped by request.
    StepStopped {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// All steps of a stage are done.
    StageFinished {
        /// Which.
        stage: String,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// The operator asked the run to stop.
    StopRequested {
        /// Whether what runs is interrupted, or its stage may end.
        now: bool,
        /// Who asked, where that is known: a signal has no name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The operator asked for the end of the running tool without its consent.
    ForceRequested {
        /// Who asked, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The operator confirmed the deletion or replacement of a named object.
    Confirmed {
        /// Its address.
        object: String,
    },
    /// A plan would delete or replace guarded objects that nobody confirmed.
    RefusedToDelete {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Their addresses.
        objects: Vec<String>,
    },
    /// What the deployment has told about itself; no secrets.
    Outputs {
        /// Name to value.
        values: BTreeMap<String, serde_json::Value>,
    },
    /// The run ended; always the last event.
    RunFinished {
        /// How.
        status: RunStatus,
        /// Why, unless it is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// A kind that a newer springboard wrote.
    #[serde(other)]
    Unknown,
}

/// What is shown while something happens, and never journalled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// A transfer moved.
    Bytes {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// What is transferred.
        object: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    /// Still at work.
    Heartbeat {
        /// The stage.
        stage: String,
        /// The step.
        step: String,
        /// Address.
        address: String,
        /// Seconds since its start.
        elapsed_s: u64,
    },
}
