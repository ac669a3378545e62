//! This host: state folder, disk, memory, files, clock; and whether all is answered.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::super::context::StateFolder;
use super::super::finding::{Finding, not_needed};
use super::super::{Check, Subject};
use crate::cloud::Cloud;
use crate::host::machine;

/// Where state is kept.
pub(super) const STATE_FOLDER: Check = Check {
    id: "state-folder",
    sentence: "the folder for state can be written and outlasts a restart of this host",
    subject: Subject::Host,
    ask: |context| {
        Box::pin(async {
            let kind = machine::file_system(&context.state.path);
            let temporary = context.host.var("TMPDIR").unwrap_or("/tmp");
            Ok(judge_folder(&context.state, kind.as_deref(), Path::new(temporary)))
        })
    },
};

/// Room on the disk.
pub(super) const DISK: Check = Check {
    id: "disk",
    sentence: "there is room for the provider, plans, logs and the journal",
    subject: Subject::Host,
    ask: |context| {
        Box::pin(async {
            let path = &context.state.path;
            Ok(match machine::free_bytes(path) {
                Ok(free) => judge_disk(free, path),
                Err(error) => {
                    Finding::unknown(format!("the disk of `{}`: {error}", path.display()))
                }
            })
        })
    },
};

/// Memory.
pub(super) const MEMORY: Check = Check {
    id: "memory",
    sentence: "there is memory for terraform and its provider",
    subject: Subject::Host,
    ask: |_| {
        Box::pin(async {
            Ok(machine::available_memory().map_or_else(
                || Finding::unknown("this system does not say how much memory is free"),
                judge_memory,
            ))
        })
    },
};

/// Open files.
pub(super) const OPEN_FILES: Check = Check {
    id: "open-files",
    sentence: "programs may have enough files open for parallel uploads",
    subject: Subject::Host,
    ask: |_| Box::pin(async { Ok(judge_files(machine::open_files())) }),
};

/// The clock.
pub(super) const CLOCK: Check = Check {
    id: "clock",
    sentence: "the clock of this host goes as that of AWS",
    subject: Subject::Host,
    ask: |context| {
        Box::pin(async {
            let theirs = context.account.ask("the time", Cloud::clock).await?;
            Ok(judge_clock(context.host.now(), theirs))
        })
    },
};

/// The answers.
pub(super) const ANSWERS: Check = Check {
    id: "answers",
    sentence: "every question that must be answered is",
    subject: Subject::Host,
    ask: |context| {
        Box::pin(async {
            if context.answers.catalogue().pages.is_empty() {
                return not_needed("nothing is asked");
            }
            Ok(judge_answers(&context.missing))
        })
    },
};

/// File systems that are gone after a restart.
const FLEETING: &[&str] = &["tmpfs", "ramfs"];
/// File systems on which locks and renames have been seen to fail.
const SHARED: &[&str] = &["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"];

fn judge_folder(state: &StateFolder, kind: Option<&str>, temporary: &Path) -> Finding {
    let path = state.path.display();
    let why = "journal and state of a run are there; without them nothing can be resumed";
    let is_fleeting = kind.is_some_and(|kind| FLEETING.contains(&kind));
    let in_temporary = state.path.starts_with(temporary) || state.path.starts_with("/tmp");
    let kind_said = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
    if state.is_rehearsal && (is_fleeting || in_temporary) {
        return Finding::pass(format!("`{path}`{kind_said} may be cleared; this is a rehearsal"));
    }
    if is_fleeting || in_temporary {
        let found = format!("`{path}`{kind_said} does not outlast a restart");
        let mend = "name another folder by `--state-dir`";
        let finding = if state.is_named { Finding::warn(found) } else { Finding::fail(found) };
        return finding.because(why).mend(mend);
    }
    if kind.is_some_and(|kind| SHARED.contains(&kind)) {
        return Finding::warn(format!("`{path}` is on a file system of the network{kind_said}"))
            .because("locks between processes are not kept on all of them")
            .mend("name a folder on a disk of this host by `--state-dir`");
    }
    Finding::pass(format!("`{path}`{kind_said}"))
}

const GIGABYTE: u64 = 1_000_000_000;
/// The provider alone is 0.8 GB unpacked and is packed beside that while it is fetched.
const LEAST_DISK: u64 = GIGABYTE;
const GOOD_DISK: u64 = 3 * GIGABYTE;

fn judge_disk(free: u64, path: &Path) -> Finding {
    let found = format!("{} free for `{}`", gigabytes(free), path.display());
    let why = "the AWS provider takes about 0.8 GB; a full disk loses journal and state";
    if free < LEAST_DISK {
        Finding::fail(found).because(why).mend("make room, or `--state-dir`")
    } else if free < GOOD_DISK {
        Finding::warn(found).because(why).mend("make room, or `--state-dir`")
    } else {
        Finding::pass(found)
    }
}

