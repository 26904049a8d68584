//! The metrics, sent now and then: what `/metrics` shows, as OTLP. So a figure is counted once and has one name, whoever
//! asks for it.
//!
//! Sums and histograms are cumulative since the start of the process.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValueKind;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;
use opentelemetry_sdk::Resource;
use prost::Message;

use super::courier::Courier;
use crate::platform::metrics;
use crate::platform::metrics::table::{self, Kind};
use crate::platform::metrics::text::{self, Sample};

pub struct Figures {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Figures {
    pub fn start(courier: Courier, url: String, resource: &Resource, every: Duration) -> anyhow::Result<Self> {
        let (end, ended) = mpsc::channel();
        let resource = ProtoResource {
            attributes: resource.iter().map(|(name, value)| attribute(name.as_str(), &value.as_str())).collect(),
            ..Default::default()
        };
        let start = nanoseconds();
        let work = move || {
            loop {
                let is_last = !matches!(ended.recv_timeout(every), Err(RecvTimeoutError::Timeout));
                send(&courier, &url, &resource, start);
                if is_last {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("telemetry".into()).spawn(work).context("a thread for metrics")?;
        Ok(Self { end, thread })
    }

    /// Sends once more, for so long at most.
    pub fn shut_down(self, time: Duration) {
        drop(self.end);
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            let _ = self.thread.join();
            let _ = done.send(());
        });
        let _ = is_done.recv_timeout(time);
    }
}

fn send(courier: &Courier, url: &str, resource: &ProtoResource, start: u64) {
    let samples = text::parse(&metrics::render());
    let scope = InstrumentationScope { name: super::SCOPE.into(), ..Default::default() };
    let metrics = of_samples(samples, start, nanoseconds());
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, ..Default::default() }];
    let of_resource = ResourceMetrics { resource: Some(resource.clone()), scope_metrics, ..Default::default() };
    let body = ExportMetricsServiceRequest { resource_metrics: vec![of_resource] }.encode_to_vec();
    let request = Request::post(url).header(CONTENT_TYPE, "application/x-protobuf").body(Bytes::from(body));
    if let Ok(request) = request {
        // How it went is noted by the courier; the next sending has all of it again.
        let _ = courier.bring(request);
    }
}

/// One metric of OTLP for each of the table that was measured.
fn of_samples(samples: Vec<Sample>, start: u64, now: u64) -> Vec<Metric> {
    let mut by_name: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    samples.into_iter().for_each(|sample| by_name.entry(sample.name.clone()).or_default().push(sample));
    let metric = |listed: &table::Metric| {
        let data = match listed.kind {
            Kind::Counter => Data::Sum(Sum {
                data_points: numbers(by_name.get(listed.name)?, start, now),
                aggregation_temporality: AggregationTemporality::Cumulative as i32,
                is_monotonic: true,
            }),
            Kind::Gauge => Data::Gauge(Gauge { data_points: numbers(by_name.get(listed.name)?, 0, now) }),
            Kind::Histogram(_) => Data::Histogram(Histogram {
                data_points: histograms(&by_name, listed.name, start, now)?,
                aggregation_temporality: AggregationTemporality::Cumulative as i32,
            }),
        };
        let (name, description, unit) = (listed.name.to_owned(), listed.help.to_owned(), listed.unit().to_owned());
        Some(Metric { name, description, unit, data: Some(data), ..Default::default() })
    };
    table::all().filter_map(metric).collect()
}

fn numbers(samples: &[Sample], start: u64, now: u64) -> Vec<NumberDataPoint> {
    let point = |sample: &Sample| NumberDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: start,
        time_unix_nano: now,
        value: Some(number_data_point::Value::AsDouble(sample.value)),
        ..Default::default()
    };
    samples.iter().map(point).collect()
}

/// Prometheus counts what lies below each bound, OTLP what lies between two of them.
fn histograms(
    by_name: &BTreeMap<String, Vec<Sample>>,
    name: &str,
    start: u64,
    now: u64,
) -> Option<Vec<HistogramDataPoint>> {
    let mut points: BTreeMap<Vec<(String, String)>, HistogramDataPoint> = BTreeMap::new();
    for sample in by_name.get(&format!("{name}_bucket"))? {
        let labels = sample.labels.iter().filter(|(label, _)| label != "le").cloned().collect();
        let point = points.entry(labels).or_default();
        let before: u64 = point.bucket_counts.iter().sum();
        point.bucket_counts.push((sample.value as u64).saturating_sub(before));
        if let Some(bound) =
            sample.label("le").and_then(|bound| bound.parse::<f64>().ok()).filter(|bound| bound.is_finite())
        {
            point.explicit_bounds.push(bound);
        }
    }
    for (suffix, set) in [("_sum", set_sum as fn(&mut HistogramDataPoint, f64)), ("_count", set_count)] {
        for sample in by_name.get(&format!("{name}{suffix}")).into_iter().flatten() {
            if let Some(point) = points.get_mut(&sample.labels) {
                set(point, sample.value);
            }
        }
    }
    let whole = points.into_iter().map(|(labels, point)| HistogramDataPoint {
        attributes: attributes(&labels),
        start_time_unix_nano: start,
        time_unix_nano: now,
        ..point
    });
    Some(whole.collect())
}

fn set_sum(point: &mut HistogramDataPoint, sum: f64) {
    point.sum = Some(sum);
}

fn set_count(point: &mut HistogramDataPoint, count: f64) {
    point.count = count as u64;
}

fn attributes(labels: &[(String, String)]) -> Vec<KeyValue> {
    labels.iter().map(|(name, value)| attribute(name, value)).collect()
}

fn attribute(name: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(AnyValueKind::StringValue(value.to_owned())) };
    KeyValue { key: name.to_owned(), value: Some(value), ..Default::default() }
}

fn nanoseconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prometheus_reads_is_what_a_collector_gets() {
        let served = "smilechat_rooms 2\n\
            smilechat_messages_total{role=\"customer\"} 3\nsmilechat_messages_total{role=\"support\"} 4\n\
            smilechat_db_wait_seconds_bucket{kind=\"read\",le=\"0.001\"} 5\n\
            smilechat_db_wait_seconds_bucket{kind=\"read\",le=\"0.0025\"} 7\n\
            smilechat_db_wait_seconds_bucket{kind=\"read\",le=\"+Inf\"} 10\n\
            smilechat_db_wait_seconds_sum{kind=\"read\"} 1.5\nsmilechat_db_wait_seconds_count{kind=\"read\"} 10\n\
            of_somebody_else 1\n";
        let metrics = of_samples(text::parse(served), 1, 2);
        let data = |name: &str| {
            let found = metrics.iter().find(|metric| metric.name == name).expect("it was measured");
            (found.unit.as_str(), found.data.clone().expect("it has data"))
        };
        assert_eq!(metrics.len(), 3, "{metrics:?}");
        assert!(matches!(data("smilechat_rooms"), ("1", Data::Gauge(gauge)) if gauge.data_points.len() == 1));
        let (_, Data::Sum(sum)) = data("smilechat_messages_total") else { panic!("no sum") };
        assert!(sum.is_monotonic && sum.data_points.len() == 2 && sum.data_points[0].start_time_unix_nano == 1);
        let ("s", Data::Histogram(histogram)) = data("smilechat_db_wait_seconds") else { panic!("no histogram") };
        let point = &histogram.data_points[0];
        assert_eq!((&point.bucket_counts[..], &point.explicit_bounds[..]), (&[5, 2, 3][..], &[0.001, 0.0025][..]));
        assert_eq!((point.count, point.sum, point.attributes.len()), (10, Some(1.5), 1));
    }
}
