//! Which process is meant, even after its number was given to another one.

use rustix::process::{Pid, getpid, test_kill_process};
use serde::{Deserialize, Serialize};

/// A process: number, start time and boot. Number alone would be given to another one some day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since boot; 0 where the system does not tell.
    pub started: u64,
    /// Id of the boot it belongs to; empty where the system does not tell.
    pub boot: String,
}

impl Stamp {
    /// The stamp of the running process `pid`; a process that is gone has start time 0.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let started = Stat::read(pid).map_or(0, |stat| stat.started);
        Self { pid, started, boot: boot_id() }
    }

    /// The stamp of this very process.
    #[must_use]
    pub fn of_self() -> Self {
        Self::of(getpid().as_raw_nonzero().get().cast_unsigned())
    }

    /// Whether that very process still runs; one that has ended and was not yet waited for does
    /// not.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        if self.boot != boot_id() {
            return false;
        }
        if let Some(stat) = Stat::read(self.pid) {
            return stat.started == self.started && !stat.is_over;
        }
        // Without /proc the number has to be enough.
        !std::path::Path::new("/proc/self/stat").exists()
            && self.process().is_some_and(|pid| test_kill_process(pid).is_ok())
    }

    /// The number as the system calls want it.
    pub(super) fn process(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.pid).ok()?)
    }
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// What is needed of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    started: u64,
    is_over: bool,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in parentheses may hold anything, parentheses included: fields are counted from
    /// the last one.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let is_over = matches!(fields.next()?, "Z" | "X" | "x");
        let started = fields.nth(18)?.parse().ok()?;
        Some(Self { started, is_over })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_another_start_time_is_another_process() {
        let own = Stamp::of_self();
        assert!(own.is_alive());
        assert!(!Stamp { started: own.started + 1, ..own.clone() }.is_alive());
        assert!(!Stamp { boot: "another".into(), ..own.clone() }.is_alive());
        assert!(!Stamp { pid: u32::MAX, ..own }.is_alive());
    }

    #[test]
    fn a_process_name_with_parentheses_does_not_shift_the_fields() {
        let tail = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        let stat = |state: &str| Stat::parse(&format!("99 (a) b (c) {state} {tail}"));
        assert_eq!(stat("S"), Some(Stat { started: 4242, is_over: false }));
        assert_eq!(stat("Z"), Some(Stat { started: 4242, is_over: true }));
        assert_eq!(Stat::parse("garbage"), None);
    }
}
