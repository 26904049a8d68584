//! Access tokens: short-lived JWTs (RFC 7519) that name their kind, audience and issuer, signed with HS256 and nothing else.
//!
//! A token says which session it belongs to; whether that session still lives is the registry's word (`registry.rs`).
//! Refresh tokens are no JWTs: random, kept as hashes, and each one's successor is derived from it (`session.rs`).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::auth::hs256;
use crate::auth::model::Role;
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::secret;

const ISSUER: &str = "smilechat";
const AUDIENCE: &str = "smilechat-api";
const KIND: &str = "access";

#[derive(Clone)]
pub struct TokenKeys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    refresh_key: [u8; 32],
}

#[derive(Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub aud: String,
    pub typ: String,
    pub sub: String,
    pub sid: String,
    pub role: Role,
    pub iat: i64,
    pub exp: i64,
}

impl TokenKeys {
    pub fn new(secret: &str) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 0;
        // The time is ours to check, against the clock that was handed in.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            refresh_key: secret::hmac_sha256(secret.as_bytes(), &[b"refresh-token"]),
        }
    }

    /// The same arguments give the same token, byte for byte: a refresh repeated within the grace relies on it.
    pub fn access(
        &self,
        user_id: &str,
        session_id: &str,
        role: Role,
        issued: Timestamp,
        seconds: u64,
    ) -> Result<String> {
        let claims = AccessClaims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            typ: KIND.into(),
            sub: user_id.into(),
            sid: session_id.into(),
            role,
            iat: issued.seconds(),
            exp: issued.seconds() + seconds as i64,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)
    }

    pub fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims> {
        let refused = || Error::Unauthorized("unauthorized");
        let claims = jsonwebtoken::decode::<AccessClaims>(token, &self.decoding, &self.validation)
            .map_err(|_| refused())?
            .claims;
        let valid = claims.typ == KIND && claims.exp > now.seconds();
        if valid { Ok(claims) } else { Err(refused()) }
    }

    /// The one token that may follow `token`.
    pub fn successor(&self, token: &str) -> String {
        refresh_token(&secret::hmac_sha256(&self.refresh_key, &[token.as_bytes()]))
    }
}

pub fn refresh_token(random: &[u8; 32]) -> String {
    use base64::Engine;
    format!("rt_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn keys() -> TokenKeys {
        TokenKeys::new("a secret of at least thirty-two bytes")
    }

    fn forge(header: serde_json::Value, claims: serde_json::Value, key: &str) -> String {
        hs256::install();
        let header = serde_json::from_value(header).expect("a header");
        jsonwebtoken::encode::<serde_json::Value>(&header, &claims, &EncodingKey::from_secret(key.as_bytes()))
            .expect("a token")
    }

    #[test]
    fn a_token_lives_until_its_second_and_not_longer() {
        let token = keys().access("u", "s", Role::Customer, NOW, 900).expect("a token");
        assert_eq!(keys().verify(&token, Timestamp(NOW.0 + 899_000)).expect("still good").sub, "u");
        assert!(keys().verify(&token, Timestamp(NOW.0 + 900_000)).is_err());
        assert_eq!(token, keys().access("u", "s", Role::Customer, NOW, 900).expect("a token"));
    }

    #[test]
    fn anything_but_our_own_access_token_is_refused() {
        let good = json!({"iss": "smilechat", "aud": "smilechat-api", "typ": "access", "sub": "u", "sid": "s",
            "role": "customer", "iat": NOW.seconds(), "exp": NOW.seconds() + 60});
        let with = |field: &str, value: serde_json::Value| {
            let mut claims = good.clone();
            claims[field] = value;
            claims
        };
        let secret = "a secret of at least thirty-two bytes";
        let hs256 = json!({"typ": "JWT", "alg": "HS256"});
        assert!(keys().verify(&forge(hs256.clone(), good.clone(), secret), NOW).is_ok());
        assert!(keys().verify(&forge(hs256.clone(), good.clone(), "another secret of thirty-two bytes"), NOW).is_err());
        for (field, value) in [
            ("typ", json!("refresh")),
            ("aud", json!("others")),
            ("iss", json!("others")),
            ("exp", json!(0)),
            ("role", json!("root")),
        ] {
            assert!(keys().verify(&forge(hs256.clone(), with(field, value), secret), NOW).is_err(), "{field}");
        }
        let mut endless = good.clone();
        endless.as_object_mut().expect("an object").remove("exp");
        assert!(keys().verify(&forge(hs256, endless, secret), NOW).is_err());
        let unsigned =
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(good.to_string()));
        assert!(keys().verify(&unsigned, NOW).is_err());
    }
}
