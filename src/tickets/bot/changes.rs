//! What a model wanted done to the ticket that it answers in, done with its answer.

use std::sync::Arc;

use super::tools::Change;
use crate::auth::model::TicketKey;
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::model::TicketStatus;
use crate::tickets::{fields, store as tickets};

const MOST_TAGS: usize = 20;

/// In the transaction that stores the answer, under the ticket's lock. One event for all.
pub fn carry_out(tx: &mut Tx<'_>, act: &Act, key: TicketKey, changes: &[Change]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let before = tickets::find_by_key_and_lock(tx, act.tenant, key)?;
    let mut after = before.clone();
    for change in changes {
        match change {
            Change::Tag(tags) => {
                after.tags = fields::distinct(&[after.tags.as_slice(), tags.as_slice()].concat());
                after.tags.truncate(MOST_TAGS);
            }
            Change::Priority(priority) => after.priority = *priority,
            Change::Close => {
                after.closed_at = after.closed_at.or(Some(act.at));
                after.status = TicketStatus::Closed;
            }
        }
    }
    let pairs = [
        ("status", before.status != after.status),
        ("priority", before.priority != after.priority),
        ("tags", before.tags != after.tags),
        ("closed_at", before.closed_at != after.closed_at),
    ];
    let changed: Vec<&'static str> =
        pairs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    after.updated_at = act.at.max(Timestamp(before.updated_at.0 + 1));
    tickets::update(tx, act.tenant, &after)?;
    if before.tags != after.tags {
        tickets::write_tags(tx, act.tenant, key, &after.tags)?;
    }
    let ticket = Arc::new(tickets::find_by_key(tx, act.tenant, key)?);
    events::record(tx, act, What::TicketUpdated { ticket, changed })
}
