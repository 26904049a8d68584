//! The layers around the routes, in their order. Everything a client sees of an error is a problem, whichever layer it
//! comes from.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use super::identity::Identify;
use super::{body, client_address, headers, idempotency, identity, rate_limit, request_id};
use crate::error::{Error, Result};
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::limits::Limits;
use crate::platform::random::Random;

/// Below this, a compressed body is hardly smaller, and fits one packet anyway.
const WORTH_COMPRESSING: u64 = 1024;

/// What the floor stands on.
pub struct Ground {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub limits: Arc<Limits>,
    pub identify: Identify,
    /// The paths where one signs in or up.
    pub entrance: Arc<[String]>,
    /// The paths that files are sent to: their bodies are streams, with bounds of their own (`multipart`).
    pub uploads: &'static [&'static str],
    /// Who gets a first answer again.
    pub repeats: Arc<dyn idempotency::Rules>,
}

/// Puts the layers around all routes of `router`, and answers for paths and methods that it has not. CORS and the sockets
/// go around the result.
pub fn floor(router: Router, config: &Config, ground: Ground) -> Router {
    let Ground { db, clock, random, limits, identify, entrance, uploads, repeats } = ground;
    let times = Times {
        request: Duration::from_secs(config.server.request_timeout_seconds),
        upload: Duration::from_secs(config.server.upload_timeout_seconds),
        uploads,
    };
    let keeper = idempotency::Keeper {
        db,
        clock: clock.clone(),
        random: random.clone(),
        secret: config.auth.jwt_secret.clone(),
        uploads,
        request_time: times.request,
        upload_time: times.upload,
        rules: repeats,
    };
    let is_worth_compressing = SizeAbove::new(WORTH_COMPRESSING)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::const_new("application/octet-stream"));
    let outermost_first = ServiceBuilder::new()
        .layer(from_fn_with_state(config.server.trusted_proxies, client_address::layer))
        .layer(from_fn_with_state((clock, random), request_id::layer))
        .layer(from_fn(headers::layer))
        .layer(CompressionLayer::new().compress_when(is_worth_compressing))
        .layer(CatchPanicLayer::custom(|_| Error::bug("a handler panicked").into_response()))
        .layer(from_fn_with_state(times, within_time))
        .layer(from_fn_with_state((limits.clone(), entrance.clone()), rate_limit::sign_in))
        .layer(from_fn_with_state(uploads, body::layer))
        .layer(from_fn_with_state((identify, entrance), identity::layer))
        .layer(from_fn_with_state(limits, rate_limit::api))
        .layer(from_fn_with_state(Arc::new(keeper), idempotency::layer))
        .layer(DefaultBodyLimit::max(body::MAX_BYTES));
    router
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::Rejected(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"))
        .layer(outermost_first)
}

/// How long a request may take.
#[derive(Clone, Copy)]
struct Times {
    request: Duration,
    upload: Duration,
    uploads: &'static [&'static str],
}

async fn within_time(State(times): State<Times>, request: Request, next: Next) -> Result<Response> {
    let is_upload = request.method() == Method::POST && times.uploads.contains(&request.uri().path());
    let time = if is_upload { times.upload } else { times.request };
    let answer = tokio::time::timeout(time, next.run(request)).await;
    answer.map_err(|_| Error::Rejected(StatusCode::SERVICE_UNAVAILABLE, "timeout"))
}

#[cfg(test)]
mod tests;
