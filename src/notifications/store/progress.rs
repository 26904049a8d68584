//! How far what happened was made into deliveries.

use serde::{Deserialize, Serialize};

use crate::auth::model::{TenantKey, TicketKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// Along the events of all tenants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor {
    pub position: i64,
    /// Keys before it that were passed over, and when: one may be of a transaction that is still under way.
    pub missing: Vec<Missing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Missing(pub i64, pub i64);

const CURSOR: &str = "select position, missing from webhook_cursors where name = 'events'";

pub fn cursor(tx: &mut Tx<'_>) -> Result<Cursor> {
    read(tx, CURSOR)
}

/// Whoever holds it is alone in deriving, on all nodes, until the transaction ends.
pub fn lock_cursor(tx: &mut Tx<'_>) -> Result<Cursor> {
    let sql = format!("{CURSOR}{}", tx.dialect().for_update());
    read(tx, &sql)
}

fn read(tx: &mut Tx<'_>, sql: &str) -> Result<Cursor> {
    tx.one(sql, &[], |row| {
        let (position, missing) = (row.take()?, row.take::<String>()?);
        Ok(Cursor { position, missing: serde_json::from_str(&missing).map_err(Error::internal)? })
    })
}

pub fn set_cursor(tx: &mut Tx<'_>, cursor: &Cursor) -> Result<()> {
    let missing = serde_json::to_string(&cursor.missing).map_err(Error::internal)?;
    tx.execute(
        "update webhook_cursors set position = $1, missing = $2 where name = 'events'",
        &[cursor.position.into(), missing.as_str().into()],
    )?;
    Ok(())
}

/// When the first event was that no webhook was told yet. None where there is no webhook.
pub fn oldest_underived(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    tx.first(
        "select timestamp from events where event_key > (select position from webhook_cursors where name = 'events')
             and exists (select 1 from webhooks where tenant_key > 0 and removed_at is null)
         order by event_key limit 1",
        &[],
        |row| row.take(),
    )
}

pub fn looked_at(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Timestamp> {
    let sql = "select looked_at from webhook_tenants where tenant_key = $1";
    Ok(tx.first(sql, &[tenant.into()], |row| row.take())?.unwrap_or_default())
}

pub fn set_looked_at(tx: &mut Tx<'_>, tenant: TenantKey, at: Timestamp) -> Result<()> {
    tx.execute(
        "insert into webhook_tenants (tenant_key, looked_at) values ($1, $2)
         on conflict (tenant_key) do update set looked_at = excluded.looked_at",
        &[tenant.into(), at.into()],
    )?;
    Ok(())
}

pub fn set_seq(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, seq: i64) -> Result<()> {
    tx.execute(
        "insert into webhook_tickets (tenant_key, ticket_key, seq) values ($1, $2, $3)
         on conflict (tenant_key, ticket_key) do update set seq = excluded.seq",
        &[tenant.into(), ticket.into(), seq.into()],
    )?;
    Ok(())
}
