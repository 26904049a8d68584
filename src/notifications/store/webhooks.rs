//! Webhooks. One that was removed is seen by nobody but the sweep.

use serde_json::json;

use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::notifications::model::{Beginning, Secrets, Webhook, WebhookKey, WebhookType};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};

const COLUMNS: &str = "webhook_key, webhook_id, url, description, types, is_enabled, disabled_reason, failing_since,
     created_at, updated_at, secret, old_secret, old_secret_until, begins_after, begins_at";

fn webhook(row: &mut Row<'_>) -> Result<Webhook> {
    Ok(Webhook {
        key: WebhookKey(row.take()?),
        webhook_id: row.take()?,
        url: row.take()?,
        description: row.take()?,
        types: types(&row.take::<String>()?)?,
        is_enabled: row.take()?,
        disabled_reason: row.take()?,
        failing_since: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        secrets: secrets(row)?,
        begins: Beginning { event: row.take()?, at: row.take()? },
    })
}

fn secrets(row: &mut Row<'_>) -> Result<Secrets> {
    let (current, old, until) = (row.take()?, row.take::<Option<String>>()?, row.take::<Option<Timestamp>>()?);
    Ok(Secrets { current, old: old.zip(until) })
}

/// A later version may have written some that this one does not know.
fn types(stored: &str) -> Result<Vec<WebhookType>> {
    let named: Vec<String> = serde_json::from_str(stored).map_err(Error::internal)?;
    Ok(named.iter().filter_map(|name| WebhookType::parse(name)).collect())
}

pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, new: &Webhook) -> Result<()> {
    tx.execute(
        "insert into webhooks (tenant_key, webhook_id, url, description, types, secret, is_enabled, begins_after, begins_at,
             created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        &[
            tenant.into(),
            new.webhook_id.as_str().into(),
            new.url.as_str().into(),
            new.description.as_str().into(),
            json!(new.types).to_string().as_str().into(),
            new.secrets.current.as_str().into(),
            new.is_enabled.into(),
            new.begins.event.into(),
            new.begins.at.into(),
            new.created_at.into(),
        ],
    )?;
    Ok(())
}

pub fn count(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<i64> {
    let sql = "select count(*) from webhooks where tenant_key = $1 and removed_at is null";
    tx.one(sql, &[tenant.into()], |row| row.take())
}

pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, webhook_id: &str) -> Result<Webhook> {
    find_with(tx, tenant, webhook_id, "")
}

/// Nobody changes it, nor its deliveries, until this transaction ends.
pub fn find_and_lock(tx: &mut Tx<'_>, tenant: TenantKey, webhook_id: &str) -> Result<Webhook> {
    let lock = tx.dialect().for_update();
    find_with(tx, tenant, webhook_id, lock)
}

fn find_with(tx: &mut Tx<'_>, tenant: TenantKey, webhook_id: &str, lock: &str) -> Result<Webhook> {
    let sql = format!(
        "select {COLUMNS} from webhooks where tenant_key = $1 and webhook_id = $2 and removed_at is null{lock}"
    );
    tx.first(&sql, &[tenant.into(), webhook_id.into()], webhook)?.ok_or(Error::NotFound)
}

/// The oldest first, from the one after `after`.
pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, after: i64, limit: i64) -> Result<Vec<Webhook>> {
    let sql = format!(
        "select {COLUMNS} from webhooks where tenant_key = $1 and webhook_key > $2 and removed_at is null
         order by webhook_key"
    );
    tx.at_most(limit, &sql, &[tenant.into(), after.into()], webhook)
}

