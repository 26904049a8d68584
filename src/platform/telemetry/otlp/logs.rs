//! Lines of the log as OTLP records, under the same names as in the JSON log.

use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use serde_json::Value;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::platform::telemetry::ecs;
use crate::platform::telemetry::fields::Line;

pub struct Logs(SdkLogger);

impl Logs {
    pub fn of(provider: &SdkLoggerProvider) -> Self {
        Self(provider.logger(super::SCOPE))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Logs {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Line { at, level, target, message, fields } = Line::of(event, &context);
        let mut record = self.0.create_log_record();
        record.set_timestamp(at);
        let (number, text) = severity(level);
        record.set_severity_number(number);
        record.set_severity_text(text);
        record.set_body(AnyValue::String(message.into()));
        record.set_target(target);
        for (name, value) in fields {
            record.add_attribute(ecs::name(name), any(value));
        }
        self.0.emit(record);
    }
}

fn severity(level: Level) -> (Severity, &'static str) {
    match level {
        Level::ERROR => (Severity::Error, "ERROR"),
        Level::WARN => (Severity::Warn, "WARN"),
        Level::INFO => (Severity::Info, "INFO"),
        Level::DEBUG => (Severity::Debug, "DEBUG"),
        Level::TRACE => (Severity::Trace, "TRACE"),
    }
}

fn any(value: Value) -> AnyValue {
    match value {
        Value::Bool(value) => AnyValue::Boolean(value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => AnyValue::Int(whole),
            None => AnyValue::Double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => AnyValue::String(text.into()),
        other => AnyValue::String(other.to_string().into()),
    }
}
