//! From the layers to one `Config`, or to every mistake in them.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::layers::{self, Setting};
use super::names::{self, CONFIG_FILE};
use super::{Config, SQLITE, check, opentelemetry};

/// The first layer, and the documentation of every key.
pub const DEFAULTS: &str = include_str!("default.toml");

/// A command line flag that sets a key.
pub struct Flag {
    pub name: &'static str,
    pub key: &'static str,
    pub text: String,
}

/// A configuration that passed every check, and the name that each key was given by; a key without one has its default.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub given_by: BTreeMap<String, String>,
    /// What hinders nobody, and was perhaps meant otherwise.
    pub warnings: Vec<Mistake>,
}

impl Loaded {
    /// What only a part above the platform can judge, told as every other mistake is.
    pub fn mistake(&self, key: &str, fault: impl Into<String>) -> Mistake {
        let name = self.given_by.get(key).cloned();
        Mistake::new(name.unwrap_or_else(|| names::habitual_name(key)), fault)
    }
}

/// One line for the operator: the name they used, and what is wrong with it.
#[derive(Debug)]
pub struct Mistake {
    name: String,
    fault: String,
}

impl Mistake {
    pub fn new(name: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { name: name.into(), fault: fault.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.fault)
    }
}

/// For a server. Reads files and creates none. `config_file` is the flag `--config`.
pub fn load(
    environment: &BTreeMap<String, String>,
    config_file: Option<&str>,
    flags: Vec<Flag>,
) -> Result<Loaded, Vec<Mistake>> {
    loaded(environment, config_file, flags, true)
}

/// For whoever signs nothing: also production may do without a secret then.
pub fn load_without_secret(
    environment: &BTreeMap<String, String>,
    config_file: Option<&str>,
    flags: Vec<Flag>,
) -> Result<Loaded, Vec<Mistake>> {
    loaded(environment, config_file, flags, false)
}

fn loaded(
    environment: &BTreeMap<String, String>,
    config_file: Option<&str>,
    flags: Vec<Flag>,
    needs_secret: bool,
) -> Result<Loaded, Vec<Mistake>> {
    let defaults = defaults();
    let mut mistakes = Vec::new();
    let mut settings = Vec::new();

    let variable = |name: &str| environment.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let file = config_file.map(|path| ("--config", path)).or(variable(CONFIG_FILE).map(|path| (CONFIG_FILE, path)));
    match file.map(|(named_by, path)| layers::of_file(named_by, path)).transpose() {
        Ok(of_file) => settings.extend(of_file.unwrap_or_default()),
        Err(mistake) => mistakes.push(mistake),
    }
    settings.extend(layers::of_environment(environment, &defaults, &mut mistakes));
    settings.extend(layers::of_flags(flags, &defaults));

    let mut warnings = layers::near_misses(environment, |key| last(&settings, key).is_some());
    opentelemetry::apply(environment, &mut settings, &mut mistakes, &mut warnings);
    mistakes.extend(settings.iter().filter_map(|setting| mistake_in(setting, &defaults)));
    mistakes.extend(replica_of_no_server(&settings));
    mistakes.extend(mistakes_in_production(&settings, needs_secret));
    if mistakes.is_empty() {
        merge(settings, warnings)
    } else {
        mistakes.extend(warnings);
        Err(mistakes)
    }
}

/// Each key with its default.
pub fn defaults() -> BTreeMap<String, Value> {
    layers::leaves(default_tree()).into_iter().collect()
}

fn default_tree() -> Table {
    DEFAULTS.parse().expect("the embedded defaults are TOML")
}

fn mistake_in(setting: &Setting, defaults: &BTreeMap<String, Value>) -> Option<Mistake> {
    let Setting { name, key, value } = setting;
    let Some(default) = defaults.get(key) else {
        let nearest = names::nearest(key, defaults.keys().map(String::as_str));
        return Some(Mistake::new(name, names::no_setting(nearest)));
    };
    check::fault(key, default, value).map(|fault| Mistake::new(name, fault))
}

/// What counts in the end.
fn last<'a>(settings: &'a [Setting], key: &str) -> Option<&'a Setting> {
    settings.iter().rev().find(|setting| setting.key == key)
}

/// A standby has what the server beside it has, and SQLite has none.
fn replica_of_no_server(settings: &[Setting]) -> Option<Mistake> {
    let text = |key| last(settings, key).and_then(|setting| setting.value.as_str()).unwrap_or_default();
    let url = text("database.url");
    let replica = last(settings, "database.replica_url").filter(|_| !text("database.replica_url").is_empty())?;
    let fault = "is a standby of a PostgreSQL server, and the database is a SQLite file: leave it out, or have DATABASE_URL \
                 name that server";
    (url.is_empty() || url.starts_with(SQLITE)).then(|| Mistake::new(&replica.name, fault))
}

