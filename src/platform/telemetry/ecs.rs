//! A line of the log as one JSON object, in the fields of the Elastic Common Schema: what ELK and its like take as it is.
//!
//! In the code a field has a short name (`status`), which is what people read; here it gets its name in the schema. What
//! the schema has no name for goes under `smilechat.`, so that it cannot clash.

use std::borrow::Cow;
use std::io::Write;
use std::time::SystemTime;

use serde_json::{Map, Value, json};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::{Fields, Line};
use super::{ACCESS, spans};

const VERSION: &str = "8.11.0";

/// Ours, and the schema's.
const NAMES: &[(&str, &str)] = &[
    ("request_id", "http.request.id"),
    ("method", "http.request.method"),
    ("status", "http.response.status_code"),
    // OpenTelemetry's name, as in the spans. The schema has one for the whole path alone, which names people's things.
    ("route", "http.route"),
    ("code", "error.code"),
    ("error", "error.message"),
    ("trace_id", "trace.id"),
    ("user_id", "user.id"),
];

/// Who says it.
pub struct Service {
    pub name: String,
    /// Which process of it.
    pub node: String,
}

pub struct Ecs<W> {
    pub service: Service,
    pub writer: W,
}

impl<S, W> Layer<S> for Ecs<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = Value::Object(object(Line::of(event, &context), &self.service)).to_string();
        text.push('\n');
        // A line that cannot be written, on a full disk perhaps, is lost.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(text.as_bytes());
    }
}

/// A field's name in the schema.
pub fn name(field: &'static str) -> Cow<'static, str> {
    match NAMES.iter().find(|(ours, _)| *ours == field) {
        Some((_, schema)) => (*schema).into(),
        None => format!("smilechat.{field}").into(),
    }
}

fn object(line: Line, service: &Service) -> Map<String, Value> {
    let Line { at, level, target, message, mut fields } = line;
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| _ = object.insert(name.to_owned(), value);
    set("@timestamp", timestamp(at).into());
    set("log.level", level.as_str().to_lowercase().into());
    set("message", message.into());
    set("ecs.version", VERSION.into());
    set("service.name", service.name.as_str().into());
    set("service.node.name", service.node.as_str().into());
    set("service.version", env!("CARGO_PKG_VERSION").into());
    set("event.dataset", if target == ACCESS { "smilechat.access" } else { "smilechat.log" }.into());
    if target == ACCESS {
        of_access(&mut fields, &mut set);
    }
    if let Some((file, line)) = fields.take("place").as_ref().and_then(place) {
        set("log.origin.file.name", file.into());
        set("log.origin.file.line", line.into());
    }
    set("log.logger", target.into());
    fields.into_iter().for_each(|(field, value)| set(&name(field), value));
    if let Some(here) = spans::here() {
        set("trace.id", here.trace_id().into());
        set("span.id", here.span_id().into());
    }
    object
}

/// What the schema wants said of a request beside its fields.
fn of_access(fields: &mut Fields, set: &mut impl FnMut(&str, Value)) {
    set("event.kind", "event".into());
    set("event.category", json!(["web"]));
    set("event.type", json!(["access"]));
    set("event.action", "http-request".into());
    // The schema's durations are nanoseconds.
    if let Some(milliseconds) = fields.take("ms").and_then(|value| value.as_f64()) {
        set("event.duration", ((milliseconds * 1e6) as u64).into());
    }
    let status = fields.take("status").and_then(|value| value.as_u64()).unwrap_or_default();
    set("http.response.status_code", status.into());
    set("event.outcome", if status < 400 { "success" } else { "failure" }.into());
}

fn timestamp(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map(|time| format!("{time:.3}")).unwrap_or_default()
}

/// `src/error.rs:12:5` as the file and the line.
fn place(value: &Value) -> Option<(String, u64)> {
    let mut parts = value.as_str()?.rsplitn(3, ':');
    let (_, line, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some((file.to_owned(), line.parse().ok()?))
}
