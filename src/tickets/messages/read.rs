//! Read marks. Reading a message means having read what the other side sent before it; nothing is ever unread again.

use std::sync::Arc;

use crate::app::App;
use crate::auth::Action;
use crate::auth::model::Caller;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::messages::store;
use crate::tickets::model::{Message, Scope, Side, Ticket, parse_message_id};
use crate::tickets::store as tickets;

/// Marks one message, and what the other side sent before it. A message of one's own side stays as it is: that a colleague
/// has read it says nothing of those it was written to.
pub async fn read_message(app: &App, caller: Arc<Caller>, message_id: String) -> Result<Message> {
    caller.require(Action::MessagesRead)?;
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let (ticket_id, seq) = parse_message_id(&message_id).ok_or(Error::NotFound)?;
            let ticket = tickets::find_and_lock(tx, Scope::of(&caller), ticket_id)?;
            let find =
                |tx: &mut Tx<'_>| store::find(tx, caller.tenant, ticket.key, ticket_id, seq)?.ok_or(Error::NotFound);
            let message = find(tx)?;
            if message.sender_key == caller.user {
                return Ok(message);
            }
            read_in(tx, &caller, &ticket, seq, now)?;
            find(tx)
        })
        .await
}

/// Marks what the other side sent up to `up_to_seq`; a `seq` of the future means the last one there is.
pub async fn read_up_to(app: &App, caller: Arc<Caller>, ticket_id: String, up_to_seq: i64) -> Result<()> {
    caller.require(Action::MessagesRead)?;
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let ticket = tickets::find_and_lock(tx, Scope::of(&caller), &ticket_id)?;
            read_in(tx, &caller, &ticket, up_to_seq.min(ticket.last_seq), now)
        })
        .await
}

/// The part inside the transaction.
pub fn read_in(tx: &mut Tx<'_>, caller: &Caller, ticket: &Ticket, up_to_seq: i64, now: Timestamp) -> Result<()> {
    let side = Side::of(ticket, caller.user);
    let marked = store::mark_read(tx, caller.tenant, ticket, side, up_to_seq, now)?;
    if marked.is_empty() {
        return Ok(());
    }
    let what = What::MessagesRead {
        ticket_id: ticket.ticket_id.clone(),
        reader_id: caller.user_id.to_string(),
        side,
        up_to_seq,
        after: marked.iter().map(|(_, sent_at)| now.since(*sent_at)).collect(),
        seqs: marked.into_iter().map(|(seq, _)| seq).collect(),
    };
    events::record(tx, &Act::of(caller, now), what)
}
