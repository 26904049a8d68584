//! The order of one ticket's messages on their way to its room.
//!
//! The database's `seq` is the truth; what arrives here are hints, which may come late, twice, out of order or never.
//! What is handed on is strictly n, n+1, n+2 …: an item ahead of its turn waits, and a hole is told so that it can be
//! read from the database.

use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Sequencer<T> {
    /// None until somebody has said where the ticket stands.
    next: Option<i64>,
    waiting: BTreeMap<i64, T>,
    /// The highest `seq` that is known to be stored, heard of or not.
    known: i64,
}

impl<T> Default for Sequencer<T> {
    fn default() -> Self {
        Self { next: None, waiting: BTreeMap::new(), known: 0 }
    }
}

impl<T> Sequencer<T> {
    /// Takes an item and answers all whose turn it is now.
    pub fn offer(&mut self, seq: i64, item: T) -> Vec<(i64, T)> {
        if self.next.is_none_or(|next| seq >= next) {
            self.waiting.insert(seq, item);
        }
        self.release()
    }

    /// A snapshot of the ticket ended with `last_seq`. The first one says where to begin; a later one may tell of messages
    /// that nobody has announced.
    pub fn start_after(&mut self, last_seq: i64) -> Vec<(i64, T)> {
        self.known = self.known.max(last_seq);
        if self.next.is_none() {
            self.next = Some(last_seq + 1);
            self.waiting = self.waiting.split_off(&(last_seq + 1));
        }
        self.release()
    }

    /// The `seq` whose turn it is; what lies before it was handed on, or was in somebody's snapshot.
    pub fn next(&self) -> Option<i64> {
        self.next
    }

    /// Another node has stored messages up to this one.
    pub fn learn(&mut self, seq: i64) {
        self.known = self.known.max(seq);
    }

    /// The first and the last `seq` that are stored, by all that is known, and have not been heard of.
    pub fn hole(&self) -> Option<(i64, i64)> {
        let next = self.next?;
        let last = self.waiting.first_key_value().map_or(self.known, |(first, _)| first - 1);
        (next <= last).then_some((next, last))
    }

    fn release(&mut self) -> Vec<(i64, T)> {
        let mut due = Vec::new();
        while let Some(next) = self.next {
            let Some(item) = self.waiting.remove(&next) else { break };
            due.push((next, item));
            self.next = Some(next + 1);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hole_is_told_and_filled() {
        let mut order = Sequencer::default();
        assert!(order.offer(7, "late").is_empty() && order.hole().is_none(), "nothing is known of this ticket yet");
        assert_eq!(order.start_after(4), []);
        assert_eq!(order.hole(), Some((5, 6)));
        assert_eq!(order.offer(5, "a"), [(5, "a")]);
        assert_eq!(order.hole(), Some((6, 6)));
        assert_eq!(order.offer(6, "b"), [(6, "b"), (7, "late")]);
        assert_eq!(order.hole(), None);
        assert_eq!(order.start_after(6), [], "nothing new");
        assert_eq!(order.hole(), None);
        assert_eq!(order.start_after(9), [], "a snapshot has what nobody announced");
        assert_eq!(order.hole(), Some((8, 9)));
        assert_eq!(order.offer(8, "c"), [(8, "c")]);
        assert_eq!(order.hole(), Some((9, 9)));
    }

    #[test]
    fn what_others_have_stored_is_a_hole_until_it_is_read() {
        let mut order = Sequencer::default();
        order.learn(3);
        assert_eq!(order.hole(), None, "nobody is here yet");
        assert_eq!(order.start_after(1), []);
        assert_eq!(order.hole(), Some((2, 3)));
        assert_eq!(order.offer(2, "a"), [(2, "a")]);
        order.learn(2);
        assert_eq!(order.hole(), Some((3, 3)), "an older hint changes nothing");
        assert_eq!(order.offer(3, "b"), [(3, "b")]);
        assert_eq!(order.hole(), None);
    }

    proptest! {
        #[test]
        fn whatever_the_hints_do_the_order_is_that_of_seq(hints in prop::collection::vec(1_i64..40, 0..200), start in 0_i64..20) {
            let mut order = Sequencer::default();
            let mut seen: Vec<i64> = Vec::new();
            for (i, seq) in hints.iter().enumerate() {
                if i == hints.len() / 2 {
                    seen.extend(order.start_after(start).into_iter().map(|(seq, _)| seq));
                }
                seen.extend(order.offer(*seq, ()).into_iter().map(|(seq, ())| seq));
            }
            let expected: Vec<i64> = (start + 1..).take(seen.len()).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
