//! Sign-up, sign-in and everything about one's own session.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::guard::{self, SignedIn, Tenant};
use crate::auth::model::{Role, TenantKey, UserKey};
use crate::auth::session::{self, Session};
use crate::auth::store::users::{self, Account, NewAccount};
use crate::auth::{
    anonymous, api_keys, identify, identity, invites, password, people, profile, totp, username, widget,
};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::client_address::ClientAddress;
use crate::platform::http::json::Json;
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::id;
use crate::platform::limits::LoginAttempt;

/// Routes that anybody may try to sign in by: limited by address.
pub fn entrance_routes() -> Api<App> {
    Api::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .merge(anonymous::routes())
        .merge(identify::routes())
}

pub fn routes() -> Api<App> {
    Api::new()
        .routes(routes!(logout))
        .routes(routes!(switch_role))
        .merge(profile::routes())
        .merge(people::routes())
        .merge(totp::routes())
        .merge(invites::routes())
        .merge(api_keys::routes())
        .merge(widget::routes())
        .merge(identity::routes())
}

/// A new account. Without an invite it is a customer's; an invite says which role it may take.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// 3 to 64 characters: letters, digits and `. _ - @ +`. Upper and lower case are one name.
    #[garde(skip)]
    username: String,
    /// 8 to 1,024 bytes.
    #[garde(skip)]
    #[schema(format = Password)]
    password: String,
    /// At most 200 characters; the username if absent.
    #[garde(inner(custom(text::name(200))))]
    name: Option<String>,
    #[garde(inner(custom(text::email)))]
    email: Option<String>,
    #[garde(skip)]
    role: Option<Role>,
    /// The token of an invite.
    #[garde(skip)]
    invite: Option<String>,
}

/// Makes an account and signs it in.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", operation_id = "register", security(()), request_body = Registration,
    responses((status = 201, body = Session), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn register(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Json(new): Json<Registration>,
) -> Result<(StatusCode, Json<Session>)> {
    let name = username::parse("username", &new.username)?;
    password::check("password", &new.password)?;
    if new.invite.is_none() && new.role.is_some_and(|role| role != Role::Customer) {
        return Err(Error::Forbidden("forbidden"));
    }
    let hash = app.auth.passwords.hash(new.password).await?;
    let now = app.clock.now();
    let shared = app.clone();
    let session = app
        .db
        .write(move |tx| {
            let invite = match &new.invite {
                Some(token) => Some(invites::usable(tx, tenant, token, new.role, now)?),
                None => None,
            };
            let role = invite.as_ref().map_or(Role::Customer, |invite| invite.role);
            let account = NewAccount {
                user_id: &id::new_id(now, &shared.random),
                username: &name.shown,
                username_canonical: &name.canonical,
                password_hash: Some(&hash),
                name: new.name.as_deref().unwrap_or(&name.shown),
                email: new.email.as_deref(),
                role,
                external_id: None,
                is_guest: false,
            };
            let account = users::insert(tx, tenant, &account, now)?.ok_or(Error::Conflict("username_taken"))?;
            if let Some(invite) = invite {
                invites::redeem(tx, tenant, &invite.invite_id, &account, now)?;
            }
            let what = What::UserRegistered { user_id: account.user_id.clone(), role };
            events::record(tx, &Act::of_user(tenant, &account.user_id, now), what)?;
            session::open(tx, &shared, tenant, account, role, now)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(session)))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[garde(skip)]
    username: String,
    #[garde(skip)]
    #[schema(format = Password)]
    password: String,
    /// Six digits, where the account has two-factor sign-in on.
    #[garde(skip)]
    totp: Option<String>,
}

/// Signs in. A wrong username and a wrong password are answered alike, in the same time.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", operation_id = "login", security(()), request_body = Credentials,
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn login(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    ClientAddress(address): ClientAddress,
    Json(given): Json<Credentials>,
) -> Result<Json<Session>> {
    let session = sign_in(&app, tenant, address, given).await;
    let outcome = match &session {
        Ok(_) => "ok",
        Err(Error::RateLimited { .. }) => "limited",
        // The password was right; the page asks for the code now.
        Err(Error::Unauthorized(code)) if *code != "totp_required" => "failed",
        Err(_) => return session.map(Json),
    };
    metrics::counter!("smilechat_sign_ins_total", "outcome" => outcome).increment(1);
    session.map(Json)
}

async fn sign_in(app: &App, tenant: TenantKey, address: IpAddr, given: Credentials) -> Result<Session> {
    let canonical = username::canonical(&given.username);
    let attempt = LoginAttempt { tenant: tenant.0, username: canonical.clone(), address };
    app.limits.login_allowed(&attempt).await?;
    let account = app.db.read(move |tx| users::find_by_username(tx, tenant, &canonical)).await?;
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    // A password longer than any that could be set is not worth hashing; nobody learns more from it than its length.
    let matches =
        given.password.len() <= password::MAX_BYTES && app.auth.passwords.verify(given.password, stored).await?;
    let account = account.filter(|account| matches && !account.is_disabled).ok_or(wrong_credentials())?;
    let session = open_session(app, tenant, account.key, move |tx, present, now| {
        if present.password_hash != account.password_hash || present.is_disabled {
            return Err(wrong_credentials());
        }
        totp::redeem(tx, tenant, present, given.totp.as_deref(), now)?;
        Ok(present.role)
    });
    let session = session.await?;
    app.limits.login_succeeded(&attempt).await;
    Ok(session)
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    #[garde(skip)]
    refresh_token: String,
}

/// Carries a session on. The same token again within the grace gets the same pair; later it ends the whole family.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", operation_id = "refresh", security(()), request_body = RefreshRequest,
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 422, body = Problem)))]
async fn refresh(
    State(app): State<App>,
    headers: HeaderMap,
    Json(request): Json<RefreshRequest>,
) -> Result<Json<Session>> {
    let named = guard::api_key(&app, &Method::POST, &headers).await?.tenant();
    session::refresh(&app, named, request.refresh_token).await.map(Json)
}

