//! What time does to sessions: it pings them, gives up those that do not answer, and closes those that are not used.
//!
//! One task for all of them. Everything that is expected of a kind comes after the same delay, so that each kind is a
//! queue, and a turn of the task looks at no more than what is due.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use super::{Session, Settings, Shared};

/// A session that was told to go gets this long to take what is queued for it.
const FAREWELL: Duration = Duration::from_secs(2);
/// A client that has left its poll may have sent its farewell beside it.
const RETURN: Duration = Duration::from_secs(2);

/// What comes of a session after a while.
#[derive(Clone, Copy)]
pub enum Due {
    Ping,
    /// The answer to a ping.
    Pong,
    /// That something came of it.
    Use,
    /// That it has taken what was queued before its end.
    Farewell,
    /// That a client which left its poll polls again.
    Return,
}

pub struct Heartbeat {
    pings: Queue,
    pongs: Queue,
    uses: Queue,
    farewells: Queue,
    returns: Queue,
}

struct Queue {
    delay: Duration,
    waiting: Mutex<VecDeque<(Instant, Weak<Session>)>>,
}

impl Heartbeat {
    pub fn new(settings: &Settings) -> Self {
        let queue = |delay| Queue { delay, waiting: Mutex::default() };
        Self {
            pings: queue(settings.ping_interval),
            pongs: queue(settings.ping_timeout),
            uses: queue(settings.connect_timeout),
            farewells: queue(FAREWELL),
            returns: queue(RETURN),
        }
    }

    pub fn expect(&self, due: Due, from: Instant, session: &Arc<Session>) {
        let queue = match due {
            Due::Ping => &self.pings,
            Due::Pong => &self.pongs,
            Due::Use => &self.uses,
            Due::Farewell => &self.farewells,
            Due::Return => &self.returns,
        };
        queue.push(from, session);
    }

    fn turn(&self, now: Instant) {
        for (due, session) in self.pings.due(now) {
            session.ping(due);
        }
        for (_, session) in self.pongs.due(now) {
            session.check_pong(now);
        }
        for (_, session) in self.uses.due(now) {
            session.check_use();
        }
        for (_, session) in self.farewells.due(now) {
            session.check_farewell();
        }
        for (_, session) in self.returns.due(now) {
            session.check_return();
        }
    }
}

impl Queue {
    fn push(&self, from: Instant, session: &Arc<Session>) {
        let mut waiting = self.waiting.lock().expect("nobody panics while holding it");
        waiting.push_back((from + self.delay, Arc::downgrade(session)));
    }

    fn due(&self, now: Instant) -> Vec<(Instant, Arc<Session>)> {
        let mut waiting = self.waiting.lock().expect("nobody panics while holding it");
        let count = waiting.iter().take_while(|(due, _)| *due <= now).count();
        let due = waiting.drain(..count).filter_map(|(due, session)| Some((due, session.upgrade()?))).collect();
        // After a rush it gives its memory back.
        if waiting.capacity() > 64 && waiting.len() < waiting.capacity() / 4 {
            let enough = waiting.len() * 2;
            waiting.shrink_to(enough);
        }
        due
    }
}

/// Fine enough for what is asked, and no finer.
pub fn resolution(settings: &Settings) -> Duration {
    let shortest = settings.ping_interval.min(settings.ping_timeout).min(settings.connect_timeout);
    (shortest / 20).clamp(Duration::from_millis(5), Duration::from_millis(500))
}

/// Runs until the engine is gone.
pub async fn run(engine: Weak<Shared>, resolution: Duration) {
    let mut turns = tokio::time::interval(resolution);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match engine.upgrade() {
            Some(engine) => engine.heartbeat.turn(Instant::now()),
            None => return,
        }
    }
}
