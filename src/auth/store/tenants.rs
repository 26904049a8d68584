use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// How an identity secret begins.
pub const IDENTITY_SECRET: &str = "ids_";

/// False if the name is taken.
pub fn insert(tx: &mut Tx<'_>, tenant_id: &str, name: &str, identity_secret: &str, now: Timestamp) -> Result<bool> {
    let inserted = tx.execute(
        "insert into tenants (tenant_id, name, identity_secret, created_at) values ($1, $2, $3, $4) on conflict do nothing",
        &[tenant_id.into(), name.into(), identity_secret.into(), now.into()],
    )?;
    Ok(inserted == 1)
}

pub fn find_by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<TenantKey>> {
    tx.first("select tenant_key from tenants where name = $1", &[name.into()], |row| Ok(TenantKey(row.take()?)))
}

pub fn find_name(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<String> {
    tx.one("select name from tenants where tenant_key = $1", &[tenant.into()], |row| row.take())
}

/// Its public id.
pub fn find_id(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<String> {
    tx.one("select tenant_id from tenants where tenant_key = $1", &[tenant.into()], |row| row.take())
}

/// Whoever holds it is alone in deciding what concerns all of the tenant, until the transaction ends: who is admin, who
/// gets which ticket, how the widget is set. It comes first: tenant, user, session, ticket is the order of locks. (Reopening
/// asks for the tenant behind its ticket. Nobody holds the tenant and waits for a closed ticket, but for one who chose it
/// while it was open: one of the two is told `unavailable` then.)
pub fn lock(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<()> {
    let sql = format!("select tenant_key from tenants where tenant_key = $1{}", tx.dialect().for_update());
    tx.one(&sql, &[tenant.into()], |row| row.take::<i64>()).map(drop)
}

/// What the old one signed is refused from the commit on.
pub fn set_identity_secret(tx: &mut Tx<'_>, tenant: TenantKey, secret: &str) -> Result<()> {
    tx.execute("update tenants set identity_secret = $2 where tenant_key = $1", &[tenant.into(), secret.into()])?;
    Ok(())
}

pub fn identity_secret(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<String> {
    tx.one("select identity_secret from tenants where tenant_key = $1", &[tenant.into()], |row| row.take())
}
