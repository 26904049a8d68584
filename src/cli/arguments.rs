//! What the command line takes. Its texts are what `--help` prints.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use crate::auth::model::Role;
use crate::platform::config::Flag;
use crate::tickets::knowledge::site;

#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command, smilechat serves. Every setting: docs/CONFIG.md, or `smilechat config`.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.

Examples:
  smilechat
  PORT=8080 smilechat serve --database-url postgres://app:password@db/chat
  echo \"$PASSWORD\" | smilechat user create --username ada --role admin --password-stdin";

/// The flags that win over every other layer of the configuration.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct Overrides {
    /// A TOML file of settings [environment: SMILECHAT_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,
    /// The address to listen on, as in 127.0.0.1 [default: 0.0.0.0]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// The TCP port; 0 takes any free one [default: 3100]
    #[arg(long, global = true, value_name = "PORT", allow_hyphen_values = true)]
    pub port: Option<String>,
    /// sqlite:///path/file.db or postgres://user:password@host/name [default: smilechat.db in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// redis://host:6379, where several nodes meet; also redis+sentinel:// and redis+cluster:// [default: PostgreSQL itself]
    #[arg(long, global = true, value_name = "URL")]
    pub redis_url: Option<String>,
    /// Which services this process is, with commas between them: auth, tickets, realtime, notifications, analytics,
    /// pages [default: all]
    #[arg(long, global = true, value_name = "NAMES")]
    pub services: Option<String>,
    /// The folder for what the server keeps itself [default: ./data]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or SIGINT; a second signal ends at once
    Serve,
    /// Bring the database to the schema of this version, and print what was applied
    Migrate,
    /// Copy the database into a new SQLite file, and uploaded files that lie in a folder into FILE.files; servers may be running
    Backup {
        /// Must not exist. `smilechat restore` puts it back, on SQLite and on PostgreSQL
        file: PathBuf,
        /// The database alone
        #[arg(long)]
        without_files: bool,
    },
    /// Put a copy in the place of the database, and bring uploaded files back from FILE.files, while no server runs
    Restore {
        /// As `backup` has made it, from either engine; it is checked, and stays as it is
        file: PathBuf,
        /// Also where there is a database: that is kept, as a file beside or as another schema
        #[arg(long)]
        force: bool,
    },
    /// The database as a whole
    #[command(subcommand)]
    Db(DbCommand),
    /// Print the effective settings as TOML, each with where it came from; secrets are masked
    Config,
    /// People
    #[command(subcommand)]
    User(UserCommand),
    /// Tenants: the businesses that share this server, each with data of its own
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// The chat window for your pages
    #[command(subcommand)]
    Widget(WidgetCommand),
    /// What the bot and the help centre know
    #[command(subcommand)]
    Kb(KbCommand),
    /// The bot that answers first
    #[command(subcommand)]
    Bot(BotCommand),
    /// Fill the tenant `default` with people and tickets to look at, and print how to sign in
    Demo {
        /// And with more of them, up to so many messages in all, to see how the server bears it
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=100_000_000))]
        messages: Option<u32>,
    },
    /// Print the OpenAPI document of the REST API as JSON
    Openapi,
    /// Watch a running server in this terminal: load, latency, sockets, tickets that wait, the database
    Top(Top),
    /// Check a public address from outside, and name the hop that is broken; exit code 1 if one is
    Doctor(Doctor),
}

impl Command {
    /// Whether it signs tokens, or shows what a server would do it with.
    pub fn needs_secret(&self) -> bool {
        matches!(self, Self::Serve | Self::Config)
    }

    /// Whether it works on what is there already: where nothing is, its environment is mostly not that of the server.
    pub fn needs_database(&self) -> bool {
        matches!(self, Self::User(_) | Self::Tenant(_) | Self::Kb(_) | Self::Bot(_) | Self::Backup { .. })
    }

    /// Whether it puts the services together, or shows what a server would do it with.
    pub fn opens_services(&self) -> bool {
        matches!(self, Self::Serve | Self::Config | Self::Kb(_) | Self::Bot(_) | Self::Demo { .. })
    }
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// As visitors have it: https://chat.example.com
    pub url: String,
    /// A publishable key: a guest opens a ticket, talks, uploads a file; the ticket remains, closed
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<String>,
    /// A page that is to call from a browser, as in https://shop.example
    #[arg(long)]
    pub origin: Option<String>,
    /// Hold a quiet socket for so long, to find a proxy that cuts it; needs a key
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub patience: Option<u64>,
    /// One JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Top {
    /// Where the server listens [default: http://localhost and the port]
    pub url: Option<String>,
    /// Print one frame and end, for scripts
    #[arg(long)]
    pub once: bool,
    /// Seconds between two looks at it
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a user and print it as one JSON object; the server may be running
    Create(NewUser),
}

