//! Whether the nodes' clocks agree. What a node says has the time on it: one that is too far off is not believed, and both would
//! go on alone, each in good health.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::NodeId;

/// Clocks may be apart by so much.
const BOUND: Duration = Duration::from_secs(5);
/// For so long without a break: what comes late, because somebody stood still, is heard at once.
const CERTAIN: Duration = Duration::from_secs(2);
/// Nodes that are remembered. Each start is another one.
const MOST_NODES: usize = 1000;

#[derive(Default)]
pub(super) struct Clocks(Mutex<HashMap<NodeId, Off>>);

struct Off {
    since: Instant,
    last: Instant,
    is_told: bool,
}

/// How a node's clock is found to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found {
    Right,
    Off,
    /// For the first time on this occasion.
    OffNow,
}

impl Clocks {
    /// Something of the node's is heard `now` that was sent so many milliseconds ahead of this node's clock, or behind it.
    pub fn judge(&self, node: &NodeId, ahead_ms: i64, now: Instant) -> Found {
        let mut off = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if Duration::from_millis(ahead_ms.unsigned_abs()) <= BOUND {
            off.remove(node);
            return Found::Right;
        }
        if off.len() >= MOST_NODES {
            off.retain(|_, off| now.saturating_duration_since(off.last) < BOUND);
        }
        let off = off.entry(node.clone()).or_insert(Off { since: now, last: now, is_told: false });
        if now.saturating_duration_since(off.last) >= BOUND {
            off.since = now;
        }
        off.last = now;
        match now.saturating_duration_since(off.since) >= CERTAIN {
            false => Found::Right,
            true if std::mem::replace(&mut off.is_told, true) => Found::Off,
            true => Found::OffNow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_found_once_on_each_occasion_and_what_is_late_is_none() {
        let (clocks, start, node) = (Clocks::default(), Instant::now(), NodeId::from("other"));
        let after = |millis| start + Duration::from_millis(millis);
        for millis in (0..10_000).step_by(500) {
            assert_eq!(clocks.judge(&node, -4900, after(millis)), Found::Right);
        }
        // A process that stood still reads at once what has gathered, and then is up to date.
        for millis in 10_000..10_100 {
            assert_eq!(clocks.judge(&node, -60_000, after(millis)), Found::Right);
        }
        assert_eq!(clocks.judge(&node, -5, after(10_100)), Found::Right);
        for ahead in [30_000, -30_000, i64::MIN] {
            let found: Vec<_> = (0..6).map(|beat| clocks.judge(&node, ahead, after(20_000 + beat * 500))).collect();
            let (right, off) = (Found::Right, Found::Off);
            assert_eq!(found, [right, right, right, right, Found::OffNow, off]);
            assert_eq!(clocks.judge(&node, 0, after(30_000)), right, "set right");
        }
        for number in 0..2 * MOST_NODES as u64 {
            clocks.judge(&format!("{number}").into(), 60_000, after(40_000 + number * 100));
        }
        assert!(clocks.0.lock().expect("nobody panicked").len() <= MOST_NODES);
    }
}
