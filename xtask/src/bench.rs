//! `cargo xtask bench`: what springboard costs, as ratios against other programs in the same run.
//!
//! The measurements themselves are in `benches/`.

use crate::shell::{self, Failure};
use crate::tools::{Folder, helm_on_path, known};

/// A measurement.
struct Bench {
    name: &'static str,
    build: Build,
}

/// How the measured code is built.
#[derive(PartialEq, Eq)]
enum Build {
    /// As for the tests: what is measured is mostly other programs.
    AsTests,
    /// What is measured is optimised, as users have it.
    Optimised,
}

const BENCHES: &[Bench] = &[
    Bench { name: "streams", build: Build::Optimised },
    Bench { name: "screens", build: Build::Optimised },
    Bench { name: "memory", build: Build::Optimised },
    Bench { name: "overhead", build: Build::AsTests },
    Bench { name: "world", build: Build::Optimised },
    Bench { name: "preflight", build: Build::AsTests },
];

/// Where the measured time is spent. All other packages are built once for the tests and the
/// measurements: an optimised build of everything takes ten times as long to make.
const OPTIMISED: &[&str] = &[
    "springboard",
    // JSON lines, times, bytes.
    "bytes",
    "itoa",
    "jiff",
    "jiff-core",
    "memchr",
    "serde_core",
    "serde_json",
    // Screens, and the way to the first of them.
    "clap_builder",
    "clap_lex",
    "compact_str",
    "crossterm",
    "ratatui",
    "ratatui-core",
    "ratatui-crossterm",
    "unicode-segmentation",
    "unicode-width",
    // The world as engines talk to it.
    "fnv",
    "futures-util",
    "h2",
    "hashbrown",
    "http",
    "http-body-util",
    "httparse",
    "hyper",
    "hyper-util",
    "indexmap",
    "matchit",
    "prost",
    "rmp",
    "rmpv",
    "slab",
    "tokio",
    "tokio-util",
    "tonic",
    "tonic-prost",
    "tower",
];

/// The chore: `bench [NAME [ARGS…]]`; further arguments go to the measurement.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let Some((name, args)) = args.split_first() else {
        return BENCHES.iter().try_for_each(|bench| bench.run(&[]));
    };
    let bench = BENCHES.iter().find(|bench| bench.name == name).ok_or_else(|| {
        let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        Failure::new(format!("there is no measurement `{name}`; there are {}", names.join(", ")))
    })?;
    bench.run(args)
}

impl Bench {
    fn run(&self, args: &[String]) -> Result<(), Failure> {
        let folder = Folder::of_this_repository();
        match self.name {
            "overhead" | "world" => fetch_tools(&folder)?,
            "preflight" => {
                for name in ["moto-python", "awscli-python"] {
                    folder.ensure(known(name)?)?;
                }
            }
            _ => {}
        }
        let mut cargo = shell::cargo();
        cargo.args(["bench", "--locked", "--profile", "dev", "--bench", self.name]);
        if self.build == Build::Optimised {
            for package in OPTIMISED {
                let setting = format!("profile.dev.package.{package}.opt-level=3");
                cargo.args(["--config", &setting]);
            }
        }
        cargo.arg("--").args(args).env("SPRINGBOARD_TOOLS_DIR", folder.bin());
        let ended = cargo.status();
        match ended.map_err(|why| Failure::new(format!("could not start cargo: {why}")))? {
            status if status.success() => Ok(()),
            status => {
                Err(Failure::new(format!("the measurement `{}` failed: {status}", self.name)))
            }
        }
    }
}

fn fetch_tools(folder: &Folder) -> Result<(), Failure> {
    if shell::on_path("terraform").is_none() && shell::on_path("tofu").is_none() {
        folder.ensure(known("tofu")?)?;
    }
    if helm_on_path().is_none() {
        folder.ensure(known("helm4")?)?;
    }
    Ok(())
}
