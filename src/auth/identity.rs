//! The secret by which a tenant's own server vouches for its customers (`identify`): shown to admins, and exchanged.
//!
//! Whoever has it can be any customer of the tenant. So the audit log tells who looked at it, and a secret key gets it
//! only if it may do everything.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::guard::SignedIn;
use crate::auth::model::Caller;
use crate::auth::permissions::Action;
use crate::auth::store::tenants;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields};
use crate::platform::http::problem::Problem;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(show, rotate))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct IdentitySecret {
    /// Signs the tokens and hashes of `/api/auth/identify`. It belongs on a server, never into a page.
    identity_secret: String,
}

/// The secret with which the tenant's own server vouches for customers. Who looked at it is in the audit log.
#[utoipa::path(get, path = "/api/settings/identity", tag = "settings", operation_id = "show_identity_secret",
    responses((status = 200, body = IdentitySecret), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<IdentitySecret>> {
    require(&caller)?;
    let now = app.clock.now();
    let shown = app.db.write(move |tx| {
        events::record(tx, &Act::of(&caller, now), What::IdentitySecretShown)?;
        tenants::identity_secret(tx, caller.tenant)
    });
    Ok(Json(IdentitySecret { identity_secret: shown.await? }))
}

/// Makes a new secret. What the old one signed is refused from then on; sessions that it opened go on.
#[utoipa::path(post, path = "/api/settings/identity", tag = "settings", operation_id = "rotate_identity_secret", request_body = NoFields,
    responses((status = 200, body = IdentitySecret), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn rotate(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<IdentitySecret>> {
    require(&caller)?;
    let now = app.clock.now();
    let identity_secret = app.random.token(tenants::IDENTITY_SECRET);
    let secret = identity_secret.clone();
    let rotated = app.db.write(move |tx| {
        tenants::set_identity_secret(tx, caller.tenant, &secret)?;
        events::record(tx, &Act::of(&caller, now), What::IdentitySecretRotated)
    });
    rotated.await?;
    Ok(Json(IdentitySecret { identity_secret }))
}

fn require(caller: &Caller) -> Result<()> {
    caller.require(Action::SettingsManage)?;
    if caller.is_limited() { Err(Error::Forbidden("forbidden")) } else { Ok(()) }
}
