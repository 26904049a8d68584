//! The auth service: accounts, sign-in, sessions, roles, invites, API keys, tenants and how a tenant's widget is set.
//!
//! Other services know two files of it: `guard` (who calls) and `model` (what a caller and a user are).
//! Invariants: no password, token or API key is stored but as a hash (a tenant's identity secret and a user's one-time
//! secret are as they are: docs/decisions/0016); a session that ended is refused from its commit on; a role is only ever
//! given by an admin, an invite or the operator at the command line.

pub mod guard;
pub mod model;

mod anonymous;
mod api_keys;
pub mod bot_account;
pub mod brand;
mod hs256;
mod identify;
mod identity;
mod invites;
pub mod operator;
mod password;
mod people;
mod permissions;
mod profile;
pub mod recall;
mod registry;
pub mod repeats;
mod routes;
mod session;
pub mod status;
mod store;
mod token;
mod totp;
mod username;
pub mod widget;

use std::time::Duration;

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::auth::password::Passwords;
use crate::auth::store::api_keys::{self as keys, ApiKeyKind};
use crate::auth::token::TokenKeys;
use crate::error::Result;
use crate::events::{Event, What};
use crate::platform::clock::Timestamp;
use crate::platform::config::AuthConfig;
use crate::platform::db::{Db, in_batches};
use crate::platform::http::origins::Origins;
use crate::platform::secret;

pub use permissions::Action;
pub use registry::Registry;
pub use routes::{entrance_routes, routes};
pub use store::tenants::lock as lock_tenant;

/// Auth's part of `App`.
#[derive(Clone)]
pub struct Auth {
    pub tokens: TokenKeys,
    pub passwords: Passwords,
    pub registry: Registry,
    /// Whose pages may call: the configured ones, and those that publishable keys list.
    pub origins: Origins,
    /// Signs list cursors, so that each serves its tenant and its list alone.
    pub cursor_key: [u8; 32],
    /// Serves a request that names no tenant.
    pub default_tenant: TenantKey,
}

impl Auth {
    pub fn new(
        config: &AuthConfig,
        registry: Registry,
        origins: Origins,
        default_tenant: TenantKey,
    ) -> anyhow::Result<Self> {
        let secret = config.jwt_secret.expose();
        Ok(Self {
            tokens: TokenKeys::new(secret),
            passwords: Passwords::new(config)?,
            registry,
            origins,
            cursor_key: secret::hmac_sha256(secret.as_bytes(), &[b"cursor"]),
            default_tenant,
        })
    }
}

/// Called with every committed event, before the transaction's caller has its answer.
pub fn observe(registry: &Registry, origins: &Origins, event: &Event) {
    let admit = |api_key_id: &str, kind: &str, listed: &[String]| {
        if kind == ApiKeyKind::Publishable.as_str() {
            origins.admit(api_key_id, listed);
        }
    };
    match &event.what {
        What::SessionEnded { session_id, .. } => registry.forget(session_id),
        What::ApiKeyCreated { api_key_id, kind, allowed_origins } => admit(api_key_id, kind, allowed_origins),
        What::ApiKeyChanged { api_key_id, kind, allowed_origins, .. } => {
            registry.key_changed(api_key_id);
            admit(api_key_id, kind, allowed_origins);
        }
        What::ApiKeyRevoked { api_key_id } => {
            registry.forget(api_key_id);
            origins.admit(api_key_id, &[]);
        }
        What::UserChanged { user, .. } => {
            registry.user_changed(*user);
            registry.widget_changed(event.act.tenant);
        }
        What::WidgetSettingsChanged { .. } => registry.widget_changed(event.act.tenant),
        _ => {}
    }
}

/// Reads from the database which pages the publishable keys let in. At the start; and now and then, because two changes
/// of one key that commit at the same moment may be told in the other order.
pub async fn admit_pages_of_keys(db: &Db, origins: &Origins) -> Result<()> {
    const BATCH: i64 = 1000;
    let turn = origins.turn();
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    loop {
        let after = all.last().map(|(api_key_id, _)| api_key_id.clone()).unwrap_or_default();
        let found = db.read(move |tx| keys::list_origins(tx, &after, BATCH)).await?;
        let is_last = found.len() < BATCH as usize;
        all.extend(found);
        if is_last {
            origins.replace(turn, &all);
            return Ok(());
        }
    }
}

/// What only the nodes of one deployment know: they share the secret and the database.
pub async fn key_of_nodes(db: &Db, config: &AuthConfig, default_tenant: TenantKey) -> Result<[u8; 32]> {
    let tenant_id = db.read(move |tx| store::tenants::find_id(tx, default_tenant)).await?;
    Ok(secret::hmac_sha256(config.jwt_secret.expose().as_bytes(), &[b"nodes of ", tenant_id.as_bytes()]))
}

/// Whoever has this public id.
pub async fn find_user(app: &App, tenant: TenantKey, user_id: String) -> Result<Option<UserKey>> {
    let found = app.db.read(move |tx| store::users::find_by_id(tx, tenant, &user_id)).await?;
    Ok(found.map(|account| account.key))
}

/// Forgets sessions that ran out, and refresh tokens used so long ago that a copy of one would be of no use.
pub async fn sweep(app: &App, now: Timestamp) -> Result<()> {
    let used_before = now.minus(Duration::from_secs(app.config.auth.refresh_token_seconds));
    in_batches(&app.db, move |tx, limit| store::sessions::sweep(tx, now, limit)).await?;
    in_batches(&app.db, move |tx, limit| store::sessions::sweep_refresh(tx, used_before, limit)).await?;
    Ok(())
}
