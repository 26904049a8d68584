//! One's own profile and password, and whether somebody is there.

use axum::extract::State;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::guard::SignedIn;
use crate::auth::model::{Caller, Status, User};
use crate::auth::permissions::Action;
use crate::auth::store::users::{self, Account};
use crate::auth::{password, session, username};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, not_null, nullable};
use crate::platform::http::problem::Problem;
use crate::platform::http::query::Query;
use crate::platform::http::text;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(show, update)).routes(routes!(status))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/users/profile", tag = "users", operation_id = "show_profile",
    responses((status = 200, body = User), (status = 401, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<User>> {
    let (tenant, user) = (caller.tenant, caller.user);
    let account = app.db.read(move |tx| users::find(tx, tenant, user)).await?;
    let status = app.presence.status(tenant, user);
    Ok(Json(account.shown(caller.role, status)))
}

/// What is absent stays; `email` and `avatar_url` may be null.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    username: Option<String>,
    #[garde(inner(custom(text::name(200))))]
    #[serde(default, deserialize_with = "not_null")]
    name: Option<String>,
    #[garde(inner(inner(custom(text::email))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// http or https.
    #[garde(inner(inner(custom(text::http_url))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    avatar_url: Option<Option<String>>,
    #[garde(skip)]
    #[schema(format = Password)]
    #[serde(default, deserialize_with = "not_null")]
    current_password: Option<String>,
    /// Needs `current_password`, and ends the other sessions.
    #[garde(skip)]
    #[schema(format = Password)]
    #[serde(default, deserialize_with = "not_null")]
    new_password: Option<String>,
}

/// Changes one's own profile or password.
#[utoipa::path(put, path = "/api/users/profile", tag = "users", operation_id = "update_profile", request_body = ProfilePatch,
    responses((status = 200, body = User), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(patch): Json<ProfilePatch>,
) -> Result<Json<User>> {
    caller.require_person()?;
    let new_name = patch.username.as_deref().map(|name| username::parse("username", name)).transpose()?;
    let new_password = match patch.new_password.clone() {
        Some(new_password) => Some(exchange(&app, &caller, new_password, patch.current_password.clone()).await?),
        None => None,
    };
    let now = app.clock.now();
    let acting = caller.clone();
    let account = app
        .db
        .write(move |tx| {
            let act = Act::of(&caller, now);
            let mut account = users::find_and_lock(tx, caller.tenant, caller.user)?;
            let mut changed = Vec::new();
            set(&mut account.username, new_name.map(|name| name.shown), "username", &mut changed);
            set(&mut account.name, patch.name, "name", &mut changed);
            set(&mut account.email, patch.email, "email", &mut changed);
            set(&mut account.avatar_url, patch.avatar_url, "avatar_url", &mut changed);
            if let Some(new) = new_password {
                new.current.still_holds(&account)?;
                account.password_hash = Some(new.hash);
                changed.push("password");
                let own = caller.session_id.as_deref();
                session::end_others(tx, &act, caller.user, own, |_| false, "password_changed")?;
            }
            save(tx, &act, account, changed)
        })
        .await?;
    let status = app.presence.status(acting.tenant, acting.user);
    Ok(Json(account.shown(acting.role, status)))
}

/// A new password's hash, and what it was let in by.
struct NewPassword {
    hash: String,
    current: Confirmed,
}

async fn exchange(app: &App, caller: &Caller, new: String, current: Option<String>) -> Result<NewPassword> {
    password::check("new_password", &new)?;
    let (tenant, user) = (caller.tenant, caller.user);
    let account = app.db.read(move |tx| users::find(tx, tenant, user)).await?;
    let current = confirm_password(app, &account, current).await?;
    Ok(NewPassword { hash: app.auth.passwords.hash(new).await?, current })
}

/// The proof that somebody knew the password that the account had then.
pub struct Confirmed {
    hash: Option<String>,
}

impl Confirmed {
    /// Asked inside the transaction that acts on it: hashing takes its time, and the password may be another by now.
    pub fn still_holds(&self, account: &Account) -> Result<()> {
        if self.hash == account.password_hash { Ok(()) } else { Err(Error::Forbidden("wrong_password")) }
    }
}

/// Who holds a session alone, on a borrowed phone say, cannot take the account over. Guessing is limited as at sign-in.
pub async fn confirm_password(app: &App, account: &Account, current: Option<String>) -> Result<Confirmed> {
    let current =
        current.filter(|password| password.len() <= password::MAX_BYTES).ok_or(Error::Forbidden("wrong_password"))?;
    app.limits.password_allowed(&account.user_id).await?;
    if !app.auth.passwords.verify(current, account.password_hash.clone()).await? {
        return Err(Error::Forbidden("wrong_password"));
    }
    app.limits.password_succeeded(&account.user_id).await;
    Ok(Confirmed { hash: account.password_hash.clone() })
}

pub fn set<T: PartialEq>(field: &mut T, new: Option<T>, name: &'static str, changed: &mut Vec<&'static str>) {
    if let Some(new) = new
        && *field != new
    {
        *field = new;
        changed.push(name);
    }
}

/// Stores a changed account, which its reader has locked, and tells of it. Nothing changed: nothing stored.
pub fn save(tx: &mut Tx<'_>, act: &Act, mut account: Account, changed: Vec<&'static str>) -> Result<Account> {
    if changed.is_empty() {
        return Ok(account);
    }
    account.updated_at = act.at.max(Timestamp(account.updated_at.0 + 1));
    users::update(tx, act.tenant, &account, &username::canonical(&account.username))?;
    let rights = rights_of(&account, &changed);
    let what = What::UserChanged { user_id: account.user_id.clone(), user: account.key, changed, rights };
    events::record(tx, act, what)?;
    Ok(account)
}

/// For the audit log: who got which rights is asked later, and by then they may have changed again.
fn rights_of(account: &Account, changed: &[&str]) -> Value {
    let now = [("roles", json!(account.roles)), ("is_disabled", json!(account.is_disabled))];
    Value::Object(now.into_iter().filter(|(name, _)| changed.contains(name)).map(|(n, v)| (n.to_owned(), v)).collect())
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct StatusQuery {
    /// Whose; one's own if absent. A customer may ask of support staff only.
    user_id: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UserStatus {
    user_id: String,
    status: Status,
    last_active: Timestamp,
}

/// Whether somebody is there.
#[utoipa::path(get, path = "/api/users/status", tag = "users", operation_id = "show_status", params(StatusQuery),
    responses((status = 200, body = UserStatus), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn status(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<StatusQuery>,
) -> Result<Json<UserStatus>> {
    let tenant = caller.tenant;
    if caller.scopes.is_some() && query.user_id.is_some() {
        caller.require(Action::UsersRead)?;
    }
    let user_id = query.user_id.unwrap_or_else(|| caller.user_id.to_string());
    let account = app.db.read(move |tx| users::find_by_id(tx, tenant, &user_id)).await?.ok_or(Error::NotFound)?;
    if !caller.role.is_staff() && account.key != caller.user && !account.role.is_staff() {
        return Err(Error::NotFound);
    }
    let status = app.presence.status(tenant, account.key);
    Ok(Json(UserStatus { user_id: account.user_id, status, last_active: account.last_active }))
}
