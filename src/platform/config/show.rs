//! The effective configuration for an operator to read: a TOML file that says where each value came from.

use super::load::Loaded;

/// Secrets are masked, so that the text may go into a ticket.
pub fn show(loaded: &Loaded) -> String {
    let mut config = loaded.config.clone();
    config.database.url = masked(&config.database.url);
    config.database.replica_url = masked(&config.database.replica_url);
    config.bus.redis_url = masked(&config.bus.redis_url);
    let text = toml::to_string(&config).expect("a configuration is a table of plain values");
    let mut section = String::new();
    let mut shown = String::new();
    for line in text.lines() {
        shown.push_str(line);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, _)) = line.split_once(" = ") {
            let given_by = loaded.given_by.get(&format!("{section}{key}"));
            shown.push_str("  # ");
            shown.push_str(given_by.map_or("default", String::as_str));
        }
        shown.push('\n');
    }
    shown
}

/// A URL of a database, or of Redis, without its password, whether that stands before the host or among the parameters.
pub fn masked(url: &str) -> String {
    // A password may hold any sign: all up to the last @ may be one.
    let host = url.rfind('@').unwrap_or(0);
    let end = url[host..].find('?').map_or(url.len(), |place| host + place);
    let (base, parameters) = (&url[..end], url[end..].strip_prefix('?'));
    let mut shown = match base.find("://") {
        Some(scheme) if scheme + 3 <= host => {
            let user = base[scheme + 3..host].split(':').next().unwrap_or_default();
            format!("{}://{user}:***{}", &base[..scheme], &base[host..])
        }
        _ => base.to_owned(),
    };
    for (position, parameter) in parameters.iter().flat_map(|text| text.split('&')).enumerate() {
        shown.push(if position == 0 { '?' } else { '&' });
        shown.push_str(if parameter.starts_with("password=") { "password=***" } else { parameter });
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::load::{Flag, load};
    use super::*;

    #[test]
    fn values_say_where_they_came_from_and_secrets_are_masked() {
        let environment = [
            ("JWT_SECRET", "hunter2"),
            ("DATABASE_URL", "postgres://app:hunter2@db/chat"),
            ("REDIS_URL", "redis://:hunter2@redis:6379"),
            ("CORS_ORIGINS", "https://a.example"),
        ];
        let environment = BTreeMap::from(environment.map(|(name, text)| (name.into(), text.into())));
        let port = Flag { name: "--port", key: "server.port", text: "0".into() };
        let shown = show(&load(&environment, None, vec![port]).expect("no mistake"));
        for line in [
            "env = \"development\"  # default",
            "port = 0  # --port",
            "url = \"postgres://app:***@db/chat\"  # DATABASE_URL",
            "redis_url = \"redis://:***@redis:6379\"  # REDIS_URL",
            "jwt_secret = \"***\"  # JWT_SECRET",
            "origins = [\"https://a.example\"]  # CORS_ORIGINS",
            "typing_ttl_ms = 6000  # default",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} is not in:\n{shown}");
        }
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.parse::<toml::Table>().is_ok(), "{shown}");
    }

    #[test]
    fn a_password_is_masked_wherever_it_stands() {
        for (url, shown) in [
            ("sqlite:///srv/chat.db", "sqlite:///srv/chat.db"),
            ("postgres://db/chat?sslmode=require", "postgres://db/chat?sslmode=require"),
            ("postgres://app:p@ss/w:rd@db/chat", "postgres://app:***@db/chat"),
            ("postgres://app:p?s@s?w@db/chat?sslmode=require", "postgres://app:***@db/chat?sslmode=require"),
            ("postgres://db/chat?user=app&password=p", "postgres://db/chat?user=app&password=***"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
