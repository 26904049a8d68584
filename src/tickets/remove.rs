//! Deleting a ticket: it is gone from every list, search and room; the history keeps that it happened.

use std::sync::Arc;

use crate::app::App;
use crate::auth::Action;
use crate::auth::model::Caller;
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::tickets::model::Scope;
use crate::tickets::{attachments, store};

pub async fn remove(app: &App, caller: Arc<Caller>, ticket_id: String) -> Result<()> {
    let now = app.clock.now();
    let files = app
        .db
        .write(move |tx| {
            // Looked up first: whose ticket it is not learns only that it is not there.
            let ticket = store::find_and_lock(tx, Scope::of(&caller), &ticket_id)?;
            caller.require(Action::TicketsDelete)?;
            let files = attachments::release_of_ticket(tx, caller.tenant, ticket.key, now)?;
            store::delete(tx, caller.tenant, ticket.key)?;
            // What happened to it stays in the history; what it said does not.
            events::store::redact(tx, caller.tenant, &ticket_id)?;
            let what = What::TicketDeleted { ticket_id, customer: ticket.customer, customer_id: ticket.customer_id };
            events::record(tx, &Act::of(&caller, now), what)?;
            Ok(files)
        })
        .await?;
    if files > 0 {
        attachments::sweep::begin(app, now);
    }
    Ok(())
}
