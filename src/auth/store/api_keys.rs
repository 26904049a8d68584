use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::model::{TenantKey, UserKey};
use crate::auth::permissions;
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyKind {
    /// `pk_…`, for widgets and apps: it names the tenant and grants nothing.
    Publishable,
    /// `sk_…`, from server to server: it acts as an account of its own, within its scopes.
    Secret,
}

impl ApiKeyKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publishable => "publishable",
            Self::Secret => "secret",
        }
    }

    pub fn prefix(self) -> &'static str {
        match self {
            Self::Publishable => "pk_",
            Self::Secret => "sk_",
        }
    }

    /// Whether `text` can be a key at all: a prefix and the 43 characters of 32 bytes. Anything else is not worth a look.
    pub fn is_shape_of_key(text: &str) -> bool {
        let random = [Self::Publishable, Self::Secret].iter().find_map(|kind| text.strip_prefix(kind.prefix()));
        random.is_some_and(|random| random.len() == 43)
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiKey {
    pub api_key_id: String,
    pub kind: ApiKeyKind,
    pub name: String,
    /// The first characters of the key, to recognise it by.
    pub prefix: String,
    /// What a secret key may do; `*` is everything.
    #[schema(schema_with = permissions::scopes_schema)]
    pub scopes: Vec<String>,
    /// Origins that a publishable key serves, whose pages may call; empty for all that may call anyway.
    pub allowed_origins: Vec<String>,
    pub created_at: Timestamp,
    #[schema(required)]
    pub revoked_at: Option<Timestamp>,
    #[serde(skip)]
    pub tenant: i64,
    #[serde(skip)]
    pub user: Option<UserKey>,
}

const COLUMNS: &str =
    "api_key_id, kind, name, prefix, scopes, allowed_origins, created_at, revoked_at, tenant_key, user_key";

fn api_key(row: &mut Row<'_>) -> Result<ApiKey> {
    Ok(ApiKey {
        api_key_id: row.take()?,
        kind: match row.take::<String>()?.as_str() {
            "secret" => ApiKeyKind::Secret,
            _ => ApiKeyKind::Publishable,
        },
        name: row.take()?,
        prefix: row.take()?,
        scopes: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
        allowed_origins: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
        created_at: row.take()?,
        revoked_at: row.take()?,
        tenant: row.take()?,
        user: row.take::<Option<i64>>()?.map(UserKey),
    })
}

pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, key: &ApiKey, hash: &[u8]) -> Result<()> {
    tx.execute(
        "insert into api_keys (api_key_id, tenant_key, kind, name, prefix, key_hash, scopes, allowed_origins, user_key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            key.api_key_id.as_str().into(),
            tenant.into(),
            key.kind.as_str().into(),
            key.name.as_str().into(),
            key.prefix.as_str().into(),
            hash.into(),
            json!(key.scopes).to_string().as_str().into(),
            json!(key.allowed_origins).to_string().as_str().into(),
            key.user.into(),
            key.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Takes no tenant: the key's hash says which.
pub fn find_by_hash(tx: &mut Tx<'_>, hash: &[u8]) -> Result<Option<ApiKey>> {
    let sql = format!("select {COLUMNS} from api_keys where key_hash = $1 and revoked_at is null");
    tx.first(&sql, &[hash.into()], api_key)
}

/// The publishable keys that serve, of all tenants, by their ids after `after`, each with the origins it lists.
pub fn list_origins(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<(String, Vec<String>)>> {
    tx.all(
        "select api_key_id, allowed_origins from api_keys
         where api_key_id > $1 and kind = 'publishable' and revoked_at is null order by api_key_id limit $2",
        &[after.into(), limit.into()],
        |row| Ok((row.take()?, serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?)),
    )
}

/// One that serves.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, api_key_id: &str) -> Result<Option<ApiKey>> {
    let sql =
        format!("select {COLUMNS} from api_keys where tenant_key = $1 and api_key_id = $2 and revoked_at is null");
    tx.first(&sql, &[tenant.into(), api_key_id.into()], api_key)
}

/// One that serves, and nobody else changes it until this transaction ends.
pub fn find_and_lock(tx: &mut Tx<'_>, tenant: TenantKey, api_key_id: &str) -> Result<Option<ApiKey>> {
    let lock = tx.dialect().for_update();
    let sql = format!(
        "select {COLUMNS} from api_keys where tenant_key = $1 and api_key_id = $2 and revoked_at is null{lock}"
    );
    tx.first(&sql, &[tenant.into(), api_key_id.into()], api_key)
}

/// Writes back what an admin may change of one that `find_and_lock` gave.
pub fn update(tx: &mut Tx<'_>, tenant: TenantKey, key: &ApiKey) -> Result<()> {
    let origins = json!(key.allowed_origins).to_string();
    tx.execute(
        "update api_keys set name = $3, allowed_origins = $4 where tenant_key = $1 and api_key_id = $2",
        &[tenant.into(), key.api_key_id.as_str().into(), key.name.as_str().into(), origins.as_str().into()],
    )?;
    Ok(())
}

/// Newest first; `before` is the place of the last one of the page before.
pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, before: Option<(i64, String)>, limit: i64) -> Result<Vec<ApiKey>> {
    let (at, id) = before.unwrap_or((i64::MAX, String::new()));
    let sql = format!(
        "select {COLUMNS} from api_keys where tenant_key = $1 and (created_at, api_key_id) < ($2, $3)
         order by created_at desc, api_key_id desc limit $4"
    );
    tx.all(&sql, &[tenant.into(), at.into(), id.as_str().into(), limit.into()], api_key)
}

/// False if there is none, or it was revoked before.
pub fn revoke(tx: &mut Tx<'_>, tenant: TenantKey, api_key_id: &str, now: Timestamp) -> Result<bool> {
    let revoked = tx.execute(
        "update api_keys set revoked_at = $3 where tenant_key = $1 and api_key_id = $2 and revoked_at is null",
        &[tenant.into(), api_key_id.into(), now.into()],
    )?;
    // What a secret key acted as goes with it, and so do the invites that it made.
    tx.execute(
        "update users set is_disabled = true where tenant_key = $1 and user_key =
             (select user_key from api_keys where tenant_key = $1 and api_key_id = $2)",
        &[tenant.into(), api_key_id.into()],
    )?;
    Ok(revoked == 1)
}
