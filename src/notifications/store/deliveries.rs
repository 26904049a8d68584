//! What webhooks are to be told, and were: written, listed, taken up again by hand.

use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::notifications::model::{Delivery, DeliveryState, WebhookKey};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx, Value};

const SELECT: &str =
    "select delivery_key, delivery_id, type, ticket_id, body, state, attempts, next_at, last_status, last_error,
         last_ms, created_at, done_at, claimed_until
     from webhook_deliveries where tenant_key = $1 and webhook_key = $2";

fn delivery(row: &mut Row<'_>, now: Timestamp) -> Result<Delivery> {
    let mut delivery = Delivery {
        key: row.take()?,
        delivery_id: row.take()?,
        kind: row.take()?,
        ticket_id: row.take()?,
        body: row.take()?,
        state: DeliveryState::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown state is stored"))?,
        attempts: row.take()?,
        next_at: row.take()?,
        last_status: row.take()?,
        last_error: row.take()?,
        last_ms: row.take()?,
        created_at: row.take()?,
        done_at: row.take()?,
        is_under_way: row.take::<Option<Timestamp>>()?.is_some_and(|until| until > now),
    };
    delivery.next_at = delivery.next_at.filter(|_| delivery.state == DeliveryState::Pending && !delivery.is_under_way);
    Ok(delivery)
}

pub struct NewDelivery<'a> {
    pub delivery_id: &'a str,
    pub kind: &'a str,
    pub ticket_id: Option<&'a str>,
    pub body: &'a str,
}

/// The caller holds the webhook.
pub fn insert(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    webhook: WebhookKey,
    new: &NewDelivery<'_>,
    now: Timestamp,
) -> Result<()> {
    let state = state_behind_others(tx, tenant, webhook, new.ticket_id)?;
    tx.execute(
        "insert into webhook_deliveries (tenant_key, webhook_key, delivery_id, type, ticket_id, body, state, next_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        &[
            tenant.into(),
            webhook.into(),
            new.delivery_id.into(),
            new.kind.into(),
            new.ticket_id.into(),
            new.body.into(),
            state.as_str().into(),
            now.into(),
        ],
    )?;
    Ok(())
}

fn state_behind_others(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    webhook: WebhookKey,
    ticket_id: Option<&str>,
) -> Result<DeliveryState> {
    let Some(ticket_id) = ticket_id else { return Ok(DeliveryState::Pending) };
    let other = tx.first(
        "select 1 from webhook_deliveries
         where tenant_key = $1 and webhook_key = $2 and ticket_id = $3 and done_at is null limit 1",
        &[tenant.into(), webhook.into(), ticket_id.into()],
        |_| Ok(()),
    )?;
    Ok(if other.is_some() { DeliveryState::Waiting } else { DeliveryState::Pending })
}

/// The next of the ticket's is pending now, if one waits. The caller holds the webhook.
pub fn promote(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey, ticket_id: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "update webhook_deliveries set state = 'pending', next_at = $4
         where state = 'waiting' and delivery_key = (
             select delivery_key from webhook_deliveries
             where tenant_key = $1 and webhook_key = $2 and ticket_id = $3 and done_at is null
             order by delivery_key limit 1)",
        &[tenant.into(), webhook.into(), ticket_id.into(), now.into()],
    )?;
    Ok(())
}

/// Newest first; `before` is the key of the last one of the page before.
pub fn list(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    webhook: WebhookKey,
    state: Option<DeliveryState>,
    before: Option<i64>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<Delivery>> {
    let mut values: Vec<Value<'_>> = vec![tenant.into(), webhook.into(), before.unwrap_or(i64::MAX).into()];
    let mut of_state = "";
    if let Some(state) = state {
        of_state = " and state = $4";
        values.push(state.as_str().into());
    }
    let sql = format!("{SELECT} and delivery_key < $3{of_state} order by delivery_key desc");
    tx.at_most(limit, &sql, &values, |row| delivery(row, now))
}

pub fn find(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    webhook: WebhookKey,
    delivery_id: &str,
    now: Timestamp,
) -> Result<Delivery> {
    let sql = format!("{SELECT} and delivery_id = $3");
    let found = tx.first(&sql, &[tenant.into(), webhook.into(), delivery_id.into()], |row| delivery(row, now))?;
    found.ok_or(Error::NotFound)
}

/// Has one sent from the beginning that is done; one that is pending, at once. What a node sends just now it sends to the end,
/// and nobody knows yet whether it has to be sent again. The caller holds the webhook.
pub fn retry(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey, of: &Delivery, now: Timestamp) -> Result<()> {
    if of.is_under_way {
        return Err(Error::Conflict("delivery_under_way"));
    }
    let state = match of.state {
        DeliveryState::Delivered | DeliveryState::Failed => {
            state_behind_others(tx, tenant, webhook, of.ticket_id.as_deref())?
        }
        as_it_is => as_it_is,
    };
    tx.execute(
        "update webhook_deliveries set state = $4, attempts = case when done_at is null then attempts else 0 end,
             next_at = $5, done_at = null
         where tenant_key = $1 and webhook_key = $2 and delivery_key = $3",
        &[tenant.into(), webhook.into(), of.key.into(), state.as_str().into(), now.into()],
    )?;
    Ok(())
}

/// All of a deleted ticket: what it said is not told any more. The caller holds the tenant's webhooks.
pub fn delete_of_ticket(tx: &mut Tx<'_>, tenant: TenantKey, ticket_id: &str) -> Result<()> {
    tx.execute(
        "delete from webhook_deliveries where tenant_key = $1 and ticket_id = $2",
        &[tenant.into(), ticket_id.into()],
    )?;
    Ok(())
}
