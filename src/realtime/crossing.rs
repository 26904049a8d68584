//! Typing on its way to the other nodes: however fast a client says it, a bounded part of it crosses.
//!
//! A change crosses at once, and the next one after a moment: what has changed by then, if it has. That somebody still
//! types crosses once a second, which is often enough for what ends by itself after several.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::auth::model::UserKey;
use crate::hints::Typing;

const BETWEEN_CHANGES: Duration = Duration::from_millis(250);
const BETWEEN_REPEATS: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Crossing(Mutex<HashMap<(String, UserKey), Said>>);

struct Said {
    is_typing: bool,
    at: Instant,
    /// The last word since then, if it is another one.
    waits: Option<Typing>,
}

impl Crossing {
    /// What of it has to be said now.
    pub fn pass(&self, typing: Typing, now: Instant) -> Option<Typing> {
        let mut all = self.lock();
        let key = (typing.ticket_id.clone(), typing.user());
        let is_typing = typing.is_typing;
        if let Some(said) = all.get_mut(&key) {
            let since = now.saturating_duration_since(said.at);
            said.waits = None;
            if said.is_typing == is_typing && since < BETWEEN_REPEATS {
                return None;
            }
            if since < BETWEEN_CHANGES {
                said.waits = Some(typing);
                return None;
            }
        }
        all.insert(key, Said { is_typing, at: now, waits: None });
        Some(typing)
    }

    /// What has waited for its turn. Who has said nothing for a while is forgotten.
    pub fn due(&self, now: Instant) -> Vec<Typing> {
        let mut due = Vec::new();
        self.lock().retain(|_, said| {
            let since = now.saturating_duration_since(said.at);
            if since >= BETWEEN_CHANGES
                && let Some(typing) = said.waits.take()
            {
                (said.is_typing, said.at) = (typing.is_typing, now);
                due.push(typing);
                return true;
            }
            since < BETWEEN_REPEATS
        });
        due
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, UserKey), Said>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typing(is_typing: bool) -> Typing {
        Typing::new("t", UserKey(1), "u", "Ann", is_typing)
    }

    #[test]
    fn of_a_flood_little_crosses_and_the_last_word_does() {
        let (crossing, start) = (Crossing::default(), Instant::now());
        let mut crossed = Vec::new();
        // Both ways, a hundred times a second, for ten seconds.
        for count in 0..1000 {
            let now = start + Duration::from_millis(10 * count);
            crossed.extend(crossing.pass(typing(count % 2 == 0), now));
            if count % 25 == 0 {
                crossed.extend(crossing.due(now));
            }
        }
        crossed.extend(crossing.due(start + Duration::from_secs(11)));
        assert!((2..=42).contains(&crossed.len()), "{}", crossed.len());
        assert!(!crossed.last().expect("some").is_typing, "it ended with that");
    }

    #[test]
    fn who_goes_on_typing_is_told_of_once_a_second() {
        let (crossing, start) = (Crossing::default(), Instant::now());
        let passes = |ms| crossing.pass(typing(true), start + Duration::from_millis(ms)).is_some();
        assert!(passes(0) && !passes(10) && !passes(999) && passes(1000) && !passes(1500));
        assert!(crossing.pass(typing(false), start + Duration::from_millis(1600)).is_some(), "a change does not wait");
        assert!(
            crossing.due(start + Duration::from_secs(9)).is_empty() && crossing.lock().is_empty(),
            "and is forgotten"
        );
    }
}
