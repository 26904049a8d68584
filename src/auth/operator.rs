//! What the operator does at the command line, beside a running server or without one.

use serde::Serialize;

use crate::app::App;
use crate::auth::anonymous;
use crate::auth::api_keys::{self, NewApiKey};
use crate::auth::model::{Caller, Role, Status, TenantKey, User, UserKey};
use crate::auth::password::{self, Passwords};
use crate::auth::store::api_keys::{self as keys, ApiKeyKind};
use crate::auth::store::tenants;
use crate::auth::store::users::{self, NewAccount};
use crate::auth::username;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::{Clock, Timestamp};
use crate::platform::config::Config;
use crate::platform::db::{Db, Tx};
use crate::platform::http::text;
use crate::platform::id;
use crate::platform::random::Random;
use crate::platform::secret;

pub const DEFAULT_TENANT: &str = "default";

/// A new tenant with its keys: shown this once, kept as hashes.
#[derive(Debug, Serialize)]
pub struct CreatedTenant {
    pub tenant_id: String,
    pub name: String,
    pub publishable_key: String,
    pub secret_key: String,
    pub identity_secret: String,
}

pub async fn create_tenant(config: &Config, name: &str) -> anyhow::Result<CreatedTenant> {
    if !text::is_name(name, 200) {
        return Err(Error::invalid("name", "invalid", "has to be one line of 1 to 200 characters").into());
    }
    let db = open(config).await?;
    let name = name.to_owned();
    let created = db.write(move |tx| create_tenant_in(tx, &name, &Clock::System, &Random::System)).await;
    db.close().await;
    Ok(created?)
}

pub fn create_tenant_in(tx: &mut Tx<'_>, name: &str, clock: &Clock, random: &Random) -> Result<CreatedTenant> {
    let now = clock.now();
    let (tenant_id, identity_secret) = (id::new_id(now, random), random.token(tenants::IDENTITY_SECRET));
    if !tenants::insert(tx, &tenant_id, name, &identity_secret, now)? {
        return Err(Error::Conflict("tenant_exists"));
    }
    let tenant = tenants::find_by_name(tx, name)?.ok_or(Error::bug("a tenant that was just made is absent"))?;
    let (publishable_key, secret_key) = issue_keys(tx, tenant, clock, random)?;
    Ok(CreatedTenant { tenant_id, name: name.to_owned(), publishable_key, secret_key, identity_secret })
}

/// A publishable key for all origins, and a secret one that may do everything.
pub fn issue_keys(tx: &mut Tx<'_>, tenant: TenantKey, clock: &Clock, random: &Random) -> Result<(String, String)> {
    let mut issue = |kind: ApiKeyKind, name: &str, scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| scope.to_string()).collect();
        let new = NewApiKey { kind, name: name.to_owned(), scopes, allowed_origins: Vec::new() };
        api_keys::issue(tx, random, tenant, new, clock.now()).map(|(_, key)| key)
    };
    Ok((issue(ApiKeyKind::Publishable, "Widget", &[])?, issue(ApiKeyKind::Secret, "Server", &["*"])?))
}

pub async fn create_user(
    config: &Config,
    tenant: &str,
    username: &str,
    role: Role,
    password: &str,
) -> anyhow::Result<User> {
    let name = username::parse("username", username)?;
    password::check("password", password)?;
    let hash = Passwords::new(&config.auth)?.hash(password.to_owned()).await?;
    let db = open(config).await?;
    let tenant = tenant.to_owned();
    let created = db
        .write(move |tx| {
            let tenant = named(tx, &tenant)?;
            let account = NewAccount {
                user_id: &id::new_id(Clock::System.now(), &Random::System),
                username: &name.shown,
                username_canonical: &name.canonical,
                password_hash: Some(&hash),
                name: &name.shown,
                email: None,
                role,
                external_id: None,
                is_guest: false,
            };
            create_user_in(tx, tenant, &account, &Clock::System)
        })
        .await;
    db.close().await;
    Ok(created?)
}

pub fn create_user_in(tx: &mut Tx<'_>, tenant: TenantKey, new: &NewAccount<'_>, clock: &Clock) -> Result<User> {
    let now = clock.now();
    let account = users::insert(tx, tenant, new, now)?.ok_or(Error::Conflict("username_taken"))?;
    let what = What::UserRegistered { user_id: account.user_id.clone(), role: account.role };
    events::record(tx, &Act::of_server(tenant, now), what)?;
    let role = account.role;
    Ok(account.shown(role, Status::Offline))
}

