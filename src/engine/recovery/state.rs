//! The state file: one that a kill has torn, and one that a tool could not write.
//!
//! Nothing that holds a state is ever removed before the same or a later one is in its place.

use std::io;
use std::path::{Path, PathBuf};

use super::super::steps::terraform::read;
use super::super::steps::tool::{self, LastWords};
use super::super::steps::{Context, StepError};
use super::super::stop::Stop;
use super::found;
use crate::host::write_private;
use crate::run::event::Failure;
use crate::tools::terraform::{Root, StateFile};

/// Puts a local state file right that a kill in the middle of its writing left empty or torn:
/// the newest whole copy takes its place, and the torn one is kept beside it.
pub(in crate::engine) async fn mend(context: &Context<'_>, root: &Root) -> Result<(), StepError> {
    let Some(path) = root.local_state() else { return Ok(()) };
    if StateFile::look(&path).map_err(|source| unmovable(&path, &source))? != StateFile::Torn {
        return Ok(());
    }
    let copies = [Some(recovered(context)), root.errored_state(), root.state_backup()];
    let whole = copies.into_iter().flatten().filter_map(|copy| {
        let StateFile::Whole { serial, .. } = StateFile::look(&copy).ok()? else { return None };
        Some((serial, copy))
    });
    let newest = whole.max_by_key(|(serial, _)| *serial);
    let kept = set_aside(&path).map_err(|source| unmovable(&path, &source))?;
    let torn = format!("the state file was torn by a kill and is kept as `{}`", kept.display());
    let what = match newest {
        Some((serial, copy)) => {
            let bytes = std::fs::read(&copy).map_err(|source| unmovable(&copy, &source))?;
            write_private(&path, &bytes).map_err(|source| unmovable(&path, &source))?;
            let copy = copy.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("{torn}; the copy `{copy}`, serial {serial}, takes its place")
        }
        None => format!("{torn}; no copy is there"),
    };
    found(context, format!("{what}, and what was made since is looked for in the account")).await
}

/// Pushes back the states that tools could not write: what terraform left as `errored.tfstate`,
/// and what `tool-run` kept of its last words.
pub(super) async fn push_unsaved(context: &Context<'_>, root: &Root) -> Result<(), StepError> {
    let unsaved = [root.errored_state(), Some(recovered(context)).filter(|path| path.exists())];
    for path in unsaved.into_iter().flatten() {
        match StateFile::look(&path).map_err(|source| unmovable(&path, &source))? {
            // Nothing was made before it could not be written.
            StateFile::Missing => {
                std::fs::remove_file(&path).map_err(|source| unmovable(&path, &source))?;
            }
            StateFile::Torn => {
                let kept = set_aside(&path).map_err(|source| unmovable(&path, &source))?;
                let what = format!("`{}` holds no whole state; it is left alone", kept.display());
                found(context, what).await?;
            }
            StateFile::Whole { serial, lineage } => {
                push(context, root, &path, serial, &lineage).await?;
            }
        }
    }
    Ok(())
}

async fn push(
    context: &Context<'_>,
    root: &Root,
    path: &Path,
    serial: u64,
    lineage: &str,
) -> Result<(), StepError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let pulled = read(&root.state_pull(), "state pull").await?;
    let what = match StateFile::of(&pulled.stdout) {
        StateFile::Whole { serial: there, lineage: other } if other != lineage => {
            return Err(StepError::Failed(Failure {
                what: format!("`{name}` is not an earlier or later form of the present state"),
                causes: vec![format!(
                    "its lineage is {lineage}, that of the state {other} (serial {there})"
                )],
                hint: Some(format!(
                    "look at `{}` and at the state, keep the right one, then resume",
                    path.display()
                )),
            }));
        }
        StateFile::Whole { serial: there, .. } if there >= serial => {
            format!("`{name}`, serial {serial}, is in the state already (serial {there})")
        }
        _ => {
            run_push(context, root, path).await?;
            format!("a state that an earlier run could not write was pushed back, serial {serial}")
        }
    };
    // It holds secrets and has done its work.
    std::fs::remove_file(path).map_err(|source| unmovable(path, &source))?;
    found(context, what).await
}

async fn run_push(context: &Context<'_>, root: &Root, path: &Path) -> Result<(), StepError> {
    let mut words = LastWords::default();
    let push = root.state_push(path);
    let ended = tool::run(context, "state push", push, &mut words, &Stop::default()).await?;
    if ended.is_success() {
        return Ok(());
    }
    Err(StepError::Failed(Failure {
        what: "the state that an earlier run could not write cannot be pushed back".into(),
        causes: words.causes(),
        hint: Some(format!("it is kept in `{}`; mend the cause, then resume", path.display())),
    }))
}

/// Where `tool-run` keeps a state that its tool could save nowhere else.
fn recovered(context: &Context<'_>) -> PathBuf {
    context.session.deployment.recovered_state()
}

/// Renames a file that is of no use to a name that is free: `….torn`, `….torn-2`, …
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1..).map(|number| match number {
        1 => path.with_file_name(format!("{name}.torn")),
        number => path.with_file_name(format!("{name}.torn-{number}")),
    });
    let aside = free.into_iter().find(|path| !path.exists()).unwrap_or_else(|| path.to_owned());
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

fn unmovable(path: &Path, source: &io::Error) -> StepError {
    StepError::Failed(Failure {
        what: format!("could not put `{}` right", path.display()),
        causes: vec![source.to_string()],
        hint: Some("free space on the disk, or make the folder writable, then resume".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_never_takes_the_place_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("terraform.tfstate");
        for name in ["terraform.tfstate.torn", "terraform.tfstate.torn-2"] {
            std::fs::write(&path, name).unwrap();
            assert_eq!(set_aside(&path).unwrap(), dir.path().join(name));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
