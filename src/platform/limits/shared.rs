//! The same limits for all nodes, kept by Redis: a budget as one number (GCRA), wrong tries as a list of their times.
//!
//! The limits of this process stand in front, and alone while Redis is away. One that does not answer in time is left alone
//! for a second, and then asked by one caller for all: nobody else waits for it. Keys are hashed, so that Redis is told no name
//! and no address.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use redis::Script;
use redis::aio::MultiplexedConnection;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::budget::Snapshot;
use crate::platform::redis::Redis;
use crate::platform::secret::{hex, hmac_sha256};

/// For one answer.
const PATIENCE: Duration = Duration::from_millis(100);
/// Redis is left alone for so long after it did not answer.
const REST: Duration = Duration::from_secs(1);

/// When the budget will be whole again, by Redis' clock, is all that is kept of it. Of what cannot be (somebody else wrote it, or
/// Redis' clock was put right), no more is believed than a whole window, and it does not stay.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window, quota, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = tonumber(redis.call('GET', KEYS[1])) or now
local whole_at = math.min(math.max(now, kept), now + window)
if kept > whole_at then
    redis.call('SET', KEYS[1], string.format('%.3f', whole_at), 'PX', window)
end
local after = whole_at + count * window / quota
if after - now > window then
    return {0, math.ceil(math.max(after - now - window, 1)), math.ceil(whole_at - now)}
end
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now))
return {1, math.floor((window - (after - now)) * quota / window + 0.001), math.ceil(after - now)}";

/// Under all keys, or under none if one is at its bound. What lies ahead of Redis' clock was no try.
const COUNT: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[1])
for place, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    redis.call('ZREMRANGEBYSCORE', key, '(' .. now, '+inf')
    if redis.call('ZCARD', key) >= tonumber(ARGV[place + 1]) then
        local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
        return math.max(oldest[2] + window - now, 1)
    end
end
for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, now, time[1] .. '.' .. time[2] .. '.' .. redis.call('ZCARD', key))
    redis.call('PEXPIRE', key, window)
end
return 0";

/// The first starts anew, the others take one try back.
const FORGIVE: &str = "
redis.call('DEL', KEYS[1])
for place = 2, #KEYS do redis.call('ZPOPMAX', KEYS[place]) end
return 0";

pub struct Shared {
    redis: Redis,
    key: [u8; 32],
    connection: Mutex<Option<MultiplexedConnection>>,
    breaker: Breaker,
    take: Script,
    count: Script,
    forgive: Script,
}

/// Whether Redis may be asked.
struct Breaker {
    begun: Instant,
    /// In milliseconds since then.
    rests_until: AtomicU64,
}

impl Shared {
    /// `key` is what only the nodes of this deployment know.
    pub fn new(redis: Redis, key: &[u8]) -> Self {
        Self {
            redis,
            key: hmac_sha256(key, &[b"shared limits"]),
            connection: Mutex::default(),
            breaker: Breaker { begun: Instant::now(), rests_until: AtomicU64::new(0) },
            take: Script::new(TAKE),
            count: Script::new(COUNT),
            forgive: Script::new(FORGIVE),
        }
    }

    /// Takes `count` of what all nodes have together. None: Redis does not tell.
    pub(super) async fn take(
        &self,
        name: &str,
        key: &str,
        quota: u32,
        window: Duration,
        count: u32,
    ) -> Option<Snapshot> {
        let mut call = self.take.prepare_invoke();
        call.key(self.key_of(&format!("{name} {key}"))).arg(window.as_millis() as u64).arg(quota).arg(count);
        let asked = self.ask(async |connection| call.invoke_async::<(u8, u64, u64)>(connection).await).await;
        let (is_allowed, figure, reset_ms) = asked?;
        let (remaining, retry_after) = match is_allowed {
            1 => (u32::try_from(figure).unwrap_or(quota), None),
            _ => (0, Some(figure.div_ceil(1000).max(1))),
        };
        let (window_seconds, reset_seconds) = (window.as_secs(), reset_ms.div_ceil(1000));
        Some(Snapshot { quota, window_seconds, remaining, reset_seconds, retry_after })
    }

