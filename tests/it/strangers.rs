//! The parsers of what strangers send, with text drawn at random: whatever it is, it is taken by the rules or refused in
//! words. `fuzz/` asks the same for longer, with coverage for a guide.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonwebtoken::Algorithm;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use smilechat::auth::model::TenantKey;
use smilechat::auth::{Auth, Registry};
use smilechat::platform::clock::Timestamp;
use smilechat::platform::config;
use smilechat::platform::http::json::from_slice;
use smilechat::platform::http::origins::Origins;
use smilechat::platform::secret::Secret;
use smilechat::realtime::wire::{ChatMessage, JoinTicket, MessageRead};
use smilechat::tickets::model::parse_message_id;

use crate::harness::{JWT_SECRET, signed};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

static AUTH: LazyLock<Auth> = LazyLock::new(|| {
    let mut config = config::load(&BTreeMap::new(), None, Vec::new()).expect("the defaults are good").config.auth;
    config.jwt_secret = Secret::new(JWT_SECRET);
    (config.password_memory_kib, config.password_iterations) = (64, 1);
    Auth::new(&config, Registry::default(), Origins::default(), TenantKey(1)).expect("the secret is long enough")
});

/// Text that looks like JSON more often than chance would have it.
fn nearly_json() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just(r#""ticket_id""#.to_owned()),
        Just(r#""message_content""#.to_owned()),
        Just(r#""after_seq""#.to_owned()),
        Just(r#""attachment_ids""#.to_owned()),
        Just(r#""$serde_json::private::Number""#.to_owned()),
        Just(r#""\u0000""#.to_owned()),
        Just(r#""\ud800""#.to_owned()),
        Just("-1e400".to_owned()),
        "[{}\\[\\]:,\"\\\\ ]{1,3}",
        "\\PC{0,8}",
    ];
    vec(word, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn payloads_are_taken_by_the_rules_or_refused(text in nearly_json()) {
        for text in [text.clone(), format!("{{{text}}}")] {
            if let Ok(message) = from_slice::<ChatMessage>(text.as_bytes()) {
                let (length, has_files) = (message.message_content.chars().count(), !message.attachment_ids.is_empty());
                prop_assert!(length <= 10_000 && (length > 0 || has_files));
                prop_assert!(!message.message_content.contains('\0'));
            }
            if let Ok(join) = from_slice::<JoinTicket>(text.as_bytes()) {
                prop_assert!(join.after_seq.unwrap_or(0) >= 0);
            }
            drop(from_slice::<MessageRead>(text.as_bytes()));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused(mut bytes in vec(any::<u8>(), 0..64)) {
        bytes.push(0xff);
        prop_assert!(from_slice::<ChatMessage>(&bytes).is_err());
    }

    #[test]
    fn tokens_that_we_did_not_sign_are_refused(text in "[A-Za-z0-9_.-]{0,200}") {
        prop_assert!(AUTH.tokens.verify(&text, NOW).is_err());
    }

    #[test]
    fn of_tokens_with_our_signature_only_those_for_access_are_good(
        typ in "access|refresh|Access|", aud in "smilechat-api|smilechat|", role in "customer|support|admin|root", exp: i64,
    ) {
        let claims = json!({
            "iss": "smilechat", "aud": aud, "typ": typ, "sub": "a", "sid": "b", "role": role, "iat": 1, "exp": exp,
        });
        let is_good = typ == "access" && aud == "smilechat-api" && role != "root" && exp > NOW.seconds();
        prop_assert_eq!(AUTH.tokens.verify(&signed(Algorithm::HS256, &claims, JWT_SECRET), NOW).is_ok(), is_good);
    }

    #[test]
    fn settings_are_taken_or_refused_without_telling_the_secret(
        pairs in vec(("(SMILECHAT_)?[A-Z]{1,8}(__[A-Z_]{1,8})?|PORT|HOST|CORS_ORIGINS|DATABASE_URL|LOG_FORMAT", "\\PC{0,24}"), 0..6),
    ) {
        let given = pairs.into_iter().filter(|(name, _)| !name.ends_with("_FILE") && name != "SMILECHAT_CONFIG");
        let mut environment: BTreeMap<String, String> = given.collect();
        environment.insert("JWT_SECRET".into(), JWT_SECRET.into());
        match config::load(&environment, None, Vec::new()) {
            Ok(loaded) => prop_assert!(!config::show(&loaded).contains(JWT_SECRET)),
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                prop_assert!(mistakes.iter().all(|mistake| !mistake.to_string().contains(JWT_SECRET)));
            }
        }
    }

    #[test]
    fn an_id_of_a_message_is_a_ticket_and_a_number(text in "[a-z0-9.+-]{0,80}|\\PC{0,80}") {
        if let Some((ticket_id, seq)) = parse_message_id(&text) {
            prop_assert!(seq > 0 && text == format!("{ticket_id}.{seq}"), "{text}");
        }
    }
}
