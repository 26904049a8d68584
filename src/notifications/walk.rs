//! The walk along the events, of all tenants: in the order of their keys, and back for those that are committed late.

use super::store::progress::{Cursor, Missing};
use crate::error::Result;
use crate::events::Behind;
use crate::events::store::{self as events, Stored};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// What one transaction reads at most.
pub const EVENTS: i64 = 200;
/// More of them are no transactions; the cursor waits until these are too old.
const MOST_MISSING: i64 = 500;

/// Those that were passed over and are there now, and those behind the cursor; it forgets what is missed for too long.
pub fn next_events(tx: &mut Tx<'_>, cursor: &mut Cursor, now: Timestamp, behind: Behind) -> Result<Vec<Stored>> {
    let mut found = match cursor.missing.as_slice() {
        [] => Vec::new(),
        missing => events::list_named(tx, &missing.iter().map(|missing| missing.0).collect::<Vec<_>>())?,
    };
    // One that is there is missing until it is told: the step may end before its turn comes.
    cursor.missing.retain(|Missing(key, since)| {
        behind.may_come(Timestamp(*since), now) || found.iter().any(|event| event.key == *key)
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
    if behind.may_come(event.at, now) {
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
    use std::time::Duration;

    use super::*;
    use crate::auth::model::TenantKey;

    #[test]
    fn a_key_that_was_passed_over_is_asked_for_while_it_may_come() {
        let longest = Duration::from_secs(3600);
        let (behind, now) = (Behind::of(longest), Timestamp(1_800_000_000_000));
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
