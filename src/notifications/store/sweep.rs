//! What is forgotten, a bounded number of rows at a time.

use std::collections::BTreeSet;

use super::{deliveries, webhooks};
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::notifications::model::WebhookKey;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// The oldest deliveries stand first. One that was never sent, because its webhook is off, makes way for the next of its ticket.
pub fn forget_old(tx: &mut Tx<'_>, before: Timestamp, now: Timestamp, limit: i64) -> Result<u64> {
    let oldest = tx.all(
        "select delivery_key, tenant_key, webhook_key, ticket_id, done_at is null, created_at from webhook_deliveries
         where delivery_key > 0 order by delivery_key limit $1",
        &[limit.into()],
        |row| {
            let place = (row.take::<i64>()?, TenantKey(row.take()?), WebhookKey(row.take()?));
            Ok((place, row.take::<Option<String>>()?, row.take::<bool>()?, row.take::<Timestamp>()?))
        },
    )?;
    let old: Vec<_> = oldest.into_iter().take_while(|(.., created_at)| *created_at < before).collect();
    let tenants: BTreeSet<_> = old.iter().map(|((_, tenant, _), ..)| *tenant).collect();
    tenants.into_iter().try_for_each(|tenant| webhooks::lock_all(tx, tenant))?;
    let rows: Vec<_> = old.iter().map(|((key, tenant, _), ..)| vec![(*tenant).into(), (*key).into()]).collect();
    tx.execute_each("delete from webhook_deliveries where tenant_key = $1 and delivery_key = $2", &rows)?;
    for ((_, tenant, webhook), ticket_id, is_undone, _) in &old {
        if let (Some(ticket_id), true) = (ticket_id, is_undone) {
            deliveries::promote(tx, *tenant, *webhook, ticket_id, now)?;
        }
    }
    Ok(old.len() as u64)
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
