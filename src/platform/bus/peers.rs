//! Which other nodes there are: whoever was heard of late. Each says something twice a second.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::NodeId;

/// A node that is silent for so long has trouble, or is gone.
const QUIET: Duration = Duration::from_millis(1500);

pub(super) struct Peers {
    lease: Duration,
    heard: Mutex<HashMap<NodeId, Instant>>,
}

impl Peers {
    pub fn new(lease: Duration) -> Self {
        Self { lease, heard: Mutex::default() }
    }

    /// True: it was not there before.
    pub fn hear(&self, node: &NodeId, now: Instant) -> bool {
        let mut heard = self.lock();
        if let Some(last) = heard.get_mut(node) {
            let was_gone = now.saturating_duration_since(*last) >= self.lease;
            *last = now;
            return was_gone;
        }
        let lease = self.lease;
        heard.retain(|_, last| now.saturating_duration_since(*last) < lease);
        heard.insert(node.clone(), now);
        true
    }

    /// It said that it goes.
    pub fn part(&self, node: &NodeId) {
        self.lock().remove(node);
    }

    pub fn are_there(&self, now: Instant) -> bool {
        self.count(now) > 0
    }

    pub fn count(&self, now: Instant) -> usize {
        self.lock().values().filter(|last| now.saturating_duration_since(**last) < self.lease).count()
    }

    pub fn is_anybody_quiet(&self, now: Instant) -> bool {
        let silence = |last: &Instant| now.saturating_duration_since(*last);
        self.lock().values().any(|last| (QUIET..self.lease).contains(&silence(last)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Instant>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_there_for_its_lease_and_in_doubt_before_the_end_of_it() {
        let (peers, start) = (Peers::new(Duration::from_secs(20)), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let (one, two): (NodeId, NodeId) = ("one".into(), "two".into());
        assert!(!peers.are_there(start));
        assert!(peers.hear(&one, start) && !peers.hear(&one, after(1)) && peers.hear(&two, after(1)));
        assert!(!peers.is_anybody_quiet(after(2)) && peers.is_anybody_quiet(after(3)));
        assert_eq!(peers.count(after(2)), 2);
        peers.part(&two);
        assert_eq!((peers.count(after(20)), peers.count(after(21))), (1, 0));
        assert!(!peers.is_anybody_quiet(after(21)), "it is gone");
        assert!(peers.hear(&one, after(30)), "and back");
    }
}
