//! `/openapi.json`, and a page to read and try it, `/docs`, which loads nothing from anywhere else.

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

const ERRORS: &str = include_str!("../../../docs/ERRORS.md");

/// Scripts and styles of this server alone; Swagger UI's icons are `data:` images.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes(openapi: OpenApi) -> Router {
    // The validator's badge would ask a server elsewhere. The bar of the full layout has a logo with a style of its own,
    // which the policy refuses, and a field for the address of another API.
    let config = Config::default().use_base_layout().validator_url("none").persist_authorization(false);
    Router::from(SwaggerUi::new("/docs").url("/openapi.json", openapi).config(config))
        .route("/docs/errors", get(async || ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], ERRORS)))
        .layer(map_response(async |mut response: Response| {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
            response
        }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    use utoipa::openapi::{InfoBuilder, OpenApiBuilder};

    use super::*;

    async fn get(path: &str) -> (u16, http::HeaderMap, String) {
        let document = OpenApiBuilder::new().info(InfoBuilder::new().title("canary").version("1").build()).build();
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (parts, body) = routes(document).oneshot(request).await.expect("infallible").into_parts();
        let body = body.collect().await.expect("a body in memory").to_bytes();
        (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn the_document_and_the_errors_are_served() {
        let (status, _, document) = get("/openapi.json").await;
        assert!(status == 200 && document.contains("canary"), "{document}");
        let (status, headers, errors) = get("/docs/errors").await;
        assert_eq!((status, errors.as_str()), (200, ERRORS));
        assert_eq!(headers[CONTENT_TYPE], "text/markdown; charset=utf-8");
    }

    #[tokio::test]
    async fn the_page_loads_nothing_from_elsewhere() {
        let (status, headers, page) = get("/docs/").await;
        assert_eq!((status, &headers[CONTENT_SECURITY_POLICY]), (200, &HeaderValue::from_static(PAGE_POLICY)));
        let (_, _, start) = get("/docs/swagger-initializer.js").await;
        assert!(start.contains("/openapi.json") && start.contains("BaseLayout"), "{start}");
        for text in [page, start] {
            assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
        }
    }
}
