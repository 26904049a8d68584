//! Delivery marks: a message has reached the other side once it was handed to a connection of theirs, or fetched.

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey};
use crate::error::Result;
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

/// Writes the marks down and tells the rooms. Called with what has gathered for a moment, not for each message.
pub async fn mark(app: &App, served: Vec<Served>) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            for one in &served {
                // Deleted meanwhile: nothing to mark.
                let Ok(ticket) = tickets::find_by_key(tx, one.tenant, one.ticket) else { continue };
                let seqs = store::mark_delivered(tx, one.tenant, &ticket, one.side, one.up_to_seq, now)?;
                if !seqs.is_empty() {
                    let (ticket, ticket_id, up_to_seq) = (one.ticket, ticket.ticket_id, one.up_to_seq);
                    let what = What::MessagesDelivered { ticket, ticket_id, up_to_seq, seqs };
                    events::record(tx, &Act::of_server(one.tenant, now), what)?;
                }
            }
            Ok(())
        })
        .await
}
