//! The request id: taken from the client when sane, made otherwise, echoed, in every log line and in every problem.
//!
//! Also the one access line of a request (`info`): method, route template, status, milliseconds. Never the query string, a
//! body or a header, because those carry tokens and people's words.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tracing::Instrument;

use crate::platform::clock::Clock;
use crate::platform::id::new_id;
use crate::platform::random::Random;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
    let began = clock.now();
    let id = sane(request.headers()).unwrap_or_else(|| new_id(began, &random)).into();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!("request", request_id = %id);
    let answer = async {
        let mut response = next.run(request).await;
        let value = HeaderValue::from_str(&current()).expect("a sane id is a header value");
        response.headers_mut().insert(X_REQUEST_ID, value);
        let route = route.as_ref().map_or("-", MatchedPath::as_str);
        let took = clock.now().since(began);
        let status = response.status().as_u16();
        tracing::info!(method, route, status, ms = took.as_millis() as u64, "answered");
        metrics::histogram!("smilechat_http_request_seconds", "method" => method, "route" => route.to_owned(), "status" => status.to_string())
            .record(took);
        response
    };
    within(id, answer.instrument(span)).await
}

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
