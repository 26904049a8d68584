//! The command line: reads the arguments and the configuration, calls one function, tells the outcome.
//!
//! Invariant: stdout carries what was asked for and nothing else; what went wrong is one line on stderr. Exit codes:
//! 0 done, 1 failed, 2 wrong usage or configuration.

mod arguments;
mod copies;
mod doctor;
mod help;
mod moving;
mod top;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use self::arguments::{
    BotCommand, Command, DbCommand, KbCommand, NewUser, Snippet, TenantCommand, Top, UserCommand, WidgetCommand,
};
use crate::auth::operator;
use crate::error::Error;
use crate::pages;
use crate::platform::config::{self, Config, Environment, Loaded, Mistake};
use crate::platform::http::docs;
use crate::platform::http::text::turns_text;
use crate::platform::random::Random;
use crate::platform::{db, metrics, telemetry};
use crate::services::{self, Questions};

const USAGE: u8 = 2;
/// What blocking work, such as a password hash, may still take once the command is done.
const LAST_WORK: Duration = Duration::from_secs(1);

pub fn run(arguments: impl Iterator<Item = OsString>, environment: &BTreeMap<String, String>) -> ExitCode {
    let arguments = match help::parse(arguments) {
        Ok(arguments) => arguments,
        Err(asked) => {
            // Help and version come as errors too. Nobody is left to tell when even this cannot be written.
            let _ = asked.print();
            return ExitCode::from(u8::try_from(asked.exit_code()).unwrap_or(USAGE));
        }
    };
    let (command, overrides) = (arguments.command.unwrap_or(Command::Serve), arguments.overrides);
    let config_file = overrides.config.clone();
    let load = if command.needs_secret() { config::load } else { config::load_without_secret };
    let loaded = load(environment, config_file.as_deref(), overrides.into_flags());
    let judged = loaded.and_then(|loaded| match mistakes(&command, &loaded) {
        none if none.is_empty() => Ok(loaded),
        mistakes => Err(mistakes),
    });
    let loaded = match judged {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| complain(&mistake.to_string()));
            return ExitCode::from(USAGE);
        }
    };
    loaded.warnings.iter().for_each(|warning| complain(&warning.to_string()));
    match carry_out(command, loaded) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// What this command could not be done with, before it begins.
fn mistakes(command: &Command, loaded: &Loaded) -> Vec<Mistake> {
    let mut mistakes = if command.opens_services() { services::mistakes(loaded) } else { Vec::new() };
    if command.needs_database()
        && let Some(file) = db::absent_file(&loaded.config.database)
    {
        let fault = format!(
            "there is no database at {}: set DATABASE_URL and SMILECHAT_DATA_DIR as the server has them, or make one with \
             `smilechat migrate`",
            file.display()
        );
        mistakes.push(loaded.mistake("database.url", fault));
    }
    // Made where nobody looks for it, it would be taken for the server's.
    let is_said_where = ["database.url", "data_dir"].iter().any(|key| loaded.given_by.contains_key(*key));
    if let (Command::Restore { .. }, false) = (command, is_said_where)
        && let Some(file) = db::absent_file(&loaded.config.database)
    {
        let fault = format!(
            "there is no database at {}, and nothing says that one belongs there: set DATABASE_URL and SMILECHAT_DATA_DIR as the \
             server has them",
            file.display()
        );
        mistakes.push(loaded.mistake("database.url", fault));
    }
    mistakes
}

fn carry_out(command: Command, loaded: Loaded) -> anyhow::Result<()> {
    match command {
        Command::Serve => serve(loaded.config),
        Command::Migrate => migrate(&loaded.config),
        Command::Backup { file, without_files } => copies::back_up(&loaded.config, &file, without_files),
        Command::Restore { file, force } => copies::restore(&loaded.config, &file, force),
        Command::Db(DbCommand::Move(ends)) => moving::run(&loaded.config.database, ends),
        Command::Config => print(config::show(&loaded).trim_end()),
        Command::User(UserCommand::Create(user)) => create_user(&loaded.config, &user),
        Command::Tenant(TenantCommand::Create { name }) => {
            print_json(&wait_for(operator::create_tenant(&loaded.config, &name))?)
        }
        Command::Widget(WidgetCommand::Snippet(snippet)) => print(&widget_snippet(&loaded.config, snippet)?),
        Command::Kb(KbCommand::Import { from, tenant, draft, limit }) => {
            let import = services::import_articles(&loaded.config, &tenant, &from, limit, draft, &show_progress);
            print(&wait_for(import)?)
        }
        Command::Bot(BotCommand::Eval { file, replay, tenant }) => {
            let questions = match file {
                Some(file) => Questions::OfFile(file),
                None => Questions::OfCustomers(replay.unwrap_or_default() as usize),
            };
            print(&wait_for(services::eval_bot(&loaded.config, &tenant, questions, &show_progress))?)
        }
        Command::Demo { messages } => demo(&loaded.config, messages),
        Command::Openapi => print(docs::OPENAPI.text()?.trim_end()),
        Command::Top(top) => watch(&loaded.config, top),
        Command::Doctor(asked) => wait_for(doctor::run(asked)),
    }
}

