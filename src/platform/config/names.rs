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
/// So close to a known name, a variable of ours is taken for a slip.
const SLIP: usize = 2;
/// From here on a name has few neighbours that mean something else.
const LONG: usize = 9;
/// What is also written for a setting, and no rule would find.
const GUESSED: [(&str, &str); 4] = [
    ("SMILECHAT_ENVIRONMENT", "SMILECHAT_ENV"),
    ("SMILECHAT_CONFIG_FILE", CONFIG_FILE),
    ("SMILECHAT_DATA", "SMILECHAT_DATA_DIR"),
    ("SMILECHAT_DATABASE", "DATABASE_URL or SMILECHAT_DATABASE__URL"),
];
const NO_SETTING: &str = "there is no such setting";

/// What most would give it by.
pub fn habitual_name(key: &str) -> String {
    let habitual = HABITUAL.iter().find(|(_, of)| *of == key);
    habitual.map_or_else(|| environment_name(key), |(name, _)| (*name).to_owned())
}

pub fn environment_name(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// What is wrong with a variable whose name is ours and yet no name of a setting.
pub fn fault_of<'a>(name: &str, text: &str, keys: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let ours = name.strip_prefix(PREFIX)?;
    let is_known = |key| {
        let known = environment_name(key);
        name == known || SECRETS.contains(&key) && name.strip_suffix("_FILE") == Some(&known)
    };
    if name == CONFIG_FILE || keys.clone().any(is_known) || is_of_a_cluster(ours, text) {
        return None;
    }
    let meant = meant_by(name, ours, keys);
    (meant.is_some() || ours.contains("__")).then(|| no_setting(meant.as_deref()))
}

/// For whoever gave something that is unknown.
pub fn no_setting(meant: Option<&str>) -> String {
    let advice = meant.map_or("docs/CONFIG.md has them all".into(), |meant| format!("did you mean {meant}?"));
    format!("{NO_SETTING}; {advice}")
}

/// The names that the operator must have meant.
fn meant_by<'a>(name: &str, ours: &str, keys: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some((_, meant)) = GUESSED.iter().find(|(guessed, _)| *guessed == name) {
        return Some((*meant).to_owned());
    }
    let (ours, file) = ours.strip_suffix("_FILE").map_or((ours, ""), |ours| (ours, "_FILE"));
    let file = |key: &str| if SECRETS.contains(&key) { file } else { "" };
    let key = match ours.contains("__") {
        true => nearest(&ours.to_lowercase().replace("__", "."), keys.clone()),
        false => {
            let distance = |key: &str| strsim::levenshtein(&format!("{PREFIX}{ours}"), &environment_name(key));
            keys.clone().filter(|key| distance(key) <= SLIP).min_by_key(|key| distance(key))
        }
    };
    if let Some(key) = key {
        return Some(environment_name(key) + file(key));
    }
    if let Some((known, key)) = HABITUAL.iter().find(|(known, _)| ours == *known || is_slip_of(ours, known)) {
        return Some(format!("{known}{0} or {1}{0}", file(key), environment_name(key)));
    }
    let word = ours.to_lowercase();
    let mut of_this_word = keys.filter(|key| word == last_word(key) || is_slip_of(&word, last_word(key)));
    // Several sections have a `url`: what another program means by SMILECHAT_URL is none of them.
    let (key, none) = (of_this_word.next()?, of_this_word.next());
    none.is_none().then(|| environment_name(key) + file(key))
}

/// The habitual name that a variable without our prefix is one slip away from, and its key. Another program may well be set
/// by such a name: that is no mistake.
pub fn nearly_habitual(name: &str) -> Option<(String, &'static str)> {
    let (base, file) = name.strip_suffix("_FILE").map_or((name, ""), |base| (base, "_FILE"));
    let (known, key) = HABITUAL.iter().find(|(known, _)| is_slip_of(base, known))?;
    Some((format!("{known}{file}"), *key))
}

/// One letter wrong, missing, or too many, or two changed about.
fn is_slip_of(name: &str, known: &str) -> bool {
    known.len() >= LONG && strsim::osa_distance(name, known) == 1
}

/// What Kubernetes sets in each container of a namespace that has a service `smilechat` or `smilechat-…`, and Docker for a link.
fn is_of_a_cluster(ours: &str, text: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    let is_link = text.split_once("://").is_some_and(|(scheme, _)| PROTOCOLS.contains(&scheme.to_uppercase().as_str()));
    let words: Vec<&str> = ours.split('_').collect();
    let is_port = |three: &[&str]| {
        three[0] == "PORT" && three[1].bytes().all(|c| c.is_ascii_digit()) && PROTOCOLS.contains(&three[2])
    };
    is_link && ours.ends_with("PORT")
        || ours.ends_with("SERVICE_HOST")
        || ours.contains("SERVICE_PORT")
        || words.windows(3).any(is_port)
}

/// Most alike as a whole; the same last word in another section comes close. None is, beyond a slip.
pub fn nearest<'a>(unknown: &str, keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |key: &str| {
        let words = strsim::levenshtein(last_word(unknown), last_word(key));
        strsim::levenshtein(unknown, key).min(words + SLIP)
    };
    let (distance, key) = keys.map(|key| (distance(key), key)).min_by_key(|(distance, _)| *distance)?;
    (distance <= SLIP).then_some(key)
}

