//! A page: HTML with a nonce of its own and the policy that names it.
//!
//! No ETag: a browser that was told "not modified" would take the new policy with the old page, whose nonce it does not
//! allow.

use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderName, HeaderValue};
use rust_embed::RustEmbed;

use crate::platform::random::Random;

/// Where the build wants the nonce.
pub const MARK: &str = "__CSP_NONCE__";
const NOT_BUILT: &str = include_str!("not_built.html");

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The page of the build, or the one that says how to build it.
pub fn answer<Files: RustEmbed>(name: &str, random: &Random) -> Response {
    let built = Files::get(name).and_then(|file| String::from_utf8(file.data.into_owned()).ok());
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let nonce = STANDARD.encode(bytes);
    let page = built.as_deref().unwrap_or(NOT_BUILT).replace(MARK, &nonce);
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers
        .insert(PERMISSIONS_POLICY, HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"));
    let policy = HeaderValue::try_from(policy(&nonce)).expect("base64 and our own words are a header value");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// Scripts and connections of this server alone. Pictures of people may lie anywhere, those that were sent are `blob:`.
/// Browsers count a WebSocket to the same host as `'self'`; `ws:` and `wss:` would let it go to any host.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' blob: data: https:; \
         font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}
