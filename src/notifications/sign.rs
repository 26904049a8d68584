//! How what is sent is signed: Standard Webhooks 1.0, <https://www.standardwebhooks.com>.
//!
//! `webhook-signature: v1,<base64>`, HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`. While a secret is being exchanged
//! there are two of these with a space between them, and a receiver takes what either proves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::model::Secrets;
use crate::platform::clock::Timestamp;
use crate::platform::random::Random;
use crate::platform::secret::hmac_sha256;

const PREFIX: &str = "whsec_";

pub fn new_secret(random: &Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// The headers of one attempt. `body` is sent as it is.
pub fn headers(secrets: &Secrets, delivery_id: &str, now: Timestamp, body: &str) -> [(&'static str, String); 3] {
    let seconds = now.seconds().to_string();
    let old = secrets.old.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
    let signatures: Vec<_> =
        std::iter::once(&secrets.current).chain(old).map(|secret| sign(secret, delivery_id, &seconds, body)).collect();
    [
        ("webhook-id", delivery_id.to_owned()),
        ("webhook-timestamp", seconds),
        ("webhook-signature", signatures.join(" ")),
    ]
}

fn sign(secret: &str, delivery_id: &str, seconds: &str, body: &str) -> String {
    // Only what `new_secret` made is stored.
    let key = STANDARD.decode(secret.trim_start_matches(PREFIX)).unwrap_or_default();
    let parts = [delivery_id.as_bytes(), b".", seconds.as_bytes(), b".", body.as_bytes()];
    format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &parts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_libraries_is_signed_as_they_do() {
        let secrets = Secrets { current: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(), old: None };
        let body = r#"{"test": 2432232314}"#;
        let headers = headers(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp(1_614_265_330_000), body);
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn both_sign_while_a_secret_is_exchanged() {
        let (old, new) = (new_secret(&Random::seeded(1)), new_secret(&Random::seeded(2)));
        assert_eq!(STANDARD.decode(new.trim_start_matches(PREFIX)).expect("base64").len(), 32);
        let secrets = Secrets { current: new.clone(), old: Some((old.clone(), Timestamp(10_000))) };
        let signed = |secrets: &Secrets, at| headers(secrets, "msg_1", Timestamp(at), "{}")[2].1.clone();
        let alone = |secret: &str, at| signed(&Secrets { current: secret.to_owned(), old: None }, at);
        assert_eq!(signed(&secrets, 9_999), format!("{} {}", alone(&new, 9_999), alone(&old, 9_999)));
        assert_eq!(signed(&secrets, 10_000), alone(&new, 10_000));
    }
}
