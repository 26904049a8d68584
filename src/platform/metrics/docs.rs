//! Keeps docs/METRICS.md equal to the table: a test writes it anew when it is stale, and fails once.

use std::fmt::Write;
use std::fs;

use super::table::{Kind, Metric, TABLE};

const HEAD: &str = "\
# Metrics

This page is made from `src/platform/metrics/table.rs`. `GET /metrics` serves all of it in the text format of Prometheus;
with `telemetry.otlp_endpoint` the same figures are pushed to a collector. [OPERATIONS.md](OPERATIONS.md) says how to read
them.

No label names a tenant, a user or a ticket. Where the table lists a label's values, there are no others; where it does
not, the server's own lists (routes, codes of errors) bound them.

Counters and histograms begin at zero with the process, each with all its sets of labels, so that `increase()` and `rate()`
count the first event as well. Two have a label that is not listed and appear with their first event:
`smilechat_http_request_seconds` by route, and `smilechat_errors_total` by code, of which only the code `internal` is there from
the start. Gauges appear once they are known: a few seconds after the start, and never where there is nothing to know
(`smilechat_bus_up` on a node that is alone). A histogram `x` is served as `x_bucket`, `x_sum` and `x_count`.
";

#[test]
fn the_page_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/METRICS.md");
    let page = page();
    if fs::read_to_string(path).unwrap_or_default() != page {
        fs::write(path, page).expect("docs/ can be written");
        panic!("docs/METRICS.md was stale; it has been written anew, commit it");
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (about, metrics) in TABLE {
        write!(page, "\n## {about}\n\n| metric | kind | labels | what it says |\n|---|---|---|---|\n")
            .expect("a string takes all");
        metrics.iter().for_each(|metric| page.push_str(&row(metric)));
    }
    page
}

fn row(metric: &Metric) -> String {
    let labels = metric.labels.iter().map(|label| match label.values {
        [] => format!("`{}`", label.name),
        values => format!("`{}`: {}", label.name, values.join(", ")),
    });
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    };
    format!("| `{}` | {kind} | {} | {} |\n", metric.name, labels.collect::<Vec<_>>().join("; "), metric.help)
}
