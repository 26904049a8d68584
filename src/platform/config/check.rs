//! What a setting may be. Each rule looks at one value and answers a fault that an operator can mend.
//!
//! Invariant: a fault never shows the value of a secret.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use http::Uri;
use toml::Value;
use tracing_subscriber::EnvFilter;

use crate::platform::db;
use crate::platform::outbound::Outbound;
use crate::platform::redis;

const DAY: i64 = 24 * 60 * 60;
const SAFE_PASSWORD_KIB: i64 = 8192;
/// Different ones in a secret. 32 random hexadecimal digits have fewer about once in ten thousand times.
const FEWEST_BYTES: usize = 10;

/// Every number of the configuration has its line here.
pub const RANGES: [(&str, RangeInclusive<i64>); 48] = [
    ("server.port", 0..=65_535),
    ("server.trusted_proxies", 0..=16),
    ("server.max_connections", 1..=1_000_000),
    ("server.max_connections_per_address", 1..=1_000_000),
    ("server.header_timeout_seconds", 1..=300),
    ("server.request_timeout_seconds", 1..=3600),
    ("server.upload_timeout_seconds", 1..=3600),
    ("server.tcp_user_timeout_seconds", 1..=300),
    ("server.drain_seconds", 1..=300),
    ("database.readers", 0..=64),
    ("database.pool_size", 1..=500),
    ("database.replica_lag_seconds", 1..=86_400),
    ("database.queue_timeout_seconds", 1..=300),
    ("database.slow_ms", 0..=3_600_000),
    ("database.statement_timeout_seconds", 1..=3600),
    ("database.busy_timeout_seconds", 1..=300),
    ("bus.heartbeat_ms", 100..=60_000),
    ("bus.lease_ms", 2000..=600_000),
    ("files.min_free_mib", 0..=1_000_000_000),
    ("auth.access_token_seconds", 1..=DAY),
    ("auth.refresh_token_seconds", 1..=366 * DAY),
    ("auth.refresh_grace_seconds", 0..=3600),
    ("auth.invite_seconds", 1..=366 * DAY),
    ("auth.password_memory_kib", 8..=1_048_576),
    ("auth.password_iterations", 1..=100),
    ("limits.api_per_minute", 1..=1_000_000),
    ("limits.auth_per_minute", 1..=1_000_000),
    ("limits.uploads_per_minute", 1..=1_000_000),
    ("limits.tenant_uploads_per_minute", 1..=1_000_000),
    ("limits.upload_mib_per_day", 25..=1_000_000),
    ("limits.tenant_upload_mib_per_day", 25..=1_000_000),
    ("limits.login_failures", 1..=1_000_000),
    ("limits.login_window_seconds", 1..=DAY),
    ("limits.messages_per_minute", 1..=1_000_000),
    ("limits.typing_per_minute", 1..=1_000_000),
    ("limits.events_per_minute", 1..=1_000_000),
    ("limits.sockets_per_user", 1..=10_000),
    ("realtime.ping_interval_ms", 100..=300_000),
    ("realtime.ping_timeout_ms", 100..=300_000),
    ("realtime.connect_timeout_ms", 100..=300_000),
    ("realtime.typing_ttl_ms", 100..=300_000),
    ("realtime.inbox", 1..=65_536),
    ("realtime.outbox", 1..=65_536),
    ("realtime.outbox_bytes", 65_536..=67_108_864),
    ("assignment.max_open_per_agent", 1..=100_000),
    ("notifications.webhook_timeout_seconds", 1..=25),
    ("telemetry.traces_percent", 0..=100),
    ("telemetry.metrics_seconds", 1..=3600),
];

/// None when `value` is fit for `key`, whose default tells the type.
pub fn fault(key: &str, default: &Value, value: &Value) -> Option<String> {
    match default {
        Value::Integer(_) => number_fault(key, value),
        Value::Boolean(_) => value.as_bool().is_none().then(|| "takes true or false, on or off".into()),
        Value::Array(_) => list_fault(key, value),
        _ => match value.as_str() {
            Some(text) => text_fault(key, text),
            None => Some("takes a text".into()),
        },
    }
}

