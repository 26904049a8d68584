//! The documents of the API and of the sockets, and a page to read and try the API, `/docs`, which loads nothing from anywhere
//! else: Swagger UI as the build script has unpacked it.

use std::io;

use axum::Router;
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, IntoResponseParts, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use crate::error::Error;
use crate::platform::http::encoding::{accepts, unpack};

/// What other pages and answers of the server lead to.
const TEXTS: [(&str, &str); 2] = [
    ("/docs/errors", include_str!("../../../../docs/ERRORS.md")),
    ("/docs/webhooks", include_str!("../../../../docs/WEBHOOKS.md")),
];
const PAGE: &str = include_str!("page.html");
const PAGE_STYLE: &str = include_str!("page.css");
const START: &str = include_str!("start.js");

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// What the build script has compressed, by gzip.
pub struct Document(&'static [u8]);

/// Of all services, wherever they run: clients see one server.
pub const OPENAPI: Document = Document(include_bytes!(concat!(env!("OUT_DIR"), "/docs/openapi.json.gz")));
pub const ASYNCAPI: Document = Document(include_bytes!(concat!(env!("OUT_DIR"), "/docs/asyncapi.json.gz")));

impl Document {
    pub fn text(&self) -> io::Result<String> {
        String::from_utf8(unpack(self.0)?).map_err(io::Error::other)
    }

    pub fn answer(&self, asked: &HeaderMap) -> Response {
        packed(asked, [(CONTENT_TYPE, "application/json"), (VARY, "accept-encoding")], self.0)
    }
}

/// A file of Swagger UI: its name, its type, and what it holds, by gzip.
type Compressed = (&'static str, &'static str, &'static [u8]);

const SWAGGER_UI: [Compressed; 3] = [
    ("/docs/swagger-ui-bundle.js", SCRIPT, include_bytes!(concat!(env!("OUT_DIR"), "/docs/swagger-ui-bundle.js.gz"))),
    ("/docs/swagger-ui.css", STYLE, include_bytes!(concat!(env!("OUT_DIR"), "/docs/swagger-ui.css.gz"))),
    ("/docs/favicon-32x32.png", "image/png", include_bytes!(concat!(env!("OUT_DIR"), "/docs/favicon-32x32.png.gz"))),
];

/// Scripts and styles of this server alone; Swagger UI's icons are `data:` images.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes() -> Router {
    let routes = Router::new()
        .route("/openapi.json", get(async |asked: HeaderMap| OPENAPI.answer(&asked)))
        .route("/docs", get(async || Html(PAGE)))
        .route("/docs/", get(async || Html(PAGE)))
        .route("/docs/page.css", get(async || ([(CONTENT_TYPE, STYLE)], PAGE_STYLE)))
        .route("/docs/start.js", get(async || ([(CONTENT_TYPE, SCRIPT)], START)));
    let routes = TEXTS.into_iter().fold(routes, |routes, (path, text)| {
        routes.route(path, get(async move || ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], text)))
    });
    let routes = SWAGGER_UI.into_iter().fold(routes, |routes, (path, content_type, content)| {
        routes.route(path, get(async move |asked: HeaderMap| of_swagger_ui(&asked, content_type, content)))
    });
    routes.layer(map_response(async |mut response: Response| {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
        response
    }))
}

fn of_swagger_ui(asked: &HeaderMap, content_type: &'static str, compressed: &'static [u8]) -> Response {
    let about = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=3600"), (VARY, "accept-encoding")];
    packed(asked, about, compressed)
}

/// As it lies here for whoever reads gzip, which browsers do.
fn packed(asked: &HeaderMap, about: impl IntoResponseParts, compressed: &'static [u8]) -> Response {
    if accepts(asked, "gzip") {
        return (about, [(CONTENT_ENCODING, "gzip")], compressed).into_response();
    }
    match unpack(compressed) {
        Ok(plain) => (about, plain).into_response(),
        Err(error) => Error::internal(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use http::Request;
    use http::header::ACCEPT_ENCODING;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn get(path: &str, accepts: &str) -> (u16, HeaderMap, Bytes) {
        let request = Request::get(path).header(ACCEPT_ENCODING, accepts).body(Body::empty()).expect("a request");
        let (parts, body) = routes().oneshot(request).await.expect("infallible").into_parts();
        let body = body.collect().await.expect("a body in memory").to_bytes();
        (parts.status.as_u16(), parts.headers, body)
    }

    async fn text(path: &str) -> (u16, HeaderMap, String) {
        let (status, headers, body) = get(path, "identity").await;
        (status, headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn the_document_and_the_texts_are_served() {
        let (status, headers, document) = text("/openapi.json").await;
        assert!(status == 200 && document == OPENAPI.text().expect("a document"), "{document}");
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        for (path, content) in TEXTS {
            let (status, headers, served) = text(path).await;
            assert_eq!((status, served.as_str()), (200, content));
            assert_eq!(headers[CONTENT_TYPE], "text/markdown; charset=utf-8");
        }
    }

    #[tokio::test]
    async fn the_page_loads_what_is_here_and_nothing_from_elsewhere() {
        for address in ["/docs", "/docs/"] {
            let (status, headers, page) = text(address).await;
            assert_eq!((status, &headers[CONTENT_SECURITY_POLICY]), (200, &HeaderValue::from_static(PAGE_POLICY)));
            assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
            let loaded: Vec<_> = page.split('"').filter(|part| part.starts_with('/')).collect();
            assert_eq!(loaded.len(), 5, "{page}");
            for path in loaded {
                assert_eq!(text(path).await.0, 200, "{path}");
            }
        }
        let (_, _, start) = text("/docs/start.js").await;
        assert!(start.contains("/openapi.json") && !start.contains("https://"), "{start}");
    }

    #[tokio::test]
    async fn swagger_ui_goes_out_compressed_and_unpacked_for_whoever_reads_no_gzip() {
        for (path, content_type, _) in SWAGGER_UI {
            let (_, headers, compressed) = get(path, "gzip, br").await;
            assert!(headers[CONTENT_ENCODING] == "gzip" && headers[CONTENT_TYPE] == content_type, "{path}");
            let (_, headers, plain) = get(path, "identity").await;
            assert!(!headers.contains_key(CONTENT_ENCODING));
            assert_eq!(unpack(&compressed).expect("gzip"), plain);
        }
    }
}
