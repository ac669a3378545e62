//! The command line: clap types only.

mod world;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

pub use world::{WorldArgs, WorldCommand};

use crate::frontend::Output;
use crate::frontend::tui::theme::ColourChoice;

/// Takes an operator from an empty AWS account to a running deployment.
#[derive(Debug, Parser)]
#[command(name = "springboard", version, max_term_width = 100)]
pub struct Cli {
    /// What to do; without it the home screen, where somebody sits at a terminal.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install into an AWS account, from an answer file.
    #[cfg(feature = "aws")]
    Install(Install),
    /// The whole install in the simulated world: no account, no network.
    Rehearse(Rehearse),
    /// What would fail later, found out now: the checks alone; nothing is changed.
    Preflight(PreflightArgs),
    /// What would be done: stages, steps, cost, time, deviations; nothing is changed.
    Plan(PlanArgs),
    /// Go on with a deployment after a failure or a stop.
    Resume(Resume),
    /// Watch a run, from its start: the one that is at work, else the newest.
    Attach(AttachArgs),
    /// Stop a run: after the running stage, now, or by force.
    Stop(Stop),
    /// One screen of facts about a deployment, or about all of them.
    Status(StatusArgs),
    /// The runs of a deployment.
    Runs(RunsArgs),
    /// Write the report of a run: one HTML file, complete in itself.
    Report(ReportArgs),
    /// Play a recorded run again, at a chosen speed.
    Replay(Replay),
    /// Answer files: a template, a check, the schema, explanations.
    Answers {
        /// What to do with answers.
        #[command(subcommand)]
        command: AnswersCommand,
    },
    /// The external programs: found where, which version, wanted range.
    Tools(ToolsArgs),
    /// The simulated world without the installer.
    World {
        /// What to do with the world.
        #[command(subcommand)]
        command: WorldCommand,
    },
    /// Carries a run out beside the terminal.
    #[command(hide = true)]
    Host,
    /// Runs an external program for the engine.
    #[command(hide = true)]
    ToolRun,
    /// Prints a token for the cluster, as kubectl's exec plug-ins do.
    #[command(hide = true)]
    ClusterToken(ClusterToken),
    /// Prints the credentials of a deployment, as AWS SDKs expect it of a `credential_process`.
    #[command(hide = true)]
    Credentials(WhoseCredentials),
}

/// Where state is kept, and how things are shown.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Folder for everything that must last [default: `$XDG_STATE_HOME/springboard`].
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// How the result is shown.
    #[arg(long, value_parser = plain_output(), default_value = "line")]
    pub output: Output,
}

/// Where state is kept, and how a run is shown.
#[derive(Debug, Clone, Args)]
pub struct RunCommon {
    /// Folder for everything that must last [default: `$XDG_STATE_HOME/springboard`].
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// How the run is shown [default: `tui` on a terminal, `line` elsewhere].
    #[arg(long, value_enum)]
    pub output: Option<Output>,
    /// How screens are drawn.
    #[command(flatten)]
    pub screen: ScreenArgs,
}

impl RunCommon {
    /// How the run is shown where somebody sits at a terminal.
    pub fn at_terminal(&self) -> Output {
        self.output.unwrap_or(Output::Tui)
    }

    /// How it is shown where nobody does: without screens.
    pub fn plain(&self) -> Output {
        match self.output {
            Some(Output::Json) => Output::Json,
            Some(Output::Line | Output::Tui) | None => Output::Line,
        }
    }
}

/// How screens are drawn.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ScreenArgs {
    /// When colours are used.
    #[arg(long, value_enum, default_value = "auto")]
    pub color: ColourChoice,
    /// Draw with ASCII alone.
    #[arg(long)]
    pub ascii: bool,
}

/// Where answers come from.
#[derive(Debug, Clone, Args)]
pub struct AnswerArgs {
    /// The answer file.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// One answer; VALUE is TOML, a bare word is a text.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

/// Which external programs are used.
#[derive(Debug, Clone, Args)]
pub struct ToolArgs {
    /// Which engine applies the Terraform root [default: the one that is there, terraform first].
    #[arg(long, value_enum)]
    pub engine: Option<EngineName>,
    /// The terraform or tofu program.
    #[arg(long, value_name = "PATH")]
    pub terraform: Option<PathBuf>,
    /// The helm program.
    #[arg(long, value_name = "PATH")]
    pub helm: Option<PathBuf>,
}

/// Confirmations given beforehand.
#[derive(Debug, Clone, Args)]
pub struct ConfirmArgs {
    /// Never ask; what is missing is an error.
    #[arg(long)]
    pub non_interactive: bool,
    /// Answer generic confirmations with yes; never deletes or replaces anything.
    #[arg(long)]
    pub yes: bool,
    /// The address of the one object that may be deleted or replaced.
    #[arg(long, value_name = "OBJECT")]
    pub confirm: Vec<String>,
}

/// Which checks are left out.
#[derive(Debug, Clone, Args)]
pub struct SkipArgs {
    /// Leave a check out; the journal says so.
    #[arg(long = "skip-check", value_name = "ID")]
    pub skip_checks: Vec<String>,
}

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// HashiCorp Terraform.
    Terraform,
    /// OpenTofu.
    Tofu,
}

