//! GET /asyncapi.json: the sockets, described for programs and for whoever writes a client.

#[cfg(test)]
mod document;

use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::App;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::docs;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(show))
}

/// The events of the sockets, as AsyncAPI 3.
#[utoipa::path(get, path = "/asyncapi.json", tag = "operations", operation_id = "asyncapi", security(()),
    responses((status = 200, body = Object)))]
async fn show(asked: HeaderMap) -> Response {
    docs::ASYNCAPI.answer(&asked)
}
