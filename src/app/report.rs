//! `springboard report`: what was asked, made and gone through, as one HTML file.

use std::path::Path;

use springboard::cli::ReportArgs;
use springboard::error::Hint;
use springboard::frontend::printer::Printer;
use springboard::frontend::report;
use springboard::host::Host;

use super::{Ending, absolute, named};

pub(crate) fn report(
    args: &ReportArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let deployment = named(args.state_dir.as_ref(), &args.deployment, host)?;
    let known = deployment.runs().map_err(|e| Ending::plain(1, format!("error: {e}")))?;
    let run = match &args.run {
        Some(run) => known.iter().find(|known| *known == run),
        None => known.last(),
    };
    let Some(run) = run else {
        let asked = args.run.clone();
        return Err(Ending::usage(&NoRun { label: deployment.label(), asked, known }));
    };
    if args.output.as_deref() == Some(Path::new("-")) {
        let report = report::of(&deployment, run).map_err(|e| Ending::plain_error(&e))?;
        printer.text(&report);
        return Ok(Ending::DONE);
    }
    let to = match &args.output {
        Some(file) => absolute(file, host),
        None => report::path(&deployment, run),
    };
    report::write(&deployment, run, &to).map_err(|error| Ending::plain_error(&error))?;
    printer.line(&to.display().to_string());
    Ok(Ending::DONE)
}

/// There is nothing to report on.
#[derive(Debug, thiserror::Error)]
#[error("{}", match .asked {
    Some(run) => format!("{label} has no run `{run}`"),
    None => format!("nothing of {label} was ever begun"),
})]
struct NoRun {
    label: String,
    asked: Option<String>,
    known: Vec<String>,
}

impl Hint for NoRun {
    fn hint(&self) -> Option<String> {
        let newest = self.known.last()?;
        let label = &self.label;
        Some(format!("the newest is {newest}; `springboard runs {label}` lists all"))
    }
}
