//! Whoever loses the right to hold tickets loses the tickets: they wait again, and go to whoever is there.

use std::sync::Arc;

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::tickets::{assign, store};

/// After a user's rights changed, beside the caller's work. Nothing happens while they still may hold tickets.
pub fn put_back(app: &App, tenant: TenantKey, user: UserKey) {
    let app = app.clone();
    tokio::spawn(async move {
        match put_back_all(&app, tenant, user).await {
            Ok(()) => assign::hand_out_waiting(&app, tenant),
            Err(error) => tracing::error!(%error, "could not put back the tickets of somebody who may hold none"),
        }
    });
}

async fn put_back_all(app: &App, tenant: TenantKey, user: UserKey) -> Result<()> {
    let now = app.clock.now();
    // One ticket a transaction: nobody who replies meanwhile waits for a whole desk.
    while app
        .db
        .write(move |tx| {
            let Some(key) = store::next_to_put_back(tx, tenant, user, now)? else { return Ok(false) };
            let ticket = Arc::new(store::find_by_key(tx, tenant, key)?);
            let what = What::TicketUpdated { ticket, changed: vec!["status", "support_id"] };
            events::record(tx, &Act::of_server(tenant, now), what)?;
            Ok(true)
        })
        .await?
    {}
    Ok(())
}
