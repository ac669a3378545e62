//! What screens need of this host: its terminal, what it has learned of times, its folders.

use std::path::Path;

use springboard::answers::Loader;
use springboard::blueprint;
use springboard::cli::ScreenArgs;
use springboard::engine::deployment::{Deployment, Kind};
use springboard::frontend::tui::app::{App, Given, Viewing};
use springboard::frontend::tui::face::Leaving;
use springboard::frontend::tui::log_lines::LogReader;
use springboard::frontend::tui::runtime;
use springboard::frontend::tui::source::Source;
use springboard::frontend::tui::terminal::Screen;
use springboard::frontend::tui::theme::{Glyphs, Theme};
use springboard::frontend::view::Watched;
use springboard::frontend::view::outcome::After;
use springboard::frontend::view::times::Times;
use springboard::host::Host;
use springboard::run::{Durations, Header};

use super::Ending;

/// The pace of runs in an account.
const REAL: &str = "account";

/// How things look on this terminal.
pub(crate) fn theme(args: ScreenArgs, host: &Host) -> Theme {
    Theme::of(host, args.color, args.ascii.then_some(Glyphs::Ascii))
}

/// Shows a run until its viewer leaves, and what was known of it then.
pub(crate) async fn show(
    deployment: &Deployment,
    header: Option<&Header>,
    args: ScreenArgs,
    viewing: Viewing,
    mut source: Source,
    host: &Host,
) -> Result<(Leaving, Watched), Ending> {
    let theme = theme(args, host);
    let given = Given {
        theme,
        size: Screen::size(),
        now: source.now(),
        viewing,
        times: times(deployment, header, host),
        folder: as_written(deployment.folder(), host),
        after: after(deployment, header, host),
    };
    let mut app = App::new(given);
    let logs = LogReader::new(&deployment.folder().join("runs"));
    let shown = runtime::show(&mut app, theme, &mut source, logs).await;
    let leaving = shown.map_err(|error| {
        Ending::plain(1, format!("error: the terminal cannot be used\n  cause: {error}"))
    })?;
    Ok((leaving, app.watched))
}

/// Who knows what is left to do at the end of a run; nothing where its answers cannot be read.
pub(crate) fn after(
    deployment: &Deployment,
    header: Option<&Header>,
    host: &Host,
) -> Option<After> {
    let blueprint = blueprint::named(&header?.blueprint)?;
    let loader = Loader::new(blueprint.catalogue(), host).file(&deployment.answers()).ok()?;
    Some(After { blueprint, answers: loader.load().ok()? })
}

/// How long things usually take in this deployment.
pub(crate) fn times(deployment: &Deployment, header: Option<&Header>, host: &Host) -> Times {
    let (pace, scale) = pace(deployment);
    let blueprint = header.and_then(|header| blueprint::named(&header.blueprint));
    let shipped = blueprint.zip(scale).and_then(|(blueprint, scale)| {
        let loader = Loader::new(blueprint.catalogue(), host).file(&deployment.answers()).ok()?;
        let usual = blueprint.usual_times(&loader.load().ok()?);
        let scaled = |seconds: u64| milliseconds(seconds, scale);
        Some(usual.into_iter().map(|(what, seconds)| (what, scaled(seconds))).collect())
    });
    Times {
        learned: Durations::read(deployment.state_root()),
        pace,
        shipped: shipped.unwrap_or_default(),
    }
}

/// At which pace a deployment goes: its name, and the factor for shipped figures, where that is
/// known.
pub(crate) fn pace(deployment: &Deployment) -> (String, Option<f64>) {
    if deployment.kind == Kind::Real {
        return (REAL.to_owned(), Some(1.0));
    }
    let scale = std::fs::read_to_string(deployment.world().join("time-scale")).ok();
    let scale = scale.and_then(|text| text.trim().parse::<f64>().ok());
    let name = scale.map_or("rehearsal".to_owned(), |scale| format!("rehearsal at {scale}"));
    // Without waiting nothing takes its usual time.
    (name, scale.filter(|scale| *scale > 0.0))
}

fn milliseconds(seconds: u64, scale: f64) -> u64 {
    let scaled = std::time::Duration::from_secs(seconds).mul_f64(scale);
    u64::try_from(scaled.as_millis()).unwrap_or(u64::MAX)
}

/// A path as the operator would write it.
pub(crate) fn as_written(path: &Path, host: &Host) -> String {
    match host.var("HOME").and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
