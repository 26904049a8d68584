//! Who calls: from headers to a `Caller`, for every request and every socket.
//!
//! Handlers take `SignedIn`; an argument that exists is the proof that the token, its session and the tenant were checked.
//! What the caller may do is asked by `caller.require(Action::…)` (permissions.rs). `Tenant` is for the few routes that
//! serve nobody in particular.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::header::{AUTHORIZATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::app::App;
use crate::auth::model::{Caller, TenantKey};
use crate::auth::registry::KnownKey;
use crate::auth::session;
use crate::error::{Error, Result};
use crate::platform::db::within;

const API_KEY: &str = "x-api-key";

/// The tenant that the API key names, or `default`.
#[derive(Clone, Copy, Debug)]
pub struct Tenant(pub TenantKey);

/// The API key of a request, which was checked; None where it has none.
#[derive(Clone)]
pub struct PresentedKey(Option<Arc<KnownKey>>);

impl PresentedKey {
    /// Whom it names.
    pub fn tenant(&self) -> Option<TenantKey> {
        self.0.as_ref().map(|known| TenantKey(known.key.tenant))
    }
}

/// Whoever is signed in, or acts by a secret key.
pub struct SignedIn(pub Arc<Caller>);

/// Checks the credentials of a request. A bearer token and an API key have to name the same tenant.
pub async fn caller(app: &App, method: &Method, headers: &HeaderMap) -> Result<Arc<Caller>> {
    let key = api_key(app, method, headers).await?;
    caller_beside(app, method, headers, &key).await
}

/// The same, of whom the key is known.
pub async fn caller_beside(app: &App, method: &Method, headers: &HeaderMap, key: &PresentedKey) -> Result<Arc<Caller>> {
    let key = key.0.as_deref();
    let Some(token) = bearer(headers)? else {
        // A secret key acts as an account of its own, as far as its scopes go.
        return key.and_then(|known| known.caller.clone()).ok_or(Error::Unauthorized("unauthorized"));
    };
    let caller = caller_of_token(app, token, key).await?;
    if is_asked_anew(app, method) {
        let (asked, now) = (caller.clone(), app.clock.now());
        let look = app.db.ask(move |tx| session::require_live(tx, &asked, now));
        within(caller.tenant.0, look).await?;
    }
    Ok(caller)
}

/// What is remembered can be a moment behind what another node has done. Nothing is changed by that.
fn is_asked_anew(app: &App, method: &Method) -> bool {
    !method.is_safe() && app.may_have_peers()
}

/// What a socket lives by. It has to be cut when any of it ends.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub caller: Arc<Caller>,
    /// Seconds since 1970 at which the access token ends.
    pub token_ends: i64,
    pub api_key_id: Option<String>,
    /// Of the page that shows it; None for an app or a server.
    pub origin: Option<String>,
    /// The registry's turn at which all this was looked up.
    turn: u64,
}

impl Credentials {
    /// Whether the session has ended or the key was revoked, a moment ago. Asked of what has waited since.
    pub fn are_over(&self, app: &App) -> bool {
        let registry = &app.auth.registry;
        registry.has_ended(&self.caller) || self.api_key_id.as_deref().is_some_and(|id| registry.is_revoked(id))
    }

    /// Whether the session or the key ended a moment ago, or the key is another since it was looked up. Asked once more
    /// when a socket is known to whoever would cut it.
    pub fn have_ended(&self, app: &App) -> bool {
        let registry = &app.auth.registry;
        registry.has_ended(&self.caller)
            || self.api_key_id.as_deref().is_some_and(|id| registry.has_moved(id, self.turn))
    }
}

/// For sockets: the same checks on the values of the handshake.
pub async fn credentials(app: &App, token: &str, key: Option<&str>, origin: Option<&str>) -> Result<Credentials> {
    let turn = app.auth.registry.turn();
    let api_key = match key {
        Some(key) => Some(app.auth.registry.api_key(&app.db, key).await?),
        None => None,
    };
    api_key.as_deref().map_or(Ok(()), |known| require_served(known, origin))?;
    let caller = caller_of_token(app, token, api_key.as_deref()).await?;
    let token_ends = app.auth.tokens.verify(token, app.clock.now())?.exp;
    let api_key_id = api_key.map(|known| known.key.api_key_id.clone());
    Ok(Credentials { caller, token_ends, api_key_id, origin: origin.map(str::to_owned), turn })
}

async fn caller_of_token(app: &App, token: &str, key: Option<&KnownKey>) -> Result<Arc<Caller>> {
    let now = app.clock.now();
    let claims = app.auth.tokens.verify(token, now)?;
    let caller = app.auth.registry.caller(&app.db, &claims.sid, now).await?;
    let key_agrees = key.is_none_or(|known| known.key.tenant == caller.tenant.0);
    let token_agrees = claims.role == caller.role && *claims.sub == *caller.user_id;
    if key_agrees && token_agrees { Ok(caller) } else { Err(Error::Unauthorized("unauthorized")) }
}

pub async fn api_key(app: &App, method: &Method, headers: &HeaderMap) -> Result<PresentedKey> {
    let Some(value) = headers.get(API_KEY) else { return Ok(PresentedKey(None)) };
    let key = value.to_str().map_err(|_| Error::Unauthorized("unauthorized"))?;
    // An origin that cannot be read is a foreign one.
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("null"));
    let known = match is_asked_anew(app, method) {
        true => app.auth.registry.api_key_anew(&app.db, key).await?,
        false => app.auth.registry.api_key(&app.db, key).await?,
    };
    require_served(&known, origin)?;
    Ok(PresentedKey(Some(known)))
}

fn require_served(known: &KnownKey, origin: Option<&str>) -> Result<()> {
    if serves(&known.key.allowed_origins, origin) { Ok(()) } else { Err(Error::Forbidden("origin_not_allowed")) }
}

/// Whether a key that lists `allowed` serves a page. A missing Origin is an app or a server: only browsers can be held to
/// one.
pub fn serves(allowed: &[String], origin: Option<&str>) -> bool {
    origin.is_none_or(|origin| allowed.is_empty() || allowed.iter().any(|allowed| allowed == origin))
}

pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let refused = || Error::Unauthorized("unauthorized");
    let (scheme, token) = value.to_str().map_err(|_| refused())?.split_once(' ').ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(refused()) }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        // The layers around the router have asked already; their answer is in the extensions.
        match parts.extensions.get::<Arc<Caller>>() {
            Some(caller) => Ok(Self(caller.clone())),
            None => caller(app, &parts.method, &parts.headers).await.map(Self),
        }
    }
}

/// None without a token. One that is there has to be good.
impl OptionalFromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return Ok(None);
        }
        <Self as FromRequestParts<App>>::from_request_parts(parts, app).await.map(Some)
    }
}

impl FromRequestParts<App> for Tenant {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let key = match parts.extensions.get::<PresentedKey>() {
            Some(key) => key.clone(),
            None => api_key(app, &parts.method, &parts.headers).await?,
        };
        Ok(Self(key.tenant().unwrap_or(app.auth.default_tenant)))
    }
}

impl Deref for SignedIn {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}
