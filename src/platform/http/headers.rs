//! What every answer tells a browser: take the type as it is said, tell nobody where you come from, run and frame nothing.
//!
//! A route that needs more (a page with scripts, a script for other sites) sets the header itself; it is then left alone.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue};

use crate::platform::http::encoding;

pub const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

pub(super) async fn layer(mut request: Request, next: Next) -> Response {
    // What was asked for is done all the same: its answer goes out as it is, and not as the 406 of the compression.
    if encoding::refuses_all(request.headers()) {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let mut unless_set = |name: HeaderName, value: &'static str| {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    };
    unless_set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_set(REFERRER_POLICY, "no-referrer");
    unless_set(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    unless_set(CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    if is_api {
        unless_set(CACHE_CONTROL, "no-store");
    }
    response
}
