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
        log_cause(&self);
        let mut response = (self.status(), Json(Problem::of(&self))).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Logs what the client is not told. Called once per error, where it leaves the server: here, and by the sockets' acks.
pub fn log_cause(error: &Error) {
    match error {
        Error::Internal { place, cause } => tracing::error!(%place, "internal error: {cause:#}"),
        Error::Unavailable(cause) => tracing::warn!("unavailable: {cause}"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;

    async fn rendered(error: Error) -> (http::response::Parts, Value) {
        let (parts, body) = error.into_response().into_parts();
        let bytes = body.collect().await.expect("a body in memory").to_bytes();
        (parts, serde_json::from_slice(&bytes).expect("problems are JSON"))
    }

    #[tokio::test]
    async fn a_problem_has_the_members_of_the_contract() {
        let (parts, body) = rendered(Error::invalid("name", "blank", "Say something.")).await;
        assert_eq!(parts.status, 422);
        assert_eq!(parts.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            body,
            json!({
                "type": "/docs/errors#invalid", "title": "Unprocessable Entity", "status": 422,
                "detail": "name: Say something.", "code": "invalid", "request_id": "",
                "errors": [{"field": "name", "code": "blank", "message": "Say something."}],
            })
        );
    }

    #[tokio::test]
    async fn nothing_internal_is_told() {
        for error in [
            Error::internal(anyhow::anyhow!("select * from users where x = 'canary'")),
            Error::Unavailable("cannot open /var/lib/canary".into()),
        ] {
            let (_, body) = rendered(error).await;
            assert!(!body.to_string().contains("canary"), "{body}");
        }
    }

    #[tokio::test]
    async fn headers_say_what_to_do() {
        let (parts, _) = rendered(Error::Unauthorized("unauthorized")).await;
        assert_eq!(parts.headers[WWW_AUTHENTICATE], "Bearer");
        let (parts, _) = rendered(Error::RateLimited { retry_after: 7 }).await;
        assert_eq!(parts.headers[RETRY_AFTER], "7");
        let (parts, body) = rendered(Error::Unavailable("x".into())).await;
        assert!(parts.headers.contains_key(RETRY_AFTER));
        assert!(body.get("errors").is_none());
    }
}
