//! What is known of each ticket, and what it adds to the sums.

use serde_json::json;

use crate::analytics::figures::{Figures, Rows};
use crate::analytics::history::State;
use crate::analytics::store::sums;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::db::Tx;

/// A ticket as it was when it was counted.
pub struct Fact {
    pub ticket: TicketKey,
    pub channel: String,
    pub tags: Vec<String>,
    /// The ticket's own; 0 while there is more of its history to read.
    pub updated_at: i64,
    pub state: State,
}

pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, ticket_id: &str) -> Result<Option<Fact>> {
    tx.first(
        "select ticket_key, channel, tags, updated_at, customer_key, event_key, seq, opened_at, is_closed, support_id,
             asked_at, is_replied
         from analytics_tickets where ticket_id = $2 and tenant_key = $1",
        &[tenant.into(), ticket_id.into()],
        |row| {
            Ok(Fact {
                ticket: TicketKey(row.take()?),
                channel: row.take()?,
                tags: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
                updated_at: row.take()?,
                state: State {
                    customer: UserKey(row.take()?),
                    event_key: row.take()?,
                    seq: row.take()?,
                    opened_at: row.take()?,
                    is_closed: row.take()?,
                    support_id: row.take()?,
                    asked_at: row.take()?,
                    is_replied: row.take()?,
                },
            })
        },
    )
}

pub fn save(tx: &mut Tx<'_>, tenant: TenantKey, ticket_id: &str, fact: &Fact) -> Result<()> {
    let Fact { ticket, channel, tags, updated_at, state } = fact;
    tx.execute_later(
        "insert into analytics_tickets (ticket_key, tenant_key, ticket_id, channel, tags, updated_at, customer_key,
             event_key, seq, opened_at, is_closed, support_id, asked_at, is_replied)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (ticket_key) do update set channel = excluded.channel, tags = excluded.tags,
             updated_at = excluded.updated_at, customer_key = excluded.customer_key, event_key = excluded.event_key,
             seq = excluded.seq, opened_at = excluded.opened_at, is_closed = excluded.is_closed,
             support_id = excluded.support_id, asked_at = excluded.asked_at, is_replied = excluded.is_replied",
        &[
            (*ticket).into(),
            tenant.into(),
            ticket_id.into(),
            channel.as_str().into(),
            json!(tags).to_string().as_str().into(),
            (*updated_at).into(),
            state.customer.into(),
            state.event_key.into(),
            state.seq.into(),
            state.opened_at.into(),
            state.is_closed.into(),
            state.support_id.as_deref().into(),
            state.asked_at.into(),
            state.is_replied.into(),
        ],
    )
}

pub fn delete(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey) -> Result<()> {
    tx.execute_later(
        "delete from analytics_tickets where ticket_key = $2 and tenant_key = $1",
        &[tenant.into(), ticket.into()],
    )
}

pub fn list_rows(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey) -> Result<Rows> {
    let sql = format!(
        "select {}, slot, agent_id from analytics_ticket_slots where ticket_key = $2 and tenant_key = $1",
        sums::COLUMNS
    );
    let rows = tx.all(&sql, &[tenant.into(), ticket.into()], |row| {
        let figures = sums::figures(row)?;
        Ok(((row.take()?, row.take()?), figures))
    });
    Ok(rows?.into_iter().collect())
}

/// Brings what is stored from `before` to `after`.
pub fn write_rows(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, before: &Rows, after: &Rows) -> Result<()> {
    for (slot, agent) in before.keys().filter(|key| !after.contains_key(key)) {
        tx.execute_later(
            "delete from analytics_ticket_slots where ticket_key = $2 and slot = $3 and agent_id = $4 and tenant_key = $1",
            &[tenant.into(), ticket.into(), (*slot).into(), agent.as_str().into()],
        )?;
    }
    for ((slot, agent), figures) in after.iter().filter(|(key, figures)| before.get(key) != Some(figures)) {
        write_row(tx, tenant, ticket, *slot, agent, figures)?;
    }
    Ok(())
}

fn write_row(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    slot: i64,
    agent: &str,
    figures: &Figures,
) -> Result<()> {
    let texts = sums::texts(figures);
    let mut values = vec![ticket.into(), slot.into(), agent.into(), tenant.into()];
    values.extend(sums::values(figures, &texts));
    let sql = format!(
        "insert into analytics_ticket_slots (ticket_key, slot, agent_id, tenant_key, {})
         values ($1, $2, $3, $4, {}) on conflict (ticket_key, slot, agent_id) do update set {}",
        sums::COLUMNS,
        sums::places(5),
        sums::SET
    );
    tx.execute_later(&sql, &values)
}
