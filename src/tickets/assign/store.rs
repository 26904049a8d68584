//! The SQL of assignment.

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Tx, Value};
use crate::tickets::store::MAY_HOLD;

/// What somebody has under way.
pub struct Load {
    pub support: UserKey,
    pub count: i64,
    /// The newest ticket among them; 0 if there is none.
    pub newest: i64,
}

/// Of those of `staff` who still may have tickets.
pub fn loads(tx: &mut Tx<'_>, tenant: TenantKey, staff: &[UserKey]) -> Result<Vec<Load>> {
    let places: Vec<String> = (0..staff.len()).map(|i| format!("${}", i + 2)).collect();
    let sql = format!(
        "select u.user_key, count(t.ticket_key), coalesce(max(t.ticket_key), 0)
         from users u left join tickets t
             on t.tenant_key = u.tenant_key and t.support_key = u.user_key and t.status <> 'closed'
         where u.tenant_key = $1 and u.user_key in ({}) and {MAY_HOLD}
         group by u.user_key",
        places.join(", ")
    );
    let values: Vec<Value<'_>> =
        std::iter::once(tenant.into()).chain(staff.iter().map(|user| (*user).into())).collect();
    tx.all(&sql, &values, |row| Ok(Load { support: UserKey(row.take()?), count: row.take()?, newest: row.take()? }))
}

pub fn oldest_waiting(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Option<TicketKey>> {
    tx.first(
        "select ticket_key from tickets
         where tenant_key = $1 and status = 'open' and support_key is null and is_held = false
         order by created_at, ticket_key limit 1",
        &[tenant.into()],
        |row| Ok(TicketKey(row.take()?)),
    )
}

/// How many tickets of all tenants wait for somebody, and since when the oldest of them does. It walks the index of those
/// that wait; the first condition, which all of them fulfil, is what makes both engines take it.
pub fn count_waiting(tx: &mut Tx<'_>) -> Result<(i64, Option<Timestamp>)> {
    tx.one(
        "select count(*), min(created_at) from tickets
         where tenant_key > 0 and status = 'open' and support_key is null and is_held = false",
        &[],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// Compare-and-set: false if somebody has it already, or it waits no longer.
pub fn give(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey, support: UserKey, now: Timestamp) -> Result<bool> {
    let given = tx.execute(
        "update tickets set support_key = $3, updated_at = case when updated_at < $4 then $4 else updated_at + 1 end
         where tenant_key = $1 and ticket_key = $2 and support_key is null and status = 'open'
             and is_held = false",
        &[tenant.into(), key.into(), support.into(), now.into()],
    )?;
    Ok(given == 1)
}
