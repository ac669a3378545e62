//! `springboard install`: a real install, from an answer file.

use springboard::answers::Loader;
use springboard::blueprint;
use springboard::cli::Install;
use springboard::engine::deployment::{Deployment, Kind};
use springboard::frontend::printer::Printer;
use springboard::host::Host;
use springboard::run::event::RunStatus;

use super::codes::Codes;
use super::launch::Prepare;
use super::{Ending, Front, state_root, tools};

pub(crate) async fn install(
    args: Install,
    front: Front,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let Some(path) = &args.answers.answers else {
        let text = "error: an install needs an answer file (`--answers FILE`)\n\
                    hint: `springboard answers new > answers.toml` writes one to fill in; \
                    `springboard rehearse --answers answers.toml` tries it first";
        return Err(Ending::plain(2, text));
    };
    let blueprint = blueprint::ALL[0];
    let left_out = super::launch::left_out(blueprint, &args.skip)?;
    let loader = Loader::new(blueprint.catalogue(), host).sets(&args.answers.sets).file(path);
    let answers = loader.and_then(|loader| loader.load()).map_err(|error| Ending::usage(&error))?;
    let root = state_root(args.common.state_dir.as_ref(), host);
    let is_named = super::preflight::is_named(args.common.state_dir.is_some(), host);
    if !is_named && is_passing(&root, host) {
        let text = format!(
            "error: the state folder {} does not outlive a restart\n\
             hint: name a lasting one by `--state-dir DIR`",
            root.display()
        );
        return Err(Ending::plain(3, text));
    }
    let name = blueprint.deployment_name(&answers);
    let deployment = Deployment::named(&root, Kind::Real, &name);
    let state = deployment.state().map_err(|error| Ending::plain_error(&error))?;
    if let Some(state) = state {
        let label = deployment.label();
        let text = if state.status == Some(RunStatus::Done) {
            format!("error: {label} is installed\nhint: see `springboard status {label}`")
        } else {
            format!("error: {label} was begun before\nhint: go on by `springboard resume {label}`")
        };
        return Err(Ending::plain(2, text));
    }
    let tools = tools::as_before(args.tools, &deployment);
    let codes = Codes::of(front, args.confirm.non_interactive, host);
    let confirm = args.confirm;
    let before = None;
    let prepare =
        Prepare { deployment, answers, blueprint, before, tools, confirm, left_out, codes };
    let launch = Box::pin(prepare.real(host)).await?;
    let (ending, _) = Box::pin(launch.go(host, front, printer)).await?;
    Ok(ending)
}

/// Whether a folder lies where the system cleans up.
fn is_passing(root: &std::path::Path, host: &Host) -> bool {
    let temporary = host.var("TMPDIR").into_iter().chain(["/tmp", "/var/tmp", "/dev/shm", "/run"]);
    temporary.filter(|dir| !dir.is_empty()).any(|dir| root.starts_with(dir))
}
