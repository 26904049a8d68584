//! How far behind the newest event whoever walks along the events has to look.

use std::time::Duration;

use crate::platform::clock::Timestamp;

/// A transaction that commits late has an older time, or a lower key, than what was seen before it. So far back is looked again,
/// and so long a key is asked for: far above what two nodes' clocks may differ, and no shorter than a transaction can take.
const OVERLAP: Duration = Duration::from_secs(300);
const HOLE: Duration = Duration::from_secs(60);

/// `OVERLAP` and `HOLE`, where a transaction can take longer.
#[derive(Clone, Copy)]
pub struct Behind {
    overlap: Duration,
    hole: Duration,
}

impl Behind {
    /// `longest`: after it, no transaction can still be under way.
    pub fn of(longest: Duration) -> Self {
        Self { overlap: OVERLAP.max(longest), hole: HOLE.max(longest) }
    }

    /// From when on to look at what has changed, where that was done up to `looked_at`.
    pub fn since(self, looked_at: Timestamp) -> Timestamp {
        looked_at.minus(self.overlap)
    }

    /// Whether a key may still come that was missing `then`, or that is lower than the one of what happened `then`.
    pub fn may_come(self, then: Timestamp, now: Timestamp) -> bool {
        now.since(then) <= self.hole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_come_for_as_long_as_a_transaction_can_take() {
        let behind = Behind::of(Duration::from_secs(35));
        assert_eq!((behind.overlap, behind.hole), (OVERLAP, HOLE));
        let longest = Duration::from_secs(3 * 3600 + 5);
        let behind = Behind::of(longest);
        assert_eq!((behind.overlap, behind.hole), (longest, longest));
        let now = Timestamp(1_800_000_000_000);
        assert_eq!(behind.since(now), now.minus(longest));
        assert!(behind.may_come(now.minus(longest), now));
        assert!(!behind.may_come(now.minus(longest + Duration::from_millis(1)), now));
    }
}