/// What does in development and on a test's machine, but not where passwords are real.
pub fn production_fault(key: &str, value: &Value) -> Option<&'static str> {
    let is_weak = key == "auth.password_memory_kib" && value.as_integer().is_some_and(|kib| kib < SAFE_PASSWORD_KIB);
    is_weak.then_some("makes stolen passwords cheap to guess; production takes 8192 or more")
}

/// Why this would be no secret; for production. White space does not count.
pub fn secret_fault(secret: &str) -> Option<&'static str> {
    const KNOWN: [&str; 7] = ["secret", "password", "changeme", "changethis", "example", "12345678", "abcdefgh"];
    let secret: String = secret.split_whitespace().collect();
    let bytes = secret.as_bytes();
    let letters: String = secret.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let repeats = |period: usize| bytes[period..] == bytes[..bytes.len() - period];
    if secret.is_empty() {
        Some("production needs a secret of at least 32 bytes; make one with: openssl rand -base64 48")
    } else if KNOWN.iter().any(|word| letters.contains(word)) {
        Some("looks like an example; make a secret with: openssl rand -base64 48")
    } else if bytes.len() < 32 {
        Some("is shorter than 32 bytes; make a secret with: openssl rand -base64 48")
    } else if bytes.iter().collect::<HashSet<_>>().len() < FEWEST_BYTES || (1..=bytes.len() / 2).any(repeats) {
        Some("repeats itself and can be guessed; make a secret with: openssl rand -base64 48")
    } else {
        None
    }
}

fn number_fault(key: &str, value: &Value) -> Option<String> {
    let (_, range) = RANGES.iter().find(|(name, _)| *name == key).expect("a test holds every number against RANGES");
    let fits = value.as_integer().is_some_and(|number| range.contains(&number));
    (!fits).then(|| format!("takes a whole number from {} to {}", range.start(), range.end()))
}

fn list_fault(key: &str, value: &Value) -> Option<String> {
    let texts = value.as_array().map(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let Some(Some(origins)) = texts else {
        let is_blank = value.as_str().is_some_and(|text| text.chars().all(|c| c == ',' || c.is_whitespace()));
        return Some(
            if is_blank { "names nothing: name one at least, or leave it out" } else { "takes a list of texts" }.into(),
        );
    };
    if key != "cors.origins" {
        return None;
    }
    let wrong = origins.into_iter().find(|origin| *origin != "*" && !is_origin(origin))?;
    Some(format!("`{wrong}` is no origin; write scheme://host or scheme://host:port in lower case, or *"))
}

fn text_fault(key: &str, text: &str) -> Option<String> {
    let (fits, rule) = match key {
        "env" => (["development", "production"].contains(&text), "takes development or production"),
        "data_dir" => (!text.is_empty(), "takes the path of a folder"),
        "server.host" => (is_host(text), "takes an address or a host name, as in 127.0.0.1"),
        "database.url" => (
            text.is_empty() || is_database_url(text),
            "takes sqlite:///path/file.db or postgres://user:password@host/name",
        ),
        "database.replica_url" => (
            text.is_empty() || is_database_url(text) && !text.starts_with("sqlite:"),
            "takes postgres://user:password@host/name, a standby of the server at database.url",
        ),
        "bus.redis_url" => (
            text.is_empty() || redis::is_url(text),
            "takes redis://host:6379, redis+sentinel://host:26379,host:26379/name or redis+cluster://host:6379,host:6379, \
             each also with rediss",
        ),
        "files.url" => (text.is_empty() || is_files_url(text), "takes file:///abs/folder or s3://bucket/prefix"),
        "files.s3_endpoint" => (text.is_empty() || is_web_origin(text), "takes http://host:port or https://host"),
        "outbound.own_hosts" => {
            (Outbound::new(text).is_ok(), "takes host:port with commas between them, as in 127.0.0.1:11434")
        }
        "telemetry.otlp_endpoint" => (
            text.is_empty() || is_collector_url(text),
            "takes http://host:4318 or https://host, as the collector's address for OTLP over HTTP",
        ),
        "telemetry.otlp_headers" | "telemetry.resource_attributes" => {
            (are_pairs(text), "takes name=value, with commas between them")
        }
        "telemetry.service_name" => (!text.trim().is_empty(), "takes a name"),
        "log.format" => (["text", "json"].contains(&text), "takes text or json"),
        "log.level" => (is_level(text), "takes error, warn, info, debug or trace, as in info,smilechat::auth=debug"),
        _ => (true, ""),
    };
    if !fits {
        return Some(rule.into());
    }
    match key {
        _ if text.is_empty() => None,
        "database.url" => db::url_fault(text),
        "database.replica_url" => db::replica_url_fault(text),
        "telemetry.otlp_endpoint" => of_one_signal(text),
        _ => None,
    }
}

/// The scheme, host and port of an origin are the whole of it: no path, no user, no slash.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let parsed = uri.scheme_str().zip(uri.host()).map(|(scheme, host)| format!("{scheme}://{host}{port}"));
    parsed.as_deref() == Some(text) && text.to_lowercase() == text && !text.contains('*')
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c))
}

