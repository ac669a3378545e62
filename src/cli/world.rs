//! `springboard world …`: the simulated world without the installer.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::time_scale;

/// `springboard world …`
#[derive(Debug, Subcommand)]
pub enum WorldCommand {
    /// Start the world, or find it started; returns when it is ready.
    Start {
        /// Which world.
        #[command(flatten)]
        world: WorldArgs,
        /// What the account looks like and what goes wrong: an embedded name or a file.
        #[arg(long, value_name = "NAME|FILE")]
        scenario: Option<String>,
        /// 1 is real time, 0 is no waiting [default: 0.05].
        #[arg(long, value_name = "X", value_parser = time_scale)]
        time_scale: Option<f64>,
    },
    /// Print the environment in which terraform, tofu, helm, kubectl, crane and aws use the world.
    Env {
        /// Which world.
        #[command(flatten)]
        world: WorldArgs,
        /// As JSON instead of shell lines.
        #[arg(long)]
        json: bool,
    },
    /// Print what exists, as sorted JSON, equal for equal worlds.
    Inventory {
        /// Which world.
        #[command(flatten)]
        world: WorldArgs,
    },
    /// Log in to the simulated account again, as `aws sso login` would in another terminal; what
    /// runs goes on with the new credentials.
    Login {
        /// Which world.
        #[command(flatten)]
        world: WorldArgs,
    },
    /// Give the world another scenario, as when a quota was raised or a policy changed; what exists
    /// is kept.
    Change {
        /// Which world.
        #[command(flatten)]
        world: WorldArgs,
        /// What the account looks like from now on, and what goes wrong: an embedded name or a file.
        #[arg(long, value_name = "NAME|FILE")]
        scenario: String,
    },
    /// Change or delete an object of AWS, an image or an object of S3 behind Terraform's back.
    Alter {
        /// Which world.
        #[command(flatten)]
        world: WorldArgs,
        /// Resource address, `TYPE/ID`, `image/REPOSITORY[:TAG]` or `s3/BUCKET/KEY`.
        object: String,
        /// Delete it.
        #[arg(long, required_unless_present = "sets", conflicts_with = "sets")]
        delete: bool,
        /// Set an attribute, for example `tags.Owner=me`; VALUE is TOML, a bare word is a text.
        #[arg(long = "set", value_name = "NAME=VALUE")]
        sets: Vec<String>,
    },
    /// Stop the world; what was made is kept.
    Stop {
        /// Which world.
        #[command(flatten)]
        world: WorldArgs,
    },
    /// Be the world.
    #[command(hide = true)]
    Serve {
        /// Its folder.
        #[arg(long)]
        dir: PathBuf,
    },
}

/// Which world is meant.
#[derive(Debug, Clone, Args)]
pub struct WorldArgs {
    /// Its folder [default: `$XDG_STATE_HOME/springboard/world`].
    #[arg(long, value_name = "DIR", conflicts_with = "deployment")]
    pub dir: Option<PathBuf>,
    /// The world of that rehearsal.
    #[arg(long, value_name = "NAME")]
    pub deployment: Option<String>,
    /// Folder for everything that must last.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}
