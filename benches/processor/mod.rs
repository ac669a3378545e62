//! What processes have used of the processors, as `/proc` tells it.

use std::error::Error;
use std::fs;
use std::time::Duration;

/// What a process has used, user and system together.
pub(crate) fn used_by(pid: u64) -> Result<Duration, Box<dyn Error>> {
    time(&format!("/proc/{pid}/stat"), 11)
}

/// Two fields of a line of `/proc`, counted from the one after the name: user and system time.
pub(crate) fn time(file: &str, first: usize) -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string(file)?;
    // The name in parentheses may hold blanks.
    let (_, fields) = stat.rsplit_once(')').ok_or("no line of a process")?;
    let ticks = fields.split_whitespace().skip(first).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second()))
}
