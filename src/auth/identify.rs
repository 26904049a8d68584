//! A tenant's own sign-in carried over: the tenant's server vouches for a customer, by a JWT or by a hash.
//!
//! A guest who is identified keeps what they wrote: their tickets and messages become the customer's, and the guest's
//! session ends.

use axum::extract::State;
use garde::Validate;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::guard::{SignedIn, Tenant};
use crate::auth::model::{Caller, Role, TenantKey, UserKey};
use crate::auth::profile;
use crate::auth::session::{self, Session};
use crate::auth::store::tenants;
use crate::auth::store::users::{self, Account, NewAccount};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::{id, secret};

/// How far ahead a token may end, in seconds: a leaked one is of use to nobody for long.
const LONGEST_TOKEN: i64 = 3600;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(identify))
}

/// Either `token`, or `user_id` with `user_hash`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identification {
    /// A JWT (HS256) signed with the tenant's identity secret: `sub`, `exp` at most one hour ahead, `name`, `email`.
    #[garde(skip)]
    token: Option<String>,
    #[garde(inner(custom(text::line(128))))]
    user_id: Option<String>,
    /// HMAC-SHA256 of `user_id` with the tenant's identity secret, in hexadecimal.
    #[garde(skip)]
    user_hash: Option<String>,
}

/// Whom the tenant vouches for.
#[derive(Debug, Deserialize)]
struct Vouched {
    sub: String,
    exp: i64,
    /// Not good before (RFC 7519, 4.1.5).
    nbf: Option<i64>,
    name: Option<String>,
    email: Option<String>,
}

/// A session of a customer for whom the tenant's own server vouches. A guest's tickets move along.
#[utoipa::path(post, path = "/api/auth/identify", tag = "auth", operation_id = "identify", security(()), request_body = Identification,
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn identify(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    caller: Option<SignedIn>,
    Json(given): Json<Identification>,
) -> Result<Json<Session>> {
    // As a guest or alone: a token says the tenant as well.
    let tenant = caller.as_ref().map_or(tenant, |caller| caller.tenant);
    let now = app.clock.now();
    let shared = app.clone();
    let session = app
        .db
        .write(move |tx| {
            let secret = tenants::identity_secret(tx, tenant)?;
            let vouched = vouched(&given, &secret, now)?;
            let account = find_or_create(tx, &shared, tenant, &vouched, now)?;
            if let Some(caller) = &caller {
                take_over(tx, tenant, caller, &account, now)?;
            }
            session::open(tx, &shared, tenant, account, Role::Customer, now)
        })
        .await?;
    Ok(Json(session))
}

fn vouched(given: &Identification, secret: &str, now: Timestamp) -> Result<Vouched> {
    match (&given.token, &given.user_id, &given.user_hash) {
        (Some(token), None, None) => by_token(token, secret, now),
        (None, Some(user_id), Some(user_hash)) => by_hash(user_id, user_hash, secret),
        _ => Err(Error::invalid("token", "missing", "send either token, or user_id with user_hash")),
    }
}

fn by_token(token: &str, secret: &str, now: Timestamp) -> Result<Vouched> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["exp", "sub"]);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let refused = || Error::Unauthorized("unauthorized");
    let key = DecodingKey::from_secret(secret.as_bytes());
    let vouched = jsonwebtoken::decode::<Vouched>(token, &key, &validation).map_err(|_| refused())?.claims;
    let ahead = vouched.exp.saturating_sub(now.seconds());
    let is_early = vouched.nbf.is_some_and(|from| from > now.seconds());
    if !(1..=LONGEST_TOKEN).contains(&ahead) || is_early || !text::is_line(&vouched.sub, 128) {
        return Err(refused());
    }
    Ok(vouched)
}

fn by_hash(user_id: &str, user_hash: &str, secret: &str) -> Result<Vouched> {
    let expected = secret::hex(&secret::hmac_sha256(secret.as_bytes(), &[user_id.as_bytes()]));
    let given = user_hash.to_ascii_lowercase();
    if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Err(Error::Unauthorized("unauthorized"));
    }
    Ok(Vouched { sub: user_id.to_owned(), exp: 0, nbf: None, name: None, email: None })
}

fn find_or_create(tx: &mut Tx<'_>, app: &App, tenant: TenantKey, vouched: &Vouched, now: Timestamp) -> Result<Account> {
    // What the tenant says is shown to staff: it is held to the same rules as any other input.
    let name = vouched.name.as_deref().filter(|name| text::is_name(name, 200));
    let email = vouched.email.as_deref().filter(|email| text::is_email(email));
    if let Some(known) = users::find_by_external_id(tx, tenant, &vouched.sub)? {
        return refresh(tx, tenant, known.key, name, email, now);
    }
    let user_id = id::new_id(now, &app.random);
    let username = format!("customer-{}", &user_id[24..]);
    let new = NewAccount {
        user_id: &user_id,
        username: &username,
        username_canonical: &username,
        password_hash: None,
        name: name.unwrap_or(&vouched.sub),
        email,
        role: Role::Customer,
        external_id: Some(&vouched.sub),
        is_guest: false,
    };
    if let Some(account) = users::insert(tx, tenant, &new, now)? {
        return Ok(account);
    }
    // Somebody was identified as the same customer a moment earlier.
    let known = users::find_by_external_id(tx, tenant, &vouched.sub)?.ok_or(Error::Conflict("conflict"))?;
    refresh(tx, tenant, known.key, name, email, now)
}

/// What the tenant says of a customer now is what counts.
fn refresh(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    user: UserKey,
    name: Option<&str>,
    email: Option<&str>,
    now: Timestamp,
) -> Result<Account> {
    let mut account = users::find_and_lock(tx, tenant, user)?;
    if account.is_disabled {
        return Err(Error::Unauthorized("unauthorized"));
    }
    // The tenant's site vouches for customers. Who has become staff signs in like all staff: what a site hands out, some of
    // it without an end, must not open the desk.
    if account.roles.iter().any(|role| role.is_staff()) {
        return Err(Error::Forbidden("forbidden"));
    }
    let mut changed = Vec::new();
    profile::set(&mut account.name, name.map(str::to_owned), "name", &mut changed);
    profile::set(&mut account.email, email.map(|email| Some(email.to_owned())), "email", &mut changed);
    let act = Act::of_user(tenant, &account.user_id, now);
    profile::save(tx, &act, account, changed)
}

/// Only a guest's things move: an account with a sign-in of its own keeps what it has.
fn take_over(tx: &mut Tx<'_>, tenant: TenantKey, caller: &Caller, account: &Account, now: Timestamp) -> Result<()> {
    let guest = users::find(tx, tenant, caller.user)?;
    if !guest.is_guest || guest.key == account.key {
        return Ok(());
    }
    let act = Act::of(caller, now);
    // First: whoever opens a ticket as the guest holds the session until it is there, and is waited for.
    session::end_others(tx, &act, guest.key, None, |_| false, "identified")?;
    // The one place where auth calls tickets: both have to change in one transaction, or not at all.
    let tickets = crate::tickets::adopt::adopt(tx, &act, guest.key, account.key)?;
    let what = What::GuestIdentified { guest_id: guest.user_id, customer_id: account.user_id.clone(), tickets };
    events::record(tx, &act, what)
}