#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// Ends the session of this token too, where it is the caller's own.
    #[garde(skip)]
    refresh_token: Option<String>,
    /// Ends all of the caller's sessions.
    #[garde(skip)]
    #[serde(default)]
    everywhere: Option<bool>,
}

/// Ends this session, and others if asked; its access token stops at once.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", operation_id = "logout", request_body = Logout,
    responses((status = 204), (status = 401, body = Problem), (status = 422, body = Problem)))]
async fn logout(State(app): State<App>, SignedIn(caller): SignedIn, Json(request): Json<Logout>) -> Result<StatusCode> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let act = Act::of(&caller, now);
            if request.everywhere == Some(true) {
                // So that none is opened beside; and before the sessions, as everybody does.
                users::find_and_lock(tx, caller.tenant, caller.user)?;
            }
            if let Some(session_id) = &caller.session_id {
                session::end(tx, &act, session_id, "logout")?;
            }
            if let Some(token) = &request.refresh_token {
                session::end_by_refresh_token(tx, &caller, token, now)?;
            }
            if request.everywhere == Some(true) {
                session::end_others(tx, &act, caller.user, None, |_| false, "logout_everywhere")?;
            }
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleSwitch {
    #[garde(skip)]
    role: Role,
}

/// A session that acts as another of the caller's own roles. The present session stays as it is.
#[utoipa::path(post, path = "/api/auth/switch-role", tag = "auth", operation_id = "switch_role", request_body = RoleSwitch,
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn switch_role(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(request): Json<RoleSwitch>,
) -> Result<Json<Session>> {
    let (tenant, user) = (caller.tenant, caller.user);
    caller.require_person()?;
    let session = open_session(&app, tenant, user, move |tx, present, now| {
        if present.is_disabled || !present.roles.contains(&request.role) {
            return Err(Error::Forbidden("forbidden"));
        }
        // Whoever changed the password meanwhile meant this caller too.
        session::require_live(tx, &caller, now)?;
        let what = What::RoleSwitched { user_id: present.user_id.clone(), role: request.role };
        events::record(tx, &Act::of(&caller, now), what)?;
        Ok(request.role)
    });
    session.await.map(Json)
}

/// Opens a session in the role that `admit` answers. It judges the account as it is now and stays until the session is
/// open: whoever was disabled or lost the role while a password was hashed does not come in.
async fn open_session(
    app: &App,
    tenant: TenantKey,
    user: UserKey,
    admit: impl FnOnce(&mut Tx<'_>, &Account, Timestamp) -> Result<Role> + Send + 'static,
) -> Result<Session> {
    let now = app.clock.now();
    let shared = app.clone();
    app.db
        .write(move |tx| {
            let account = users::find_and_lock(tx, tenant, user)?;
            let role = admit(tx, &account, now)?;
            users::touch(tx, tenant, user, now)?;
            session::open(tx, &shared, tenant, account, role, now)
        })
        .await
}

fn wrong_credentials() -> Error {
    Error::Unauthorized("invalid_credentials")
}