fn last_word(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::config::load;

    fn meant(name: &str, text: &str) -> Option<String> {
        let defaults = load::defaults();
        fault_of(name, text, defaults.keys().map(String::as_str))
    }

    #[test]
    fn a_slip_is_told_with_the_name_that_was_meant() {
        for (name, names) in [
            ("SMILECHAT_SERVER__PROT", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_HTTP__PORT", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_server__port", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_LIMIT__ENABLED", "SMILECHAT_LIMITS__ENABLED"),
            ("SMILECHAT_AUTH_JWT_SECRET", "SMILECHAT_AUTH__JWT_SECRET"),
            ("SMILECHAT_SERVER__PORT_FILE", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_AUTH__JWT_SECERT_FILE", "SMILECHAT_AUTH__JWT_SECRET_FILE"),
            ("SMILECHAT_LOG_LEVEL", "SMILECHAT_LOG__LEVEL"),
            ("SMILECHAT_SERVER_PORT", "SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_ENVV", "SMILECHAT_ENV"),
            ("SMILECHAT_ENVIRONMENT", "SMILECHAT_ENV"),
            ("SMILECHAT_PORT", "PORT or SMILECHAT_SERVER__PORT"),
            ("SMILECHAT_HOST", "HOST or SMILECHAT_SERVER__HOST"),
            ("SMILECHAT_JWT_SECRET", "JWT_SECRET or SMILECHAT_AUTH__JWT_SECRET"),
            ("SMILECHAT_JWT_SECRET_FILE", "JWT_SECRET_FILE or SMILECHAT_AUTH__JWT_SECRET_FILE"),
            ("SMILECHAT_JWT_SECERT", "JWT_SECRET or SMILECHAT_AUTH__JWT_SECRET"),
            ("SMILECHAT_REDIS_URL", "REDIS_URL or SMILECHAT_BUS__REDIS_URL"),
            ("SMILECHAT_DATABASE", "DATABASE_URL or SMILECHAT_DATABASE__URL"),
            ("SMILECHAT_DATA", "SMILECHAT_DATA_DIR"),
            ("SMILECHAT_CONFIG_FILE", "SMILECHAT_CONFIG"),
            ("SMILECHAT_TRUSTED_PROXIES", "SMILECHAT_SERVER__TRUSTED_PROXIES"),
            ("SMILECHAT_POOL_SIZ", "SMILECHAT_DATABASE__POOL_SIZE"),
        ] {
            assert_eq!(meant(name, "x"), Some(no_setting(Some(names))), "{name}");
        }
        assert_eq!(meant("SMILECHAT_FOO__BAR", "x"), Some(no_setting(None)));
    }

    #[test]
    fn known_names_and_those_of_others_are_let_be() {
        for (name, text) in [
            ("SMILECHAT_ENV", "production"),
            ("SMILECHAT_AUTH__JWT_SECRET_FILE", "/x"),
            ("SMILECHAT_CONFIG", "/x"),
            ("SMILECHAT_BIN", "/x"),
            ("SMILECHAT_URL", "http://localhost:3100"),
            ("SMILECHAT_ENABLED", "1"),
            ("SMILECHAT_SEED", "1"),
            ("SMILECHAT_NODES", "3"),
            ("PATH", "/x"),
            // A namespace of Kubernetes with the services smilechat, smilechat-server and smilechat-redis.
            ("SMILECHAT_PORT", "tcp://10.0.0.1:3100"),
            ("SMILECHAT_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("SMILECHAT_PORT_80_TCP_PORT", "80"),
            ("SMILECHAT_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("SMILECHAT_SERVICE_HOST", "10.0.0.1"),
            ("SMILECHAT_SERVICE_PORT", "80"),
            ("SMILECHAT_SERVICE_PORT_HTTP", "80"),
            ("SMILECHAT_SERVER_PORT", "tcp://10.0.0.1:3100"),
            ("SMILECHAT_SERVER_SERVICE_HOST", "10.0.0.1"),
            ("SMILECHAT_REDIS_PORT", "tcp://10.0.0.1:6379"),
        ] {
            assert_eq!(meant(name, text), None, "{name}");
        }
    }

    #[test]
    fn a_slip_in_a_long_habitual_name_is_seen() {
        for (name, known) in [
            ("DATABSE_URL", "DATABASE_URL"),
            ("DATABASE_URI", "DATABASE_URL"),
            ("DATABSE_URL_FILE", "DATABASE_URL_FILE"),
            ("JWT_SECERT", "JWT_SECRET"),
            ("CORS_ORIGIN", "CORS_ORIGINS"),
            ("OTEL_EXPORTER_OTLP_HEADER", "OTEL_EXPORTER_OTLP_HEADERS"),
        ] {
            assert_eq!(nearly_habitual(name).map(|(known, _)| known).as_deref(), Some(known), "{name}");
        }
        for name in
            ["DATABASE_URL", "DATABASE_SSL", "REDIS_DB", "LOG_LEVEL", "POST", "PORTS", "HOSTS", "JWT_SECRET_FILE"]
        {
            assert_eq!(nearly_habitual(name), None, "{name}");
        }
    }
}
