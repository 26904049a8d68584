//! What a stored event told when it happened, for a node on which it did not: the tickets as they are now.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::auth::model::UserKey;
use crate::error::{Error, Result};
use crate::events::What;
use crate::events::store::Stored;
use crate::platform::db::Tx;
use crate::tickets::model::Scope;
use crate::tickets::{notes, rating, store};

/// Every field of a ticket that an update may name.
const FIELDS: [&str; 9] =
    ["status", "support_id", "priority", "subject", "tags", "custom", "closed_at", "customer_id", "bot_state"];

#[derive(Deserialize)]
struct OfCustomer {
    #[serde(default)]
    customer_id: String,
}

/// None for what has no listener, and for what is about a ticket that is gone. `customer` is known where somebody follows it.
pub fn recall(tx: &mut Tx<'_>, event: &Stored, customer: Option<UserKey>) -> Result<Option<What>> {
    let Some(ticket_id) = &event.ticket_id else { return Ok(None) };
    match recall_of(tx, event, ticket_id, customer) {
        Err(Error::NotFound) => Ok(None),
        recalled => recalled,
    }
}

fn recall_of(tx: &mut Tx<'_>, event: &Stored, ticket_id: &str, customer: Option<UserKey>) -> Result<Option<What>> {
    let scope = Scope { tenant: event.tenant, customer: None };
    Ok(match event.kind.as_str() {
        "ticket_created" => Some(What::TicketCreated { ticket: Arc::new(store::find(tx, scope, ticket_id)?) }),
        "ticket_updated" => {
            let told: Map<String, Json> = serde_json::from_str(&event.data).map_err(Error::internal)?;
            let changed: Vec<_> = FIELDS.into_iter().filter(|field| told.contains_key(*field)).collect();
            Some(What::TicketUpdated { ticket: Arc::new(store::find(tx, scope, ticket_id)?), changed })
        }
        "ticket_deleted" => {
            // An older version named nobody.
            let OfCustomer { customer_id } = serde_json::from_str(&event.data).map_err(Error::internal)?;
            let customer = match customer {
                Some(customer) => Some(customer),
                None => store::find_key(tx, event.tenant, &customer_id)?,
            };
            let customer = customer.unwrap_or(UserKey(0));
            Some(What::TicketDeleted { ticket_id: ticket_id.to_owned(), customer, customer_id })
        }
        "ticket_rated" => {
            let ticket = store::find(tx, scope, ticket_id)?;
            let rating = rating::find_last(tx, event.tenant, &ticket)?;
            rating.map(|rating| What::TicketRated { rating: Arc::new(rating) })
        }
        "note_added" => {
            #[derive(Deserialize)]
            struct Data {
                note_id: String,
            }
            // Of a ticket that was deleted since, nothing is left to read.
            let Ok(Data { note_id }) = serde_json::from_str(&event.data) else { return Ok(None) };
            notes::find(tx, event.tenant, &note_id)?.map(|note| What::NoteAdded { note: Arc::new(note) })
        }
        _ => None,
    })
}
