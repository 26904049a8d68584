use serde_json::json;

use crate::auth::model::{Role, Status, TenantKey, User, UserKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{self, Row, Tx};

/// A user as stored: what clients see of it is `User`.
#[derive(Clone, Debug)]
pub struct Account {
    pub key: UserKey,
    pub user_id: String,
    pub username: String,
    pub password_hash: Option<String>,
    pub totp_secret: Option<String>,
    pub name: String,
    pub email: Option<String>,
    pub avatar_url: Option<String>,
    pub role: Role,
    pub roles: Vec<Role>,
    pub external_id: Option<String>,
    pub is_guest: bool,
    pub is_disabled: bool,
    pub chosen_status: Status,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_active: Timestamp,
}

impl Account {
    /// As a client sees it: in the role it acts in, with the status it has just now.
    pub fn shown(self, acting: Role, status: Status) -> User {
        User {
            id: self.user_id,
            username: self.username,
            name: self.name,
            email: self.email,
            role: acting,
            roles: self.roles,
            avatar_url: self.avatar_url,
            status,
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_active: self.last_active,
        }
    }
}

pub const COLUMNS: &str =
    "user_key, user_id, username, password_hash, totp_secret, name, email, avatar_url, role, roles,
     external_id, is_guest, is_disabled, chosen_status, created_at, updated_at, last_active";

pub fn account(row: &mut Row<'_>) -> Result<Account> {
    Ok(Account {
        key: UserKey(row.take()?),
        user_id: row.take()?,
        username: row.take()?,
        password_hash: row.take()?,
        totp_secret: row.take()?,
        name: row.take()?,
        email: row.take()?,
        avatar_url: row.take()?,
        role: role_of(&row.take::<String>()?)?,
        roles: roles_of(&row.take::<String>()?)?,
        external_id: row.take()?,
        is_guest: row.take()?,
        is_disabled: row.take()?,
        chosen_status: status_of(&row.take::<String>()?)?,
        created_at: row.take()?,
        updated_at: row.take()?,
        last_active: row.take()?,
    })
}

pub fn role_of(word: &str) -> Result<Role> {
    Role::parse(word).ok_or(Error::bug("an unknown role is stored"))
}

pub fn roles_of(list: &str) -> Result<Vec<Role>> {
    serde_json::from_str(list).map_err(Error::internal)
}

pub fn status_of(word: &str) -> Result<Status> {
    Status::parse(word).ok_or(Error::bug("an unknown status is stored"))
}

/// What a new row is made of.
pub struct NewAccount<'a> {
    pub user_id: &'a str,
    pub username: &'a str,
    pub username_canonical: &'a str,
    pub password_hash: Option<&'a str>,
    pub name: &'a str,
    pub email: Option<&'a str>,
    pub role: Role,
    pub external_id: Option<&'a str>,
    pub is_guest: bool,
}

/// None if the username or the external id is taken.
pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, new: &NewAccount<'_>, now: Timestamp) -> Result<Option<Account>> {
    let roles = json!(new.role.with_lower()).to_string();
    let words = words(new.name, new.username, new.email, new.external_id);
    tx.first(
        &format!(
            "insert into users (tenant_key, user_id, username, username_canonical, password_hash, name, email, role, roles,
                 external_id, is_guest, words, created_at, updated_at, last_active)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13)
             on conflict do nothing returning {COLUMNS}"
        ),
        &[
            tenant.into(),
            new.user_id.into(),
            new.username.into(),
            new.username_canonical.into(),
            new.password_hash.into(),
            new.name.into(),
            new.email.into(),
            new.role.as_str().into(),
            roles.as_str().into(),
            new.external_id.into(),
            new.is_guest.into(),
            words.as_str().into(),
            now.into(),
        ],
        account,
    )
}

pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey) -> Result<Account> {
    let sql = format!("select {COLUMNS} from users where tenant_key = $1 and user_key = $2");
    tx.first(&sql, &[tenant.into(), user.into()], account)?.ok_or(Error::NotFound)
}

/// For whoever means to write the account back: nobody else can change it until the transaction ends.
pub fn find_and_lock(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey) -> Result<Account> {
    let lock = tx.dialect().for_update();
    let sql = format!("select {COLUMNS} from users where tenant_key = $1 and user_key = $2{lock}");
    tx.first(&sql, &[tenant.into(), user.into()], account)?.ok_or(Error::NotFound)
}

