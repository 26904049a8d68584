//! Who may hold a ticket, who holds which, and whose it can be.

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::platform::db::Tx;

/// A ticket under way whose holder may hold none any more, if this one may not and has one. Not locked.
pub fn find_to_put_back(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey) -> Result<Option<TicketKey>> {
    if may_hold(tx, tenant, user)? {
        return Ok(None);
    }
    tx.first(
        "select ticket_key from tickets where tenant_key = $1 and support_key = $2 and status <> 'closed'
         order by ticket_key limit 1",
        &[tenant.into(), user.into()],
        |row| Ok(TicketKey(row.take()?)),
    )
}

pub fn list_staff_of(tx: &mut Tx<'_>, tenant: TenantKey, customer: UserKey) -> Result<Vec<UserKey>> {
    tx.all(
        "select distinct support_key from tickets
         where tenant_key = $1 and customer_key = $2 and status <> 'closed' and support_key is not null",
        &[tenant.into(), customer.into()],
        |row| Ok(UserKey(row.take()?)),
    )
}

/// Of a user who may hold tickets: a person who signs in as staff and is not disabled. A server's key has an account of its
/// own, and no password.
pub const MAY_HOLD: &str = "is_disabled = false and role <> 'customer' and password_hash is not null";

/// A user of the tenant who may hold tickets.
pub fn find_assignable(tx: &mut Tx<'_>, tenant: TenantKey, user_id: &str) -> Result<Option<UserKey>> {
    tx.first(
        &format!("select user_key from users where tenant_key = $1 and user_id = $2 and {MAY_HOLD}"),
        &[tenant.into(), user_id.into()],
        |row| Ok(UserKey(row.take()?)),
    )
}

/// All who may hold tickets.
pub fn list_assignable(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Vec<UserKey>> {
    tx.all(
        &format!("select user_key from users where tenant_key = $1 and {MAY_HOLD} order by user_key"),
        &[tenant.into()],
        |row| Ok(UserKey(row.take()?)),
    )
}

/// Whether a ticket's holder still may hold it.
pub fn may_hold(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey) -> Result<bool> {
    let found = tx.first(
        &format!("select user_key from users where tenant_key = $1 and user_key = $2 and {MAY_HOLD}"),
        &[tenant.into(), user.into()],
        |row| row.take::<i64>(),
    )?;
    Ok(found.is_some())
}

/// A user of the tenant in whose name a ticket can be opened.
pub fn find_customer(tx: &mut Tx<'_>, tenant: TenantKey, user_id: &str) -> Result<Option<UserKey>> {
    tx.first(
        "select user_key from users where tenant_key = $1 and user_id = $2 and role = 'customer'",
        &[tenant.into(), user_id.into()],
        |row| Ok(UserKey(row.take()?)),
    )
}

/// Whatever they are now.
pub fn find_key(tx: &mut Tx<'_>, tenant: TenantKey, user_id: &str) -> Result<Option<UserKey>> {
    let sql = "select user_key from users where tenant_key = $1 and user_id = $2";
    tx.first(sql, &[tenant.into(), user_id.into()], |row| Ok(UserKey(row.take()?)))
}
