//! The account that a tenant's bot writes as: of the staff's side, without a password, so that nobody signs in as it, it is
//! never online, and no ticket is ever given to it.

use crate::auth::model::{Role, TenantKey, UserKey};
use crate::auth::store::users::{self, Account, NewAccount};
use crate::auth::username;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::db::Tx;
use crate::platform::id;
use crate::platform::random::Random;
use serde_json::json;

pub fn create(tx: &mut Tx<'_>, random: &Random, act: &Act, name: &str) -> Result<UserKey> {
    let user_id = id::new_id(act.at, random);
    // The random half of the id, so that it meets no other.
    let username = format!("bot-{}", &user_id[24..]);
    let new = NewAccount {
        user_id: &user_id,
        username: &username,
        username_canonical: &username,
        password_hash: None,
        name,
        email: None,
        role: Role::Support,
        external_id: None,
        is_guest: false,
    };
    Ok(users::insert(tx, act.tenant, &new, act.at)?.ok_or(Error::Conflict("conflict"))?.key)
}

/// Whether it is one: nobody changes its rights or shuts it out, because the bot's switch is another.
pub fn is_one(account: &Account) -> bool {
    account.password_hash.is_none()
        && account.external_id.is_none()
        && account.role.is_staff()
        && account.username.starts_with("bot-")
}

/// What people see beside its messages.
pub fn set_face(tx: &mut Tx<'_>, act: &Act, user: UserKey, name: &str, avatar_url: Option<&str>) -> Result<()> {
    let mut account = users::find_and_lock(tx, act.tenant, user)?;
    let mut changed = Vec::new();
    if account.name != name {
        account.name = name.to_owned();
        changed.push("name");
    }
    if account.avatar_url.as_deref() != avatar_url {
        account.avatar_url = avatar_url.map(str::to_owned);
        changed.push("avatar_url");
    }
    if changed.is_empty() {
        return Ok(());
    }
    account.updated_at = act.at;
    let canonical = username::canonical(&account.username);
    users::update(tx, act.tenant, &account, &canonical)?;
    let what = What::UserChanged { user_id: account.user_id, user, changed, rights: json!({}) };
    events::record(tx, act, what)
}

/// It, or whoever else takes part in a conversation with it.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey) -> Result<Account> {
    users::find(tx, tenant, user)
}
