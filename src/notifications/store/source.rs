//! What deliveries are made of: other services' tables, which are only read here.

use crate::auth::model::{Role, TenantKey, TicketKey};
use crate::error::{Error, Result};
use crate::notifications::content::RegisteredUser;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};

/// A ticket with messages that may be new.
#[derive(Clone)]
pub struct Stirred {
    pub ticket: TicketKey,
    pub ticket_id: String,
    pub last_seq: i64,
    pub updated_at: Timestamp,
    /// Up to where its messages were derived.
    pub seq: i64,
}

const STIRRED: &str = "select t.ticket_key, t.ticket_id, t.last_seq, t.updated_at, coalesce(w.seq, 0)
     from tickets t left join webhook_tickets w on w.tenant_key = t.tenant_key and w.ticket_key = t.ticket_key
     where t.tenant_key = $1";

fn stirred(row: &mut Row<'_>) -> Result<Stirred> {
    Ok(Stirred {
        ticket: TicketKey(row.take()?),
        ticket_id: row.take()?,
        last_seq: row.take()?,
        updated_at: row.take()?,
        seq: row.take()?,
    })
}

/// Those that have changed since and have messages behind the last one that was derived, the longest ago first.
pub fn list_stirred(tx: &mut Tx<'_>, tenant: TenantKey, since: Timestamp, limit: i64) -> Result<Vec<Stirred>> {
    let sql = format!(
        "{STIRRED} and t.updated_at > $2 and t.last_seq > coalesce(w.seq, 0) order by t.updated_at, t.ticket_key limit $3"
    );
    tx.all(&sql, &[tenant.into(), since.into(), limit.into()], stirred)
}

pub fn find_stirred(tx: &mut Tx<'_>, tenant: TenantKey, ticket_id: &str) -> Result<Option<Stirred>> {
    let sql = format!("{STIRRED} and t.ticket_id = $2");
    tx.first(&sql, &[tenant.into(), ticket_id.into()], stirred)
}

/// The last message behind `after` that is older than `before`: it and those in front of it are nobody's news.
pub fn find_last_before(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    after: i64,
    before: Timestamp,
) -> Result<Option<i64>> {
    tx.first(
        "select seq from messages where ticket_key = $2 and seq > $3 and timestamp < $4 and tenant_key = $1
         order by seq desc limit 1",
        &[tenant.into(), ticket.into(), after.into(), before.into()],
        |row| row.take(),
    )
}

pub fn find_user(tx: &mut Tx<'_>, tenant: TenantKey, user_id: &str) -> Result<Option<RegisteredUser>> {
    tx.first(
        "select user_id, username, name, email, role, external_id, created_at from users
         where tenant_key = $1 and user_id = $2",
        &[tenant.into(), user_id.into()],
        |row| {
            Ok(RegisteredUser {
                id: row.take()?,
                username: row.take()?,
                name: row.take()?,
                email: row.take()?,
                role: Role::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown role is stored"))?,
                external_id: row.take()?,
                created_at: row.take()?,
            })
        },
    )
}
