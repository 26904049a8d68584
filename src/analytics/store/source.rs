//! What the figures are made of: other services' tables, which are only read here.

use crate::analytics::history::{EventRow, MessageRow, RatingRow};
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::db::Tx;

/// A ticket as it is now.
pub struct Ticket {
    pub key: TicketKey,
    pub customer: UserKey,
    pub channel: String,
    pub tags: Vec<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

pub fn find_ticket(tx: &mut Tx<'_>, tenant: TenantKey, ticket_id: &str) -> Result<Option<Ticket>> {
    tx.first(
        "select ticket_key, customer_key, channel, tags, created_at, updated_at from tickets
         where tenant_key = $1 and ticket_id = $2",
        &[tenant.into(), ticket_id.into()],
        |row| {
            Ok(Ticket {
                key: TicketKey(row.take()?),
                customer: UserKey(row.take()?),
                channel: row.take()?,
                tags: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
                created_at: row.take()?,
                updated_at: row.take()?,
            })
        },
    )
}

/// What happened to a ticket after the event `after`, in its order: whoever changes a ticket holds its row.
pub fn list_events(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket_id: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>> {
    tx.all(
        "select event_key, kind, actor_id, data, timestamp from events
         where tenant_key = $1 and ticket_id = $2 and event_key > $3 order by event_key limit $4",
        &[tenant.into(), ticket_id.into(), after.into(), limit.into()],
        |row| {
            Ok(EventRow {
                key: row.take()?,
                kind: row.take()?,
                actor_id: row.take()?,
                data: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
                at: row.take()?,
            })
        },
    )
}

pub fn list_messages(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    after: i64,
    limit: i64,
) -> Result<Vec<MessageRow>> {
    tx.all(
        "select m.seq, m.sender_key, u.user_id, u.password_hash is not null, m.kind, m.timestamp
         from messages m join users u on u.tenant_key = m.tenant_key and u.user_key = m.sender_key
         where m.ticket_key = $1 and m.seq > $2 and m.tenant_key = $3 order by m.seq limit $4",
        &[ticket.into(), after.into(), tenant.into(), limit.into()],
        |row| {
            Ok(MessageRow {
                seq: row.take()?,
                sender: UserKey(row.take()?),
                sender_id: row.take()?,
                is_person: row.take()?,
                kind: row.take()?,
                at: row.take()?,
            })
        },
    )
}

pub fn list_ratings(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey) -> Result<Vec<RatingRow>> {
    tx.all(
        "select r.score, u.user_id, r.created_at
         from ratings r left join users u on u.tenant_key = r.tenant_key and u.user_key = r.support_key
         where r.tenant_key = $1 and r.ticket_key = $2",
        &[tenant.into(), ticket.into()],
        |row| Ok(RatingRow { score: row.take()?, support_id: row.take()?, at: row.take()? }),
    )
}

/// When each file that a message carries was uploaded, and its size.
pub fn list_files(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey) -> Result<Vec<(i64, i64)>> {
    tx.all(
        "select created_at, size from attachments
         where tenant_key = $1 and ticket_key = $2 and message_seq is not null",
        &[tenant.into(), ticket.into()],
        |row| Ok((row.take()?, row.take()?)),
    )
}
