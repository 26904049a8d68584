//! Delivery marks: a message has reached the other side once it was handed to a connection of theirs, live or by
//! a replay, or read.

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
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

/// Writes the marks down and tells the rooms. Called with what has gathered for a moment, not for each message, in the
/// order of the tickets: two nodes that mark the same ones do not wait for one another.
pub async fn mark(app: &App, served: Vec<Served>) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            for one in &served {
                let ticket = match tickets::find_by_key_and_lock(tx, one.tenant, one.ticket) {
                    Ok(ticket) => ticket,
                    // Deleted meanwhile: nothing to mark.
                    Err(Error::NotFound) => continue,
                    Err(error) => return Err(error),
                };
                let seqs = store::mark_delivered(tx, one.tenant, &ticket, one.side, one.up_to_seq, now)?;
                if !seqs.is_empty() {
                    let (ticket_id, up_to_seq) = (ticket.ticket_id, one.up_to_seq);
                    let what = What::MessagesDelivered { ticket_id, up_to_seq, seqs };
                    events::record(tx, &Act::of_server(one.tenant, now), what)?;
                }
            }
            Ok(())
        })
        .await
}
