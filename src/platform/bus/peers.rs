//! Which other nodes there are: whoever was heard of late. Each says something twice a second.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::NodeId;

/// A node that is silent for so long has trouble, or is gone.
const QUIET: Duration = Duration::from_millis(1500);

pub(super) struct Peers {
    lease: Duration,
    heard: Mutex<HashMap<NodeId, Heard>>,
}

struct Heard {
    last: Instant,
    /// Of its payloads.
    number: u64,
}

impl Peers {
    pub fn new(lease: Duration) -> Self {
        Self { lease, heard: Mutex::default() }
    }

    /// False: it, or a later one, was heard before.
    pub fn is_news(&self, node: &NodeId, number: u64) -> bool {
        self.lock().get(node).is_none_or(|heard| number > heard.number)
    }

    /// True: it was not there before.
    pub fn hear(&self, node: &NodeId, number: u64, now: Instant) -> bool {
        let mut heard = self.lock();
        if let Some(Heard { last, number: highest }) = heard.get_mut(node) {
            let was_gone = now.saturating_duration_since(*last) >= self.lease;
            (*last, *highest) = (now, number);
            return was_gone;
        }
        let lease = self.lease;
        heard.retain(|_, heard| now.saturating_duration_since(heard.last) < lease);
        heard.insert(node.clone(), Heard { last: now, number });
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
        self.lock().values().filter(|heard| now.saturating_duration_since(heard.last) < self.lease).count()
    }

    pub fn is_anybody_quiet(&self, now: Instant) -> bool {
        let silence = |heard: &Heard| now.saturating_duration_since(heard.last);
        self.lock().values().any(|heard| (QUIET..self.lease).contains(&silence(heard)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Heard>> {
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
        assert!(peers.hear(&one, 1, start) && !peers.hear(&one, 2, after(1)) && peers.hear(&two, 1, after(1)));
        assert!(peers.is_news(&one, 3) && !peers.is_news(&one, 2) && !peers.is_news(&one, 1), "a repeat is no news");
        assert!(!peers.is_anybody_quiet(after(2)) && peers.is_anybody_quiet(after(3)));
        assert_eq!(peers.count(after(2)), 2);
        peers.part(&two);
        assert_eq!((peers.count(after(20)), peers.count(after(21))), (1, 0));
        assert!(!peers.is_anybody_quiet(after(21)), "it is gone");
        assert!(peers.hear(&one, 3, after(30)), "and back");
    }
}