    /// Counts a wrong try under all keys; an error is how many seconds to wait.
    pub(super) async fn count(&self, bounds: &[(String, usize)], bound: usize, window: Duration) -> Result<(), u64> {
        let mut call = self.count.prepare_invoke();
        call.arg(window.as_millis() as u64);
        for (key, factor) in bounds {
            call.key(self.key_of(key)).arg(bound * factor);
        }
        let wait = self.ask(async |connection| call.invoke_async::<u64>(connection).await).await;
        match wait {
            None | Some(0) => Ok(()),
            Some(wait) => Err(wait.div_ceil(1000)),
        }
    }

    pub(super) async fn forgive(&self, bounds: &[(String, usize)]) {
        let mut call = self.forgive.prepare_invoke();
        for (key, _) in bounds {
            call.key(self.key_of(key));
        }
        // One that is not forgiven counts for its window.
        let _ = self.ask(async |connection| call.invoke_async::<u64>(connection).await).await;
    }

    /// The braces have a cluster keep all of them in one place.
    fn key_of(&self, key: &str) -> String {
        format!("{{smilechat_{}}}:{}", hex(&self.key[..4]), hex(&hmac_sha256(&self.key, &[key.as_bytes()])[..16]))
    }

    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut MultiplexedConnection) -> redis::RedisResult<T>,
    ) -> Option<T> {
        if !self.breaker.may_ask() {
            return None;
        }
        let answer = async {
            let mut connection = self.connection().await?;
            anyhow::Ok(question(&mut connection).await?)
        };
        let answer = timeout(PATIENCE, answer).await.context("it does not answer").and_then(|answer| answer);
        if let Err(error) = &answer {
            tracing::debug!(%error, "Redis does not tell how often something was done; this node counts alone");
            self.breaker.open();
            *self.connection.lock().await = None;
        } else {
            self.breaker.close();
        }
        answer.ok()
    }

    async fn connection(&self) -> anyhow::Result<MultiplexedConnection> {
        let mut connection = self.connection.lock().await;
        if connection.is_none() {
            *connection = Some(self.redis.connect_for(&self.key_of(""), PATIENCE).await?);
        }
        connection.clone().context("it was there a moment ago")
    }
}

impl Breaker {
    /// After a rest, one caller tries for all.
    fn may_ask(&self) -> bool {
        let (now, until) = (self.now(), self.rests_until.load(Ordering::Relaxed));
        if until == 0 {
            return true;
        }
        let next = now + REST.as_millis() as u64;
        now >= until && self.rests_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn open(&self) {
        self.rests_until.store(self.now() + REST.as_millis() as u64, Ordering::Relaxed);
    }

    fn close(&self) {
        self.rests_until.store(0, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_nobody_asks_for_a_while_and_then_one() {
        let begun = Instant::now().checked_sub(REST * 5).expect("the machine is up for longer");
        let breaker = Breaker { begun, rests_until: AtomicU64::new(0) };
        assert!(breaker.may_ask() && breaker.may_ask());
        breaker.open();
        assert!(!breaker.may_ask());
        breaker.rests_until.store(1, Ordering::Relaxed);
        assert!(breaker.may_ask(), "the rest is over");
        assert!(!breaker.may_ask(), "somebody tries");
        breaker.close();
        assert!(breaker.may_ask());
    }

    #[tokio::test]
    async fn without_redis_everybody_counts_alone_and_nobody_waits() {
        let shared = Shared::new(Redis::new("redis://127.0.0.1:1").expect("a URL"), b"key");
        let begun = Instant::now();
        for _ in 0..100 {
            assert!(shared.take("api", "a", 1, REST, 1).await.is_none());
            assert_eq!(shared.count(&[("a".into(), 1)], 1, REST).await, Ok(()));
        }
        assert!(begun.elapsed() < REST);
    }
}
