//! The log of slow statements: the text, never its values, where in the code it was asked for, how long its transaction had
//! waited, and how long it ran.

use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::platform::config::DatabaseConfig;

/// Lines in a second, at most: a slow database must not be slowed by its log.
const MOST_LINES: u32 = 10;

static BUDGET: Mutex<Budget> = Mutex::new(Budget { second: None, lines: 0, left_out: 0 });

struct Budget {
    second: Option<Instant>,
    lines: u32,
    left_out: u64,
}

/// What a transaction holds its statements against.
#[derive(Clone, Copy)]
pub(super) struct Watch {
    over: Duration,
    queued: Duration,
}

/// None: nothing is slow.
pub(super) fn threshold(config: &DatabaseConfig) -> Option<Duration> {
    (config.slow_ms > 0).then(|| Duration::from_millis(config.slow_ms))
}

impl Watch {
    pub fn new(over: Duration, queued: Duration) -> Self {
        Self { over, queued }
    }

    pub fn judge(self, statement: &str, place: &Location<'_>, begun: Instant) {
        let ran = begun.elapsed();
        if ran >= self.over {
            let Some(left_out) = note() else { return };
            let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
            let (queued_ms, ran_ms) = (self.queued.as_millis() as u64, ran.as_millis() as u64);
            tracing::warn!(statement, %place, queued_ms, ran_ms, left_out, "a slow statement");
        }
    }
}

/// The same for a commit, which no store asks for.
pub(super) fn judge_commit(over: Option<Duration>, begun: Instant, group: usize) {
    let ran = begun.elapsed();
    if over.is_some_and(|over| ran >= over)
        && let Some(left_out) = note()
    {
        let ran_ms = ran.as_millis() as u64;
        tracing::warn!(statement = "commit", group, queued_ms = 0, ran_ms, left_out, "a slow statement");
    }
}

/// Counts one; answers how many were left out of the log before it, None if it is itself.
fn note() -> Option<u64> {
    metrics::counter!("smilechat_db_slow_statements_total").increment(1);
    take_line(Instant::now())
}

/// None: this one is left out. Otherwise how many were before it.
fn take_line(now: Instant) -> Option<u64> {
    let mut budget = BUDGET.lock().unwrap_or_else(PoisonError::into_inner);
    if budget.second.is_none_or(|second| now.duration_since(second) >= Duration::from_secs(1)) {
        (budget.second, budget.lines) = (Some(now), 0);
    }
    if budget.lines == MOST_LINES {
        budget.left_out += 1;
        return None;
    }
    budget.lines += 1;
    Some(std::mem::take(&mut budget.left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_ten_lines_and_a_count() {
        let now = Instant::now() + Duration::from_secs(3600);
        let told = (0..1000).filter(|_| take_line(now).is_some()).count();
        assert_eq!(told, 10);
        assert_eq!(take_line(now + Duration::from_secs(1)), Some(990));
        assert_eq!(take_line(now + Duration::from_secs(1)), Some(0));
    }
}
