//! How long the queues are, and since when they have stood still. A queue whose thread hangs serves nobody, and so measures
//! nothing by itself.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_channel::Sender;

use super::job::{Job, Kind};

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
/// When a job was last taken, in milliseconds since the beginning.
static READ_TAKEN: AtomicU64 = AtomicU64::new(0);
static WRITE_TAKEN: AtomicU64 = AtomicU64::new(0);

/// A job of this kind has its turn.
pub(super) fn note(kind: Kind, now: Instant) {
    let taken = match kind {
        Kind::Ask | Kind::Read => &READ_TAKEN,
        Kind::Write => &WRITE_TAKEN,
    };
    taken.store(milliseconds(now), Ordering::Relaxed);
}

/// Sets the gauges. Engines with one queue have it under `write`.
pub(super) fn measure(reads: &Sender<Job>, writes: &Sender<Job>) {
    let (read, write) = (READ_TAKEN.load(Ordering::Relaxed), WRITE_TAKEN.load(Ordering::Relaxed));
    let (waiting_reads, write) = if reads.same_channel(writes) { (0, read.max(write)) } else { (reads.len(), write) };
    let now = milliseconds(Instant::now());
    let stalled = |waiting: usize, taken: u64| match waiting {
        0 => 0.0,
        _ => now.saturating_sub(taken) as f64 / 1000.0,
    };
    metrics::gauge!("smilechat_db_queue_length", "kind" => "read").set(waiting_reads as f64);
    metrics::gauge!("smilechat_db_queue_length", "kind" => "write").set(writes.len() as f64);
    metrics::gauge!("smilechat_db_queue_stalled_seconds", "kind" => "read").set(stalled(waiting_reads, read));
    metrics::gauge!("smilechat_db_queue_stalled_seconds", "kind" => "write").set(stalled(writes.len(), write));
}

fn milliseconds(now: Instant) -> u64 {
    now.saturating_duration_since(*BEGINNING).as_millis() as u64
}
