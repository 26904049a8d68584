//! How often one connection may send an event of a kind: a token bucket, refilled by the minute.

use std::time::Instant;

use crate::error::Error;
use crate::platform::config::LimitsConfig;

pub struct Throttles {
    messages: Bucket,
    typing: Bucket,
    others: Bucket,
    is_on: bool,
}

struct Bucket {
    size: f64,
    left: f64,
    filled_at: Instant,
}

impl Throttles {
    pub fn new(limits: &LimitsConfig, now: Instant) -> Self {
        let bucket =
            |per_minute: u32| Bucket { size: f64::from(per_minute), left: f64::from(per_minute), filled_at: now };
        Self {
            messages: bucket(limits.messages_per_minute),
            typing: bucket(limits.typing_per_minute),
            others: bucket(limits.events_per_minute),
            is_on: limits.enabled,
        }
    }

    pub fn check(&mut self, event: &str, now: Instant) -> Result<(), Error> {
        let bucket = match event {
            "chat_message" => &mut self.messages,
            "typing" => &mut self.typing,
            _ => &mut self.others,
        };
        if !self.is_on || bucket.take(now) { Ok(()) } else { Err(Error::RateLimited { retry_after: 1 }) }
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> bool {
        let refill = now.duration_since(self.filled_at).as_secs_f64() * self.size / 60.0;
        self.left = (self.left + refill).min(self.size);
        self.filled_at = now;
        let has_one = self.left >= 1.0;
        if has_one {
            self.left -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_taken_a_flood_is_not_and_time_heals() {
        let start = Instant::now();
        let mut bucket = Bucket { size: 60.0, left: 60.0, filled_at: start };
        assert_eq!((0..1000).filter(|_| bucket.take(start)).count(), 60);
        assert_eq!((0..1000).filter(|_| bucket.take(start + Duration::from_secs(2))).count(), 2);
        assert_eq!((0..1000).filter(|_| bucket.take(start + Duration::from_secs(3600))).count(), 60);
    }
}
