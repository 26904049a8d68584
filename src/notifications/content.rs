//! What a webhook is told of something that happened: the models as REST gives them.
//!
//! A ticket is shown as it is when it is looked up, which is a moment later; what was changed, as it was changed. Of a ticket
//! that is gone by then nothing is told but that.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::model::WebhookType;
use super::store::source;
use crate::auth::model::{Role, TenantKey};
use crate::error::{Error, Result};
use crate::events::What;
use crate::events::store::Stored;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::model::{Message, Ticket};
use crate::tickets::recall;

/// For one webhook or many.
pub struct Told {
    pub kind: WebhookType,
    pub ticket_id: Option<String>,
    pub body: String,
}

/// Somebody who made an account.
#[derive(Debug, Serialize)]
pub struct RegisteredUser {
    pub id: String,
    pub username: String,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    pub external_id: Option<String>,
    pub created_at: Timestamp,
}

/// The body that is sent.
pub fn body(kind: &str, at: Timestamp, data: &Json) -> String {
    json!({"type": kind, "timestamp": at, "data": data}).to_string()
}

fn told(kind: WebhookType, at: Timestamp, ticket_id: Option<&str>, data: &Json) -> Told {
    Told { kind, ticket_id: ticket_id.map(str::to_owned), body: body(kind.as_str(), at, data) }
}

pub fn of_message(message: &Message) -> Told {
    let data = json!({"message": message});
    told(WebhookType::MessageSent, message.timestamp, Some(&message.ticket_id), &data)
}

/// Nothing, or one thing, or what follows from it too.
pub fn of_event(tx: &mut Tx<'_>, event: &Stored) -> Result<Vec<Told>> {
    if event.kind == "user_registered" {
        return of_user(tx, event.tenant, event);
    }
    let one = |kind, data: Json| Ok(vec![told(kind, event.at, event.ticket_id.as_deref(), &data)]);
    let by = &event.actor_id;
    match recall::recall(tx, event, None)? {
        Some(What::TicketCreated { ticket }) => {
            one(WebhookType::TicketCreated, json!({"ticket": seen_by_staff(&ticket), "actor_id": by}))
        }
        Some(What::TicketUpdated { ticket, .. }) => of_update(event, &ticket),
        Some(What::TicketDeleted { ticket_id, customer_id, .. }) => {
            one(WebhookType::TicketDeleted, json!({"ticket_id": ticket_id, "customer_id": customer_id, "actor_id": by}))
        }
        Some(What::TicketRated { rating }) => one(WebhookType::TicketRated, json!({"rating": rating})),
        Some(What::NoteAdded { note }) => one(WebhookType::NoteAdded, json!({"note": note})),
        _ => Ok(Vec::new()),
    }
}

fn of_update(event: &Stored, ticket: &Ticket) -> Result<Vec<Told>> {
    let changed: Json = serde_json::from_str(&event.data).map_err(Error::internal)?;
    let mut kinds = vec![WebhookType::TicketUpdated];
    if changed["status"] == "closed" {
        kinds.push(WebhookType::TicketClosed);
    }
    if changed["support_id"].is_string() {
        kinds.push(WebhookType::TicketAssigned);
    }
    let data = json!({"ticket": seen_by_staff(ticket), "changed": changed, "actor_id": event.actor_id});
    Ok(kinds.into_iter().map(|kind| told(kind, event.at, Some(&ticket.ticket_id), &data)).collect())
}

fn of_user(tx: &mut Tx<'_>, tenant: TenantKey, event: &Stored) -> Result<Vec<Told>> {
    #[derive(Deserialize)]
    struct Data {
        user_id: String,
    }
    let Data { user_id } = serde_json::from_str(&event.data).map_err(Error::internal)?;
    let user = source::find_user(tx, tenant, &user_id)?;
    let told = user.map(|user| told(WebhookType::UserRegistered, event.at, None, &json!({"user": user})));
    Ok(told.into_iter().collect())
}

fn seen_by_staff(ticket: &Ticket) -> Ticket {
    let mut ticket = ticket.clone();
    ticket.unread_count = ticket.staff_side.unread;
    ticket
}
