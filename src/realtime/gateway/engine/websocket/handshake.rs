//! The request that asks for a WebSocket, and the answer that grants it.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, StatusCode};
use sha1::{Digest, Sha1};

/// RFC 6455 gives this to every server.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// None if the request is no handshake of a WebSocket.
pub fn answer(headers: &HeaderMap) -> Option<Response> {
    let key = headers.get(SEC_WEBSOCKET_KEY)?.as_bytes();
    let is_key = BASE64_STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16);
    let is_handshake = is_key
        && names(headers, CONNECTION, "upgrade")
        && names(headers, UPGRADE, "websocket")
        && names(headers, SEC_WEBSOCKET_VERSION, "13");
    if !is_handshake {
        return None;
    }
    let accept = BASE64_STANDARD.encode(Sha1::new().chain_update(key).chain_update(MAGIC).finalize());
    let answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept);
    Some(answer.body(Body::empty()).expect("base64 fits into a header"))
}

/// Whether a header's list has `wanted` in it.
fn names(headers: &HeaderMap, header: HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(changes: &[(&'static str, &'static str)]) -> HeaderMap {
        let usual = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let all = usual.iter().chain(changes);
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.insert(*name, value.parse().expect("a header value"));
        }
        headers
    }

    #[test]
    fn the_example_of_the_rfc_is_answered() {
        let answer = answer(&headers(&[])).expect("a handshake");
        assert_eq!(answer.status(), 101);
        assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        for (name, value) in [
            ("connection", "keep-alive"),
            ("upgrade", "h2c"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", ""),
            ("sec-websocket-key", "dGhl"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ"),
        ] {
            assert!(answer(&headers(&[(name, value)])).is_none(), "{name}: {value}");
        }
    }
}
