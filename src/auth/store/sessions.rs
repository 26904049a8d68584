use std::sync::Arc;

use crate::auth::model::{Caller, Role, TenantKey, UserKey};
use crate::auth::store::users::{role_of, roles_of, status_of};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

pub fn insert(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    user: UserKey,
    session_id: &str,
    role: Role,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(
        "insert into sessions (session_id, tenant_key, user_key, role, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)",
        &[session_id.into(), tenant.into(), user.into(), role.as_str().into(), now.into(), expires_at.into()],
    )?;
    Ok(())
}

/// The caller behind a live session of an enabled user who still has the role it acts in. Takes no tenant: the session
/// says which.
pub fn find_caller(tx: &mut Tx<'_>, session_id: &str, now: Timestamp) -> Result<Option<Caller>> {
    let found = tx.first(
        "select u.roles, s.tenant_key, s.user_key, u.user_id, u.username, u.name, u.avatar_url, s.role, u.chosen_status
         from sessions s join users u on u.tenant_key = s.tenant_key and u.user_key = s.user_key
         where s.session_id = $1 and s.ended_at is null and s.expires_at > $2 and u.is_disabled = false",
        &[session_id.into(), now.into()],
        |row| {
            let roles = roles_of(&row.take::<String>()?)?;
            let caller = Caller {
                tenant: TenantKey(row.take()?),
                user: UserKey(row.take()?),
                user_id: Arc::from(row.take::<String>()?),
                username: Arc::from(row.take::<String>()?),
                name: Arc::from(row.take::<String>()?),
                avatar_url: row.take::<Option<String>>()?.map(Arc::from),
                role: role_of(&row.take::<String>()?)?,
                chosen_status: status_of(&row.take::<String>()?)?,
                session_id: Some(Arc::from(session_id)),
                scopes: None,
            };
            Ok((roles, caller))
        },
    )?;
    Ok(found.filter(|(roles, caller)| roles.contains(&caller.role)).map(|(_, caller)| caller))
}

/// Whose a session is, or was, and the role that it acts in. Takes no tenant: the session says which.
pub fn find_holder(tx: &mut Tx<'_>, session_id: &str) -> Result<Option<(TenantKey, String, Role)>> {
    tx.first(
        "select s.tenant_key, u.user_id, s.role
         from sessions s join users u on u.tenant_key = s.tenant_key and u.user_key = s.user_key
         where s.session_id = $1",
        &[session_id.into()],
        |row| Ok((TenantKey(row.take()?), row.take()?, role_of(&row.take::<String>()?)?)),
    )
}

pub fn extend(tx: &mut Tx<'_>, tenant: TenantKey, session_id: &str, expires_at: Timestamp) -> Result<()> {
    tx.execute(
        "update sessions set expires_at = $3 where tenant_key = $1 and session_id = $2",
        &[tenant.into(), session_id.into(), expires_at.into()],
    )?;
    Ok(())
}

/// False if it had ended before.
pub fn end(tx: &mut Tx<'_>, tenant: TenantKey, session_id: &str, reason: &str, now: Timestamp) -> Result<bool> {
    let ended = tx.execute(
        "update sessions set ended_at = $3, ended_reason = $4 where tenant_key = $1 and session_id = $2 and ended_at is null",
        &[tenant.into(), session_id.into(), now.into(), reason.into()],
    )?;
    Ok(ended == 1)
}

/// The ids of a user's live sessions, with the role that each acts in.
pub fn list_live(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey) -> Result<Vec<(String, Role)>> {
    tx.all(
        "select session_id, role from sessions where tenant_key = $1 and user_key = $2 and ended_at is null",
        &[tenant.into(), user.into()],
        |row| Ok((row.take()?, role_of(&row.take::<String>()?)?)),
    )
}

pub fn insert_refresh(tx: &mut Tx<'_>, tenant: TenantKey, session_id: &str, hash: &[u8], now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into refresh_tokens (token_hash, tenant_key, session_id, created_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        &[hash.into(), tenant.into(), session_id.into(), now.into()],
    )?;
    Ok(())
}

#[derive(Debug)]
pub struct Refresh {
    pub tenant: TenantKey,
    pub session_id: String,
    pub used_at: Option<Timestamp>,
}

/// Takes no tenant: the token's hash says which.
pub fn find_refresh(tx: &mut Tx<'_>, hash: &[u8]) -> Result<Option<Refresh>> {
    tx.first(
        "select tenant_key, session_id, used_at from refresh_tokens where token_hash = $1",
        &[hash.into()],
        |row| Ok(Refresh { tenant: TenantKey(row.take()?), session_id: row.take()?, used_at: row.take()? }),
    )
}

/// Compare-and-set: of parallel users of one token, one gets true.
pub fn use_refresh(tx: &mut Tx<'_>, tenant: TenantKey, hash: &[u8], now: Timestamp) -> Result<bool> {
    let used = tx.execute(
        "update refresh_tokens set used_at = $3 where tenant_key = $1 and token_hash = $2 and used_at is null",
        &[tenant.into(), hash.into(), now.into()],
    )?;
    Ok(used == 1)
}

/// Forgets up to `limit` sessions that ran out, with their refresh tokens. Of all tenants; how many went.
pub fn sweep(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<u64> {
    tx.execute(
        "delete from sessions where session_id in (select session_id from sessions where expires_at < $1 limit $2)",
        &[now.into(), limit.into()],
    )
}

/// Forgets up to `limit` refresh tokens that were used before `used_before`. Of all tenants; how many went.
pub fn sweep_refresh(tx: &mut Tx<'_>, used_before: Timestamp, limit: i64) -> Result<u64> {
    tx.execute(
        "delete from refresh_tokens where token_hash in (select token_hash from refresh_tokens where used_at < $1 limit $2)",
        &[used_before.into(), limit.into()],
    )
}