fn mistakes_in_production(settings: &[Setting], needs_secret: bool) -> Vec<Mistake> {
    let last = |key| last(settings, key);
    if last("env").and_then(|setting| setting.value.as_str()) != Some("production") {
        return Vec::new();
    }
    // Development makes itself a secret (`data_dir.rs`); production has to be given a good one.
    let given = last("auth.jwt_secret");
    let fault = check::secret_fault(given.and_then(|setting| setting.value.as_str()).unwrap_or_default());
    let weak_secret = fault.map(|fault| Mistake::new(given.map_or("JWT_SECRET", |setting| &setting.name), fault));
    let weak_secret = weak_secret.filter(|_| needs_secret);
    let others = settings.iter().filter_map(|setting| {
        check::production_fault(&setting.key, &setting.value).map(|fault| Mistake::new(&setting.name, fault))
    });
    weak_secret.into_iter().chain(others).collect()
}

fn merge(settings: Vec<Setting>, warnings: Vec<Mistake>) -> Result<Loaded, Vec<Mistake>> {
    let mut tree = default_tree();
    settings.iter().for_each(|setting| layers::put(&mut tree, &setting.key, setting.value.clone()));
    let mut config: Config = tree.try_into().map_err(|error| vec![Mistake::new("configuration", error.to_string())])?;
    if config.database.url.is_empty() {
        config.database.url = format!("{}smilechat.db", config.database_folder());
    }
    let given_by = settings.into_iter().map(|setting| (setting.key, setting.name)).collect();
    Ok(Loaded { config, given_by, warnings })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{Environment, LogFormat};
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        variables.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
    }

    fn load_from(variables: &[(&str, &str)]) -> Result<Loaded, Vec<String>> {
        load(&environment(variables), None, Vec::new())
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
    }

    fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
        load_from(variables).expect_err("a mistake")
    }

    fn port_flag(text: &str) -> Vec<Flag> {
        vec![Flag { name: "--port", key: "server.port", text: text.into() }]
    }

    #[test]
    fn with_nothing_given_the_defaults_stand() {
        let of_others =
            [("PORT", ""), ("SMILECHAT_CONFIG", ""), ("SMILECHAT_BIN", "smilechat"), ("SMILECHAT_SEED", "1")];
        let Loaded { config, given_by, .. } = load_from(&of_others).expect("defaults");
        assert_eq!((config.env, config.server.port), (Environment::Development, 3100));
        assert_eq!(config.database.url, "sqlite://./data/smilechat.db");
        assert!(config.auth.jwt_secret.expose().is_empty() && given_by.is_empty());
    }

    #[test]
    fn a_later_layer_wins() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("smilechat.toml").display().to_string();
        fs::write(&path, "[server]\nport = 1\nhost = \"::1\"\n[log]\nlevel = \"warn\"\n").expect("written");
        let port = |variables: &[(&str, &str)], flags| {
            let loaded = load(&environment(variables), Some(&path), flags).expect("no mistake");
            assert_eq!((loaded.config.server.host.as_str(), loaded.config.log.level.as_str()), ("::1", "warn"));
            (loaded.config.server.port, loaded.given_by["server.port"].clone())
        };
        let long = ("SMILECHAT_SERVER__PORT", "3");
        assert_eq!(port(&[], vec![]), (1, format!("{path}: server.port")));
        assert_eq!(port(&[("PORT", "2")], vec![]), (2, "PORT".into()));
        assert_eq!(port(&[long, ("PORT", "2")], vec![]), (3, long.0.into()));
        assert_eq!(port(&[long], port_flag("4")), (4, "--port".into()));
    }

    #[test]
    fn the_flag_names_the_file_before_the_environment_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text| {
            let path = folder.path().join(name).display().to_string();
            fs::write(&path, text).expect("written");
            path
        };
        let (one, two) = (write("one.toml", "data_dir = \"one\""), write("two.toml", "data_dir = \"two\""));
        let variables = environment(&[("SMILECHAT_CONFIG", &one)]);
        let data_dir = |flag| load(&variables, flag, Vec::new()).expect("no mistake").config.data_dir;
        assert_eq!((data_dir(None), data_dir(Some(&two))), ("one".into(), "two".into()));
    }

    #[test]
    fn a_list_that_names_nothing_is_no_list() {
        let services = |text: &str| vec![Flag { name: "--services", key: "server.services", text: text.into() }];
        for text in ["", ",", " , ,"] {
            let mistakes = load(&environment(&[]), None, services(text)).expect_err("nothing is named");
            let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            assert_eq!(lines, ["--services: names nothing: name one at least, or leave it out"], "{text:?}");
        }
        assert_eq!(mistakes(&[("SMILECHAT_SERVER__SERVICES", ",")]).len(), 1);
        let config = load(&environment(&[("CORS_ORIGINS", "")]), None, services("auth,")).expect("no mistake").config;
        assert_eq!((config.server.services, config.cors.origins.len()), (vec!["auth".to_owned()], 0));
    }

    #[test]
    fn each_type_is_read_from_a_variable() {
        let config = load_from(&[
            ("CORS_ORIGINS", "https://a.example, https://b.example,"),
            ("RATE_LIMIT", "off"),
            ("LOG_FORMAT", "json"),
            ("JWT_SECRET", "12345"),
            ("SMILECHAT_DATA_DIR", "/srv/chat"),
            ("SMILECHAT_ASSIGNMENT__MAX_OPEN_PER_AGENT", " 7 "),
        ])
        .expect("no mistake")
        .config;
        assert_eq!(config.cors.origins, ["https://a.example", "https://b.example"]);
        assert!(!config.limits.enabled);
        assert_eq!((config.log.format, config.assignment.max_open_per_agent), (LogFormat::Json, 7));
        assert_eq!(
            (config.auth.jwt_secret.expose(), config.database.url.as_str()),
            ("12345", "sqlite:///srv/chat/smilechat.db")
        );
    }

    #[test]
    fn every_mistake_has_its_line_under_the_name_that_was_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("smilechat.toml").display().to_string();
        fs::write(&path, "port = 1\n[server]\nprot = 2\nport = \"3\"\n[auth]\njwt_secret = 4\n").expect("written");
        let variables = environment(&[
            ("SMILECHAT_ENV", "production"),
            ("REDIS_URL", "http://:hunter2@localhost"),
            ("DATABASE_URL", "mysql://root:hunter2@localhost/chat"),
            ("CORS_ORIGINS", "https://a.example,b.example"),
            ("RATE_LIMIT", "perhaps"),
            ("SMILECHAT_AUTH__JWT_SECRETS", "hunter2"),
        ]);
        let found = load(&variables, Some(&path), port_flag("70000")).expect_err("mistakes");
        let lines: Vec<_> = found.iter().map(|mistake| mistake.to_string().replace(&path, "FILE")).collect();
        assert_eq!(
            lines,
            [
                "SMILECHAT_AUTH__JWT_SECRETS: there is no such setting; did you mean SMILECHAT_AUTH__JWT_SECRET?",
                "FILE: auth.jwt_secret: takes a text",
                "FILE: port: there is no such setting; did you mean server.port?",
                "FILE: server.port: takes a whole number from 0 to 65535",
                "FILE: server.prot: there is no such setting; did you mean server.port?",
                "DATABASE_URL: takes sqlite:///path/file.db or postgres://user:password@host/name",
                "REDIS_URL: takes redis://host:6379, redis+sentinel://host:26379,host:26379/name or \
             redis+cluster://host:6379,host:6379, each also with rediss",
                "CORS_ORIGINS: `b.example` is no origin; write scheme://host or scheme://host:port in lower case, or *",
                "RATE_LIMIT: takes true or false, on or off",
                "--port: takes a whole number from 0 to 65535",
                "FILE: auth.jwt_secret: production needs a secret of at least 32 bytes; make one with: openssl rand -base64 48",
            ]
        );
    }

    #[test]
    fn what_is_nearly_a_name_is_told_and_hinders_nobody() {
        let warnings = |variables: &[(&str, &str)]| -> Vec<String> {
            let loaded = load_from(variables).expect("no mistake");
            loaded.warnings.iter().map(ToString::to_string).collect()
        };
        let slip = ("DATABSE_URL", "postgres://root:hunter2@db/chat");
        assert_eq!(warnings(&[slip]), ["DATABSE_URL: is not read; did you mean DATABASE_URL?"]);
        assert!(warnings(&[slip, ("DATABASE_URL", "postgres://db/chat")]).is_empty(), "that of another program");
        assert!(warnings(&[("LOG_LEVEL", "debug"), ("DATABASE_URI", "")]).is_empty());
        let lines = mistakes(&[("SMILECHAT_ENV", "production"), ("JWT_SECERT", "hunter2")]);
        assert!(lines.len() == 2 && lines[1] == "JWT_SECERT: is not read; did you mean JWT_SECRET?", "{lines:?}");
    }

    #[test]
    fn a_key_that_is_like_none_gets_no_name_suggested() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(&file, "[foo]\nx = 1\n").expect("written");
        let path = file.path().display().to_string();
        let found = load(&environment(&[]), Some(&path), Vec::new()).expect_err("a mistake");
        assert_eq!(
            found[0].to_string(),
            format!("{path}: foo.x: there is no such setting; docs/CONFIG.md has them all")
        );
    }

    #[test]
    fn a_standby_needs_a_server_to_stand_by() {
        let replica = ("DATABASE_REPLICA_URL", "postgres://standby/chat");
        for database in ["", "sqlite:///srv/chat.db"] {
            let lines = mistakes(&[replica, ("DATABASE_URL", database)]);
            assert!(lines.len() == 1 && lines[0].starts_with("DATABASE_REPLICA_URL: is a standby of"), "{lines:?}");
        }
        assert!(load_from(&[replica, ("DATABASE_URL", "postgres://db/chat")]).is_ok());
        let both = mistakes(&[replica, ("DATABASE_URL", "postgres://db/chat?sslmode=allow")]);
        assert!(both.len() == 1 && both[0].starts_with("DATABASE_URL: sslmode"), "{both:?}");
    }

    #[test]
    fn a_file_that_is_absent_or_no_toml_is_a_mistake() {
        let absent = load(&environment(&[]), Some("/nonexistent.toml"), Vec::new()).expect_err("absent");
        assert_eq!(
            absent[0].to_string(),
            "--config: cannot read /nonexistent.toml: No such file or directory (os error 2)"
        );
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(&file, "[server]\nport = = 1\n").expect("written");
        let path = file.path().display().to_string();
        let found = load(&environment(&[]), Some(&path), Vec::new()).expect_err("no TOML");
        let line = found[0].to_string();
        assert!(line.starts_with(&format!("{path}: line 2 is not TOML: ")) && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_secret_may_come_from_a_file_but_from_one_place() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(&file, "kept apart\r\n").expect("written");
        let path = file.path().display().to_string();
        for name in ["JWT_SECRET_FILE", "SMILECHAT_AUTH__JWT_SECRET_FILE"] {
            let loaded = load_from(&[(name, &path)]).expect("no mistake");
            assert_eq!(loaded.config.auth.jwt_secret.expose(), "kept apart");
            assert_eq!(loaded.given_by["auth.jwt_secret"], name);
        }
        let both = [("JWT_SECRET", "here"), ("JWT_SECRET_FILE", path.as_str())];
        assert_eq!(mistakes(&both), ["JWT_SECRET: both JWT_SECRET and JWT_SECRET_FILE are given; keep one"]);
        fs::write(&file, "\n").expect("written");
        assert_eq!(mistakes(&[("DATABASE_URL_FILE", &path)]), [format!("DATABASE_URL_FILE: {path} is empty")]);
    }

    #[test]
    fn production_refuses_to_run_on_a_weak_secret() {
        let production = ("SMILECHAT_ENV", "production");
        let long = "JWT_SECRET: production needs a secret of at least 32 bytes; make one with: openssl rand -base64 48";
        assert_eq!(mistakes(&[production]), [long]);
        let lines = mistakes(&[production, ("JWT_SECRET", "hunter2hunter2hunter2hunter2hunter2")]);
        assert_eq!(
            lines,
            ["JWT_SECRET: repeats itself and can be guessed; make a secret with: openssl rand -base64 48"]
        );
        let good = ("JWT_SECRET", "pPX4+1mDk0yVtbQ7sZr9cJ2hLw8uNfGe");
        assert!(load_from(&[production, good]).is_ok());
        assert!(load_from(&[("JWT_SECRET", "secret")]).is_ok(), "development takes any");
        assert!(load_without_secret(&environment(&[production]), None, Vec::new()).is_ok(), "nothing is signed");
    }

    #[test]
    fn production_refuses_to_hash_passwords_cheaply() {
        let (production, secret) =
            (("SMILECHAT_ENV", "production"), ("JWT_SECRET", "pPX4+1mDk0yVtbQ7sZr9cJ2hLw8uNfGe"));
        let memory = |kib| ("SMILECHAT_AUTH__PASSWORD_MEMORY_KIB", kib);
        let lines = mistakes(&[production, secret, memory("8191")]);
        let fault = "makes stolen passwords cheap to guess; production takes 8192 or more";
        assert_eq!(lines, [format!("SMILECHAT_AUTH__PASSWORD_MEMORY_KIB: {fault}")]);
        assert!(load_from(&[production, secret, memory("8192")]).is_ok());
        assert!(load_from(&[memory("64")]).is_ok(), "development takes any");
        assert!(load_from(&[("SMILECHAT_AUTH__PASSWORD_ITERATIONS", "0")]).is_err());
    }
}
