//! `springboard tools` and `springboard cluster-token`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;
use springboard::cli::{EngineName, ToolArgs, ToolsArgs};
use springboard::engine::deployment::Deployment;
use springboard::error::Hint as _;
use springboard::frontend::Output;
use springboard::frontend::json::pretty;
use springboard::frontend::printer::Printer;
use springboard::host::{Host, write_private};
use springboard::tools::terraform::Engine;
use springboard::tools::toolbox::{Search, Toolbox};

use super::Ending;

/// The programs that a run will use.
pub(crate) async fn find(args: &ToolArgs, host: &Host) -> Result<Toolbox, Ending> {
    search(args, host).find().await.map_err(|error| Ending::not_ready(&error))
}

pub(crate) async fn tools(
    args: ToolsArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let search = search(&args.tools, host);
    let findings = search.look().await;
    let mut documents = Vec::new();
    for finding in &findings {
        let (path, version, why) = match &finding.found {
            Ok(tool) => (Some(tool.path.clone()), Some(tool.version.to_string()), None),
            Err(error) => (None, None, Some(error.to_string())),
        };
        if args.common.output == Output::Line {
            let shown = path.as_ref().map_or_else(PathBuf::new, Clone::clone);
            let state = match &why {
                None => format!("{} {}", version.as_deref().unwrap_or_default(), shown.display()),
                Some(why) => format!("not usable: {why}"),
            };
            printer.line(&format!("{:<10} {state} (wanted: {})", finding.name, finding.wanted));
        }
        documents.push(json!({
            "name": finding.name, "wanted": finding.wanted, "path": path, "version": version,
            "problem": why,
        }));
    }
    if args.common.output == Output::Json {
        printer.line(&pretty(&documents));
    }
    // What is missing is only a problem when a run could not begin without it.
    match search.find().await {
        Ok(_) => Ok(Ending::DONE),
        Err(error) => {
            Ok(Ending { code: 3, text: error.hint().map(|hint| format!("hint: {hint}")) })
        }
    }
}

/// The programs of earlier runs, where none are named: a state is only read by a program that is
/// at least as new as the one that wrote it.
pub(crate) fn as_before(args: ToolArgs, deployment: &Deployment) -> ToolArgs {
    let known = std::fs::read(deployment.tools()).ok();
    let Some(known) = known.and_then(|k| serde_json::from_slice::<Chosen>(&k).ok()) else {
        return args;
    };
    let same_engine = args.engine.is_none() && args.terraform.is_none();
    ToolArgs {
        engine: if same_engine { Some(known.engine) } else { args.engine },
        terraform: if same_engine { Some(known.terraform) } else { args.terraform },
        helm: args.helm.or(Some(known.helm)),
    }
}

/// Keeps the programs of this run for those that go on with it.
pub(crate) fn keep(toolbox: &Toolbox, deployment: &Deployment) -> std::io::Result<()> {
    let chosen = Chosen {
        engine: match toolbox.engine {
            Engine::Terraform => EngineName::Terraform,
            Engine::OpenTofu => EngineName::Tofu,
        },
        terraform: toolbox.terraform.path.clone(),
        helm: toolbox.helm.path.clone(),
    };
    let text = serde_json::to_vec_pretty(&chosen).map_err(std::io::Error::other)?;
    write_private(&deployment.tools(), &text)
}

/// Which programs a deployment is made with.
#[derive(Debug, Serialize, Deserialize)]
struct Chosen {
    engine: EngineName,
    terraform: PathBuf,
    helm: PathBuf,
}

pub(super) fn search(args: &ToolArgs, host: &Host) -> Search {
    Search {
        engine: args.engine.map(|engine| match engine {
            EngineName::Terraform => Engine::Terraform,
            EngineName::Tofu => Engine::OpenTofu,
        }),
        terraform: args.terraform.clone(),
        helm: args.helm.clone(),
        ..Search::of(host)
    }
}
