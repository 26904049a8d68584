//! Delivery marks: a message has reached the other side once it was handed to a connection of theirs, live or by
//! a replay, or read.

use std::sync::Arc;

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey};
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::messages::store::{self, Delivered};
use crate::tickets::model::Side;

/// Up to which `seq` one side of a ticket has been served.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    pub tenant: TenantKey,
    pub ticket: TicketKey,
    pub side: Side,
    pub up_to_seq: i64,
}

/// Tickets in one transaction. Whoever writes in one of them waits for it.
const BATCH: usize = 16;

/// Writes the marks down and tells the rooms. Called with what has gathered for a moment, not for each message, in the
/// order of the tickets: two nodes that mark the same ones do not wait for one another. Of an error, nobody knows how many
/// were written before it; to mark again does no harm.
pub async fn mark(app: &App, mut served: Vec<Served>) -> Result<()> {
    let now = app.clock.now();
    let of = |one: &Served| (one.tenant, one.side);
    served.sort_by_key(|one| (of(one), one.ticket));
    for alike in served.chunk_by(|one, next| of(one) == of(next)) {
        let (tenant, side) = of(&alike[0]);
        for batch in alike.chunks(BATCH) {
            let batch: Arc<[_]> = batch.iter().map(|one| (one.ticket, one.up_to_seq)).collect();
            let marked = batch.clone();
            app.db.write_repeatable(move |tx| mark_in(tx, tenant, side, &marked, now)).await?;
            // In a transaction of its own: a message that is read locks its ticket first, and would wait for the marks while
            // they wait for the ticket.
            app.db.write_repeatable(move |tx| store::advance_delivered(tx, tenant, side, &batch)).await?;
        }
    }
    Ok(())
}

fn mark_in(tx: &mut Tx<'_>, tenant: TenantKey, side: Side, batch: &[(TicketKey, i64)], now: Timestamp) -> Result<()> {
    for marked in store::mark_delivered(tx, tenant, side, batch, now)? {
        let Delivered { ticket_id, up_to_seq, seqs } = marked;
        let what = What::MessagesDelivered { ticket_id, up_to_seq, seqs };
        events::record(tx, &Act::of_server(tenant, now), what)?;
    }
    Ok(())
}
