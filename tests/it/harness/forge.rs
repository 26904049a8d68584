//! Access tokens made outside of the server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, Header};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

/// The claims of a good token, to be changed.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

/// Also by an algorithm that the server does not know.
pub fn signed(algorithm: Algorithm, claims: &Value, secret: &str) -> String {
    let header = serde_json::to_vec(&Header::new(algorithm)).expect("a header");
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = match algorithm {
        Algorithm::HS256 => mac::<Hmac<Sha256>>(secret, &message),
        Algorithm::HS384 => mac::<Hmac<Sha384>>(secret, &message),
        Algorithm::HS512 => mac::<Hmac<Sha512>>(secret, &message),
        other => panic!("nobody signs with {other:?} here"),
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn mac<M: Mac + KeyInit>(secret: &str, message: &str) -> Vec<u8> {
    let keyed = <M as KeyInit>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    keyed.chain_update(message).finalize().into_bytes().to_vec()
}
