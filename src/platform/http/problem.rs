//! How an `Error` looks over HTTP: RFC 9457 `application/problem+json`, the same members for every error.
//!
//! Handlers and extractors return `Error`; this is the only place that turns one into bytes, and the only place that logs
//! its cause. docs/ERRORS.md lists every code.
//!
//! Invariant: nothing of a cause (SQL, a path, a stack) is in the answer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id;
use crate::error::{Error, FieldError};

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `/docs/errors#<code>`, a page of this server.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    /// A sentence for a person.
    pub detail: String,
    /// The stable word for a program.
    pub code: &'static str,
    pub request_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// Left with an answer that is an error, for the log.
#[derive(Clone, Copy)]
pub struct ErrorCode(pub &'static str);

impl Problem {
    fn of(error: &Error) -> Self {
        let status = error.status();
        Self {
            kind: format!("/docs/errors#{}", error.code()),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: error.message(),
            code: error.code(),
            request_id: request_id::current().to_string(),
            errors: error.field_errors().to_vec(),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        note("http", &self);
        let mut response = (self.status(), Json(Problem::of(&self))).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(ErrorCode(self.code()));
        let headers = response.headers_mut();
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Counts an error, and logs what the client is not told of it. Called once per error, where it leaves the server: here,
/// and by the sockets.
pub fn note(transport: &'static str, error: &Error) {
    metrics::counter!("smilechat_errors_total", "transport" => transport, "code" => error.code()).increment(1);
    match error {
        Error::Internal { place, cause } => tracing::error!(%place, "internal error: {cause}"),
        Error::Unavailable(cause) => tracing::warn!("unavailable: {cause}"),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
