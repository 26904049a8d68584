//! From committed events to sockets: what the server has to say, and to whom.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::events::{Event, What};
use crate::realtime::presence::View;
use crate::realtime::room::{Hole, Parcel};
use crate::realtime::typing;
use crate::realtime::wire::{self, DeliveredShown, ReadShown, TicketDeleted, TicketEvent, TicketUpdated, TypingShown};
use crate::tickets::messages::replay;
use crate::tickets::model::{Message, Ticket, message_id};
use crate::tickets::staff_of_customer;

/// A hint that is ahead of its turn waits this long for the one before it, then the database is asked.
const PATIENCE: Duration = Duration::from_millis(20);

/// Called for each event, in the order of the commits.
pub fn announce(app: &App, event: &Event) {
    let hub = &app.realtime.hub;
    match &event.what {
        What::MessageSent { message } => announce_message(app, event.act.tenant, message),
        What::MessagesRead { ticket_id, reader_id, up_to_seq, seqs, .. } => {
            let message_ids = ids(ticket_id, seqs);
            let shown = ReadShown { ticket_id, reader_id, up_to_seq: *up_to_seq, message_ids, read_at: event.act.at };
            hub.to_room(ticket_id, "message_read", &wire::raw(&shown), None);
        }
        What::MessagesDelivered { ticket_id, up_to_seq, seqs, .. } => {
            let message_ids = ids(ticket_id, seqs);
            let shown = DeliveredShown { ticket_id, up_to_seq: *up_to_seq, message_ids, delivered_at: event.act.at };
            hub.to_room(ticket_id, "message_delivered", &wire::raw(&shown), None);
        }
        What::NoteAdded { note, .. } => hub.to_staff(event.act.tenant, "ticket_note", &wire::raw(note)),
        What::TicketCreated { ticket } => {
            let ticket = Ticket { unread_count: ticket.staff_side.unread, ..Ticket::clone(ticket) };
            hub.to_staff(event.act.tenant, "ticket_created", &wire::raw(&TicketEvent { ticket: &ticket }));
        }
        What::TicketUpdated { ticket, changed } => announce_update(app, event.act.tenant, ticket, changed),
        What::TicketDeleted { ticket_id, .. } => {
            let gone = wire::raw(&TicketDeleted { ticket_id });
            hub.to_staff(event.act.tenant, "ticket_deleted", &gone);
            hub.put_out(ticket_id, |_, _| false);
        }
        What::SessionEnded { session_id, .. } => hub.end_session(session_id),
        _ => {}
    }
}

fn announce_message(app: &App, tenant: TenantKey, message: &Arc<Message>) {
    metrics::counter!("smilechat_messages_total").increment(1);
    if app.realtime.hub.end_typing(&message.ticket_id, message.sender_key) {
        let (user_id, name) = (message.sender_id.as_str(), message.sender.name.as_str());
        show_typing(app, &message.ticket_id, message.sender_key, user_id, name, false);
    }
    let parcel = Arc::new(Parcel { json: wire::raw(message), message: message.clone() });
    if let Some(hole) = app.realtime.hub.message(parcel) {
        debug_assert_eq!(hole.tenant, tenant);
        fill(app, hole);
    }
}

fn announce_update(app: &App, tenant: TenantKey, ticket: &Arc<Ticket>, changed: &[&'static str]) {
    let hub = &app.realtime.hub;
    if changed.contains(&"customer_id") {
        hub.put_out(&ticket.ticket_id, |user, role| role.is_staff() || user == ticket.customer);
    }
    hub.to_room_and_staff(tenant, ticket, "ticket_updated", |ticket| wire::raw(&TicketUpdated { ticket, changed }));
    let concerns_staff = changed.iter().any(|field| ["support_id", "status", "customer_id"].contains(field));
    if concerns_staff && hub.count(tenant, ticket.customer) > 0 {
        let (app, customer) = (app.clone(), ticket.customer);
        tokio::spawn(async move { watch_staff(&app, tenant, customer).await });
    }
}

/// Looks up whom a customer sees now, and shows them.
async fn watch_staff(app: &App, tenant: TenantKey, customer: UserKey) {
    let view = customers_view(app, tenant, customer).await;
    app.realtime.hub.set_view(tenant, customer, &view);
    app.realtime.stirred.note(tenant);
}

/// The staff who have a ticket of this customer. Nobody, while that cannot be looked up.
pub async fn customers_view(app: &App, tenant: TenantKey, customer: UserKey) -> View {
    let staff = staff_of_customer(app, tenant, customer).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "could not look up whom a customer may see");
        Vec::new()
    });
    View::Only(HashSet::from_iter(staff))
}

/// Reads from the database what no hint has told, after a moment in which it may still come.
pub fn fill(app: &App, hole: Hole) {
    let app = app.clone();
    tokio::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        match replay::between(&app, hole.tenant, hole.ticket, hole.from_seq, hole.to_seq).await {
            Ok(messages) => {
                metrics::counter!("smilechat_holes_filled_total").increment(1);
                for message in messages.into_iter().map(Arc::new) {
                    app.realtime.hub.message(Arc::new(Parcel { json: wire::raw(&message), message }));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not read messages that were not announced; the next one will try again")
            }
        }
    });
}

pub fn show_typing(app: &App, ticket_id: &str, user: UserKey, user_id: &str, name: &str, is_typing: bool) {
    let shown = wire::raw(&TypingShown { ticket_id, user_id, name, is_typing });
    app.realtime.hub.to_room_volatile(ticket_id, "typing", &shown, Some(user));
}

pub fn show_typing_ended(app: &App, ended: Vec<typing::Ended>) {
    for one in ended {
        show_typing(app, &one.ticket_id, one.user, &one.user_id, &one.name, false);
    }
}

fn ids(ticket_id: &str, seqs: &[i64]) -> Vec<String> {
    seqs.iter().map(|seq| message_id(ticket_id, *seq)).collect()
}
