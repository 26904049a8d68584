//! The request id: taken from the client when sane, made otherwise, echoed, in every log line and in every problem.
//!
//! Also the one access line of a request: method, route template, status, milliseconds, the code of an error. Never the
//! query string, a body or a header, because those carry tokens and people's words. It is a warning where the server
//! failed, and hidden (`debug`) for what machines ask every few seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tracing::{Instrument, Span};

use crate::error::Error;
use crate::platform::clock::Clock;
use crate::platform::http::problem::ErrorCode;
use crate::platform::id::new_id;
use crate::platform::random::Random;
use crate::platform::telemetry::traceparent::{self, Traceparent};
use crate::platform::telemetry::{ACCESS, spans};

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The route of whatever the server has not: strangers ask for anything.
const UNKNOWN: &str = "other";
/// What machines ask for without anybody having done something.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

tokio::task_local! {
    static CURRENT: Arc<str>;
}

/// The id of the request that this task answers; empty outside of one.
pub fn current() -> Arc<str> {
    CURRENT.try_with(Arc::clone).unwrap_or_default()
}

/// Carries an id into a task of its own that goes on with the request's work.
pub async fn within<F: Future>(id: Arc<str>, work: F) -> F::Output {
    CURRENT.scope(id, work).await
}

pub(super) async fn layer(State((clock, random)): State<(Clock, Random)>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id: Arc<str> = sane(request.headers()).unwrap_or_else(|| new_id(clock.now(), &random)).into();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let parent = Traceparent::of(request.headers());
    let answer = async {
        let in_flight = InFlight::begin();
        let mut response = next.run(request).await;
        drop(in_flight);
        let value = HeaderValue::from_str(&current()).expect("a sane id is a header value");
        response.headers_mut().insert(X_REQUEST_ID, value);
        let route = route.as_ref().map_or(UNKNOWN, MatchedPath::as_str);
        note(method, route, &response, began.elapsed());
        response
    };
    if !spans::are_on() {
        return within(id.clone(), answer.instrument(span_for_log(&id, trace_id(parent)))).await;
    }
    let traced = spans::request(method, route.as_ref().map_or(UNKNOWN, MatchedPath::as_str), parent);
    let span = span_for_log(&id, spans::trace_id(&traced));
    let response = within(id, answer.instrument(span)).instrument(traced.clone()).await;
    spans::answered(&traced, response.status().as_u16());
    response
}

/// At the level of errors, so that whatever is logged within says which request it was.
fn span_for_log(request_id: &str, trace_id: String) -> Span {
    tracing::error_span!("request", request_id, trace_id)
}

/// The caller's, or one that begins here.
fn trace_id(parent: Option<Traceparent>) -> String {
    parent.map_or_else(traceparent::drawn, |parent| parent.trace_id())
}

/// What a caller calls a request: its id, and where in a trace it is.
pub struct Given {
    id: Option<String>,
    parent: Option<Traceparent>,
}

impl Given {
    pub fn of(headers: &HeaderMap) -> Self {
        Self { id: sane(headers), parent: Traceparent::of(headers) }
    }
}

/// The error of a request that comes by beside the floor, under the id that the client gave or else under `made`, with its
/// line in the log.
pub fn refuse(given: Given, made: impl FnOnce() -> String, route: &str, error: Error) -> Response {
    let id: Arc<str> = given.id.unwrap_or_else(made).into();
    let _span = span_for_log(&id, trace_id(given.parent)).entered();
    let (status, code) = (error.status().as_u16(), error.code());
    tracing::info!(target: ACCESS, route, status, code, "answered");
    let mut response = CURRENT.sync_scope(id.clone(), || error.into_response());
    let value = HeaderValue::from_str(&id).expect("a sane id is a header value");
    response.headers_mut().insert(X_REQUEST_ID, value);
    response
}

/// The line of the log, and the figures.
fn note(method: &'static str, route: &str, response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let code = response.extensions().get::<ErrorCode>().map(|code| code.0);
    let ms = (took.as_secs_f64() * 1e6).round() / 1e3;
    if status >= 500 {
        tracing::warn!(target: ACCESS, method, route, status, ms, code, "answered");
    } else if PROBES.contains(&route) {
        tracing::debug!(target: ACCESS, method, route, status, ms, code, "answered");
    } else {
        tracing::info!(target: ACCESS, method, route, status, ms, code, "answered");
    }
    metrics::histogram!("smilechat_http_request_seconds", "method" => method, "route" => route.to_owned(), "status" => status.to_string())
        .record(took);
}

/// One of the requests that are being answered, until dropped: its client may go before the answer.
struct InFlight;

impl InFlight {
    fn begin() -> Self {
        metrics::gauge!("smilechat_http_requests_in_flight").increment(1);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics::gauge!("smilechat_http_requests_in_flight").decrement(1);
    }
}

/// The id that the client gave, if it is one to be written into logs and headers.
fn sane(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let is_sane = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    is_sane.then(|| id.to_owned())
}

/// A client may invent methods; a metric must not have a label for each.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
