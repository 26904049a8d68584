//! Two-factor sign-in by time-based one-time passwords (RFC 6238: SHA-1, six digits, 30 s), as authenticator apps do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::guard::SignedIn;
use crate::auth::model::{Caller, TenantKey};
use crate::auth::profile::{self, Confirmed};
use crate::auth::store::users::{self, Account};
use crate::error::{Error, Result};
use crate::events::Act;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields};
use crate::platform::http::problem::Problem;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(offer)).routes(routes!(show, enable, disable))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TotpState {
    is_active: bool,
}

/// Whether one's own account asks for a one-time code.
#[utoipa::path(get, path = "/api/users/totp", tag = "users", operation_id = "show_totp",
    responses((status = 200, body = TotpState), (status = 401, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<TotpState>> {
    Ok(Json(TotpState { is_active: own_account(&app, &caller).await?.totp_secret.is_some() }))
}

/// A secret to put into an authenticator app. Nothing is on until a code of it was confirmed.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpOffer {
    /// Base32, for typing in.
    secret: String,
    /// For a QR code.
    otpauth_url: String,
}

/// A new secret for an authenticator app. Nothing changes before a code of it has confirmed it.
#[utoipa::path(post, path = "/api/users/totp/offer", tag = "users", operation_id = "offer_totp", request_body = NoFields,
    responses((status = 200, body = TotpOffer), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn offer(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<TotpOffer>> {
    caller.require_person()?;
    let account = own_account(&app, &caller).await?;
    if account.totp_secret.is_some() {
        return Err(Error::Conflict("totp_active"));
    }
    let mut random = [0; 20];
    app.random.fill(&mut random);
    let secret = Secret::from(random).to_base32();
    let otpauth_url = totp(&secret, &account.username)?.to_url().map_err(unusable)?;
    Ok(Json(TotpOffer { secret, otpauth_url }))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirmation {
    /// The secret that was offered.
    #[garde(skip)]
    secret: String,
    /// The six digits that the app shows now.
    #[garde(skip)]
    code: String,
    #[garde(skip)]
    current_password: String,
}

/// Turns two-factor sign-in on.
#[utoipa::path(put, path = "/api/users/totp", tag = "users", operation_id = "enable_totp", request_body = TotpConfirmation,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn enable(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(given): Json<TotpConfirmation>,
) -> Result<StatusCode> {
    caller.require_person()?;
    let account = own_account(&app, &caller).await?;
    if account.totp_secret.is_some() {
        return Err(Error::Conflict("totp_active"));
    }
    let confirmed = profile::confirm_password(&app, &account, Some(given.current_password)).await?;
    let now = app.clock.now();
    let shape = Error::invalid("secret", "invalid", "has to be the secret that was offered");
    let totp = totp(&given.secret, &account.username).map_err(|_| shape)?;
    let wrong = Error::invalid("code", "wrong", "is not the code of this moment");
    let step = totp.check(&given.code, now.seconds() as u64).ok_or(wrong)?;
    set(&app, caller, confirmed, Some((given.secret, step))).await
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpRemoval {
    #[garde(skip)]
    current_password: String,
}

/// Turns two-factor sign-in off.
#[utoipa::path(delete, path = "/api/users/totp", tag = "users", operation_id = "disable_totp", request_body = TotpRemoval,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn disable(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(given): Json<TotpRemoval>,
) -> Result<StatusCode> {
    caller.require_person()?;
    let account = own_account(&app, &caller).await?;
    let confirmed = profile::confirm_password(&app, &account, Some(given.current_password)).await?;
    set(&app, caller, confirmed, None).await
}

/// At sign-in. A code of the step before or after is taken too: clocks differ. No code serves twice (RFC 6238, 5.2):
/// whoever looks over a shoulder comes too late.
pub fn redeem(tx: &mut Tx<'_>, tenant: TenantKey, account: &Account, code: Option<&str>, now: Timestamp) -> Result<()> {
    let Some(secret) = &account.totp_secret else { return Ok(()) };
    let code = code.ok_or(Error::Unauthorized("totp_required"))?;
    let step = totp(secret, &account.username)?.check(code, now.seconds() as u64);
    match step {
        Some(step) if users::use_totp_step(tx, tenant, account.key, step)? => Ok(()),
        _ => Err(Error::Unauthorized("invalid_credentials")),
    }
}

fn totp(secret: &str, username: &str) -> Result<Totp> {
    let secret = Secret::try_from_base32(secret).map_err(unusable)?;
    let builder = Builder::new().with_secret(secret).with_skew(1).with_issuer(Some("SmileChat"));
    builder.with_account_name(username).build().map_err(unusable)
}

fn unusable(error: impl std::fmt::Debug) -> Error {
    Error::internal(anyhow::anyhow!("a one-time password cannot be made: {error:?}"))
}

async fn own_account(app: &App, caller: &Caller) -> Result<Account> {
    let (tenant, user) = (caller.tenant, caller.user);
    app.db.read(move |tx| users::find(tx, tenant, user)).await
}

async fn set(app: &App, caller: Arc<Caller>, confirmed: Confirmed, new: Option<(String, u64)>) -> Result<StatusCode> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut account = users::find_and_lock(tx, caller.tenant, caller.user)?;
            confirmed.still_holds(&account)?;
            if new.is_some() && account.totp_secret.is_some() {
                return Err(Error::Conflict("totp_active"));
            }
            if let Some((_, step)) = &new {
                // The code that confirmed it must not sign anybody in as well.
                users::use_totp_step(tx, caller.tenant, caller.user, *step)?;
            }
            account.totp_secret = new.map(|(secret, _)| secret);
            profile::save(tx, &Act::of(&caller, now), account, vec!["totp"]).map(drop)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
