//! Who may hold a ticket, who holds which, and whose it can be.

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// Takes one ticket under way from somebody who may hold none any more. None: they may, or have none left.
pub fn next_to_put_back(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    user: UserKey,
    now: Timestamp,
) -> Result<Option<TicketKey>> {
    tx.first(
        "update tickets set support_key = null, status = 'open', is_held = false,
             updated_at = case when updated_at < $3 then $3 else updated_at + 1 end
         where tenant_key = $1 and ticket_key =
             (select t.ticket_key from tickets t
              join users u on u.tenant_key = t.tenant_key and u.user_key = t.support_key
              where t.tenant_key = $1 and t.support_key = $2 and t.status <> 'closed'
                and (u.is_disabled = true or u.role = 'customer')
              order by t.ticket_key limit 1)
         returning ticket_key",
        &[tenant.into(), user.into(), now.into()],
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

/// A user of the tenant who may hold tickets: a person who signs in as staff and is not disabled.
pub fn find_assignable(tx: &mut Tx<'_>, tenant: TenantKey, user_id: &str) -> Result<Option<UserKey>> {
    tx.first(
        "select user_key from users where tenant_key = $1 and user_id = $2 and is_disabled = false and role <> 'customer'
             and password_hash is not null",
        &[tenant.into(), user_id.into()],
        |row| Ok(UserKey(row.take()?)),
    )
}

/// Whether a ticket's holder still may hold it.
pub fn may_hold(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey) -> Result<bool> {
    let found = tx.first(
        "select user_key from users where tenant_key = $1 and user_key = $2 and is_disabled = false and role <> 'customer'",
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
