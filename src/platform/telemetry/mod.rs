//! What the server says of itself while it runs: the log, and, where a collector is named, traces, logs and metrics by OTLP.
//!
//! The log goes to stderr, so that stdout stays free for what a command prints: lines for a person, or JSON for a machine
//! (`ecs`). Invariants: no password, token, key or message text is logged; a log or a collector that fails stops nothing.

mod ecs;
mod fields;
mod otlp;
pub mod spans;
pub mod traceparent;

use std::any::Any;
use std::io::{self, IsTerminal};
use std::panic;

use anyhow::Context;
use tracing::{Dispatch, Level, Metadata, dispatcher};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{Registry, fmt};

use self::ecs::{Ecs, Service};
use self::fields::Collect;
use self::otlp::Exporters;
use super::config::{LogConfig, LogFormat, TelemetryConfig};
use super::random::Random;

/// The target of the line that each request leaves. `log.level` can name it like a module.
pub const ACCESS: &str = "smilechat::access";

/// Lives as long as the server serves.
pub struct Telemetry(Option<Exporters>);

/// Once, first thing in the process and before its runtime. From here on a panic is one log line as well.
pub fn install(log: &LogConfig, telemetry: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    let resource = otlp::resource(telemetry, &Random::System)?;
    let exporters = otlp::start(telemetry, &resource)?;
    let is_terminal = io::stderr().is_terminal();
    let service = Service { name: telemetry.service_name.clone(), node: otlp::instance(&resource) };
    let subscriber = subscriber(log, service, exporters.as_ref(), io::stderr, is_terminal)?;
    dispatcher::set_global_default(subscriber).context("another log is installed")?;
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map_or_else(|| "an unknown place".into(), ToString::to_string);
        tracing::error!("panicked at {place}: {}", one_line(panicked.payload()));
    }));
    Ok(Telemetry(exporters))
}

impl Telemetry {
    /// Sends what has not been sent. After the runtime has ended.
    pub fn shut_down(self) {
        if let Some(exporters) = self.0 {
            exporters.shut_down();
        }
    }
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn subscriber<W>(
    config: &LogConfig,
    service: Service,
    exporters: Option<&Exporters>,
    writer: W,
    is_terminal: bool,
) -> anyhow::Result<Dispatch>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = || EnvFilter::try_new(&config.level).context("log.level");
    // First, because the lines ask for what it keeps.
    let mut layers: Vec<BoxedLayer> = vec![Collect.with_filter(filter_fn(is_span_for_logs)).boxed()];
    layers.push(match config.format {
        // A line that cannot be written, on a full disk perhaps, is lost. To complain of it on stderr, as is the default,
        // would panic for the same reason.
        LogFormat::Text => {
            let lines = fmt::layer().compact().with_ansi(is_terminal).with_writer(writer).log_internal_errors(false);
            lines.with_filter(level()?).boxed()
        }
        LogFormat::Json => Ecs { service, writer }.with_filter(level()?).boxed(),
    });
    if let Some(tracer) = exporters.and_then(Exporters::tracer) {
        let spans = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
        let spans = spans.with_tracked_inactivity(false).with_target(false).with_level(false);
        layers.push(spans.with_filter(filter_fn(|of| of.is_span() && of.target() == spans::TARGET)).boxed());
    }
    if let Some(logs) = exporters.and_then(Exporters::logs) {
        // What the client that sends them says of itself would be sent as well, and so on.
        let ours = filter_fn(|of| of.target().starts_with("smilechat"));
        layers.push(logs.with_filter(level()?.and(ours)).boxed());
    }
    Ok(Registry::default().with(layers).into())
}

/// Those whose fields belong to every line within: they are made at the level of errors, to be there at any `log.level`.
fn is_span_for_logs(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() == Level::ERROR
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
        let service = Service { name: "smilechat".into(), node: "chat-1".into() };
        let subscriber = subscriber(&config, service, None, move || buffer.clone(), false).expect("a level");
        dispatcher::with_default(&subscriber, log);
        String::from_utf8(written.0.lock().expect("no test panics with it").clone()).expect("text")
    }

    fn json(level: &str, log: impl FnOnce()) -> Vec<serde_json::Value> {
        let text = logged(LogFormat::Json, level, log);
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
    }

    #[test]
    fn json_is_one_object_a_line_in_the_fields_of_ecs() {
        let lines = json("info", || {
            let _span = tracing::error_span!("request", request_id = "r1", trace_id = "t1").entered();
            tracing::info!(status = 201, rooms = 3, "first\nline");
            tracing::error!(place = "src/a.rs:12:5", error = %"broken", "second");
        });
        let [first, second] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!(first["message"], "first\nline");
        assert_eq!((&first["log.level"], &first["http.response.status_code"]), (&"info".into(), &201.into()));
        assert_eq!((&first["http.request.id"], &first["trace.id"]), (&"r1".into(), &"t1".into()));
        assert_eq!((&first["ecs.version"], &first["smilechat.rooms"]), (&"8.11.0".into(), &3.into()));
        assert_eq!(first["service.node.name"], "chat-1");
        assert_eq!((&first["service.name"], &first["event.dataset"]), (&"smilechat".into(), &"smilechat.log".into()));
        let time = first["@timestamp"].as_str().expect("a time");
        assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
        assert_eq!(
            (&second["log.origin.file.name"], &second["log.origin.file.line"]),
            (&"src/a.rs".into(), &12.into())
        );
        assert_eq!((&second["error.message"], &second["http.request.id"]), (&"broken".into(), &"r1".into()));
    }

    #[test]
    fn the_line_of_a_request_says_what_ecs_wants_of_one() {
        let lines = json("info,smilechat::access=warn", || {
            tracing::info!(target: ACCESS, method = "GET", route = "/a", status = 200, ms = 1.0, "answered");
            tracing::warn!(target: ACCESS, method = "GET", route = "/a/{id}", status = 503, ms = 1.25, code = "unavailable", "answered");
        });
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((&line["http.route"], &line["event.duration"]), (&"/a/{id}".into(), &1_250_000.into()));
        assert_eq!((&line["event.outcome"], &line["error.code"]), (&"failure".into(), &"unavailable".into()));
        assert_eq!((&line["event.dataset"], &line["event.category"][0]), (&"smilechat.access".into(), &"web".into()));
    }

    #[test]
    fn a_request_is_known_at_any_level() {
        let lines = json("warn", || {
            let _span = tracing::error_span!("request", request_id = "r1").entered();
            tracing::warn!("loud");
        });
        assert_eq!(lines[0]["http.request.id"], "r1");
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
