//! What customers said with their ratings.

use crate::analytics::model::RatedTicket;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::db::{Tx, Value};

/// Which ratings: given in a time, of whoever had the ticket.
#[derive(Clone)]
pub struct Filter {
    pub from_ms: i64,
    pub to_ms: i64,
    pub agent: Option<UserKey>,
}

/// Newest first; `before` is the place of the last one of the page before.
pub fn list(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    filter: &Filter,
    before: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<RatedTicket>> {
    let (at, key) = before.unwrap_or((filter.to_ms, 0));
    let mut values: Vec<Value<'_>> = vec![tenant.into(), filter.from_ms.into(), at.into(), key.into(), limit.into()];
    let mut mine = "";
    if let Some(agent) = filter.agent {
        mine = " and r.support_key = $6";
        values.push(agent.into());
    }
    let sql = format!(
        "select r.ticket_key, t.ticket_id, t.number, t.subject, r.score, r.comment, u.user_id, u.name, r.created_at
         from ratings r
         join tickets t on t.tenant_key = r.tenant_key and t.ticket_key = r.ticket_key
         left join users u on u.tenant_key = r.tenant_key and u.user_key = r.support_key
         where r.tenant_key = $1 and r.comment is not null and r.created_at >= $2
             and (r.created_at, r.ticket_key) < ($3, $4){mine}
         order by r.created_at desc, r.ticket_key desc limit $5"
    );
    tx.all(&sql, &values, |row| {
        Ok(RatedTicket {
            key: row.take()?,
            ticket_id: row.take()?,
            number: row.take()?,
            subject: row.take()?,
            score: row.take()?,
            comment: row.take()?,
            support_id: row.take()?,
            support_name: row.take()?,
            created_at: row.take()?,
        })
    })
}
