//! What a client hands back: access tokens (as they come, and with a good signature under claims of any kind), cursors,
//! ids of messages.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use sha2::Sha256;
use smilechat::auth::model::TenantKey;
use smilechat::auth::{Auth, Registry};
use smilechat::platform::clock::Timestamp;
use smilechat::platform::config;
use smilechat::platform::http::origins::Origins;
use smilechat::platform::http::page::PageQuery;
use smilechat::platform::secret::Secret;
use smilechat::tickets::model::parse_message_id;

const SECRET: &str = "a secret of the fuzzer alone, long enough";
const NOW: Timestamp = Timestamp(1_800_000_000_000);

static AUTH: LazyLock<Auth> = LazyLock::new(|| {
    let mut config = config::load(&Default::default(), None, Vec::new()).expect("the defaults are good").config.auth;
    config.jwt_secret = Secret::new(SECRET);
    (config.password_memory_kib, config.password_iterations) = (64, 1);
    Auth::new(&config, Registry::default(), Origins::default(), TenantKey(1)).expect("a secret of enough bytes")
});

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match kind % 4 {
        0 => assert!(AUTH.tokens.verify(&text, NOW).is_err(), "nobody can guess a signature"),
        1 => {
            if let Ok(claims) = AUTH.tokens.verify(&signed(&text), NOW) {
                assert!(claims.typ == "access" && claims.exp > NOW.seconds());
            }
        }
        2 => {
            let pairs = form_urlencoded::parse(bytes);
            let query = PageQuery::deserialize(serde_urlencoded::Deserializer::new(pairs));
            if let Ok(query) = query {
                assert!(
                    query.read::<(i64, i64)>(&AUTH.cursor_key, 1, "tickets").map_or(true, |page| page.after.is_none())
                );
            }
        }
        _ => {
            if let Some((ticket_id, seq)) = parse_message_id(&text) {
                assert!(seq > 0 && text.starts_with(ticket_id));
            }
        }
    }
});

/// The first line is the header, the rest the claims.
fn signed(text: &str) -> String {
    let (header, claims) = text.split_once('\n').unwrap_or((r#"{"alg":"HS256","typ":"JWT"}"#, text));
    let body = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key may have any length");
    mac.update(body.as_bytes());
    format!("{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
