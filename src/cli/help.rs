//! Reads the command line, with a help that shows of the settings' flags what counts for the command. All of them are taken
//! everywhere, so that one line of flags does for every command.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use super::arguments::Arguments;

const OF_A_DATABASE: &[&str] = &["config", "database_url", "data_dir"];
const OF_SERVICES: &[&str] = &["config", "database_url", "redis_url", "data_dir"];
/// `serve` and `config` are missing: they show all.
const SHOWN: [(&str, &[&str]); 13] = [
    ("migrate", OF_A_DATABASE),
    ("backup", OF_A_DATABASE),
    ("restore", OF_A_DATABASE),
    ("db", OF_A_DATABASE),
    ("user", OF_A_DATABASE),
    ("tenant", OF_A_DATABASE),
    ("widget", &["config", "port", "data_dir"]),
    ("kb", OF_SERVICES),
    ("bot", OF_SERVICES),
    ("demo", OF_SERVICES),
    ("openapi", &[]),
    ("top", &["config", "port"]),
    ("doctor", &[]),
];

pub fn parse(line: impl Iterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = command();
    let found = command.try_get_matches_from_mut(line)?;
    Arguments::from_arg_matches(&found).map_err(|error| error.format(&mut command))
}

fn command() -> clap::Command {
    let command = Arguments::command();
    let flags: Vec<_> = command.get_arguments().filter(|flag| flag.is_global_set()).cloned().collect();
    SHOWN.into_iter().fold(command, |command, (name, shown)| {
        let hidden = flags.iter().filter(|flag| !shown.contains(&flag.get_id().as_str()));
        let hidden: Vec<_> = hidden.map(|flag| flag.clone().hide(true)).collect();
        // clap hands a global flag down to a command only where there is none of its name.
        command.mut_subcommand(name, |command| command.args(hidden))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Result<Arguments, clap::Error> {
        parse(["smilechat"].iter().chain(line).map(OsString::from))
    }

    fn help_of(line: &[&str]) -> String {
        parsed(&[line, &["--help"]].concat()).expect_err("help comes as an error").to_string()
    }

    #[test]
    fn a_command_shows_the_flags_that_count_for_it() {
        command().debug_assert();
        for (line, shown) in [
            (
                &["serve"][..],
                &["--config", "--host", "--port", "--database-url", "--redis-url", "--services", "--data-dir"][..],
            ),
            (&["user", "create"], &["--config", "--database-url", "--data-dir"]),
            (&["db", "move"], &["--config", "--database-url", "--data-dir"]),
            (&["kb", "import"], &["--config", "--database-url", "--redis-url", "--data-dir"]),
            (&["widget", "snippet"], &["--config", "--port", "--data-dir"]),
            (&["top"], &["--config", "--port"]),
            (&["doctor"], &[]),
        ] {
            let help = help_of(line);
            for flag in ["--config", "--host", "--port", "--database-url", "--redis-url", "--services", "--data-dir"] {
                let is_shown = help.lines().any(|text| text.trim_start().starts_with(&format!("{flag} <")));
                assert_eq!(is_shown, shown.contains(&flag), "{line:?} {flag}:\n{help}");
            }
        }
    }

    #[test]
    fn a_flag_that_is_not_shown_is_taken_all_the_same() {
        for line in [
            &["--host", "::1", "user", "create"][..],
            &["user", "--host", "::1", "create"],
            &["user", "create", "--host", "::1"],
        ] {
            let line = [line, &["--username", "ada", "--role", "admin", "--password-stdin"]].concat();
            assert_eq!(parsed(&line).expect("parsed").overrides.host.as_deref(), Some("::1"), "{line:?}");
        }
    }
}
