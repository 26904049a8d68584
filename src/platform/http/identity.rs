//! Who calls, as far as the floor has to know: a tenant's number, a name and a role to count and to keep answers by.
//!
//! The floor knows no user. Whoever builds it hands in `Identify`, which looks at the headers once and may leave what it
//! found in the extensions for the handlers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::request::Parts;

use crate::platform::db;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub tenant: i64,
    /// None: nobody is signed in.
    pub caller: Option<String>,
    /// What the caller acts as: the same user may act as another in another session.
    pub role: Option<&'static str>,
}

/// None where the credentials are wrong or cannot be checked just now: the handler then refuses in its own words.
pub type Identify = Arc<dyn for<'a> Fn(&'a mut Parts) -> BoxFuture<'a, Option<Identity>> + Send + Sync>;

/// At the `entrance` one may sign in at another tenant than where one is signed in: nothing is bound to a tenant there.
pub(super) async fn layer(
    State((identify, entrance)): State<(Identify, Arc<[String]>)>,
    request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let identity = identify(&mut parts).await;
    let is_entrance = entrance.iter().any(|path| path == parts.uri.path());
    let is_bound = |identity: &&Identity| identity.caller.is_some() && !is_entrance;
    let tenant = identity.as_ref().filter(is_bound).map(|identity| identity.tenant);
    if let Some(identity) = identity {
        parts.extensions.insert(identity);
    }
    db::within(tenant, next.run(Request::from_parts(parts, body))).await
}
