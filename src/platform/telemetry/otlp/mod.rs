//! Traces, logs and metrics, sent to a collector by OTLP: protobuf over HTTP.
//!
//! Invariant: nobody waits for a collector. What is to be sent lies in queues with a bound, is dropped where it does not
//! fit, and is sent by threads of its own, each batch within a few seconds. A collector that is away is told of in the log
//! once, and once when it is back.

mod courier;
mod figures;
mod logs;
mod sampler;

use std::thread;
use std::time::Duration;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{LogExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use self::courier::Courier;
use self::figures::Figures;
use self::sampler::Share;
use super::spans;
use crate::platform::clock::Clock;
use crate::platform::config::TelemetryConfig;
use crate::platform::id::new_id;
use crate::platform::random::Random;

pub use self::logs::Logs;

/// What the last batches may take when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The name of the instrumentation's scope.
const SCOPE: &str = "smilechat";
const INSTANCE: &str = "service.instance.id";

/// What sends. Dropped without `shut_down`, it loses what has not been sent.
pub struct Exporters {
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
    figures: Option<Figures>,
}

/// None: no collector is named. Outside of any runtime: the HTTP client has one of its own.
pub fn start(config: &TelemetryConfig, resource: &Resource) -> anyhow::Result<Option<Exporters>> {
    if config.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let client = courier::client(config)?;
    let courier = |signal| Courier::new(client.clone(), signal);
    let url = |signal: &str| format!("{}/v1/{signal}", config.otlp_endpoint.trim_end_matches('/'));

    let mut exporters = Exporters { traces: None, logs: None, figures: None };
    if config.traces {
        let http = SpanExporter::builder().with_http().with_http_client(courier("traces"));
        let exporter = http.with_protocol(Protocol::HttpBinary).with_endpoint(url("traces")).build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Share::of_percent(config.traces_percent))
            .with_resource(resource.clone())
            .with_batch_exporter(exporter.context("telemetry.otlp_endpoint")?);
        exporters.traces = Some(provider.build());
        spans::switch_on();
    }
    if config.logs {
        let http = LogExporter::builder().with_http().with_http_client(courier("logs"));
        let exporter = http.with_protocol(Protocol::HttpBinary).with_endpoint(url("logs")).build();
        let provider = SdkLoggerProvider::builder()
            .with_resource(resource.clone())
            .with_batch_exporter(exporter.context("telemetry.otlp_endpoint")?);
        exporters.logs = Some(provider.build());
    }
    if config.metrics {
        let every = Duration::from_secs(config.metrics_seconds);
        exporters.figures = Some(Figures::start(courier("metrics"), url("metrics"), resource, every)?);
    }
    Ok(Some(exporters))
}

impl Exporters {
    /// Makes spans for the layer that records them.
    pub fn tracer(&self) -> Option<SdkTracer> {
        self.traces.as_ref().map(|provider| provider.tracer(SCOPE))
    }

    pub fn logs(&self) -> Option<Logs> {
        self.logs.as_ref().map(Logs::of)
    }

    /// Sends what waits, for two seconds at most. Outside of any runtime, as `start` is.
    pub fn shut_down(self) {
        let Self { traces, logs, figures } = self;
        // Beside one another: one that hangs must not take the others' time.
        thread::scope(|scope| {
            scope.spawn(|| traces.map(|provider| provider.shutdown_with_timeout(LAST_WORDS)));
            scope.spawn(|| logs.map(|provider| provider.shutdown_with_timeout(LAST_WORDS)));
            scope.spawn(|| figures.map(|figures| figures.shut_down(LAST_WORDS)));
        });
    }
}

/// Who sends. Without an instance of its own, the figures of several nodes would be taken for one node's.
pub fn resource(config: &TelemetryConfig, random: &Random) -> anyhow::Result<Resource> {
    let given = pairs(&config.resource_attributes).context("telemetry.resource_attributes")?;
    let given = given.into_iter().filter(|(_, value)| !value.is_empty());
    let given = given.map(|(name, value)| KeyValue::new(name, value));
    let drawn = KeyValue::new(INSTANCE, new_id(Clock::System.now(), random));
    // Of two attributes of one name, the later one stays.
    let builder = Resource::builder_empty().with_attribute(drawn).with_attributes(given);
    let builder = builder.with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    Ok(builder.with_service_name(config.service_name.clone()).build())
}

/// The name of this process among those of its service.
pub fn instance(resource: &Resource) -> String {
    resource.get(&Key::from_static_str(INSTANCE)).map(|value| value.to_string()).unwrap_or_default()
}

/// `name=value,name=value`, the values percent-encoded, as the variables of OpenTelemetry have it.
fn pairs(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').context("takes name=value, with commas between them")?;
            let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8()?;
            Ok((name.trim().to_owned(), value.into_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::config;

    #[test]
    fn each_start_is_an_instance_of_its_own_unless_it_has_a_name() {
        let of = |attributes: &str| {
            let given = [("OTEL_RESOURCE_ATTRIBUTES".into(), attributes.into())];
            let loaded = config::load(&given.into(), None, Vec::new()).expect("no mistake");
            instance(&resource(&loaded.config.telemetry, &Random::System).expect("pairs"))
        };
        assert_ne!(of(""), of(""));
        assert_ne!(of("service.instance.id="), "", "a variable that was not set is no name");
        assert_eq!(of("service.instance.id=chat-1,x=y"), "chat-1");
    }

    #[test]
    fn pairs_are_read_as_opentelemetry_writes_them() {
        let read = pairs("api-key=a%20b==, x = y ,").expect("pairs");
        assert_eq!(read, [("api-key".into(), "a b==".into()), ("x".into(), "y".into())]);
        assert!(pairs("").expect("none").is_empty());
        assert!(pairs("api-key").is_err());
    }
}
