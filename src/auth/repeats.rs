//! Whose a repeated refresh or logout is (`Idempotency-Key`). A refresh is signed by the token in its body, and a logout
//! repeated comes with a token whose session is over.

use http::request::Parts;
use http::{HeaderMap, Method};
use serde::Deserialize;

use crate::app::App;
use crate::auth::model::Role;
use crate::auth::store::sessions;
use crate::auth::{guard, session};
use crate::error::Result;
use crate::platform::http::identity::Identity;

/// None: the handler answers, and its answer is not kept.
pub async fn holder(app: &App, request: &Parts, body: &[u8]) -> Option<Identity> {
    match request.uri.path() {
        "/api/auth/refresh" => of_refresh(app, &request.headers, body).await.ok().flatten(),
        "/api/auth/logout" if request.headers.contains_key(http::header::AUTHORIZATION) => {
            of_logout(app, &request.headers).await.ok().flatten()
        }
        _ => request.extensions.get().cloned(),
    }
}

/// The user whose session the token carries on. Nobody's once the session has ended, or the token's grace is over: no answer
/// that was kept stands in for what the handler says then.
async fn of_refresh(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Option<Identity>> {
    #[derive(Deserialize)]
    struct Presented {
        refresh_token: String,
    }
    let Ok(Presented { refresh_token }) = serde_json::from_slice(body) else { return Ok(None) };
    let named = guard::api_key(app, &Method::POST, headers).await?.tenant();
    let now = app.clock.now();
    let grace = app.config.auth.refresh_grace_seconds;
    let carried = app.db.read(move |tx| session::find_carried(tx, named, &refresh_token, grace, now)).await?;
    Ok(carried.map(|caller| identity(caller.tenant.0, &caller.user_id, caller.role)))
}

/// The user of the session, whether it goes on or has ended: what is given again is that it has ended.
async fn of_logout(app: &App, headers: &HeaderMap) -> Result<Option<Identity>> {
    let Some(token) = guard::bearer(headers)? else { return Ok(None) };
    let claims = app.auth.tokens.verify(token, app.clock.now())?;
    let named = guard::api_key(app, &Method::POST, headers).await?.tenant();
    let holder = app.db.read(move |tx| sessions::find_holder(tx, &claims.sid)).await?;
    let holder = holder.filter(|(tenant, ..)| named.is_none_or(|named| named == *tenant));
    Ok(holder.map(|(tenant, user_id, role)| identity(tenant.0, &user_id, role)))
}

fn identity(tenant: i64, user_id: &str, role: Role) -> Identity {
    Identity { tenant, caller: Some(user_id.to_owned()), role: Some(role.as_str()) }
}