#[derive(Debug, Args)]
pub struct NewUser {
    /// 3 to 64 characters, unique in the tenant
    #[arg(long, allow_hyphen_values = true)]
    pub username: String,
    /// What the user may do; staff may also act as a customer
    #[arg(long, value_parser = role())]
    pub role: Role,
    /// The name of an existing tenant
    #[arg(long, value_name = "NAME", default_value = "default", allow_hyphen_values = true)]
    pub tenant: String,
    /// Read the password, 8 to 1,024 bytes, from standard input; one line end at its end is dropped
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Copy a database into an empty one of the other engine, and compare; no server may run. One of the two may be left
    /// out: it is the configured one (DATABASE_URL), so that no password need stand in the command
    Move(Move),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Move {
    /// sqlite:///path/file.db or postgres://user:password@host/name
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// The same; an empty database, or the one of a move that was cut short
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Create a tenant and print its id and keys as one JSON object, the only time the keys are shown
    Create {
        /// Unique on this server; taken as it is given
        #[arg(long, allow_hyphen_values = true)]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum KbCommand {
    /// Take articles from a folder of Markdown files, a Markdown file, a CSV with the columns question and answer, or the pages
    /// that a site map lists; a second run changes what has changed, and publishes or hides nothing. The server may be running
    Import {
        /// A path, or an address as in https://shop.example/sitemap.xml; of a bare site its robots.txt names the site maps
        #[arg(value_name = "PATH|URL")]
        from: PathBuf,
        /// The name of an existing tenant
        #[arg(long, value_name = "NAME", default_value = "default", allow_hyphen_values = true)]
        tenant: String,
        /// Make new ones drafts, for staff to read and publish
        #[arg(long)]
        draft: bool,
        /// Of a site map, read so many pages
        #[arg(long, value_name = "PAGES", default_value_t = site::DEFAULT_MOST)]
        limit: usize,
    },
}

#[derive(Debug, Subcommand)]
pub enum BotCommand {
    /// Put questions to the bot as it is set, and report which it answers right: a CSV with the columns question and expected
    /// (an article's slug, or `handoff`), or JSON with these, one object a line. The report stands against the last run of the
    /// same name
    Eval {
        #[arg(required_unless_present = "replay", conflicts_with = "replay")]
        file: Option<PathBuf>,
        /// What the customers of the last so many tickets wrote first, instead of a file; the tickets stay as they are
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
        replay: Option<u32>,
        /// The name of an existing tenant
        #[arg(long, value_name = "NAME", default_value = "default", allow_hyphen_values = true)]
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum WidgetCommand {
    /// Print the HTML to paste into your pages, and the line that pins this release by its integrity hash
    Snippet(Snippet),
}

#[derive(Debug, Args)]
pub struct Snippet {
    /// Where browsers reach this server, as in https://chat.example.com [default: http://localhost and the port]
    #[arg(long)]
    pub url: Option<String>,
    /// The publishable key [default: the demo's where there is one, else pk_… for you to replace]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

impl Overrides {
    pub fn into_flags(self) -> Vec<Flag> {
        let flags = [
            ("--host", "server.host", self.host),
            ("--port", "server.port", self.port),
            ("--database-url", "database.url", self.database_url),
            ("--redis-url", "bus.redis_url", self.redis_url),
            ("--services", "server.services", self.services),
            ("--data-dir", "data_dir", self.data_dir),
        ];
        flags.into_iter().filter_map(|(name, key, text)| Some(Flag { name, key, text: text? })).collect()
    }
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["customer", "support", "admin"])
        .map(|word| Role::parse(&word).expect("each possible value is a role"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::CommandFactory;

    use super::*;
    use crate::platform::config;

    fn parse(line: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["smilechat"], line].concat())
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_tells_the_true_defaults() {
        let help = Arguments::command().render_help().to_string();
        let config = config::load(&BTreeMap::new(), None, Vec::new()).expect("defaults").config;
        for default in [config.server.host, config.server.port.to_string(), config.data_dir] {
            assert!(help.contains(&format!("[default: {default}]")), "{default} is not in:\n{help}");
        }
    }

    #[test]
    fn settings_may_stand_before_and_after_the_command() {
        for line in [["--port", "80", "serve"], ["serve", "--port", "80"]] {
            let flags = parse(&line).expect("parsed").overrides.into_flags();
            let found: Vec<_> = flags.iter().map(|flag| (flag.name, flag.key, flag.text.as_str())).collect();
            assert_eq!(found, [("--port", "server.port", "80")]);
        }
    }

    #[test]
    fn names_are_taken_as_given() {
        let line = ["user", "create", "--username", "-ada ", "--role", "support", "--password-stdin"];
        let Some(Command::User(UserCommand::Create(user))) = parse(&line).expect("parsed").command else {
            panic!("another command");
        };
        assert_eq!((user.username.as_str(), user.role, user.tenant.as_str()), ("-ada ", Role::Support, "default"));
    }

    #[test]
    fn the_bot_is_asked_what_a_file_has_or_what_customers_asked() {
        assert!(parse(&["bot", "eval", "a.csv"]).is_ok() && parse(&["bot", "eval", "--replay", "20"]).is_ok());
        for bad in [&["a.csv", "--replay", "20"][..], &[], &["--replay", "0"], &["--replay", "x"]] {
            let refused = parse(&[&["bot", "eval"], bad].concat()).expect_err("refused");
            assert_eq!(refused.exit_code(), 2, "{bad:?}");
        }
    }

    #[test]
    fn a_password_comes_from_standard_input_and_a_role_is_one_of_three() {
        assert!(parse(&["user", "create", "--username", "ada", "--role", "admin"]).is_err());
        assert!(parse(&["user", "create", "--username", "ada", "--role", "root", "--password-stdin"]).is_err());
    }
}
