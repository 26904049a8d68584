//! A number of requests, or of something else, per window and key, refilled evenly (GCRA by governor).

use std::num::NonZeroU32;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::platform::clock::Clock;

/// Callers remembered at once. Should more come within one window, all start anew: better than to grow without end.
const MAX_KEYS: usize = 200_000;

/// Where a key stands after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub quota: u32,
    pub window_seconds: u64,
    pub remaining: u32,
    /// Seconds until the whole quota is there again, if nothing more comes.
    pub reset_seconds: u64,
    /// Seconds until this request is allowed; None if it is.
    pub retry_after: Option<u64>,
}

pub(super) struct Budget {
    quota: NonZeroU32,
    window: Duration,
    clock: Ticks,
    limiter: RwLock<Limiter>,
}

type Limiter = RateLimiter<String, DashMapStateStore<String>, Ticks, StateInformationMiddleware>;

impl Budget {
    pub fn new(per_window: u32, window: Duration, clock: &Clock) -> Self {
        let (quota, clock) = (NonZeroU32::new(per_window).unwrap_or(NonZeroU32::MIN), Ticks(clock.clone()));
        Self { quota, window, limiter: RwLock::new(limiter(quota, window, &clock)), clock }
    }

    pub fn window(&self) -> Duration {
        self.window
    }

    /// Takes so many at once, or none. More than the whole quota is never allowed.
    pub fn take_many(&self, key: &str, count: NonZeroU32) -> Snapshot {
        let taken = self.limiter.read().unwrap_or_else(PoisonError::into_inner).check_key_n(&key.to_owned(), count);
        let (remaining, retry_after) = match taken {
            Ok(Ok(state)) => (state.remaining_burst_capacity(), None),
            Ok(Err(refusal)) => (0, Some(whole_seconds(refusal.wait_time_from(self.clock.now())).max(1))),
            Err(_) => (0, Some(self.window.as_secs())),
        };
        let quota = self.quota.get();
        let reset_seconds = whole_seconds(self.window * (quota - remaining.min(quota)) / quota);
        Snapshot { quota, window_seconds: self.window.as_secs(), remaining, reset_seconds, retry_after }
    }

    /// Forgets who has their whole quota again.
    pub fn sweep(&self) {
        let mut current = self.limiter.write().unwrap_or_else(PoisonError::into_inner);
        current.retain_recent();
        if current.len() > MAX_KEYS {
            *current = limiter(self.quota, self.window, &self.clock);
        }
        current.shrink_to_fit();
    }
}

fn limiter(quota: NonZeroU32, window: Duration, clock: &Ticks) -> Limiter {
    let per_one = Quota::with_period(window / quota.get()).expect("a window is longer than a nanosecond for each");
    RateLimiter::dashmap_with_clock(per_one.allow_burst(quota), clock.clone()).with_middleware()
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1000) as u64
}

/// Our clock, as governor wants one.
#[derive(Clone)]
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.uptime())
    }
}

#[cfg(test)]
impl Budget {
    pub fn len(&self) -> usize {
        self.limiter.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use governor::clock::Reference as _;

    use super::*;

    /// The time of day may be put right by an hour at any moment, and whoever had spent a budget would wait for that long.
    #[test]
    fn time_passes_for_a_budget_as_it_does_for_a_stopwatch() {
        let clock = Ticks(Clock::System);
        let (begun, before) = (Instant::now(), clock.now());
        std::thread::sleep(Duration::from_millis(20));
        let passed = Duration::from(clock.now().duration_since(before));
        assert!(passed >= Duration::from_millis(20) && passed <= begun.elapsed(), "{passed:?}");
        let since_1970 = Duration::from_millis(Clock::System.now().0.unsigned_abs());
        assert!(Duration::from(before.duration_since(Nanos::new(0))) < since_1970 / 2, "it is no time of day");
    }
}