/// What becomes of a run whose terminal is left.
const ON_A_TERMINAL: &str = "\
On a terminal the run is carried out beside it: closing the terminal or leaving it changes nothing, \
`springboard attach` comes back. Ctrl-C shows what is in flight and what can be asked; a second one \
leaves, with the exit code 5. With `--non-interactive` the run is carried out by the command itself, \
and Ctrl-C interrupts what runs, once.";

/// `springboard rehearse`
#[derive(Debug, Args)]
#[command(after_help = ON_A_TERMINAL)]
pub struct Rehearse {
    /// What the account looks like and what goes wrong: an embedded name or a file.
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<String>,
    /// Print the embedded scenarios.
    #[arg(long)]
    pub list_scenarios: bool,
    /// 1 is real time, 0 is no waiting [default: 0.05].
    #[arg(long, value_name = "X", value_parser = time_scale)]
    pub time_scale: Option<f64>,
    /// End and remove the world when the run has succeeded.
    #[arg(long)]
    pub discard: bool,
    /// The answers; without them, the sample answers of the scenario.
    #[command(flatten)]
    pub answers: AnswerArgs,
    /// The programs.
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Confirmations.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// Checks that are left out.
    #[command(flatten)]
    pub skip: SkipArgs,
    /// State and output.
    #[command(flatten)]
    pub common: RunCommon,
}

/// `springboard preflight`
#[derive(Debug, Args)]
pub struct PreflightArgs {
    /// Ask the simulated world instead of an account.
    #[arg(long)]
    pub rehearse: bool,
    /// The scenario of the simulated world.
    #[arg(long, value_name = "NAME|FILE", requires = "rehearse")]
    pub scenario: Option<String>,
    /// Print every check with its id, and ask nothing.
    #[arg(long, conflicts_with_all = ["policy", "rehearse"])]
    pub list: bool,
    /// Print the IAM policy that an administrator would have to grant, and ask nothing.
    #[arg(long)]
    pub policy: bool,
    /// Checks that are left out.
    #[command(flatten)]
    pub skip: SkipArgs,
    /// The answers, which may be incomplete.
    #[command(flatten)]
    pub answers: AnswerArgs,
    /// The programs.
    #[command(flatten)]
    pub tools: ToolArgs,
    /// State and output.
    #[command(flatten)]
    pub common: Common,
}

/// `springboard install`
#[derive(Debug, Args)]
pub struct Install {
    /// The answers.
    #[command(flatten)]
    pub answers: AnswerArgs,
    /// The programs.
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Checks that are left out.
    #[command(flatten)]
    pub skip: SkipArgs,
    /// Confirmations.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// State and output.
    #[command(flatten)]
    pub common: RunCommon,
}

/// `springboard plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Ask the simulated world instead of an account.
    #[arg(long)]
    pub rehearse: bool,
    /// The scenario of the simulated world.
    #[arg(long, value_name = "NAME|FILE", requires = "rehearse")]
    pub scenario: Option<String>,
    /// The answers.
    #[command(flatten)]
    pub answers: AnswerArgs,
    /// The programs.
    #[command(flatten)]
    pub tools: ToolArgs,
    /// State and output.
    #[command(flatten)]
    pub common: Common,
}

/// `springboard resume`
#[derive(Debug, Args)]
#[command(after_help = ON_A_TERMINAL)]
pub struct Resume {
    /// `NAME`, or `rehearsal/NAME`.
    pub deployment: String,
    /// The programs.
    #[command(flatten)]
    pub tools: ToolArgs,
    /// Confirmations.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// Checks that are left out.
    #[command(flatten)]
    pub skip: SkipArgs,
    /// State and output.
    #[command(flatten)]
    pub common: RunCommon,
}

/// `springboard stop`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Stop {
    /// `NAME`, or `rehearsal/NAME`.
    pub deployment: String,
    /// Interrupt what runs, once, instead of letting the stage end; says before what that costs.
    #[arg(long, conflicts_with = "force")]
    pub now: bool,
    /// End the running tool without its consent. What it was doing may be lost.
    #[arg(long)]
    pub force: bool,
    /// Stop now without asking.
    #[arg(long)]
    pub yes: bool,
    /// Never ask; implies `--yes`, but never forces.
    #[arg(long)]
    pub non_interactive: bool,
    /// The deployment whose tool may be ended by force.
    #[arg(long, value_name = "DEPLOYMENT", requires = "force")]
    pub confirm: Option<String>,
    /// Folder for everything that must last.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// `springboard attach`
