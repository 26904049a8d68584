//! How many wrong tries there were under a key in the window that ends now. Exact: the time of each try is kept (of a clock
//! that nobody puts right), which is cheap because no key has more of them than its bound.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Keys remembered at once. Beyond it, those with a single try go first: they are the cheapest to make up.
const MAX_KEYS: usize = 100_000;

pub(super) struct Failures {
    bound: usize,
    window: Duration,
    tries: Mutex<HashMap<String, VecDeque<Duration>>>,
}

impl Failures {
    pub fn new(bound: u32, window: Duration) -> Self {
        Self { bound: bound as usize, window, tries: Mutex::default() }
    }

    pub fn bound(&self) -> usize {
        self.bound
    }

    pub fn window(&self) -> Duration {
        self.window
    }

    /// Counts a try under all keys, or under none if one of them is at its bound (a multiple of the base bound); then the
    /// answer is how many seconds to wait.
    pub fn count(&self, bounds: &[(String, usize)], now: Duration) -> Result<(), u64> {
        let mut tries = self.lock();
        for (key, factor) in bounds {
            let Some(times) = tries.get_mut(key) else { continue };
            times.retain(|at| now.saturating_sub(*at) < self.window);
            if times.len() >= self.bound * factor
                && let Some(oldest) = times.front()
            {
                let wait = self.window.saturating_sub(now.saturating_sub(*oldest));
                return Err((wait.as_millis().div_ceil(1000) as u64).max(1));
            }
        }
        for (key, _) in bounds {
            tries.entry(key.clone()).or_default().push_back(now);
        }
        if tries.len() > MAX_KEYS {
            self.drop_old(&mut tries, now);
            tries.retain(|_, times| times.len() > 1);
        }
        Ok(())
    }

    /// A try turned out right: the first key, the narrowest, starts anew; the wider ones take only this try back, so that
    /// an own account does not pay for guessing at others'.
    pub fn forgive(&self, bounds: &[(String, usize)]) {
        let mut tries = self.lock();
        for (place, (key, _)) in bounds.iter().enumerate() {
            if place == 0 {
                tries.remove(key);
            } else if let Some(times) = tries.get_mut(key) {
                times.pop_back();
            }
        }
    }

    /// A try was not made after all.
    pub fn take_back(&self, bounds: &[(String, usize)]) {
        let mut tries = self.lock();
        for (key, _) in bounds {
            if let Some(times) = tries.get_mut(key) {
                times.pop_back();
            }
        }
    }

    pub fn sweep(&self, now: Duration) {
        self.drop_old(&mut self.lock(), now);
    }

    fn drop_old(&self, tries: &mut HashMap<String, VecDeque<Duration>>, now: Duration) {
        tries.retain(|_, times| times.back().is_some_and(|last| now.saturating_sub(*last) < self.window));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Duration>>> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lock().len()
    }
}
