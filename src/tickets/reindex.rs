//! A search finds a customer's tickets by the names the customer has now.

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::tickets::store;

const BATCH: i64 = 100;

/// After a user's names changed, beside the caller's work.
pub fn reindex(app: &App, tenant: TenantKey, user: UserKey) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = reindex_all(&app, tenant, user).await {
            tracing::warn!(%error, "could not index a customer's tickets anew; a search finds them by the old name");
        }
    });
}

async fn reindex_all(app: &App, tenant: TenantKey, user: UserKey) -> Result<()> {
    let mut after = Some(TicketKey(0));
    while let Some(last) = after {
        after = app
            .db
            .write(move |tx| {
                let keys = store::list_keys_of_customer(tx, tenant, user, last, BATCH)?;
                for key in &keys {
                    store::index(tx, tenant, *key)?;
                }
                Ok(keys.last().copied())
            })
            .await?;
    }
    Ok(())
}
