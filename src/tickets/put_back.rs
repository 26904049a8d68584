//! Whoever loses the right to hold tickets loses the tickets: they wait again, and go to whoever is there.

use std::sync::Arc;

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::model::TicketStatus;
use crate::tickets::store;

/// After a user's rights changed. Nothing happens while they still may hold tickets.
pub async fn put_back(app: &App, tenant: TenantKey, user: UserKey) -> Result<()> {
    let now = app.clock.now();
    // One ticket a transaction: nobody who replies meanwhile waits for a whole desk.
    while app.db.write(move |tx| put_next_back(tx, tenant, user, now)).await? {}
    Ok(())
}

/// False: there is none left.
fn put_next_back(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey, now: Timestamp) -> Result<bool> {
    let Some(key) = store::find_to_put_back(tx, tenant, user)? else { return Ok(false) };
    let mut ticket = match store::find_by_key_and_lock(tx, tenant, key) {
        Ok(ticket) => ticket,
        Err(Error::NotFound) => return Ok(true),
        Err(error) => return Err(error),
    };
    // Somebody took or closed it in the moment before it was locked.
    if ticket.support != Some(user) || ticket.status == TicketStatus::Closed {
        return Ok(true);
    }
    ticket.support = None;
    ticket.support_id = None;
    ticket.is_held = false;
    let changed = match std::mem::replace(&mut ticket.status, TicketStatus::Open) {
        TicketStatus::Open => vec!["support_id"],
        _ => vec!["status", "support_id"],
    };
    ticket.updated_at = now.max(Timestamp(ticket.updated_at.0 + 1));
    store::update(tx, tenant, &ticket)?;
    events::record(tx, &Act::of_server(tenant, now), What::TicketUpdated { ticket: Arc::new(ticket), changed })?;
    Ok(true)
}
