//! A search finds a customer's tickets by the names the customer has now.

use std::collections::HashSet;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::telemetry::spans;
use crate::tickets::store;

/// Tickets in one transaction: others wait while it runs.
const BATCH: i64 = 50;
/// A batch is followed by a pause of that many times its length, so that somebody with very many tickets who changes their
/// name again and again takes little of the writer's time.
const PAUSES: u32 = 4;

/// For a database that was filled from outside.
pub fn index_by_key(tx: &mut Tx<'_>, tenant: i64, ticket: i64) -> Result<()> {
    store::index(tx, TenantKey(tenant), TicketKey(ticket))
}

/// Indexes the tickets of the users named, after their names changed. One user after another, and one who is named several
/// times before their turn has one turn. Ends with the queue.
pub async fn run(app: App, mut renamed: UnboundedReceiver<(TenantKey, UserKey)>) {
    while let Some(first) = renamed.recv().await {
        let mut waiting = HashSet::from([first]);
        while let Ok(next) = renamed.try_recv() {
            waiting.insert(next);
        }
        for (tenant, user) in waiting {
            if let Err(error) = spans::in_job("index anew", reindex(&app, tenant, user)).await {
                tracing::warn!(%error, "could not index a customer's tickets anew; a search finds them by the old name");
            }
        }
    }
}

/// After the customer's names changed.
pub async fn reindex(app: &App, tenant: TenantKey, user: UserKey) -> Result<()> {
    let mut after = Some(TicketKey(0));
    while let Some(last) = after {
        let begun = Instant::now();
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
        if after.is_some() {
            tokio::time::sleep(begun.elapsed() * PAUSES).await;
        }
    }
    Ok(())
}
