//! `springboard tools` and `springboard cluster-token`.

use std::path::PathBuf;

use serde_json::json;
use springboard::cli::{ClusterToken, EngineName, ToolArgs, ToolsArgs};
use springboard::cloud::sign::{self, Credentials};
use springboard::error::Hint as _;
use springboard::frontend::Output;
use springboard::frontend::json::pretty;
use springboard::frontend::printer::Printer;
use springboard::host::Host;
use springboard::run::Secret;
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

fn search(args: &ToolArgs, host: &Host) -> Search {
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

pub(crate) fn cluster_token(
    args: &ClusterToken,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let variable = |name: &str| {
        host.var(name).ok_or_else(|| {
            Ending::plain(3, format!("error: the environment variable {name} is missing"))
        })
    };
    let credentials = Credentials {
        access_key_id: variable("AWS_ACCESS_KEY_ID")?.to_owned(),
        secret_access_key: Secret::new(variable("AWS_SECRET_ACCESS_KEY")?),
        session_token: host.var("AWS_SESSION_TOKEN").map(Secret::new),
    };
    let document = sign::exec_credential(&credentials, &args.region, &args.cluster, host.now())
        .map_err(|error| Ending::not_ready(&error))?;
    printer.line(document.expose());
    Ok(Ending::DONE)
}
