//! The walk along the events, of all tenants: in the order of their keys, and back for those that are committed late.

use std::time::Duration;

use super::store::progress::{Cursor, Missing};
use crate::error::Result;
use crate::events::store::{self as events, Stored};
use crate::platform::clock::Timestamp;
use crate::platform::config::DatabaseConfig;
use crate::platform::db::Tx;

/// What one transaction reads at most.
pub const EVENTS: i64 = 200;
/// A transaction that commits late has an older time, or a lower key, than what was derived before it. So far back is looked
/// again, and so long a key is asked for: far above what two nodes' clocks may differ, and no shorter than a transaction can take.
const OVERLAP: Duration = Duration::from_secs(300);
const HOLE: Duration = Duration::from_secs(60);
/// More of them are no transactions; the cursor waits until these are too old.
const MOST_MISSING: i64 = 500;

/// `OVERLAP` and `HOLE`, where a transaction can take longer.
#[derive(Clone, Copy)]
pub struct Behind {
    overlap: Duration,
    hole: Duration,
}

impl Behind {
    pub fn of(database: &DatabaseConfig) -> Self {
        let longest = database.longest_transaction();
        Self { overlap: OVERLAP.max(longest), hole: HOLE.max(longest) }
    }

    pub fn since(self, looked_at: Timestamp, begins_at: Timestamp) -> Timestamp {
        looked_at.max(begins_at).minus(self.overlap)
    }
}

/// Those that were passed over and are there now, and those behind the cursor; it forgets what is missed for too long.
pub fn next_events(tx: &mut Tx<'_>, cursor: &mut Cursor, now: Timestamp, behind: Behind) -> Result<Vec<Stored>> {
    let mut found = match cursor.missing.as_slice() {
        [] => Vec::new(),
        missing => events::list_named(tx, &missing.iter().map(|missing| missing.0).collect::<Vec<_>>())?,
    };
    // One that is there is missing until it is told: the step may end before its turn comes.
    cursor.missing.retain(|Missing(key, since)| {
        now.since(Timestamp(*since)) <= behind.hole || found.iter().any(|event| event.key == *key)
    });
    found.extend(events::list_after(tx, cursor.position, EVENTS)?);
    Ok(found)
}

/// Moves the cursor to an event, or takes it off those that are missing. False: too many keys would be passed over.
pub fn pass(cursor: &mut Cursor, event: &Stored, now: Timestamp, behind: Behind) -> bool {
    let first = cursor.position + 1;
    if event.key < first {
        cursor.missing.retain(|missing| missing.0 != event.key);
        return true;
    }
    // What is older than a transaction can be has all been committed, or never will be.
    if now.since(event.at) <= behind.hole {
        if event.key - first + cursor.missing.len() as i64 > MOST_MISSING {
            return false;
        }
        cursor.missing.extend((first..event.key).map(|key| Missing(key, now.0)));
    }
    cursor.position = event.key;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::model::TenantKey;

    #[test]
    fn a_key_is_asked_for_as_long_as_a_transaction_can_take() {
        let mut database = DatabaseConfig {
            url: String::new(),
            readers: 0,
            replica_url: String::new(),
            replica_lag_seconds: 5,
            pool_size: 1,
            queue_timeout_seconds: 5,
            statement_timeout_seconds: 10,
            busy_timeout_seconds: 5,
            slow_ms: 0,
        };
        let behind = Behind::of(&database);
        assert_eq!((behind.overlap, behind.hole), (OVERLAP, HOLE));
        database.statement_timeout_seconds = 3600;
        let (behind, longest) = (Behind::of(&database), Duration::from_secs(3 * 3600 + 5));
        assert_eq!((behind.overlap, behind.hole), (longest, longest));
        let now = Timestamp(1_800_000_000_000);
        let event = |key, at| Stored {
            key,
            tenant: TenantKey(1),
            kind: "ticket_updated".to_owned(),
            actor_id: None,
            ticket_id: None,
            data: "{}".to_owned(),
            at,
        };
        let mut cursor = Cursor { position: 10, missing: Vec::new() };
        assert!(pass(&mut cursor, &event(13, now.minus(longest)), now, behind));
        assert_eq!(cursor, Cursor { position: 13, missing: vec![Missing(11, now.0), Missing(12, now.0)] });
        // It is there: nobody has to ask for it any more.
        assert!(pass(&mut cursor, &event(11, now), now, behind));
        assert_eq!(cursor.missing, [Missing(12, now.0)]);
        // What is older has no gaps that anybody fills.
        assert!(pass(&mut cursor, &event(20, now.minus(longest * 2)), now, behind));
        assert_eq!(cursor, Cursor { position: 20, missing: vec![Missing(12, now.0)] });
    }
}
