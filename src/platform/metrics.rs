//! Counters, gauges and histograms for Prometheus. Whoever measures calls the `metrics` macros; `/metrics` calls `render`.
//!
//! The unit is the end of a metric's name (`_seconds`, `_bytes`, `_size`) and picks the histogram's buckets.
//! Invariant: no label names a tenant, a user or a ticket: their number has no bound.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const BYTES: &[f64] = &[256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
const UPKEEP: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Once per process; what was measured before is lost. Later calls change nothing.
pub fn install() {
    HANDLE.get_or_init(|| {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).expect("nobody else installs a recorder");
        keep_up(handle.clone());
        handle
    });
}

/// All metrics in Prometheus' text format; empty before `install`.
pub fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

fn builder() -> PrometheusBuilder {
    let buckets = [("_seconds", SECONDS), ("_bytes", BYTES), ("_size", SIZES)];
    buckets.into_iter().fold(PrometheusBuilder::new(), |builder, (unit, bounds)| {
        builder.set_buckets_for_metric(Matcher::Suffix(unit.into()), bounds).expect("there are bounds")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_twice_it_still_renders_what_was_measured() {
        install();
        metrics::counter!("smilechat_test_total").increment(2);
        install();
        metrics::counter!("smilechat_test_total").increment(1);
        metrics::histogram!("smilechat_test_seconds").record(0.003);
        metrics::histogram!("smilechat_test_size").record(20.0);
        let text = render();
        for line in [
            "smilechat_test_total 3",
            "smilechat_test_seconds_bucket{le=\"0.0025\"} 0",
            "smilechat_test_seconds_bucket{le=\"0.005\"} 1",
            "smilechat_test_size_bucket{le=\"16\"} 0",
            "smilechat_test_size_bucket{le=\"32\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
    }
}
