use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::model::{Role, TenantKey, UserKey};
use crate::auth::store::users::role_of;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};

#[derive(Debug, Serialize, ToSchema)]
pub struct Invite {
    pub invite_id: String,
    pub role: Role,
    #[schema(required)]
    pub email: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    #[schema(required)]
    pub used_at: Option<Timestamp>,
}

const COLUMNS: &str = "invite_id, role, email, created_at, expires_at, used_at";

fn invite(row: &mut Row<'_>) -> Result<Invite> {
    Ok(Invite {
        invite_id: row.take()?,
        role: role_of(&row.take::<String>()?)?,
        email: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
        used_at: row.take()?,
    })
}

pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, by: UserKey, invite: &Invite, hash: &[u8]) -> Result<()> {
    tx.execute(
        "insert into invites (invite_id, tenant_key, token_hash, role, email, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            invite.invite_id.as_str().into(),
            tenant.into(),
            hash.into(),
            invite.role.as_str().into(),
            invite.email.as_deref().into(),
            by.into(),
            invite.created_at.into(),
            invite.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// Only while whoever made it still may: an admin who is not disabled.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, hash: &[u8]) -> Result<Option<Invite>> {
    let sql = format!(
        "select {COLUMNS} from invites i where tenant_key = $1 and token_hash = $2 and exists
             (select 1 from users u where u.tenant_key = i.tenant_key and u.user_key = i.created_by
                  and u.is_disabled = false and u.roles like '%\"admin\"%')"
    );
    tx.first(&sql, &[tenant.into(), hash.into()], invite)
}

/// Compare-and-set: an invite serves once.
pub fn redeem(tx: &mut Tx<'_>, tenant: TenantKey, invite_id: &str, by: UserKey, now: Timestamp) -> Result<bool> {
    let redeemed = tx.execute(
        "update invites set used_at = $3, used_by = $4 where tenant_key = $1 and invite_id = $2 and used_at is null",
        &[tenant.into(), invite_id.into(), now.into(), by.into()],
    )?;
    Ok(redeemed == 1)
}

/// Newest first; `before` is the place of the last one of the page before.
pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, before: Option<(i64, String)>, limit: i64) -> Result<Vec<Invite>> {
    let (at, id) = before.unwrap_or((i64::MAX, String::new()));
    let sql = format!(
        "select {COLUMNS} from invites where tenant_key = $1 and (created_at, invite_id) < ($2, $3)
         order by created_at desc, invite_id desc limit $4"
    );
    tx.all(&sql, &[tenant.into(), at.into(), id.as_str().into(), limit.into()], invite)
}

/// Withdraws one that was not used. False if there is none.
pub fn delete(tx: &mut Tx<'_>, tenant: TenantKey, invite_id: &str) -> Result<bool> {
    let deleted = tx.execute(
        "delete from invites where tenant_key = $1 and invite_id = $2 and used_at is null",
        &[tenant.into(), invite_id.into()],
    )?;
    Ok(deleted == 1)
}
