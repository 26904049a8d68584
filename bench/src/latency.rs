//! Durations, and where they lie.

use std::time::Duration;

#[derive(Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    pub fn note(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// In milliseconds: p50, p99 and p99.9.
    pub fn quantiles(&mut self) -> [f64; 3] {
        self.0.sort_unstable();
        [0.5, 0.99, 0.999].map(|share| {
            let at = (self.0.len().saturating_sub(1) as f64 * share).round() as usize;
            self.0.get(at).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
        })
    }
}
