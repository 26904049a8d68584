//! Logs: lines for a person or JSON for a machine, on stderr, so that stdout stays free for what a command prints.

use std::any::Any;
use std::io::{self, IsTerminal};
use std::panic;

use anyhow::Context;
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::{MakeWriter, fmt};

use super::config::{LogConfig, LogFormat};

/// Once, first thing in the process. From here on a panic is one log line as well.
pub fn install(config: &LogConfig) -> anyhow::Result<()> {
    let subscriber = subscriber(config, io::stderr, io::stderr().is_terminal())?;
    dispatcher::set_global_default(subscriber).context("another log is installed")?;
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map_or_else(|| "an unknown place".into(), ToString::to_string);
        tracing::error!("panicked at {place}: {}", one_line(panicked.payload()));
    }));
    Ok(())
}

fn subscriber<W>(config: &LogConfig, writer: W, is_terminal: bool) -> anyhow::Result<Dispatch>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.level).context("log.level")?;
    // A line that cannot be written, on a full disk perhaps, is lost. To complain of it on stderr, as is the default,
    // would panic for the same reason.
    let lines = fmt().with_env_filter(filter).with_writer(writer).log_internal_errors(false);
    Ok(match config.format {
        LogFormat::Text => lines.compact().with_ansi(is_terminal).into(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).into(),
    })
}

fn one_line(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics with it").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: &str, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let written = buffer.clone();
        let config = LogConfig { format, level: level.into() };
        let subscriber = subscriber(&config, move || buffer.clone(), false).expect("a level");
        dispatcher::with_default(&subscriber, log);
        String::from_utf8(written.0.lock().expect("no test panics with it").clone()).expect("text")
    }

    #[test]
    fn json_is_one_object_a_line_with_the_fields_of_its_spans() {
        let text = logged(LogFormat::Json, "info", || {
            let _span = tracing::info_span!("request", request_id = "r1").entered();
            tracing::info!(status = 201, "first\nline");
            tracing::info!("second");
        });
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["message"], "first\nline");
        assert_eq!((&lines[0]["level"], &lines[0]["status"]), (&"INFO".into(), &201.into()));
        assert_eq!(lines[1]["spans"][0]["request_id"], "r1");
    }

    #[test]
    fn text_is_uncolored_away_from_a_terminal_and_the_level_filters() {
        let text = logged(LogFormat::Text, "warn", || {
            tracing::info!("quiet");
            tracing::warn!(port = 3100, "loud");
        });
        assert!(text.contains("WARN") && text.contains("loud port=3100"), "{text}");
        assert!(!text.contains("quiet") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_panic_message_becomes_one_line() {
        assert_eq!(one_line(&"left\n  right"), "left right");
        assert_eq!(one_line(&String::from("formatted 1")), "formatted 1");
        assert_eq!(one_line(&7), "no message");
    }
}
