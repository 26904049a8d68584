//! JSON bodies, checked in one place for REST and sockets: size, depth, encoding, syntax, shape, then the rules of garde.
//!
//! A handler takes `Json<T>` and returns `Json<T>`; a socket event calls `from_slice` on its raw payload.
//!
//! Invariants:
//! - Text that came through here holds no NUL, which PostgreSQL cannot store.
//! - No object has a key that serde_json keeps to itself. Under such a key a text would be parsed once more, as deep as it
//!   likes and past all checks.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{body, fields};
use crate::error::{Error, Result};

const MAX_DEPTH: usize = 32;
const RESERVED: &str = "$serde_json::private::";

pub struct Json<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let says_json = says_json(request.headers());
        let bytes = body::read(request.into_body()).await?;
        // No body is as good as an empty object: where all fields are optional, a client need not send one.
        if bytes.is_empty() {
            return from_slice(b"{}").map(Json);
        }
        if !says_json {
            return Err(Error::Rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
        }
        from_slice(&bytes).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response(),
            Err(error) => Error::internal(error).into_response(),
        }
    }
}

/// Parses and checks one JSON object.
pub fn from_slice<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> Result<T> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::BadJson("it is not UTF-8".into()))?;
    let scan = scan(text);
    if scan.depth > MAX_DEPTH {
        return Err(body::too_large());
    }
    // First the syntax of the whole, so that bad JSON is `bad_json` even behind an unknown field.
    serde_json::from_str::<IgnoredAny>(text).map_err(bad_json)?;
    // serde would take an array for a struct.
    if !text.trim_start().starts_with('{') {
        return Err(Error::invalid("body", "wrong_type", "Expected an object."));
    }
    if scan.has_reserved_key {
        return Err(Error::invalid("body", "reserved", "No key may begin with $serde_json::private::."));
    }
    let value: T =
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
            let path = error.path().to_string();
            let cause = error.into_inner();
            if cause.is_data() {
                Error::Invalid(vec![fields::from_serde(&path, &cause.to_string())])
            } else if cause.to_string().starts_with("expected value") {
                // The syntax is fine: so serde_json says that something else stands where the word of an enum should.
                Error::Invalid(vec![fields::from_serde(&path, "invalid type: another, expected a string")])
            } else {
                bad_json(cause)
            }
        })?;
    value.validate().map_err(|report| Error::Invalid(fields::from_garde(report)))?;
    if scan.has_nul {
        return Err(Error::invalid("body", "control_character", "The character U+0000 is not allowed."));
    }
    Ok(value)
}

/// The body of what needs none: nothing, or an object without a field.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// For a field of a patch that may be absent, but not null: `#[serde(default, deserialize_with = "not_null")]`.
pub fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For a field of a patch that may be absent (None: stays), null (Some(None): is removed) or a value:
/// `#[serde(default, deserialize_with = "nullable")]`.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn says_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn bad_json(cause: serde_json::Error) -> Error {
    Error::BadJson(cause.to_string())
}

struct Scan {
    depth: usize,
    has_nul: bool,
    has_reserved_key: bool,
}

/// How deep the brackets go, whether a string holds `\u0000` and whether a key is reserved. Cheap, and done before
/// anything recurses.
fn scan(text: &str) -> Scan {
    let bytes = text.as_bytes();
    let mut scan = Scan { depth: 0, has_nul: false, has_reserved_key: false };
    let (mut open, mut in_string, mut at, mut start) = (0usize, false, 0, 0);
    while at < bytes.len() {
        match (in_string, bytes[at]) {
            (true, b'\\') => {
                scan.has_nul |= bytes[at + 1..].starts_with(b"u0000");
                at += 1;
            }
            (true, b'"') => {
                in_string = false;
                scan.has_reserved_key |= is_reserved(&text[start..=at]) && is_key(&bytes[at + 1..]);
            }
            (false, b'"') => (in_string, start) = (true, at),
            (false, b'{' | b'[') => {
                open += 1;
                scan.depth = scan.depth.max(open);
            }
            (false, b'}' | b']') => open = open.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    scan
}

/// `quoted` is a string as it was sent. Only one that may turn out to be reserved is decoded.
fn is_reserved(quoted: &str) -> bool {
    quoted[1..].starts_with(['$', '\\'])
        && serde_json::from_str::<String>(quoted).is_ok_and(|key| key.starts_with(RESERVED))
}

fn is_key(rest: &[u8]) -> bool {
    rest.trim_ascii_start().starts_with(b":")
}

#[cfg(test)]
mod tests;
