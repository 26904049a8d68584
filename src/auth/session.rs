//! Sessions: opened at sign-in, carried on by refresh tokens that rotate, ended in one place.
//!
//! A refresh token serves once. Its successor is an HMAC of it, so that the same token within the grace gives the same
//! new pair although nothing but hashes is stored: a lost answer, two tabs or twenty parallel calls end in one family.
//! After the grace, a second use means that a copy is about: the whole family ends.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::model::{Caller, Role, TenantKey, User, UserKey};
use crate::auth::store::sessions;
use crate::auth::store::users::{self, Account};
use crate::auth::token;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::{id, secret};

/// What a client holds after signing in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    pub user: User,
    pub access_token: String,
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: u64,
}

/// Opens a session of `account` acting as `role`, inside the transaction that let it in.
pub fn open(
    tx: &mut Tx<'_>,
    app: &App,
    tenant: TenantKey,
    account: Account,
    role: Role,
    now: Timestamp,
) -> Result<Session> {
    let session_id = id::new_id(now, &app.random);
    let mut random = [0; 32];
    app.random.fill(&mut random);
    let refresh_token = token::refresh_token(&random);
    sessions::insert(tx, tenant, account.key, &session_id, role, now, end_of_session(app, now))?;
    sessions::insert_refresh(tx, tenant, &session_id, &secret::hash_token(&refresh_token), now)?;
    answer(app, tenant, account, &session_id, role, refresh_token, now)
}

/// A session that nobody carries on ends by itself.
fn end_of_session(app: &App, now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(app.config.auth.refresh_token_seconds))
}

/// How a refresh went. A reuse is no error of the transaction: the end of the family has to be committed.
enum Refreshed {
    Carried(Box<Session>),
    Reused,
}

/// `named` is the tenant that an API key beside the token names, if there is one: the two have to agree.
pub async fn refresh(app: &App, named: Option<TenantKey>, refresh_token: String) -> Result<Session> {
    let now = app.clock.now();
    let shared = app.clone();
    let refreshed = app.db.write(move |tx| carry_on(tx, &shared, named, &refresh_token, now)).await?;
    match refreshed {
        Refreshed::Carried(session) => Ok(*session),
        Refreshed::Reused => Err(Error::Unauthorized("token_reused")),
    }
}

fn carry_on(
    tx: &mut Tx<'_>,
    app: &App,
    named: Option<TenantKey>,
    refresh_token: &str,
    now: Timestamp,
) -> Result<Refreshed> {
    let hash = secret::hash_token(refresh_token);
    let unauthorized = || Error::Unauthorized("unauthorized");
    let refresh = sessions::find_refresh(tx, &hash)?.ok_or_else(unauthorized)?;
    if named.is_some_and(|named| named != refresh.tenant) {
        return Err(unauthorized());
    }
    let caller = sessions::find_caller(tx, &refresh.session_id, now)?.ok_or_else(unauthorized)?;
    let successor = app.auth.tokens.successor(refresh_token);
    let first_use = match refresh.used_at {
        None if sessions::use_refresh(tx, refresh.tenant, &hash, now)? => {
            sessions::insert_refresh(tx, refresh.tenant, &refresh.session_id, &secret::hash_token(&successor), now)?;
            sessions::extend(tx, refresh.tenant, &refresh.session_id, end_of_session(app, now))?;
            now
        }
        // Somebody was a moment faster: theirs is the use that counts.
        None => sessions::find_refresh(tx, &hash)?.and_then(|refresh| refresh.used_at).unwrap_or(now),
        Some(used_at) => used_at,
    };
    if now.since(first_use) > Duration::from_secs(app.config.auth.refresh_grace_seconds) {
        end(tx, &Act::of(&caller, now), &refresh.session_id, "token_reused")?;
        return Ok(Refreshed::Reused);
    }
    let account = users::find(tx, refresh.tenant, caller.user)?;
    let session = answer(app, refresh.tenant, account, &refresh.session_id, caller.role, successor, first_use)?;
    Ok(Refreshed::Carried(Box::new(session)))
}

/// The caller whose session a refresh token carries on, if `refresh` would: it lives, and the token was not used before
/// its grace.
pub fn find_carried(
    tx: &mut Tx<'_>,
    named: Option<TenantKey>,
    refresh_token: &str,
    grace_seconds: u64,
    now: Timestamp,
) -> Result<Option<Caller>> {
    let Some(refresh) = sessions::find_refresh(tx, &secret::hash_token(refresh_token))? else { return Ok(None) };
    let is_over = refresh.used_at.is_some_and(|used_at| now.since(used_at) > Duration::from_secs(grace_seconds));
    if is_over || named.is_some_and(|named| named != refresh.tenant) {
        return Ok(None);
    }
    sessions::find_caller(tx, &refresh.session_id, now)
}

fn answer(
    app: &App,
    tenant: TenantKey,
    account: Account,
    session_id: &str,
    role: Role,
    refresh_token: String,
    issued: Timestamp,
) -> Result<Session> {
    let expires_in = app.config.auth.access_token_seconds;
    let access_token = app.auth.tokens.access(&account.user_id, session_id, role, issued, expires_in)?;
    let status = app.presence.status(tenant, account.key);
    let user = account.shown(role, status);
    Ok(Session { user, access_token, refresh_token, token_type: "Bearer", expires_in })
}

/// Whether a caller is who they were when the request came: rights may have ended while it waited for its turn to write.
/// Asked behind the locks of whoever takes rights away. A key is asked after by its account.
pub fn require_live(tx: &mut Tx<'_>, caller: &Caller, now: Timestamp) -> Result<()> {
    let lives = match &caller.session_id {
        Some(session_id) => sessions::find_caller(tx, session_id, now)?.is_some(),
        None => !users::find(tx, caller.tenant, caller.user)?.is_disabled,
    };
    if lives { Ok(()) } else { Err(Error::Unauthorized("unauthorized")) }
}

/// Ends one session: its tokens stop and its sockets are cut once this is committed.
pub fn end(tx: &mut Tx<'_>, act: &Act, session_id: &str, reason: &'static str) -> Result<()> {
    if sessions::end(tx, act.tenant, session_id, reason, act.at)? {
        events::record(tx, act, What::SessionEnded { session_id: Arc::from(session_id), reason })?;
    }
    Ok(())
}

/// Ends the session that a refresh token belongs to, if it is the caller's own; any other token changes nothing.
pub fn end_by_refresh_token(tx: &mut Tx<'_>, caller: &Caller, refresh_token: &str, now: Timestamp) -> Result<()> {
    let Some(refresh) = sessions::find_refresh(tx, &secret::hash_token(refresh_token))? else { return Ok(()) };
    let own = sessions::find_caller(tx, &refresh.session_id, now)?
        .is_some_and(|other| (other.tenant, other.user) == (caller.tenant, caller.user));
    if own {
        end(tx, &Act::of(caller, now), &refresh.session_id, "logout")?;
    }
    Ok(())
}

/// Ends a user's sessions, but the one named, and but those whose role passes `keeps`.
pub fn end_others(
    tx: &mut Tx<'_>,
    act: &Act,
    user: UserKey,
    but: Option<&str>,
    keeps: impl Fn(Role) -> bool,
    reason: &'static str,
) -> Result<()> {
    for (session_id, role) in sessions::list_live(tx, act.tenant, user)? {
        if but != Some(session_id.as_str()) && !keeps(role) {
            end(tx, act, &session_id, reason)?;
        }
    }
    Ok(())
}
