//! Processor time that processes have spent.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Of one process, all its threads together.
pub fn of(pid: u32) -> Result<Duration> {
    Ok(times(pid)?.0)
}

/// Of a process and its children, those that have ended among them.
pub fn of_family(pid: u32) -> Result<Duration> {
    let (own, of_ended) = times(pid)?;
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    // One that ends just now is counted by its parent from now on.
    let of_living = children.split_whitespace().filter_map(|child| of(child.parse().ok()?).ok());
    Ok(own + of_ended + of_living.sum())
}

/// Its own, and that of its children that have ended.
fn times(pid: u32) -> Result<(Duration, Duration)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| Ok::<_, anyhow::Error>(fields.get(place).context("a short stat")?.parse::<u64>()?);
    let millis = |user, system| Ok::<_, anyhow::Error>(Duration::from_millis((ticks(user)? + ticks(system)?) * 10));
    Ok((millis(11, 12)?, millis(13, 14)?))
}