/// Writes back what an admin may change, and what follows from it.
pub fn update(tx: &mut Tx<'_>, tenant: TenantKey, webhook: &Webhook) -> Result<()> {
    tx.execute(
        "update webhooks set url = $3, description = $4, types = $5, is_enabled = $6, disabled_reason = $7,
             failing_since = $8, begins_after = $9, begins_at = $10, updated_at = $11
         where tenant_key = $1 and webhook_key = $2",
        &[
            tenant.into(),
            webhook.key.into(),
            webhook.url.as_str().into(),
            webhook.description.as_str().into(),
            json!(webhook.types).to_string().as_str().into(),
            webhook.is_enabled.into(),
            webhook.disabled_reason.as_deref().into(),
            webhook.failing_since.into(),
            webhook.begins.event.into(),
            webhook.begins.at.into(),
            webhook.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Both sign until `until`.
pub fn exchange_secret(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    webhook: WebhookKey,
    secret: &str,
    until: Timestamp,
) -> Result<()> {
    tx.execute(
        "update webhooks set old_secret = secret, old_secret_until = $4, secret = $3
         where tenant_key = $1 and webhook_key = $2",
        &[tenant.into(), webhook.into(), secret.into(), until.into()],
    )?;
    Ok(())
}

pub fn remove(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey, now: Timestamp) -> Result<()> {
    tx.execute(
        "update webhooks set removed_at = $3, is_enabled = false where tenant_key = $1 and webhook_key = $2",
        &[tenant.into(), webhook.into(), now.into()],
    )?;
    Ok(())
}

/// One that is told, or is to be once it is enabled again.
pub struct Target {
    pub key: WebhookKey,
    pub tenant: TenantKey,
    pub types: Vec<WebhookType>,
    pub is_enabled: bool,
    pub begins: Beginning,
}

/// Of all tenants. The first condition is what makes both engines take the index.
pub fn list_targets(tx: &mut Tx<'_>) -> Result<Vec<Target>> {
    tx.all(
        "select webhook_key, tenant_key, types, is_enabled, begins_after, begins_at from webhooks
         where tenant_key > 0 and removed_at is null order by tenant_key, webhook_key",
        &[],
        |row| {
            Ok(Target {
                key: WebhookKey(row.take()?),
                tenant: TenantKey(row.take()?),
                types: types(&row.take::<String>()?)?,
                is_enabled: row.take()?,
                begins: Beginning { event: row.take()?, at: row.take()? },
            })
        },
    )
}

/// Takes all webhooks of a tenant, removed ones too, before their deliveries are written.
pub fn lock_all(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<()> {
    match tx.dialect().for_update() {
        "" => Ok(()),
        lock => {
            let sql = format!("select webhook_key from webhooks where tenant_key = $1 order by webhook_key{lock}");
            tx.all(&sql, &[tenant.into()], |row| row.take::<i64>()).map(drop)
        }
    }
}

/// Where it is sent, and how it is doing.
pub struct Receiver {
    pub webhook_id: String,
    pub url: String,
    pub secrets: Secrets,
    pub is_enabled: bool,
    pub failing_since: Option<Timestamp>,
}

/// Nobody else writes its deliveries until this transaction ends. None: it was removed.
pub fn lock(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey) -> Result<Option<Receiver>> {
    let lock = tx.dialect().for_update();
    let sql = format!(
        "select webhook_id, url, secret, old_secret, old_secret_until, is_enabled, failing_since from webhooks
         where tenant_key = $1 and webhook_key = $2 and removed_at is null{lock}"
    );
    tx.first(&sql, &[tenant.into(), webhook.into()], |row| {
        Ok(Receiver {
            webhook_id: row.take()?,
            url: row.take()?,
            secrets: secrets(row)?,
            is_enabled: row.take()?,
            failing_since: row.take()?,
        })
    })
}

pub fn set_failing(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey, since: Option<Timestamp>) -> Result<()> {
    tx.execute(
        "update webhooks set failing_since = $3 where tenant_key = $1 and webhook_key = $2",
        &[tenant.into(), webhook.into(), since.into()],
    )?;
    Ok(())
}

pub fn disable(tx: &mut Tx<'_>, tenant: TenantKey, webhook: WebhookKey, reason: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "update webhooks set is_enabled = false, disabled_reason = $3, updated_at = $4
         where tenant_key = $1 and webhook_key = $2",
        &[tenant.into(), webhook.into(), reason.into(), now.into()],
    )?;
    Ok(())
}
