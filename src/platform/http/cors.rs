//! Which pages of other origins may call, by `Origins`. The outermost layer, around the sockets as well.
//!
//! Tokens travel in headers, never in cookies: so no answer allows credentials, and `*` is safe to configure.

use std::time::Duration;

use axum::response::Response;
use http::header::{ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, VARY};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::idempotency::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
use super::origins::Origins;
use super::rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
use super::request_id::X_REQUEST_ID;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

pub fn layer(origins: &Origins) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(allowed(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, X_API_KEY, IDEMPOTENCY_KEY, X_REQUEST_ID])
        .expose_headers([X_REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY, RETRY_AFTER, IDEMPOTENCY_REPLAYED])
        .max_age(Duration::from_secs(3600))
}

/// Marks an answer, in its extensions, that is the same for the pages of every site, whatever is configured: a public file.
#[derive(Clone)]
pub struct ForAnySite;

/// Goes around `layer`, which would name the one origin that asked, and have caches keep a copy for each.
pub async fn open(mut response: Response) -> Response {
    if response.extensions().get::<ForAnySite>().is_some() {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response.headers_mut().insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
    }
    response
}

/// Asked anew for each request: what keys list may have changed. A preflight carries no key, so that any key's page gets
/// through here; the request that follows is held to its own key.
fn allowed(origins: &Origins) -> AllowOrigin {
    if origins.are_all() {
        return AllowOrigin::any();
    }
    let origins = origins.clone();
    AllowOrigin::predicate(move |origin, _| origin.to_str().is_ok_and(|origin| origins.have(origin)))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn allowed_origin(configured: &[&str], method: Method, origin: &str) -> Option<String> {
        let origins = Origins::new(&configured.iter().map(|origin| origin.to_string()).collect::<Vec<_>>());
        origins.admit("key", &["https://admitted.com".to_owned()]);
        let app: Router = Router::new().route("/", get(async || "hello")).layer(layer(&origins));
        let request = Request::builder()
            .method(method)
            .uri("/")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(Body::empty());
        let response = app.oneshot(request.expect("a request")).await.expect("infallible");
        let value = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN)?;
        Some(value.to_str().expect("ASCII").to_owned())
    }

    #[tokio::test]
    async fn a_configured_origin_may_call() {
        for method in [Method::OPTIONS, Method::GET] {
            let seen = allowed_origin(&["https://good.com", "https://b.com"], method, "https://good.com").await;
            assert_eq!(seen.as_deref(), Some("https://good.com"));
        }
        assert_eq!(allowed_origin(&["*"], Method::OPTIONS, "https://any.example").await.as_deref(), Some("*"));
        let admitted = allowed_origin(&[], Method::OPTIONS, "https://admitted.com").await;
        assert_eq!(admitted.as_deref(), Some("https://admitted.com"));
    }

    #[tokio::test]
    async fn a_public_file_is_the_same_for_every_site() {
        let origins = Origins::new(&["https://good.com".to_owned()]);
        let app: Router = Router::new()
            .route("/file", get(async || axum::Extension(ForAnySite)))
            .layer(layer(&origins))
            .layer(axum::middleware::map_response(open));
        for origin in ["https://good.com", "https://other.com"] {
            let request = Request::get("/file").header("origin", origin).body(Body::empty()).expect("a request");
            let response = app.clone().oneshot(request).await.expect("infallible");
            assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
            let vary: Vec<_> = response.headers().get_all(VARY).iter().collect();
            assert_eq!(vary, ["accept-encoding"], "{origin}");
        }
    }

    #[tokio::test]
    async fn a_foreign_one_is_told_nothing() {
        for origin in [
            "https://good.com.evil",
            "http://good.com",
            "https://good.com:444",
            "https://GOOD.com/",
            "https://admitted.com.evil",
            "https://admitted.com.",
            "null",
            "*",
        ] {
            for method in [Method::OPTIONS, Method::GET] {
                assert_eq!(
                    allowed_origin(&["https://good.com"], method.clone(), origin).await,
                    None,
                    "{method} {origin}"
                );
            }
        }
        assert_eq!(allowed_origin(&[], Method::OPTIONS, "https://good.com").await, None);
    }
}
