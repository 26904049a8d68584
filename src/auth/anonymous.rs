//! Guests: what a widget opens for a visitor whom nobody knows yet. `identify` makes a customer of them.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::auth::guard::Tenant;
use crate::auth::model::{Role, TenantKey};
use crate::auth::session::{self, Session};
use crate::auth::store::users::{self, Account, NewAccount};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields};
use crate::platform::http::problem::Problem;
use crate::platform::id;
use crate::platform::random::Random;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(anonymous))
}

/// A session of a new guest customer of the API key's tenant.
#[utoipa::path(post, path = "/api/auth/anonymous", tag = "auth", operation_id = "anonymous", security(()), request_body = NoFields,
    responses((status = 201, body = Session), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn anonymous(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    Json(NoFields {}): Json<NoFields>,
) -> Result<(StatusCode, Json<Session>)> {
    let now = app.clock.now();
    let shared = app.clone();
    let session = app
        .db
        .write(move |tx| {
            let account = add_guest(tx, &shared.random, tenant, "Guest", now)?;
            session::open(tx, &shared, tenant, account, Role::Customer, now)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(session)))
}

pub fn add_guest(tx: &mut Tx<'_>, random: &Random, tenant: TenantKey, name: &str, now: Timestamp) -> Result<Account> {
    let user_id = id::new_id(now, random);
    // The random half of the id, so that the name says nothing and meets no other.
    let username = format!("guest-{}", &user_id[24..]);
    let new = NewAccount {
        user_id: &user_id,
        username: &username,
        username_canonical: &username,
        password_hash: None,
        name,
        email: None,
        role: Role::Customer,
        external_id: None,
        is_guest: true,
    };
    users::insert(tx, tenant, &new, now)?.ok_or(Error::Conflict("conflict"))
}
