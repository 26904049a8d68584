//! How far everything has been counted.

use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// An event of any tenant, as far as it tells that there is something to count.
pub struct Hint {
    pub key: i64,
    pub tenant: TenantKey,
    pub ticket_id: Option<String>,
    pub at: Timestamp,
}

const POSITION: &str = "select position from analytics_cursors where name = 'events'";

pub fn position(tx: &mut Tx<'_>) -> Result<i64> {
    tx.one(POSITION, &[], |row| row.take())
}

/// Whoever holds it is alone in counting, on all nodes, until the transaction ends.
pub fn lock(tx: &mut Tx<'_>) -> Result<i64> {
    let sql = format!("{POSITION}{}", tx.dialect().for_update());
    tx.one(&sql, &[], |row| row.take())
}

pub fn set_position(tx: &mut Tx<'_>, position: i64) -> Result<()> {
    tx.execute("update analytics_cursors set position = $1 where name = 'events'", &[position.into()])?;
    Ok(())
}

pub fn list_hints(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Hint>> {
    tx.all(
        "select event_key, tenant_key, ticket_id, timestamp from events where event_key > $1 order by event_key limit $2",
        &[after.into(), limit.into()],
        |row| {
            let (key, tenant) = (row.take()?, TenantKey(row.take()?));
            Ok(Hint { key, tenant, ticket_id: row.take()?, at: row.take()? })
        },
    )
}

/// When the first event was that is not counted yet.
pub fn oldest_uncounted(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let sql = format!("select timestamp from events where event_key > ({POSITION}) order by event_key limit 1");
    tx.first(&sql, &[], |row| row.take())
}

/// Tenants, and up to when their tickets were looked through.
pub fn list_tenants(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<(TenantKey, Timestamp)>> {
    tx.all(
        "select t.tenant_key, coalesce((select looked_at from analytics_tenants a where a.tenant_key = t.tenant_key), 0)
         from tenants t where t.tenant_key > $1 order by t.tenant_key limit $2",
        &[after.into(), limit.into()],
        |row| Ok((TenantKey(row.take()?), row.take()?)),
    )
}

pub fn looked_at(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Timestamp> {
    let found =
        tx.first("select looked_at from analytics_tenants where tenant_key = $1", &[tenant.into()], |row| row.take())?;
    Ok(found.unwrap_or_default())
}

pub fn set_looked_at(tx: &mut Tx<'_>, tenant: TenantKey, at: Timestamp) -> Result<()> {
    tx.execute(
        "insert into analytics_tenants (tenant_key, looked_at) values ($1, $2)
         on conflict (tenant_key) do update set looked_at = excluded.looked_at",
        &[tenant.into(), at.into()],
    )?;
    Ok(())
}

/// Tickets that have changed since they were counted, and when: the longest ago first.
pub fn list_stirred(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Timestamp)>> {
    tx.all(
        "select t.ticket_id, t.updated_at
         from tickets t left join analytics_tickets f on f.ticket_key = t.ticket_key
         where t.tenant_key = $1 and t.updated_at > $2 and (f.updated_at is null or f.updated_at <> t.updated_at)
         order by t.updated_at, t.ticket_key limit $3",
        &[tenant.into(), since.into(), limit.into()],
        |row| Ok((row.take()?, row.take()?)),
    )
}