/// The tenant that serves whoever names none. Made at the first start.
pub async fn default_tenant(db: &Db, clock: &Clock, random: &Random) -> Result<TenantKey> {
    let (clock, random) = (clock.clone(), random.clone());
    db.write(move |tx| match tenants::find_by_name(tx, DEFAULT_TENANT)? {
        Some(tenant) => Ok(tenant),
        None => {
            tenants::insert(
                tx,
                &id::new_id(clock.now(), &random),
                DEFAULT_TENANT,
                &random.token(tenants::IDENTITY_SECRET),
                clock.now(),
            )?;
            tenants::find_by_name(tx, DEFAULT_TENANT)?.ok_or(Error::bug("the default tenant is absent"))
        }
    })
    .await
}

/// The tenant of a name that an operator gives.
pub async fn find_tenant(db: &Db, name: &str) -> Result<TenantKey> {
    let name = name.to_owned();
    db.read(move |tx| named(tx, &name)).await
}

fn named(tx: &mut Tx<'_>, name: &str) -> Result<TenantKey> {
    let unknown = || Error::invalid("tenant", "unknown", &format!("no tenant has the name {name:?}"));
    tenants::find_by_name(tx, name)?.ok_or_else(unknown)
}

/// An account that can sign in, as the caller it will be. None if the username is taken.
pub fn add_person(
    tx: &mut Tx<'_>,
    app: &App,
    username: &str,
    name: &str,
    role: Role,
    password_hash: &str,
) -> Result<Option<Caller>> {
    let (tenant, now) = (app.auth.default_tenant, app.clock.now());
    let username = username::parse("username", username)?;
    if users::find_by_username(tx, tenant, &username.canonical)?.is_some() {
        return Ok(None);
    }
    let new = NewAccount {
        user_id: &id::new_id(now, &app.random),
        username: &username.shown,
        username_canonical: &username.canonical,
        password_hash: Some(password_hash),
        name,
        email: None,
        role,
        external_id: None,
        is_guest: false,
    };
    create_user_in(tx, tenant, &new, &app.clock)?;
    let account = users::find_by_username(tx, tenant, &username.canonical)?
        .ok_or(Error::bug("an account that was just made is absent"))?;
    Ok(Some(Caller {
        tenant,
        user: account.key,
        user_id: account.user_id.into(),
        username: account.username.into(),
        name: account.name.into(),
        avatar_url: account.avatar_url.map(Into::into),
        role,
        chosen_status: account.chosen_status,
        session_id: None,
        scopes: None,
    }))
}

/// When somebody was last there.
pub fn note_active(tx: &mut Tx<'_>, caller: &Caller, now: Timestamp) -> Result<()> {
    users::touch(tx, caller.tenant, caller.user, now)
}

/// Somebody with a name who never signs in.
pub fn add_guest(tx: &mut Tx<'_>, app: &App, name: &str, now: Timestamp) -> Result<UserKey> {
    Ok(anonymous::add_guest(tx, &app.random, app.auth.default_tenant, name, now)?.key)
}

/// Of an account that may sign in; None where there is none.
pub fn find_password(tx: &mut Tx<'_>, tenant: TenantKey, username: &str) -> Result<Option<String>> {
    let account = users::find_by_username(tx, tenant, username)?.filter(|account| !account.is_disabled);
    Ok(account.and_then(|account| account.password_hash))
}

/// The publishable key that is known, if it still serves; a new one otherwise.
pub fn keep_publishable_key(tx: &mut Tx<'_>, app: &App, known: Option<&str>) -> Result<String> {
    let tenant = app.auth.default_tenant;
    if let Some(known) = known
        && let Some(key) = keys::find_by_hash(tx, &secret::hash_token(known))?
        && (key.kind, key.tenant) == (ApiKeyKind::Publishable, tenant.0)
    {
        return Ok(known.to_owned());
    }
    let new = NewApiKey {
        kind: ApiKeyKind::Publishable,
        name: "Demo".into(),
        scopes: Vec::new(),
        allowed_origins: Vec::new(),
    };
    api_keys::issue(tx, &app.random, tenant, new, app.clock.now()).map(|(_, key)| key)
}

/// Without listeners: what this process changes, the running server reads.
async fn open(config: &Config) -> anyhow::Result<Db> {
    let config = config.database.clone();
    let db = tokio::task::spawn_blocking(move || Db::open(&config, std::sync::Arc::new(|_| ()))).await??;
    default_tenant(&db, &Clock::System, &Random::System).await?;
    Ok(db)
}