pub fn find_by_id(tx: &mut Tx<'_>, tenant: TenantKey, user_id: &str) -> Result<Option<Account>> {
    let sql = format!("select {COLUMNS} from users where tenant_key = $1 and user_id = $2");
    tx.first(&sql, &[tenant.into(), user_id.into()], account)
}

pub fn find_by_username(tx: &mut Tx<'_>, tenant: TenantKey, canonical: &str) -> Result<Option<Account>> {
    let sql = format!("select {COLUMNS} from users where tenant_key = $1 and username_canonical = $2");
    tx.first(&sql, &[tenant.into(), canonical.into()], account)
}

pub fn find_by_external_id(tx: &mut Tx<'_>, tenant: TenantKey, external_id: &str) -> Result<Option<Account>> {
    let sql = format!("select {COLUMNS} from users where tenant_key = $1 and external_id = $2");
    tx.first(&sql, &[tenant.into(), external_id.into()], account)
}

/// What somebody is found by.
fn words(name: &str, username: &str, email: Option<&str>, external_id: Option<&str>) -> String {
    db::folded(&[name, username, email.unwrap_or_default(), external_id.unwrap_or_default()].join(" "))
}

/// Writes back what a client may change of an account that `find_and_lock` gave. That the new username is free is for
/// the unique key to say: of two who ask at once, one gets it.
pub fn update(tx: &mut Tx<'_>, tenant: TenantKey, account: &Account, canonical: &str) -> Result<()> {
    let roles = json!(account.roles).to_string();
    let words = words(&account.name, &account.username, account.email.as_deref(), account.external_id.as_deref());
    let updated = tx.execute(
        "update users set username = $3, username_canonical = $4, password_hash = $5, totp_secret = $6, name = $7,
             email = $8, avatar_url = $9, role = $10, roles = $11, is_disabled = $12, external_id = $13, is_guest = $14,
             updated_at = $15, words = $16
         where tenant_key = $1 and user_key = $2",
        &[
            tenant.into(),
            account.key.into(),
            account.username.as_str().into(),
            canonical.into(),
            account.password_hash.as_deref().into(),
            account.totp_secret.as_deref().into(),
            account.name.as_str().into(),
            account.email.as_deref().into(),
            account.avatar_url.as_deref().into(),
            account.role.as_str().into(),
            roles.as_str().into(),
            account.is_disabled.into(),
            account.external_id.as_deref().into(),
            account.is_guest.into(),
            account.updated_at.into(),
            words.as_str().into(),
        ],
    );
    match updated {
        Err(Error::Conflict(_)) => Err(Error::Conflict("username_taken")),
        updated => updated.map(drop),
    }
}

pub fn set_status(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey, status: Status, now: Timestamp) -> Result<()> {
    tx.execute(
        "update users set chosen_status = $3, last_active = $4 where tenant_key = $1 and user_key = $2",
        &[tenant.into(), user.into(), status.as_str().into(), now.into()],
    )?;
    Ok(())
}

pub fn touch(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey, now: Timestamp) -> Result<()> {
    tx.execute(
        "update users set last_active = $3 where tenant_key = $1 and user_key = $2 and last_active < $3",
        &[tenant.into(), user.into(), now.into()],
    )?;
    Ok(())
}

/// Compare-and-set: false if a code of this time step, or of a later one, has served before.
pub fn use_totp_step(tx: &mut Tx<'_>, tenant: TenantKey, user: UserKey, step: u64) -> Result<bool> {
    let used = tx.execute(
        "update users set totp_last_step = $3 where tenant_key = $1 and user_key = $2
             and (totp_last_step is null or totp_last_step < $3)",
        &[tenant.into(), user.into(), step.cast_signed().into()],
    )?;
    Ok(used == 1)
}

/// Whether the tenant has another admin who could still sign in.
pub fn has_other_admin(tx: &mut Tx<'_>, tenant: TenantKey, but: UserKey) -> Result<bool> {
    let other = tx.first(
        "select user_key from users where tenant_key = $1 and user_key <> $2 and role = 'admin' and is_disabled = false
             and password_hash is not null limit 1",
        &[tenant.into(), but.into()],
        |row| row.take::<i64>(),
    )?;
    Ok(other.is_some())
}
