//! What somebody who comes back has missed: the messages after a `seq`, and where the ticket stands, of one snapshot.

use std::sync::Arc;

use crate::app::App;
use crate::auth::Action;
use crate::auth::model::{Caller, TenantKey, TicketKey};
use crate::error::Result;
use crate::tickets::messages::store::{self, Place};
use crate::tickets::model::{Message, Scope, Ticket};
use crate::tickets::store as tickets;

/// Messages in one answer, at most; and, so that an answer stays well below a frame of 1 MiB, their text.
const MOST_MESSAGES: i64 = 200;
const MOST_BYTES: usize = 400_000;
/// What a file adds to a message, at most: its name, and as much again.
const BYTES_OF_FILE: usize = 2000;
/// How many of the newest somebody gets who comes for the first time.
const FIRST_PAGE: i64 = 50;

pub struct Replay {
    pub ticket: Ticket,
    pub messages: Vec<Message>,
    /// More remain: newer ones after a replay, older ones before a first page.
    pub has_more: bool,
}

pub async fn replay(app: &App, caller: Arc<Caller>, ticket_id: String, after_seq: Option<i64>) -> Result<Replay> {
    caller.require(Action::MessagesRead)?;
    app.db
        .read(move |tx| {
            let ticket = tickets::find(tx, Scope::of(&caller), &ticket_id)?;
            let (messages, has_more) = match after_seq {
                Some(after) => {
                    let found = store::list_after(tx, caller.tenant, ticket.key, &ticket_id, after, MOST_MESSAGES + 1)?;
                    cut(found, MOST_MESSAGES as usize)
                }
                None => {
                    let newest = Place::Before(i64::MAX);
                    let found = store::list_page(tx, Scope::of(&caller), &ticket_id, newest, FIRST_PAGE + 1)?;
                    let (mut messages, has_more) = cut(found, FIRST_PAGE as usize);
                    messages.reverse();
                    (messages, has_more)
                }
            };
            Ok(Replay { ticket: ticket.seen_by(caller.user), messages, has_more })
        })
        .await
}

/// Fails as `replay` does, for whoever has no right to the ticket.
pub async fn check_right(app: &App, caller: Arc<Caller>, ticket_id: String) -> Result<()> {
    app.db.ask(move |tx| tickets::find(tx, Scope::of(&caller), &ticket_id).map(drop)).await
}

/// At most `most` messages and not too much text, but at least one.
fn cut(mut messages: Vec<Message>, most: usize) -> (Vec<Message>, bool) {
    let found = messages.len();
    let mut bytes = 0;
    let fits = messages.iter().take(most).take_while(|message| {
        let before = bytes;
        bytes += message.message_content.len() + BYTES_OF_FILE * message.attachments.len();
        before == 0 || bytes <= MOST_BYTES
    });
    let keep = fits.count();
    messages.truncate(keep);
    (messages, keep < found)
}

/// How far these tickets have come; those that are gone are left out.
pub async fn last_seqs(app: &App, tenant: TenantKey, tickets: Vec<TicketKey>) -> Result<Vec<(TicketKey, i64)>> {
    app.db.ask(move |tx| store::list_last_seqs(tx, tenant, &tickets)).await
}

/// The messages from `from_seq` to `to_seq`, to fill a hole on the way to a room. No caller asks: the room's members
/// have shown their right to it.
pub async fn between(
    app: &App,
    tenant: TenantKey,
    (ticket, ticket_id): (TicketKey, &str),
    from_seq: i64,
    to_seq: i64,
) -> Result<Vec<Message>> {
    let ticket_id = ticket_id.to_owned();
    app.db
        .read(move |tx| {
            let limit = (to_seq - from_seq + 1).clamp(0, MOST_MESSAGES);
            let found = store::list_after(tx, tenant, ticket, &ticket_id, from_seq - 1, limit)?;
            // On the way from node to node each statement counts: the ticket is asked for only where it may be gone.
            if found.is_empty() {
                tickets::find_by_key(tx, tenant, ticket)?;
            }
            Ok(found)
        })
        .await
}
