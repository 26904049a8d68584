//! What a head has to be before anybody acts on it (RFC 9112), where the library that reads it takes more: one that two
//! servers can read in two ways lets somebody hide a request from the first of them.

use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version};

use crate::error::Error;

/// The answer to a head that is not acted upon. The connection ends with it: nobody knows where the next request begins.
pub(super) fn refusal<B>(request: &Request<B>) -> Option<Response> {
    let judged = host(request).and_then(|()| coding(request.headers()));
    judged.err().map(|error| {
        let mut response = error.into_response();
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    })
}

/// Exactly one, of which an address without an authority leaves nothing (3.2). HTTP/1.0 knew none.
fn host<B>(request: &Request<B>) -> Result<(), Error> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => Ok(()),
        (Some(host), None) if is_host(host) => Ok(()),
        _ => Err(Error::Rejected(StatusCode::BAD_REQUEST, "bad_request")),
    }
}

fn is_host(host: &HeaderValue) -> bool {
    let Ok(text) = host.to_str() else { return false };
    let is_authority = |authority: Authority| {
        let port = text.strip_prefix(authority.host()).unwrap_or(text);
        !text.contains('@') && (port.is_empty() || port == ":" || authority.port_u16().is_some())
    };
    text.is_empty() || text.parse().is_ok_and(is_authority)
}

/// A body in chunks, once, and coded in no way that is not undone here (6.1).
fn coding(headers: &HeaderMap) -> Result<(), Error> {
    let (mut chunked, mut others) = (0, 0);
    for codings in headers.get_all(TRANSFER_ENCODING) {
        for coding in codings.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            match coding {
                b"" => {}
                coding if coding.eq_ignore_ascii_case(b"chunked") => chunked += 1,
                _ => others += 1,
            }
        }
    }
    match (chunked, others) {
        (2.., _) => Err(Error::Rejected(StatusCode::BAD_REQUEST, "bad_request")),
        (_, 1..) => Err(Error::Rejected(StatusCode::NOT_IMPLEMENTED, "unsupported_coding")),
        _ => Ok(()),
    }
}
