//! From committed events to sockets: what the server has to say, and to whom.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Error;
use crate::events::{Event, What};
use crate::hints::{self, Hint};
use crate::platform::telemetry::spans;
use crate::realtime::gateway::Frame;
use crate::realtime::hub::Views;
use crate::realtime::room::{Hole, Parcel};
use crate::realtime::typing;
use crate::realtime::wire::{
    BotDelta, DeliveredShown, ReadShown, TicketDeleted, TicketEvent, TicketUpdated, TypingShown,
};
use crate::tickets::messages::replay;
use crate::tickets::model::{Message, Side, Ticket, message_id};

/// A hint that is ahead of its turn waits this long for the one before it, then the database is asked.
const PATIENCE: Duration = Duration::from_millis(20);
/// While the database cannot be asked, the next try comes after this long at most.
const LONGEST_PATIENCE: Duration = Duration::from_secs(2);
/// Ids in a receipt, at most; `up_to_seq` says the same of all of them.
const MOST_IDS: usize = 1000;
/// Of an answer that is being written, on its way to another node.
const MOST_DRAFT_BYTES: usize = 3000;
/// Whom a bot's draft leaves out.
const NOBODY: UserKey = UserKey(0);

/// Called for each event, in the order of the commits.
pub fn announce(app: &App, event: &Event) {
    if !app.realtime.is_on {
        return;
    }
    let hub = &app.realtime.hub;
    match &event.what {
        What::MessageSent { message, .. } => {
            announce_message(app, message);
            hub.note_activity(event.act.tenant, &message.ticket_id, &Side::BOTH);
        }
        What::MessagesRead { ticket_id, reader_id, side, up_to_seq, seqs, .. } => {
            hub.to_room(ticket_id, || {
                let (up_to_seq, message_ids, read_at) = (*up_to_seq, ids(ticket_id, seqs), event.act.at);
                Frame::event("message_read", &ReadShown { ticket_id, reader_id, up_to_seq, message_ids, read_at })
            });
            hub.note_activity(event.act.tenant, ticket_id, &[*side]);
        }
        What::MessagesDelivered { ticket_id, up_to_seq, seqs, .. } => {
            hub.to_room(ticket_id, || {
                let (up_to_seq, message_ids, delivered_at) = (*up_to_seq, ids(ticket_id, seqs), event.act.at);
                Frame::event("message_delivered", &DeliveredShown { ticket_id, up_to_seq, message_ids, delivered_at })
            });
        }
        What::NoteAdded { note, .. } => hub.to_staff(event.act.tenant, &Frame::event("ticket_note", note)),
        What::TicketRated { rating } => hub.to_staff(event.act.tenant, &Frame::event("ticket_rated", rating)),
        What::TicketCreated { ticket } => {
            let ticket = Ticket { unread_count: ticket.staff_side.unread, ..Ticket::clone(ticket) };
            hub.to_staff(event.act.tenant, &Frame::event("ticket_created", &TicketEvent { ticket: &ticket }));
        }
        What::TicketUpdated { ticket, changed } => announce_update(app, event.act.tenant, ticket, changed),
        What::TicketDeleted { ticket_id, customer, .. } => {
            app.realtime.stirred.note_customer(event.act.tenant, *customer);
            let gone = Frame::event("ticket_deleted", &TicketDeleted { ticket_id });
            hub.to_staff(event.act.tenant, &gone);
            hub.withdraw_activity(ticket_id);
            hub.close_room(ticket_id, &gone);
        }
        What::UserChanged { user, changed, .. }
            if changed.iter().any(|field| ["name", "username", "avatar_url"].contains(field)) =>
        {
            app.realtime.stirred.note_renamed(event.act.tenant, *user);
        }
        What::SessionEnded { session_id, .. } => hub.end_session(session_id),
        What::ApiKeyChanged { api_key_id, allowed_origins, .. } => hub.end_foreign(api_key_id, allowed_origins),
        What::ApiKeyRevoked { api_key_id } => hub.end_api_key(api_key_id),
        _ => {}
    }
}

fn announce_message(app: &App, message: &Arc<Message>) {
    if app.realtime.hub.end_typing(&message.ticket_id, message.sender_key) {
        let (user_id, name) = (message.sender_id.as_str(), message.sender.name.as_str());
        show_typing(app, &message.ticket_id, message.sender_key, user_id, name, false);
    }
    let hole = deliver(app, message);
    // By one clock: what another node stored, and what is made up for later, is not measured.
    let took = app.clock.now().since(message.timestamp);
    metrics::histogram!("smilechat_message_delivery_seconds").record(took);
    if let Some(hole) = hole {
        fill(app, message.ticket_id.clone(), hole);
    }
}

/// Hands a message to its room. Answers a hole before it that nobody reads yet.
fn deliver(app: &App, message: &Arc<Message>) -> Option<Hole> {
    app.realtime.hub.message(&message.ticket_id, || Parcel::new(message.clone()))
}

