//! What the operating system knows of this process, under the names that Prometheus' own libraries use. Where there is no
//! /proc, some are absent. They are written out here, because the recorder's counters are whole numbers.

use std::fmt::Write;
use std::fs;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::table::{self, Kind};

static START: OnceLock<f64> = OnceLock::new();

pub(super) fn note_start() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    START.get_or_init(|| now.as_secs_f64());
}

pub(super) fn render(text: &mut String) {
    let mut figure = |name: &str, value: Option<f64>| {
        let Some((metric, value)) = table::all().find(|metric| metric.name == name).zip(value) else { return };
        let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
        let _ = write!(text, "# HELP {name} {}\n# TYPE {name} {kind}\n{name} {value}\n\n", metric.help);
    };
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    figure("process_cpu_seconds_total", Some(cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9));
    figure("process_start_time_seconds", START.get().copied());
    figure("process_max_fds", getrlimit(Resource::Nofile).current.map(|most| most as f64));
    // One of them is the listing itself.
    figure("process_open_fds", fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1) as f64));
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    figure("process_resident_memory_bytes", number_in(&status, "VmRSS:").map(|kib| kib * 1024.0));
    figure("process_threads", number_in(&status, "Threads:"));
}

fn number_in(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
