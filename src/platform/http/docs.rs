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
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes(openapi: OpenApi) -> Router {
    // The validator's badge would ask a server elsewhere.
    let config = Config::default().validator_url("none").persist_authorization(false);
    Router::from(SwaggerUi::new("/docs").url("/openapi.json", openapi).config(config))
        .route("/docs/errors", get(async || ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], ERRORS)))
        .layer(map_response(async |mut response: Response| {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
            response
        }))
}