fn announce_update(app: &App, tenant: TenantKey, ticket: &Arc<Ticket>, changed: &[&'static str]) {
    let hub = &app.realtime.hub;
    if changed.contains(&"customer_id") {
        hub.put_out(&ticket.ticket_id, |user, role| role.is_staff() || user == ticket.customer);
        // What is being told is of whom it belonged to.
        hub.withdraw_activity(&ticket.ticket_id);
        hub.note_activity(tenant, &ticket.ticket_id, &Side::BOTH);
    }
    let view = |side: Side| {
        let ticket = Ticket { unread_count: ticket.marks(side).unread, ..Ticket::clone(ticket) };
        Frame::event("ticket_updated", &TicketUpdated { ticket: &ticket, changed })
    };
    let views = Views { for_customer: view(Side::Customer), for_staff: view(Side::Staff) };
    hub.to_room_and_staff(tenant, ticket, &views);
    if changed.iter().any(|field| ["support_id", "status", "customer_id"].contains(field)) {
        app.realtime.stirred.note_customer(tenant, ticket.customer);
    }
}

/// Another node has stored messages up to `seq`: what is missing here is read at once, if somebody follows the ticket.
pub fn hear_of_message(app: &App, tenant: TenantKey, ticket_id: &str, seq: i64) {
    learn(app, ticket_id, seq);
    app.realtime.hub.note_activity(tenant, ticket_id, &Side::BOTH);
}

/// Messages are stored up to `seq`, whoever has told so.
pub fn learn(app: &App, ticket_id: &str, seq: i64) {
    if let Some(hole) = app.realtime.hub.learn(ticket_id, seq) {
        fill(app, ticket_id.to_owned(), hole);
    }
}

/// Somebody types on another node, or does no longer.
pub fn hear_of_typing(app: &App, typing: &hints::Typing) {
    let hints::Typing { ticket_id, user_id, name, is_typing, .. } = typing;
    let (hub, user) = (&app.realtime.hub, typing.user());
    if *is_typing {
        let until = Instant::now() + Duration::from_millis(app.config.realtime.typing_ttl_ms);
        hub.begin_typing_elsewhere(ticket_id, user, (user_id, name), until);
    } else if !hub.end_typing(ticket_id, user) {
        return;
    }
    show_typing_here(app, ticket_id, user, user_id, name, *is_typing);
}

/// Reads from the database what no hint has told, after a moment in which it may still come, until nothing is missing.
pub fn fill(app: &App, ticket_id: String, hole: Hole) {
    let app = app.clone();
    let work = async move {
        let mut patience = PATIENCE;
        let is_told = hole.is_told.clone();
        let mut hole = Some(hole);
        while hole.is_some() {
            tokio::select! {
                () = tokio::time::sleep(patience) => {}
                () = is_told.notified() => {}
            }
            hole = app.realtime.hub.remaining_hole(&ticket_id);
            let Some(Hole { tenant, ticket, from_seq, to_seq, .. }) = hole else { return };
            match replay::between(&app, tenant, (ticket, &ticket_id), from_seq, to_seq).await {
                Ok(messages) => {
                    metrics::counter!("smilechat_holes_filled_total").increment(1);
                    messages.into_iter().map(Arc::new).for_each(|message| _ = deliver(&app, &message));
                    patience = PATIENCE;
                }
                // The ticket was deleted: nobody misses anything.
                Err(Error::NotFound) => return,
                Err(error) => {
                    tracing::warn!(%error, "could not read messages that were not announced; trying again");
                    patience = (patience * 2).min(LONGEST_PATIENCE);
                }
            }
        }
    };
    tokio::spawn(spans::in_job("fill", work));
}

/// Here and on other nodes.
pub fn show_typing(app: &App, ticket_id: &str, user: UserKey, user_id: &str, name: &str, is_typing: bool) {
    show_typing_here(app, ticket_id, user, user_id, name, is_typing);
    if app.bus.has_listeners() {
        let typing = hints::Typing::new(ticket_id, user, user_id, name, is_typing);
        let crossing = app.realtime.crossing.pass(typing, Instant::now());
        crossing.into_iter().for_each(|typing| hints::tell(app, || Hint::Typing(typing)));
    }
}

fn show_typing_here(app: &App, ticket_id: &str, user: UserKey, user_id: &str, name: &str, is_typing: bool) {
    let shown = Frame::event("typing", &TypingShown { ticket_id, user_id, name, is_typing });
    app.realtime.hub.to_room_volatile(ticket_id, &shown, user);
}

/// What a bot is writing, here and on the other nodes.
pub fn show_draft(app: &App, ticket_id: &str, message_id: &str, text: &str) {
    show_draft_here(app, ticket_id, message_id, text);
    // A line between nodes holds no more; the stored message comes in any case.
    if text.len() <= MOST_DRAFT_BYTES {
        hints::tell(app, || Hint::Draft(hints::Draft::new(ticket_id, message_id, text)));
    }
}

pub fn show_draft_here(app: &App, ticket_id: &str, message_id: &str, text: &str) {
    let shown = Frame::event("bot_delta", &BotDelta { ticket_id, message_id, text });
    app.realtime.hub.to_room_volatile(ticket_id, &shown, NOBODY);
}

pub fn show_typing_ended(app: &App, ended: Vec<typing::Ended>) {
    for one in ended {
        let show = if one.is_foreign { show_typing_here } else { show_typing };
        show(app, &one.ticket_id, one.user, &one.user_id, &one.name, false);
    }
}

/// The newest ones, oldest first.
fn ids(ticket_id: &str, seqs: &[i64]) -> Vec<String> {
    let newest = &seqs[seqs.len().saturating_sub(MOST_IDS)..];
    newest.iter().map(|seq| message_id(ticket_id, *seq)).collect()
}
