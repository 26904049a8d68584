//! The `events` table. Appended to here alone, read by the audit log and a ticket's history.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Act;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{self, Row, Tx, Value};

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    #[serde(skip)]
    pub key: i64,
    /// What happened: `ticket_created`, `ticket_updated`, … There may be more in later versions.
    pub kind: String,
    /// Who did it; null for the server itself.
    #[schema(required)]
    pub actor_id: Option<String>,
    /// The name they have now.
    #[schema(required)]
    pub actor_name: Option<String>,
    #[schema(required)]
    pub ticket_id: Option<String>,
    /// By its kind: ids, and what the fields that changed are now.
    #[schema(value_type = HashMap<String, Json>)]
    pub data: Box<RawValue>,
    pub timestamp: Timestamp,
}

const SELECT: &str = "select e.event_key, e.kind, e.actor_id, u.name, e.ticket_id, e.data, e.timestamp
     from events e left join users u on u.tenant_key = e.tenant_key and u.user_id = e.actor_id";

/// Answers the row's key.
pub fn insert(tx: &mut Tx<'_>, act: &Act, kind: &str, ticket_id: Option<&str>, data: &str) -> Result<i64> {
    tx.one(
        "insert into events (tenant_key, kind, actor_id, ticket_id, data, timestamp) values ($1, $2, $3, $4, $5, $6)
         returning event_key",
        &[act.tenant.into(), kind.into(), act.actor_id.as_deref().into(), ticket_id.into(), data.into(), act.at.into()],
        |row| row.take(),
    )
}

/// Newest first; `before` is the key of the last entry of the page before.
pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, before: Option<i64>, limit: i64) -> Result<Vec<Entry>> {
    tx.at_most(
        limit,
        &format!("{SELECT} where e.tenant_key = $1 and e.event_key < $2 order by e.event_key desc"),
        &[tenant.into(), before.unwrap_or(i64::MAX).into()],
        entry,
    )
}

/// A ticket's history, newest first.
pub fn list_of_ticket(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket_id: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>> {
    tx.at_most(
        limit,
        &format!(
            "{SELECT} where e.tenant_key = $1 and e.ticket_id = $2 and e.event_key < $3 order by e.event_key desc"
        ),
        &[tenant.into(), ticket_id.into(), before.unwrap_or(i64::MAX).into()],
        entry,
    )
}

/// What was stored of an event, for a node on which it did not happen.
pub struct Stored {
    pub key: i64,
    pub tenant: TenantKey,
    pub kind: String,
    pub actor_id: Option<String>,
    pub ticket_id: Option<String>,
    pub data: String,
    pub at: Timestamp,
}

const SELECT_STORED: &str = "select event_key, tenant_key, kind, actor_id, ticket_id, data, timestamp from events";

/// Of all tenants, oldest first.
pub fn list_after(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Stored>> {
    tx.at_most(limit, &format!("{SELECT_STORED} where event_key > $1 order by event_key"), &[after.into()], stored)
}

/// Those of these that are there by now.
pub fn list_named(tx: &mut Tx<'_>, keys: &[i64]) -> Result<Vec<Stored>> {
    let keys = db::padded(keys.iter().copied());
    let places: Vec<String> = (1..=keys.len()).map(|place| format!("${place}")).collect();
    let sql = format!("{SELECT_STORED} where event_key in ({}) order by event_key", places.join(", "));
    let values: Vec<Value<'_>> = keys.iter().map(|key| (*key).into()).collect();
    tx.all(&sql, &values, stored)
}

/// The keys of the newest, newest first.
pub fn list_newest_keys(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<i64>> {
    tx.all("select event_key from events order by event_key desc limit $1", &[limit.into()], |row| row.take())
}

/// 0: there is no event yet.
pub fn newest_key(tx: &mut Tx<'_>) -> Result<i64> {
    let sql = "select event_key from events where event_key > 0 order by event_key desc limit 1";
    Ok(tx.first(sql, &[], |row| row.take())?.unwrap_or_default())
}

fn stored(row: &mut Row<'_>) -> Result<Stored> {
    Ok(Stored {
        key: row.take()?,
        tenant: TenantKey(row.take()?),
        kind: row.take()?,
        actor_id: row.take()?,
        ticket_id: row.take()?,
        data: row.take()?,
        at: row.take()?,
    })
}

/// A user who was changed, as the audit log has it.
pub struct UserChange {
    pub key: i64,
    pub tenant: TenantKey,
    pub user_id: String,
    pub changed: Vec<String>,
    pub at: Timestamp,
}

/// Oldest first, of all tenants.
pub fn list_user_changes(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<UserChange>> {
    #[derive(Deserialize)]
    struct Data {
        user_id: String,
        changed: Vec<String>,
    }
    tx.all(
        "select event_key, tenant_key, data, timestamp from events
         where event_key > $1 and kind = 'user_changed' order by event_key limit $2",
        &[after.into(), limit.into()],
        |row| {
            let (key, tenant, data) = (row.take()?, TenantKey(row.take()?), row.take::<String>()?);
            let Data { user_id, changed } = serde_json::from_str(&data).map_err(Error::internal)?;
            Ok(UserChange { key, tenant, user_id, changed, at: row.take()? })
        },
    )
}

/// How far a reaction has come.
pub fn cursor(tx: &mut Tx<'_>, name: &str) -> Result<i64> {
    tx.one("select position from event_cursors where name = $1", &[name.into()], |row| row.take())
}

/// Never back: of two nodes that react, the one behind changes nothing.
pub fn move_cursor(tx: &mut Tx<'_>, name: &str, position: i64) -> Result<()> {
    tx.execute(
        "update event_cursors set position = $2 where name = $1 and position < $2",
        &[name.into(), position.into()],
    )?;
    Ok(())
}

fn entry(row: &mut Row<'_>) -> Result<Entry> {
    Ok(Entry {
        key: row.take()?,
        kind: row.take()?,
        actor_id: row.take()?,
        actor_name: row.take()?,
        ticket_id: row.take()?,
        data: RawValue::from_string(row.take()?).map_err(Error::internal)?,
        timestamp: row.take()?,
    })
}

/// Empties what the events of a ticket say; that they happened, when and by whom, stays.
pub fn redact(tx: &mut Tx<'_>, tenant: TenantKey, ticket_id: &str) -> Result<()> {
    tx.execute(
        "update events set data = '{}' where tenant_key = $1 and ticket_id = $2",
        &[tenant.into(), ticket_id.into()],
    )?;
    Ok(())
}
