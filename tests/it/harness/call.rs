//! One request and its answer.

use std::future::IntoFuture;
use std::pin::Pin;

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::Person;

/// Sent by awaiting it.
pub struct Call {
    what: String,
    builder: RequestBuilder,
}

impl Call {
    pub(super) fn new(what: String, builder: RequestBuilder) -> Self {
        Self { what, builder }
    }

    pub fn by(self, person: &Person) -> Self {
        self.token(&person.token)
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn key(self, api_key: &str) -> Self {
        self.header("x-api-key", api_key)
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    pub fn json(self, body: Value) -> Self {
        Self { builder: self.builder.json(&body), ..self }
    }

    /// A body that need not be JSON, although it says so.
    pub fn bytes(self, body: impl Into<Vec<u8>>) -> Self {
        let call = self.header("content-type", "application/json");
        Self { builder: call.builder.body(body.into()), ..call }
    }

    /// A form of files: (name, bytes) of each.
    pub fn files(self, files: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (name, bytes) in files {
            let head = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
            body.extend(format!("--seam\r\n{head}\r\nContent-Type: image/png\r\n\r\n").as_bytes());
            body.extend(*bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--seam--\r\n");
        self.form(body)
    }

    /// A body that says it is a form with the boundary `seam`.
    pub fn form(self, body: impl Into<reqwest::Body>) -> Self {
        let call = self.header("content-type", "multipart/form-data; boundary=seam");
        Self { builder: call.builder.body(body), ..call }
    }

    pub fn text(self, body: impl Into<String>) -> Self {
        Self { builder: self.builder.body(body.into()), ..self }
    }
}

impl IntoFuture for Call {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let response = self.builder.send().await.unwrap_or_else(|error| panic!("{}: {error:?}", self.what));
            Reply::read(self.what, response).await
        })
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
    what: String,
}

impl Reply {
    async fn read(what: String, response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap_or_else(|error| panic!("{what}: {error:?}")).to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let reply = Self { status, headers, text, bytes, what };
        // A preflight is the browser's own affair.
        assert!(
            reply.header("x-request-id").is_some() || reply.what.starts_with("OPTIONS"),
            "{reply:?}: no X-Request-Id"
        );
        // /readyz names what is down, and who reads the help centre is a person.
        let is_page = reply.what.starts_with("GET /help/") && reply.text.starts_with("<!DOCTYPE html>");
        if status >= 400 && reply.what != "GET /readyz" && !is_page {
            reply.check_problem();
        }
        reply
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// The body, if the status is the one expected; null if there is none.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The same for what is no JSON.
    #[track_caller]
    pub fn expect_bytes(&self, status: u16) -> Vec<u8> {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        self.bytes.clone()
    }

    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.json()["code"].as_str()), (status, Some(code)), "{}: {}", self.what, self.text);
    }

    /// 422, and the field named among the faults.
    #[track_caller]
    pub fn invalid(&self, field: &str) {
        self.problem(422, "invalid");
        let errors = self.json()["errors"].clone();
        let is_named = errors.as_array().is_some_and(|errors| errors.iter().any(|error| error["field"] == field));
        assert!(is_named, "{}: {field} is not among {errors}", self.what);
    }

    /// The contract's shape of an error.
    fn check_problem(&self) {
        assert_ne!(self.status, 500, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.json();
        for member in ["type", "title", "detail", "code", "request_id"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{self:?}: no {member}");
        }
        assert_eq!(body["status"], self.status, "{self:?}");
        // An answer that is given again is that of the first request.
        if self.header("idempotency-replayed").is_none() {
            assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{self:?}");
        }
        let is_word = |code: &Value| {
            code.as_str()
                .is_some_and(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        };
        assert!(is_word(&body["code"]), "{self:?}");
        assert_eq!(
            body["code"] == "invalid",
            body.get("errors").is_some(),
            "{self:?}: `invalid`, and no other, has errors"
        );
        for error in body["errors"].as_array().into_iter().flatten() {
            assert!(error["field"].is_string() && error["message"].is_string() && is_word(&error["code"]), "{self:?}");
        }
    }
}
