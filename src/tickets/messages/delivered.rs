//! Delivery marks: a message has reached the other side once it was handed to a connection of theirs, live or by
//! a replay, or read.

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::messages::store;
use crate::tickets::model::Side;
use crate::tickets::store as tickets;

/// Up to which `seq` one side of a ticket has been served.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    pub tenant: TenantKey,
    pub ticket: TicketKey,
    pub side: Side,
    pub up_to_seq: i64,
}

/// Tickets in one transaction: whoever writes in one of them waits while it runs.
const BATCH: usize = 50;

/// Writes the marks down and tells the rooms. Called with what has gathered for a moment, not for each message, in the
/// order of the tickets: two nodes that mark the same ones do not wait for one another. Of an error, nobody knows how many
/// were written before it; to mark again does no harm.
pub async fn mark(app: &App, served: &[Served]) -> Result<()> {
    let now = app.clock.now();
    for batch in served.chunks(BATCH) {
        let batch = batch.to_vec();
        app.db.write(move |tx| batch.iter().try_for_each(|one| mark_one(tx, one, now))).await?;
    }
    Ok(())
}

fn mark_one(tx: &mut Tx<'_>, one: &Served, now: Timestamp) -> Result<()> {
    let ticket = match tickets::find_by_key_and_lock(tx, one.tenant, one.ticket) {
        Ok(ticket) => ticket,
        // Deleted meanwhile: nothing to mark.
        Err(Error::NotFound) => return Ok(()),
        Err(error) => return Err(error),
    };
    let marked = store::mark_delivered(tx, one.tenant, &ticket, one.side, one.up_to_seq, now)?;
    if marked.is_empty() {
        return Ok(());
    }
    let seqs = marked.into_iter().map(|(seq, _)| seq).collect();
    let what = What::MessagesDelivered { ticket_id: ticket.ticket_id, up_to_seq: one.up_to_seq, seqs };
    events::record(tx, &Act::of_server(one.tenant, now), what)
}
