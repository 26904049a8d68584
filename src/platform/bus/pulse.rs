//! Whether the bus carries: a node says a number now and then, and has to hear itself say it. That proves both ways and all
//! that is between them, whatever the bus is made of. This is the circuit breaker: without an answer in time, the bus is down.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two beats.
pub(super) const BEAT: Duration = Duration::from_millis(500);
/// A beat that does not come back in this time was the last.
pub(super) const PATIENCE: Duration = Duration::from_millis(1000);

#[derive(Default)]
pub(super) struct Pulse {
    is_up: AtomicBool,
    /// Something was dropped that the others have not been told of.
    has_gap: AtomicBool,
    latency_micros: AtomicU64,
    /// The beat that is under way, and since when.
    sent: Mutex<Option<(u64, Instant)>>,
    beats: AtomicU64,
}

impl Pulse {
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    pub fn latency(&self) -> Duration {
        Duration::from_micros(self.latency_micros.load(Ordering::Relaxed))
    }

    /// The next beat to say; None while the last one is under way.
    pub fn beat(&self, now: Instant) -> Option<u64> {
        let mut sent = self.sent();
        if sent.is_some() {
            return None;
        }
        let number = self.beats.fetch_add(1, Ordering::Relaxed);
        *sent = Some((number, now));
        Some(number)
    }

    /// True: this beat has brought the bus up.
    pub fn came_back(&self, number: u64, now: Instant) -> bool {
        let mut sent = self.sent();
        let Some((_, at)) = sent.take_if(|(under_way, _)| *under_way == number) else { return false };
        let latency = now.saturating_duration_since(at).as_micros();
        self.latency_micros.store(u64::try_from(latency).unwrap_or(u64::MAX), Ordering::Relaxed);
        !self.is_up.swap(true, Ordering::Relaxed)
    }

    pub fn is_lost(&self, now: Instant) -> bool {
        self.sent().is_some_and(|(_, at)| now.saturating_duration_since(at) > PATIENCE)
    }

    /// The bus is down. True: it was up.
    pub fn stop(&self) -> bool {
        *self.sent() = None;
        self.is_up.swap(false, Ordering::Relaxed)
    }

    pub fn note_gap(&self) {
        self.has_gap.store(true, Ordering::Relaxed);
    }

    pub fn take_gap(&self) -> bool {
        self.has_gap.swap(false, Ordering::Relaxed)
    }

    fn sent(&self) -> MutexGuard<'_, Option<(u64, Instant)>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_up_from_the_first_beat_that_returns_to_the_first_that_does_not() {
        let (pulse, start) = (Pulse::default(), Instant::now());
        assert!(!pulse.is_up() && !pulse.is_lost(start));
        let first = pulse.beat(start).expect("none is under way");
        assert_eq!(pulse.beat(start), None);
        assert!(!pulse.came_back(first + 1, start), "not ours");
        assert!(pulse.came_back(first, start + BEAT / 2) && pulse.is_up());
        assert_eq!(pulse.latency(), BEAT / 2);
        assert!(!pulse.came_back(first, start + BEAT), "twice");
        let second = pulse.beat(start + BEAT).expect("none is under way");
        assert!(!pulse.is_lost(start + BEAT + PATIENCE) && pulse.is_lost(start + BEAT + PATIENCE + BEAT));
        assert!(pulse.stop() && !pulse.stop() && !pulse.is_up());
        assert!(!pulse.came_back(second, start + 9 * BEAT), "too late: the line is another by now");
    }

    #[test]
    fn a_gap_is_told_once() {
        let pulse = Pulse::default();
        pulse.note_gap();
        assert!(pulse.take_gap() && !pulse.take_gap());
    }
}