fn is_database_url(text: &str) -> bool {
    let rest = ["sqlite://", "postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.trim_matches('/').is_empty())
}

fn is_files_url(text: &str) -> bool {
    let is_folder = text.strip_prefix("file:///").is_some_and(|path| !path.trim_matches('/').is_empty());
    is_folder || text.strip_prefix("s3://").is_some_and(is_bucket)
}

/// A bucket's name by the rules of S3, and a prefix that needs no escape in a URL.
fn is_bucket(place: &str) -> bool {
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    let in_prefix = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    (3..=63).contains(&bucket.len()) && bucket.chars().all(name) && prefix.chars().all(in_prefix)
}

fn is_web_origin(text: &str) -> bool {
    is_origin(text) && (text.starts_with("http://") || text.starts_with("https://"))
}

/// The paths of the signals are put behind it.
fn is_collector_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && uri.query().is_none()
}

/// As the variables for one signal have it.
fn of_one_signal(url: &str) -> Option<String> {
    let paths = ["/v1/traces", "/v1/metrics", "/v1/logs"];
    let path = paths.into_iter().find(|path| url.trim_end_matches('/').ends_with(path))?;
    Some(format!("ends in {path}, which the server puts behind it: leave the path away"))
}

fn are_pairs(text: &str) -> bool {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=')).all(|pair| pair.is_some_and(|(name, _)| !name.trim().is_empty()))
}

