//! The names a setting goes by: its key (`server.port`), its environment names (`PORT`, `SMILECHAT_SERVER__PORT`).

/// The names that hosts and containers set by habit. Each gives way to the `SMILECHAT_…` name of the same key.
pub const HABITUAL: [(&str, &str); 13] = [
    ("HOST", "server.host"),
    ("PORT", "server.port"),
    ("DATABASE_URL", "database.url"),
    ("DATABASE_REPLICA_URL", "database.replica_url"),
    ("REDIS_URL", "bus.redis_url"),
    ("JWT_SECRET", "auth.jwt_secret"),
    ("CORS_ORIGINS", "cors.origins"),
    ("RATE_LIMIT", "limits.enabled"),
    ("LOG_FORMAT", "log.format"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp_headers"),
    ("OTEL_SERVICE_NAME", "telemetry.service_name"),
    ("OTEL_RESOURCE_ATTRIBUTES", "telemetry.resource_attributes"),
];

/// The path of the TOML file; it is no key, because the file cannot name itself.
pub const CONFIG_FILE: &str = "SMILECHAT_CONFIG";

/// What no message may show, and what may come from a file: `JWT_SECRET_FILE`.
pub const SECRETS: [&str; 6] = [
    "auth.jwt_secret",
    "bus.redis_url",
    "database.replica_url",
    "database.url",
    "files.s3_secret_access_key",
    "telemetry.otlp_headers",
];

const PREFIX: &str = "SMILECHAT_";
/// So close to a known name, a variable without `__` is taken for a slip and not for somebody else's.
const SLIP: usize = 2;

/// What most would give it by.
pub fn habitual_name(key: &str) -> String {
    let habitual = HABITUAL.iter().find(|(_, of)| *of == key);
    habitual.map_or_else(|| environment_name(key), |(name, _)| (*name).to_owned())
}

pub fn environment_name(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// The known name that the operator must have meant, if `name` is ours and yet no name of a setting.
pub fn meant_by<'a>(name: &str, keys: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let ours = name.strip_prefix(PREFIX)?;
    let is_known = |key| {
        let known = environment_name(key);
        name == known || SECRETS.contains(&key) && name.strip_suffix("_FILE") == Some(&known)
    };
    if name == CONFIG_FILE || keys.clone().any(is_known) {
        return None;
    }
    let meant = environment_name(nearest(&ours.to_lowercase().replace("__", "."), keys));
    (ours.contains("__") || strsim::levenshtein(name, &meant) <= SLIP).then_some(meant)
}

/// Most alike as a whole; the same last word in another section comes close.
pub fn nearest<'a>(unknown: &str, keys: impl Iterator<Item = &'a str>) -> &'a str {
    let last_word = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |key: &&str| {
        let words = strsim::levenshtein(&last_word(unknown), &last_word(key));
        strsim::levenshtein(unknown, key).min(words + SLIP)
    };
    keys.min_by_key(distance).expect("there are settings")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] =
        ["env", "server.port", "limits.enabled", "assignment.enabled", "auth.jwt_secret", "auth.refresh_grace_seconds"];

    #[test]
    fn a_slip_is_told_with_the_name_that_was_meant() {
        for (name, meant) in [
            ("SMILECHAT_SERVER__PROT", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_HTTP__PORT", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_server__port", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_LIMIT__ENABLED", "SMILECHAT_LIMITS__ENABLED"),
            ("SMILECHAT_AUTH_JWT_SECRET", "SMILECHAT_AUTH__JWT_SECRET"),
            ("SMILECHAT_SERVER__PORT_FILE", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_ENVV", "SMILECHAT_ENV"),
        ] {
            assert_eq!(meant_by(name, KEYS.into_iter()).as_deref(), Some(meant), "{name}");
        }
    }

    #[test]
    fn known_names_and_those_of_others_are_let_be() {
        for name in ["SMILECHAT_ENV", "SMILECHAT_AUTH__JWT_SECRET_FILE", "SMILECHAT_CONFIG", "SMILECHAT_BIN", "PATH"] {
            assert_eq!(meant_by(name, KEYS.into_iter()), None, "{name}");
        }
    }
}
