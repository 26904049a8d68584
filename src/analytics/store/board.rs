//! What the live board shows, and the names of agents.

use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Tx, Value};

/// Beyond this nobody reads the number, and to count on would cost more with every ticket there is.
const MOST: i64 = 10_000;
const MOST_TICKETS: i64 = 1000;
/// So far back it is read who wrote last.
const MOST_MESSAGES: i64 = 30;
const MOST_STAFF: i64 = 500;

#[derive(Clone, Copy, Debug)]
pub enum Queue {
    Open,
    InProgress,
    Unassigned,
}

pub fn count(tx: &mut Tx<'_>, tenant: TenantKey, queue: Queue) -> Result<i64> {
    // Spelled as the partial indexes are.
    let condition = match queue {
        Queue::Open => "status <> 'closed' and status = 'open'",
        Queue::InProgress => "status <> 'closed' and status = 'in_progress'",
        Queue::Unassigned => "status <> 'closed' and support_key is null and (bot_state is null or bot_state <> 'bot')",
    };
    let sql = format!(
        "select count(*) from (select 1 from tickets where tenant_key = $1 and {condition} limit $2) as counted"
    );
    tx.one(&sql, &[tenant.into(), MOST.into()], |row| row.take())
}

/// How many wait for a reply of a person, whoever has them, and since when the longest does. Of an open ticket nobody has replied
/// since it was opened, or opened again. One in progress waits where the customer wrote last: since the first of what they
/// wrote, in the last messages.
pub fn waiting(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<(i64, Option<Timestamp>)> {
    tx.one(
        "select count(*), min(since) from (select case when t.status = 'open' then coalesce(f.opened_at, t.created_at)
             when t.last_seq = 0 then t.created_at else (select min(m.timestamp) from messages m
              where m.ticket_key = t.ticket_key and m.seq > t.last_seq - $3 and m.kind = 'text'
                  and m.seq > coalesce((select max(s.seq) from messages s where s.ticket_key = t.ticket_key
                      and s.seq > t.last_seq - $3 and s.kind = 'text' and s.sender_key <> t.customer_key), 0)) end as since
             from tickets t left join analytics_tickets f on f.ticket_key = t.ticket_key
             where t.tenant_key = $1 and t.status <> 'closed' and (t.bot_state is null or t.bot_state <> 'bot')
             limit $2) as counted where since is not null",
        &[tenant.into(), MOST.into(), MOST_MESSAGES.into()],
        |row| Ok((row.take()?, row.take()?)),
    )
}

pub fn messages_since(tx: &mut Tx<'_>, tenant: TenantKey, since: Timestamp) -> Result<i64> {
    tx.one(
        "select count(*) from (select ticket_key, last_seq from tickets where tenant_key = $1 and updated_at > $2
             order by updated_at desc limit $3) as counted
         join messages m on m.ticket_key = counted.ticket_key and m.seq > counted.last_seq - $3
         where m.timestamp > $2",
        &[tenant.into(), since.into(), MOST_TICKETS.into()],
        |row| row.take(),
    )
}

pub struct Agent {
    pub key: UserKey,
    pub user_id: String,
    pub name: String,
    pub avatar_url: Option<String>,
    pub load: i64,
}

/// The people who sign in as staff, with what they have under way.
pub fn list_staff(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Vec<Agent>> {
    tx.all(
        "select u.user_key, u.user_id, u.name, u.avatar_url,
             (select count(*) from tickets t
              where t.tenant_key = $1 and t.support_key = u.user_key and t.status <> 'closed')
         from users u
         where u.tenant_key = $1 and u.role <> 'customer' and u.is_disabled = false and u.password_hash is not null
         order by u.user_key limit $2",
        &[tenant.into(), MOST_STAFF.into()],
        |row| {
            Ok(Agent {
                key: UserKey(row.take()?),
                user_id: row.take()?,
                name: row.take()?,
                avatar_url: row.take()?,
                load: row.take()?,
            })
        },
    )
}

/// The names that agents have now, by their ids.
pub fn list_names(tx: &mut Tx<'_>, tenant: TenantKey, ids: &[&str]) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    // As many placeholders as there are ids, so that they go in portions.
    for portion in ids.chunks(100) {
        let places: Vec<String> = (0..portion.len()).map(|place| format!("${}", place + 2)).collect();
        let sql =
            format!("select user_id, name from users where tenant_key = $1 and user_id in ({})", places.join(", "));
        let values: Vec<Value<'_>> =
            std::iter::once(tenant.into()).chain(portion.iter().map(|id| Value::from(*id))).collect();
        found.extend(tx.all(&sql, &values, |row| Ok((row.take()?, row.take()?)))?);
    }
    Ok(found)
}