fn serve(mut config: Config) -> anyhow::Result<()> {
    config::prepare(&mut config, &Random::System)?;
    metrics::install();
    let telemetry = telemetry::install(&config.log, &config.telemetry)?;
    let served = wait_for(services::serve(config));
    telemetry.shut_down();
    served
}

/// Outside the runtime: migrations hold their connection on this thread.
fn migrate(config: &Config) -> anyhow::Result<()> {
    config::make_folder(config)?;
    let applied = db::migrate(&config.database)?;
    print(&if applied.is_empty() { "the schema is up to date".into() } else { applied.join("\n") })
}

fn demo(config: &Config, messages: Option<u32>) -> anyhow::Result<()> {
    config::make_folder(config)?;
    print(&wait_for(services::demo::seed(config, messages))?)
}

fn create_user(config: &Config, user: &NewUser) -> anyhow::Result<()> {
    let mut password = String::new();
    io::stdin().read_to_string(&mut password).context("cannot read the password")?;
    let password = without_line_end(&password);
    print_json(&wait_for(operator::create_user(config, &user.tenant, &user.username, user.role, password))?)
}

fn widget_snippet(config: &Config, given: Snippet) -> anyhow::Result<String> {
    let url = given.url.unwrap_or_else(|| format!("http://localhost:{}", config.server.port));
    let key_of_demo = || services::demo::publishable_key(config).filter(|_| config.env == Environment::Development);
    let key = given.key.or_else(key_of_demo);
    pages::snippet(&url, key.as_deref())
}

fn watch(config: &Config, given: Top) -> anyhow::Result<()> {
    let url = given.url.unwrap_or_else(|| format!("http://localhost:{}", config.server.port));
    wait_for(top::run(&url, Duration::from_secs(given.every), given.once))
}

fn without_line_end(text: &str) -> &str {
    let text_before = text.strip_suffix('\n');
    text_before.map_or(text, |before| before.strip_suffix('\r').unwrap_or(before))
}

fn wait_for<T, E: Into<anyhow::Error>>(work: impl Future<Output = Result<T, E>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_WORK);
    outcome.map_err(Into::into)
}

fn print_json(answer: &impl Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(answer)?)
}

/// Whoever reads may have read enough, as `head` does.
fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", harmless(text)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the answer"),
    }
}

fn complain(what: &str) {
    // Without stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "smilechat: {}", harmless(what));
}

/// Without what a terminal would obey: some of it was read from sites and files of others.
fn harmless(text: &str) -> String {
    let is_harmless = |c: char| "\n\t".contains(c) || !c.is_control() && !turns_text(c);
    text.chars().map(|c| if is_harmless(c) { c } else { '\u{fffd}' }).collect()
}

/// What another server says, as a part of a line of ours: no longer than `most` characters.
fn quoted(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    harmless(&cut).replace(['\n', '\t'], " ") + more
}

/// One line that is written over, for whoever watches; elsewhere one for every ten.
fn show_progress(done: usize, all: usize) {
    let mut stderr = io::stderr();
    let _ = match (stderr.is_terminal(), done == all) {
        (true, false) => write!(stderr, "\r{done} of {all} "),
        (true, true) => write!(stderr, "\r{:30}\r", ""),
        (false, false) if done > 0 && done.is_multiple_of(10) => writeln!(stderr, "{done} of {all}"),
        (false, _) => Ok(()),
    };
}

/// The operator may see what a client may not: the causes of our own faults.
fn in_words(error: &anyhow::Error) -> String {
    let words = match error.downcast_ref::<Error>() {
        Some(Error::Internal { .. } | Error::Unavailable(_)) | None => format!("{error:#}"),
        Some(Error::Invalid(faults)) => {
            faults.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect::<Vec<_>>().join(", ")
        }
        Some(refused) => refused.message(),
    };
    words.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FieldError;

    #[test]
    fn one_line_end_of_a_password_is_dropped() {
        for (given, taken) in
            [("p", "p"), ("p\n", "p"), ("p\r\n", "p"), ("p\n\n", "p\n"), ("p\r", "p\r"), (" p ", " p "), ("\n", "")]
        {
            assert_eq!(without_line_end(given), taken, "{given:?}");
        }
    }

    #[test]
    fn a_terminal_is_told_nothing_but_text() {
        assert_eq!(harmless("a\tb\nc\u{1b}]0;x\u{7}\r\u{9b}d"), "a\tb\nc\u{fffd}]0;x\u{fffd}\u{fffd}\u{fffd}d");
    }

    #[test]
    fn a_failure_is_one_line_that_an_operator_can_act_on() {
        let cause = anyhow::anyhow!("connection refused\n  at 127.0.0.1").context("cannot open the database");
        assert_eq!(in_words(&cause), "cannot open the database: connection refused at 127.0.0.1");
        assert_eq!(in_words(&Error::Conflict("username_taken").into()), "This username is taken.");
        let faults = [("username", "is too short"), ("password", "is too short")];
        let faults = faults.map(|(field, message)| FieldError::new(field, "too_short", message)).to_vec();
        assert_eq!(in_words(&Error::Invalid(faults).into()), "username: is too short, password: is too short");
    }
}
