//! The budgets of `platform::limits` over HTTP: 429 with `Retry-After`, and on every limited answer `RateLimit` and
//! `RateLimit-Policy` as structured fields (draft-ietf-httpapi-ratelimit-headers).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};

use super::client_address::ClientAddress;
use super::identity::Identity;
use crate::error::Error;
use crate::platform::limits::{Limits, Policy, Snapshot, address_key};

pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// For the routes where one signs in or up: per address, because nobody is signed in yet. It stands before everything
/// that asks the database: a flood ends here.
pub(super) async fn sign_in(
    State((limits, entrance)): State<(Arc<Limits>, Arc<[String]>)>,
    request: Request,
    next: Next,
) -> Response {
    if !entrance.iter().any(|path| path == request.uri().path()) {
        return next.run(request).await;
    }
    let key = key_of_address(&request);
    limited(&limits, Policy::SignIn, &key, request, next).await
}

/// Pages that are made for each request, as the API's answers are.
const MADE_PAGES: &str = "/help/";

/// For everything under /api, and for pages that cost as much: per caller, or per address while nobody is known to call.
pub(super) async fn api(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !path.starts_with("/api/") && !path.starts_with(MADE_PAGES) {
        return next.run(request).await;
    }
    let key = match request.extensions().get::<Identity>() {
        Some(Identity { tenant, caller: Some(caller), .. }) => format!("{tenant} {caller}"),
        _ => key_of_address(&request),
    };
    limited(&limits, Policy::Api, &key, request, next).await
}

async fn limited(limits: &Limits, policy: Policy, key: &str, request: Request, next: Next) -> Response {
    let Some(snapshot) = limits.check(policy, key).await else { return next.run(request).await };
    let mut response = match snapshot.retry_after {
        Some(retry_after) => Error::RateLimited { retry_after }.into_response(),
        None => next.run(request).await,
    };
    describe(policy, snapshot, &mut response);
    response
}

/// Appended, not set: a route under two policies tells of both.
fn describe(policy: Policy, snapshot: Snapshot, response: &mut Response) {
    let Snapshot { quota, window_seconds, remaining, reset_seconds, .. } = snapshot;
    let name = policy.name();
    let value = |text: String| HeaderValue::from_str(&text).expect("digits and our own names are a header value");
    let headers = response.headers_mut();
    headers.append(RATE_LIMIT_POLICY, value(format!(r#""{name}";q={quota};w={window_seconds}"#)));
    headers.append(RATE_LIMIT, value(format!(r#""{name}";r={remaining};t={reset_seconds}"#)));
}

fn key_of_address(request: &Request) -> String {
    request.extensions().get::<ClientAddress>().map(|address| address_key(address.0)).unwrap_or_default()
}
