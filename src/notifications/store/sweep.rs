//! What is forgotten, a bounded number of rows at a time.

use super::{deliveries, webhooks};
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::notifications::model::WebhookKey;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// The oldest deliveries, of all tenants.
pub fn list_old(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<Vec<(TenantKey, i64)>> {
    let oldest = tx.all(
        "select tenant_key, delivery_key, created_at from webhook_deliveries where delivery_key > 0
         order by delivery_key limit $1",
        &[limit.into()],
        |row| Ok(((TenantKey(row.take()?), row.take()?), row.take::<Timestamp>()?)),
    )?;
    let old = oldest.into_iter().take_while(|(_, created_at)| *created_at < before);
    Ok(old.map(|(place, _)| place).collect())
}

/// One that was never sent, because its webhook is off, makes way for the next of its ticket.
pub fn forget_old(tx: &mut Tx<'_>, tenant: TenantKey, keys: &[i64], now: Timestamp) -> Result<()> {
    webhooks::lock_all(tx, tenant)?;
    let rows: Vec<_> = keys.iter().map(|key| vec![tenant.into(), (*key).into()]).collect();
    let forgotten = tx.all_each(
        "delete from webhook_deliveries where tenant_key = $1 and delivery_key = $2
         returning webhook_key, ticket_id, done_at is null",
        &rows,
        |row| Ok((WebhookKey(row.take()?), row.take::<Option<String>>()?, row.take::<bool>()?)),
    )?;
    for (webhook, ticket_id, is_undone) in forgotten.into_iter().flatten() {
        if let (Some(ticket_id), true) = (ticket_id, is_undone) {
            deliveries::promote(tx, tenant, webhook, &ticket_id, now)?;
        }
    }
    Ok(())
}

/// Webhooks of all tenants that were removed.
pub fn list_removed(tx: &mut Tx<'_>) -> Result<Vec<(TenantKey, WebhookKey)>> {
    tx.all(
        "select tenant_key, webhook_key from webhooks where tenant_key > 0 and removed_at is not null
         order by tenant_key, webhook_key limit 1000",
        &[],
        |row| Ok((TenantKey(row.take()?), WebhookKey(row.take()?))),
    )
}

pub fn forget_of(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey, limit: i64) -> Result<u64> {
    tx.execute(
        "delete from webhook_deliveries where tenant_key = $1 and delivery_key in (
             select delivery_key from webhook_deliveries where tenant_key = $1 and webhook_key = $2 limit $3)",
        &[tenant.into(), webhook.into(), limit.into()],
    )
}

/// A webhook whose deliveries are gone.
pub fn forget(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey) -> Result<()> {
    tx.execute(
        "delete from webhooks where tenant_key = $1 and webhook_key = $2 and removed_at is not null",
        &[tenant.into(), webhook.into()],
    )?;
    Ok(())
}
