//! What is due: taken up by a node, and what became of it.

use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::notifications::model::{Attempt, DeliveryState, WebhookKey};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// Of one webhook, on all nodes.
pub const MOST_UNDER_WAY: i64 = 4;
/// Beyond it nobody reads the number.
const MOST_COUNTED: i64 = 10_000;

/// A webhook that has something to be sent.
#[derive(Clone, Copy)]
pub struct Due {
    pub tenant: TenantKey,
    pub webhook: WebhookKey,
    pub is_failing: bool,
}

/// Of all tenants, those whose first one is due the longest at the head.
pub fn list_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Due>> {
    tx.all(
        "select tenant_key, webhook_key, is_failing from (
             select w.tenant_key, w.webhook_key, w.failing_since is not null as is_failing,
                 (select min(d.next_at) from webhook_deliveries d
                  where d.webhook_key = w.webhook_key and d.state = 'pending') as due_at
             from webhooks w where w.tenant_key > 0 and w.removed_at is null and w.is_enabled = true) as asked
         where due_at <= $1 order by due_at, webhook_key",
        &[now.into()],
        |row| Ok(Due { tenant: TenantKey(row.take()?), webhook: WebhookKey(row.take()?), is_failing: row.take()? }),
    )
}

/// How many are due and not under way, and since when the first of them; not those of receivers that fail.
pub fn count_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<(i64, Option<Timestamp>)> {
    tx.one(
        "select count(*), min(next_at) from (
             select d.next_at from webhooks w
             join webhook_deliveries d on d.webhook_key = w.webhook_key and d.state = 'pending' and d.next_at <= $1
             where w.tenant_key > 0 and w.removed_at is null and w.is_enabled = true and w.failing_since is null
             limit $2) as counted",
        &[now.into(), MOST_COUNTED.into()],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// One that this node is to send.
pub struct Claimed {
    pub key: i64,
    pub delivery_id: String,
    pub ticket_id: Option<String>,
    pub body: String,
    /// This one counted.
    pub attempts: i64,
}

/// Takes up what is due, `most` of it; until `until` it is nobody else's. The caller holds the webhook.
pub fn claim(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    webhook: WebhookKey,
    most: i64,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Claimed>> {
    let under_way: i64 = tx.one(
        "select count(*) from webhook_deliveries
         where tenant_key = $1 and webhook_key = $2 and claimed_until is not null and claimed_until > $3",
        &[tenant.into(), webhook.into(), now.into()],
        |row| row.take(),
    )?;
    let claimed = tx.all(
        "select delivery_key, delivery_id, ticket_id, body, attempts + 1 from webhook_deliveries
         where tenant_key = $1 and webhook_key = $2 and state = 'pending' and next_at <= $3
         order by next_at, delivery_key limit $4",
        &[tenant.into(), webhook.into(), now.into(), most.min(MOST_UNDER_WAY - under_way).max(0).into()],
        |row| {
            Ok(Claimed {
                key: row.take()?,
                delivery_id: row.take()?,
                ticket_id: row.take()?,
                body: row.take()?,
                attempts: row.take()?,
            })
        },
    )?;
    let rows: Vec<_> = claimed.iter().map(|one| vec![tenant.into(), one.key.into(), until.into()]).collect();
    tx.execute_each(
        "update webhook_deliveries set attempts = attempts + 1, next_at = $3, claimed_until = $3
         where tenant_key = $1 and delivery_key = $2",
        &rows,
    )?;
    Ok(claimed)
}

/// What was claimed is due at once, for whoever is there; the attempt counts. Nothing happens if how it went is written down
/// already, or another node has taken it. The caller holds the webhook.
pub fn give_back(tx: &mut Tx<'_>, tenant: TenantKey, of: &Claimed, now: Timestamp) -> Result<()> {
    tx.execute(
        "update webhook_deliveries set next_at = $4, claimed_until = null
         where tenant_key = $1 and delivery_key = $2 and attempts = $3 and claimed_until is not null",
        &[tenant.into(), of.key.into(), of.attempts.into(), now.into()],
    )?;
    Ok(())
}

/// Writes down how an attempt went: `again_at` says when the next one is. False: its claim ran out and another node took it, or
/// it is gone. The caller holds the webhook.
pub fn finish(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    of: &Claimed,
    attempt: &Attempt,
    again_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let state = match (&attempt.error, again_at) {
        (None, _) => DeliveryState::Delivered,
        (Some(_), Some(_)) => DeliveryState::Pending,
        (Some(_), None) => DeliveryState::Failed,
    };
    let finished = tx.execute(
        "update webhook_deliveries set state = $4, next_at = coalesce($5, next_at), claimed_until = null, last_status = $6,
             last_error = $7, last_ms = $8, done_at = $9
         where tenant_key = $1 and delivery_key = $2 and attempts = $3 and claimed_until is not null",
        &[
            tenant.into(),
            of.key.into(),
            of.attempts.into(),
            state.as_str().into(),
            again_at.into(),
            attempt.status.into(),
            attempt.error.as_deref().into(),
            attempt.ms.into(),
            again_at.is_none().then_some(now).into(),
        ],
    )?;
    Ok(finished == 1)
}