/// A bare word that is no level would be read as the name of a module, and nothing would be logged.
fn is_level(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let ends_in_level = |part: &str| part.rsplit('=').next().is_some_and(|word| LEVELS.contains(&word.trim()));
    text.split(',').all(ends_in_level) && EnvFilter::try_new(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    #[test]
    fn every_number_has_a_range_and_its_default_lies_within() {
        let defaults = load::defaults();
        let mut numbers: Vec<_> = defaults.iter().filter(|(_, value)| matches!(value, Value::Integer(_))).collect();
        numbers.sort_by_key(|(key, _)| key.to_owned());
        let mut ranged = RANGES.map(|(key, _)| key);
        ranged.sort();
        assert_eq!(numbers.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ranged);
        for (key, default) in &defaults {
            assert_eq!(fault(key, default, default), None, "{key}");
        }
    }

    #[test]
    fn a_range_ends_where_it_says() {
        let accepts = |number: i64| number_fault("server.port", &number.into()).is_none();
        assert_eq!([-1, 0, 65_535, 65_536].map(accepts), [false, true, true, false]);
        assert!(number_fault("server.port", &Value::from(1.5)).is_some());
        assert!(number_fault("server.port", &Value::from("3100")).is_some());
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        let good = ["https://shop.example.com", "http://localhost:5173", "http://[::1]:80", "capacitor://localhost"];
        let bad = [
            "shop.example.com",
            "https://shop.example.com/",
            "https://shop.example.com/path",
            "https://user@shop.example.com",
            "https://Shop.example.com",
            "https://shop.example.com:99999",
            "https://*.example.com",
            "https://",
            "null",
            "",
        ];
        good.into_iter().for_each(|origin| assert!(is_origin(origin), "{origin}"));
        bad.into_iter().for_each(|origin| assert!(!is_origin(origin), "{origin}"));
    }

    #[test]
    fn texts_are_held_against_their_rules() {
        for (key, good, bad) in [
            ("server.host", "::1", "http://localhost"),
            ("database.url", "sqlite://./data/chat.db", "sqlite://"),
            ("database.url", "postgres://app:p@127.0.0.1:5432/chat", "mysql://localhost/chat"),
            ("database.url", "postgres://db/chat?sslmode=require", "postgres://db/chat?sslmode=allow"),
            ("database.url", "postgres://a,b/chat", "postgres://a,b/chat?target_session_attrs=read-only"),
            ("database.url", "postgresql://db/chat", "postgres://db/chat?sslcert=/x.pem"),
            ("database.replica_url", "postgres://db/chat?target_session_attrs=any", "sqlite:///srv/chat.db"),
            ("database.replica_url", "", "postgres://db/chat?sslmode=verify-full&sslrootcert=/nowhere.pem"),
            ("bus.redis_url", "redis+sentinel://a,b/chat", "redis+sentinel://a,b"),
            ("bus.redis_url", "rediss+cluster://:password@a:7000,b:7000", "redis://a,b"),
            ("files.url", "file:///srv/files", "file://files"),
            ("files.url", "", "ftp://files.example/x"),
            ("files.url", "s3://chat-files/support/2026", "s3://key:secret@chat-files/support"),
            ("files.url", "s3://chat.files", "s3://chat-files?region=x"),
            ("files.s3_endpoint", "http://127.0.0.1:9000", "127.0.0.1:9000"),
            ("files.s3_endpoint", "https://storage.example", "ftp://storage.example"),
            ("outbound.own_hosts", "127.0.0.1:11434, model.lan:80", "model.lan"),
            ("telemetry.otlp_endpoint", "http://127.0.0.1:4318", "127.0.0.1:4318"),
            ("telemetry.otlp_endpoint", "https://otlp.example/base", "grpc://otlp.example"),
            ("telemetry.otlp_headers", "api-key=x, b=y=z", "api-key"),
            ("log.level", "info,smilechat::auth=debug", "debgu"),
            ("log.level", "off", "smilechat=loud"),
            ("log.format", "json", "JSON "),
            ("env", "production", "prod"),
        ] {
            assert_eq!(text_fault(key, good), None, "{key} {good}");
            assert!(text_fault(key, bad).is_some(), "{key} {bad}");
        }
    }

    #[test]
    fn secrets_that_others_can_guess_are_refused() {
        assert_eq!(secret_fault("pPX4+1mDk0yVtbQ7sZr9cJ2hLw8uNfGe"), None);
        assert_eq!(secret_fault("9f86d081884c7d659a2feaa0c55ad015"), None);
        for weak in [
            "",
            "secret",
            "Kd83hQ0zPw72mXc5",
            "change-me-change-me-change-me-change-me",
            "your-256-bit-secret-your-256-bit-secret",
            "a-string-secret-at-least-256-bits-long",
            "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            "q7Zr9q7Zr9q7Zr9q7Zr9q7Zr9q7Zr9q7Zr9",
            "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeee",
            "                                                  x",
            "Kd83hQ0zPw72                        mXc5",
            "\t\u{2003} \n \u{3000}\t \u{a0} \t\n \u{2009} \u{2028}  ",
        ] {
            assert!(secret_fault(weak).is_some(), "{weak}");
        }
    }
}