fn judge_memory(free: u64) -> Finding {
    let found = format!("{} of memory available", gigabytes(free));
    let why = "terraform with the AWS provider takes about 1 GB; a program that is ended for want \
               of memory leaves its state unwritten";
    match free {
        ..700_000_000 => Finding::warn(found).because(why).mend("end other programs first"),
        _ => Finding::pass(found),
    }
}

fn judge_files(limit: Option<u64>) -> Finding {
    match limit {
        Some(limit @ ..256) => Finding::warn(format!("{limit} files may be open at once"))
            .because("uploads in parallel and the tools have up to about 200 open")
            .mend("`ulimit -n 1024` in this shell"),
        Some(limit) => Finding::pass(format!("{limit} files may be open at once")),
        None => Finding::pass("as many files may be open as are wanted"),
    }
}

/// AWS refuses signatures that are more than five minutes off.
const REFUSED: SignedDuration = SignedDuration::from_mins(5);
const NOTICED: SignedDuration = SignedDuration::from_mins(1);

fn judge_clock(ours: Timestamp, theirs: Timestamp) -> Finding {
    let off = ours.duration_since(theirs);
    let word = if off.is_negative() { "behind" } else { "ahead of" };
    let found = format!("this host is {} s {word} AWS", off.unsigned_abs().as_secs());
    let why = "AWS refuses requests that are signed more than five minutes before or after";
    let mend = "set the clock, for example by `chronyc makestep`";
    if off.abs() >= REFUSED {
        Finding::fail(found).because(why).mend(mend)
    } else if off.abs() >= NOTICED {
        Finding::warn(found).because(why).mend(mend)
    } else {
        Finding::pass(found)
    }
}

fn judge_answers(missing: &[String]) -> Finding {
    if missing.is_empty() {
        return Finding::pass("all is answered");
    }
    let keys: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
    Finding::warn(format!("not answered yet: {}", keys.join(", ")))
        .because("checks that need them cannot say anything, and no run can begin")
        .mend("`springboard answers new` prints a file to fill in; then `--answers FILE`")
}

fn gigabytes(bytes: u64) -> String {
    let tenths = bytes / (GIGABYTE / 10);
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::run::event::Outcome;

    #[test]
    fn a_folder_that_is_cleared_is_refused_unless_it_was_named() {
        let folder = |path: &str, is_named| StateFolder {
            path: PathBuf::from(path),
            is_named,
            is_rehearsal: false,
        };
        let outcome = |path, is_named, kind| {
            judge_folder(&folder(path, is_named), kind, Path::new("/var/tmp")).outcome
        };
        for (path, is_named, kind, expected) in [
            ("/home/op/.local/state", false, Some("ext4"), Outcome::Pass),
            ("/home/op/.local/state", false, None, Outcome::Pass),
            ("/home/op/.local/state", false, Some("tmpfs"), Outcome::Fail),
            ("/tmp/state", false, Some("ext4"), Outcome::Fail),
            ("/var/tmp/state", true, Some("ext4"), Outcome::Warn),
            ("/srv/state", true, Some("nfs4"), Outcome::Warn),
        ] {
            assert_eq!(outcome(path, is_named, kind), expected, "{path} {kind:?}");
        }
        let rehearsal = StateFolder { is_rehearsal: true, ..folder("/tmp/state", false) };
        assert_eq!(judge_folder(&rehearsal, None, Path::new("/tmp")).outcome, Outcome::Pass);
    }

    #[test]
    fn room_is_judged_by_what_the_provider_takes() {
        let outcome = |free| judge_disk(free, Path::new("/s")).outcome;
        assert_eq!(outcome(900_000_000), Outcome::Fail);
        assert_eq!(outcome(2_000_000_000), Outcome::Warn);
        assert_eq!(outcome(9_000_000_000), Outcome::Pass);
        assert_eq!(judge_disk(2_340_000_000, Path::new("/s")).found, "2.3 GB free for `/s`");
        assert_eq!(judge_memory(500_000_000).outcome, Outcome::Warn);
        assert_eq!(judge_memory(900_000_000).outcome, Outcome::Pass);
        assert_eq!(judge_files(Some(64)).outcome, Outcome::Warn);
        assert_eq!(judge_files(None).outcome, Outcome::Pass);
    }

    #[test]
    fn a_clock_is_wrong_from_five_minutes_on() {
        let now = Timestamp::UNIX_EPOCH;
        let outcome =
            |seconds: i64| judge_clock(now, Timestamp::from_second(seconds).unwrap()).outcome;
        assert_eq!(outcome(59), Outcome::Pass);
        assert_eq!(outcome(-61), Outcome::Warn);
        assert_eq!(outcome(300), Outcome::Fail);
        let late = judge_clock(now, Timestamp::from_second(400).unwrap());
        assert_eq!(late.found, "this host is 400 s behind AWS");
    }

    #[test]
    fn missing_answers_are_named() {
        assert_eq!(judge_answers(&[]).outcome, Outcome::Pass);
        let finding = judge_answers(&["region".into(), "public_hostname".into()]);
        assert_eq!(finding.found, "not answered yet: `region`, `public_hostname`");
    }
}