#[derive(Debug, Args)]
#[command(after_help = "\
Ctrl-C never reaches the run: on a terminal it shows what is in flight and what can be asked, a \
second one leaves. Leaving changes nothing. The exit code is that of the run, 0 after leaving.")]
pub struct AttachArgs {
    /// `NAME`, or `rehearsal/NAME`.
    pub deployment: String,
    /// Watch only: ask nothing of the run.
    #[arg(long)]
    pub read_only: bool,
    /// State and output.
    #[command(flatten)]
    pub common: RunCommon,
}

/// `springboard status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// `NAME`, or `rehearsal/NAME`; without it, all.
    pub deployment: Option<String>,
    /// Show its run from the start to the end, as it happens; asks nothing of it.
    #[arg(long, requires = "deployment")]
    pub follow: bool,
    /// State and output.
    #[command(flatten)]
    pub common: Common,
}

/// `springboard runs`
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// `NAME`, or `rehearsal/NAME`.
    pub deployment: String,
    /// State and output.
    #[command(flatten)]
    pub common: Common,
}

/// `springboard report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// `NAME`, or `rehearsal/NAME`.
    pub deployment: String,
    /// The run [default: the newest]; those that it continues are part of its report.
    pub run: Option<String>,
    /// Where it is written, `-` for standard output [default: `report.html` in the folder of the
    /// run].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Folder for everything that must last.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// `springboard replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// `NAME`, or `rehearsal/NAME`.
    pub deployment: String,
    /// The run [default: the newest].
    pub run: Option<String>,
    /// How many times faster than it was; 0 does not wait at all.
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    pub speed: f64,
    /// Folder for everything that must last.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// How it is shown [default: `tui` on a terminal, `line` elsewhere].
    #[arg(long, value_enum)]
    pub output: Option<Output>,
    /// How screens are drawn.
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// `springboard tools`
#[derive(Debug, Args)]
pub struct ToolsArgs {
    /// The programs.
    #[command(flatten)]
    pub tools: ToolArgs,
    /// State and output.
    #[command(flatten)]
    pub common: Common,
}

/// `springboard answers …`
#[derive(Debug, Subcommand)]
pub enum AnswersCommand {
    /// Print a commented template.
    New {
        /// `full` or `platform-only`.
        #[arg(long, default_value = "full")]
        profile: String,
    },
    /// Check an answer file without side effects; every error at once.
    Validate {
        /// The answers.
        #[command(flatten)]
        answers: AnswerArgs,
    },
    /// Print the JSON schema of the answer file.
    Schema,
    /// Print why a key is asked and what follows from it.
    Explain {
        /// The key, for example `region`.
        key: String,
    },
}

/// `springboard cluster-token`
#[derive(Debug, Args)]
pub struct ClusterToken {
    /// The cluster.
    #[arg(long)]
    pub cluster: String,
    /// Its region.
    #[arg(long)]
    pub region: String,
    /// Whose credentials sign it; without a deployment, those of the environment.
    #[command(flatten)]
    pub whose: WhoseCredentials,
}

/// Whose credentials are meant.
#[derive(Debug, Args)]
pub struct WhoseCredentials {
    /// `NAME`, or `rehearsal/NAME`.
    #[arg(long, value_name = "LABEL")]
    pub deployment: Option<String>,
    /// Folder for everything that must last.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Which login is meant, where new ones are not for the present run.
    #[arg(long, value_name = "NUMBER")]
    pub login: Option<u64>,
    /// The profile that the answers of a real install name.
    #[arg(long, value_name = "NAME")]
    pub aws_profile: Option<String>,
    /// The profile that a variable named when a real install was begun.
    #[arg(long, value_name = "NAME")]
    pub aws_default_profile: Option<String>,
    /// The region of a real install.
    #[arg(long, value_name = "REGION")]
    pub aws_region: Option<String>,
    /// The file of profiles of the AWS CLI.
    #[arg(long, value_name = "FILE")]
    pub aws_config_file: Option<PathBuf>,
    /// The file of keys of the AWS CLI.
    #[arg(long, value_name = "FILE")]
    pub aws_credentials_file: Option<PathBuf>,
}

/// The forms of what runs nothing and is no screen.
fn plain_output() -> impl TypedValueParser<Value = Output> {
    PossibleValuesParser::new(["line", "json"]).map(|word| match word.as_str() {
        "json" => Output::Json,
        _ => Output::Line,
    })
}

fn speed(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_not_a_number| format!("`{text}` is not a number"))?;
    if (0.0..=100_000.0).contains(&number) {
        Ok(number)
    } else {
        Err(format!("`{text}` is not between 0 and 100000"))
    }
}

fn time_scale(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_not_a_number| format!("`{text}` is not a number"))?;
    if (0.0..=100.0).contains(&number) {
        Ok(number)
    } else {
        Err(format!("`{text}` is not between 0 and 100"))
    }
}
