//! Counters, gauges and histograms for Prometheus. Whoever measures calls the `metrics` macros with a name from `table`;
//! `/metrics` and the OTLP exporter call `render`, `smilechat top` reads it with `text`.
//!
//! Invariants: each metric stands in `table`; no label names a tenant, a user or a ticket, because their number has no
//! bound.

#[cfg(test)]
mod docs;
mod process;
pub mod table;
pub mod text;

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use metrics::{Unit, counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use self::table::{Kind, Metric};

const UPKEEP: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

mod buckets {
    pub const LATENCY: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    /// A minute to a week.
    pub const LONG: &[f64] = &[
        30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 86_400.0, 172_800.0, 345_600.0, 604_800.0,
    ];
    /// From the eyes on an open conversation to whoever looks in after a month.
    pub const SEEN: &[f64] =
        &[0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 604_800.0, 2_592_000.0];
    pub const SIZE: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
}

/// Once per process; what was measured before is lost. Later calls change nothing.
pub fn install() {
    HANDLE.get_or_init(|| {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).expect("nobody else installs a recorder");
        table::all().for_each(introduce);
        // The one code that somebody is woken for: its first count has to be a step.
        for transport in ["http", "socket"] {
            counter!("smilechat_errors_total", "transport" => transport, "code" => "internal").absolute(0);
        }
        gauge!("smilechat_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        process::note_start();
        keep_up(handle.clone());
        handle
    });
}

/// All metrics in Prometheus' text format; empty before `install`.
pub fn render() -> String {
    let Some(handle) = HANDLE.get() else { return String::new() };
    let mut text = handle.render();
    process::render(&mut text);
    text
}

fn builder() -> PrometheusBuilder {
    table::all().fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(bounds) => builder
            .set_buckets_for_metric(Matcher::Full(metric.name.into()), bounds)
            .expect("each histogram has its bounds"),
        _ => builder,
    })
}

/// Says what a metric is, and begins its counters and histograms at zero where it is known which ones there are: one that
/// appears with its first count has no rate before the second. What `process` writes out by itself is not the recorder's.
fn introduce(metric: &Metric) {
    let unit = match metric.unit() {
        "s" => Unit::Seconds,
        "By" => Unit::Bytes,
        _ => Unit::Count,
    };
    match metric.kind {
        Kind::Counter => metrics::describe_counter!(metric.name, unit, metric.help),
        Kind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.help),
        Kind::Histogram(_) => metrics::describe_histogram!(metric.name, unit, metric.help),
    }
    if metric.name.starts_with("process_") || !metric.is_closed() {
        return;
    }
    for labels in combinations(metric) {
        match metric.kind {
            Kind::Counter => counter!(metric.name, labels).absolute(0),
            // To be there is enough: it has its buckets from now on, and its samples take room with the first one.
            Kind::Histogram(_) => drop(histogram!(metric.name, labels)),
            Kind::Gauge => {}
        }
    }
}

/// Every set of labels that the metric can have.
fn combinations(metric: &Metric) -> Vec<Vec<metrics::Label>> {
    metric.labels.iter().fold(vec![Vec::new()], |sets, label| {
        let with = |set: &Vec<metrics::Label>, value: &'static str| {
            let mut set = set.clone();
            set.push(metrics::Label::from_static_parts(label.name, value));
            set
        };
        sets.iter().flat_map(|set| label.values.iter().map(move |value| with(set, value))).collect()
    })
}

/// Measurements wait in buffers, which would grow for as long as nobody scrapes.
fn keep_up(handle: PrometheusHandle) {
    let thread = thread::Builder::new().name("metrics".into());
    let forever = move || {
        loop {
            thread::sleep(UPKEEP);
            handle.run_upkeep();
        }
    };
    thread.spawn(forever).expect("a starting process can have a thread");
}

/// All metrics as they are after `work`, begun for it alone.
#[cfg(test)]
pub fn measured(work: impl FnOnce()) -> String {
    let recorder = builder().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        table::all().for_each(introduce);
        work();
    });
    recorder.handle().render()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn installed_twice_it_still_renders_what_was_measured() {
        install();
        metrics::counter!("smilechat_holes_filled_total").increment(2);
        install();
        metrics::counter!("smilechat_holes_filled_total").increment(1);
        metrics::histogram!("smilechat_event_lag_seconds").record(0.003);
        metrics::histogram!("smilechat_db_group_size").record(20.0);
        let text = render();
        for line in [
            "smilechat_holes_filled_total 3",
            "smilechat_event_lag_seconds_bucket{le=\"0.0025\"} 0",
            "smilechat_event_lag_seconds_bucket{le=\"0.005\"} 1",
            "# TYPE smilechat_db_group_size histogram",
            "smilechat_sign_ins_total{outcome=\"limited\"} 0",
            "smilechat_telemetry_exports_total{signal=\"logs\",outcome=\"failed\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        for measured in ["process_cpu_seconds_total ", "process_open_fds ", "process_resident_memory_bytes "] {
            assert!(text.lines().any(|found| found.starts_with(measured)), "{measured} is not in:\n{text}");
        }
    }

    #[test]
    fn what_can_be_known_before_it_happens_is_there_at_zero() {
        let samples = text::parse(&measured(|| {}));
        let recorded = table::all().filter(|metric| !metric.name.starts_with("process_") && metric.kind != Kind::Gauge);
        let mut waiting = Vec::new();
        for metric in recorded {
            let name = match metric.kind {
                Kind::Histogram(_) => format!("{}_count", metric.name),
                _ => metric.name.to_owned(),
            };
            let found: Vec<f64> = samples.iter().filter(|one| one.name == name).map(|one| one.value).collect();
            let expected = if metric.is_closed() { combinations(metric).len() } else { 0 };
            assert_eq!(found, vec![0.0; expected], "{}", metric.name);
            if !metric.is_closed() {
                waiting.push(metric.name);
            }
        }
        // These have a label whose values are the routes, or the codes of errors.
        assert_eq!(waiting, ["smilechat_http_request_seconds", "smilechat_errors_total"]);
    }

    #[test]
    fn what_is_measured_stands_in_the_table_and_the_other_way_round() {
        let mut measured = BTreeSet::new();
        collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut measured);
        let listed: BTreeSet<String> = table::all().map(|metric| metric.name.to_owned()).collect();
        assert_eq!(listed.len(), table::all().count(), "a name stands twice in the table");
        let missing: Vec<_> = measured.difference(&listed).collect();
        let unused: Vec<_> = listed.difference(&measured).collect();
        assert!(missing.is_empty() && unused.is_empty(), "not in the table: {missing:?}; measured nowhere: {unused:?}");
    }

    #[test]
    fn a_name_says_what_it_counts() {
        for Metric { name, kind, help, .. } in table::all() {
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            if let Kind::Histogram(bounds) = kind {
                assert!(["_seconds", "_size"].iter().any(|unit| name.ends_with(unit)) && bounds.is_sorted(), "{name}");
            }
        }
    }

    /// The literals after `counter!(`, `gauge!(`, `histogram!(` and `figure(`, but for those of tests.
    fn collect(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder of src can be listed") {
            let path = entry.expect("an entry of src can be read").path();
            if path.is_dir() {
                collect(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for macro_name in ["counter!(", "gauge!(", "histogram!(", "figure("] {
                let literals = code.split(macro_name).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                let literals = literals.filter_map(|rest| rest.split('"').next());
                // Others have functions of that name too.
                let named = literals.filter(|name| macro_name != "figure(" || name.starts_with("process_"));
                names.extend(named.map(str::to_owned));
            }
        }
    }
}
