//! The bus between the nodes of one deployment: short lines that one node says and all others hear.
//!
//! It carries hints, and PostgreSQL is the truth: a line may come late, twice or never, and whoever listens is told when
//! something may be missing (`Heard::MayHaveMissed`) and reads the database then. It knows no service; `services` says and
//! hears.
//!
//! Invariants: `say` never waits and never fails its caller; while the bus is down, what is said is dropped at once and
//! counted. A node does not hear itself. What somebody else puts on the channel is counted and ignored: a payload is signed
//! with a key that only the nodes have.

mod clocks;
mod envelope;
mod line;
mod peers;
mod pulse;
mod queue;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use self::clocks::{Clocks, Found};
use self::envelope::{Head, Opened, Seal};
use self::line::{Line, Place};
use self::peers::Peers;
use self::pulse::Pulse;
use crate::platform::clock::Clock;
use crate::platform::random::Random;
use crate::platform::redis::Redis;
use crate::platform::secret::hex;

pub use self::queue::{Heard, Incoming};

/// Lines that wait to be said. More are dropped: nobody waits for the bus.
const QUEUE: usize = 10_000;

/// Which node: drawn anew at each start.
pub type NodeId = Arc<str>;

/// A clone is the same bus.
#[derive(Clone)]
pub struct Bus(Option<Arc<Shared>>);

struct Shared {
    node: NodeId,
    kind: &'static str,
    queue: mpsc::Sender<ToSay>,
    pulse: Pulse,
    peers: Peers,
    clocks: Clocks,
    clock: Clock,
    lease: Duration,
    /// How many payloads were made.
    payloads: AtomicU64,
    /// It has said goodbye, and says nothing after it.
    has_left: AtomicBool,
}

/// What waits to be said.
enum ToSay {
    Line(String),
    /// Told when all that waited before it was said.
    Mark(oneshot::Sender<()>),
}

/// Where the other nodes are met.
pub enum Meeting {
    /// Nowhere: this process is the only one.
    Alone,
    /// LISTEN and NOTIFY of the database with this URL.
    Postgres(String),
    Redis(Redis),
}

/// How the bus stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    pub kind: &'static str,
    pub is_up: bool,
    /// How long a line took to come back to its sender.
    pub latency: Duration,
    /// Other nodes that were heard of late.
    pub peers: usize,
}

/// Runs the bus until it is dropped.
pub struct Driver(Option<Line>);

impl Bus {
    /// `key` is what only the nodes of this deployment know: channel and signature are made of it. `lease`: who was not heard
    /// for that long is no node any more.
    pub fn new(
        meeting: Meeting,
        key: &[u8],
        lease: Duration,
        clock: Clock,
        random: &Random,
    ) -> anyhow::Result<(Self, Incoming, Driver)> {
        let (inlet, incoming) = queue::inlet();
        let place = match meeting {
            Meeting::Alone => return Ok((Self(None), incoming, Driver(None))),
            Meeting::Postgres(url) => Place::postgres(&url)?,
            Meeting::Redis(redis) => Place::Redis(redis),
        };
        let mut id = [0; 8];
        random.fill(&mut id);
        let (queue, to_say) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            node: hex(&id).into(),
            kind: place.kind(),
            queue,
            pulse: Pulse::default(),
            peers: Peers::new(lease),
            clocks: Clocks::default(),
            clock,
            lease,
            payloads: AtomicU64::new(0),
            has_left: AtomicBool::new(false),
        });
        let line = Line { shared: shared.clone(), place, seal: Seal::new(key), to_say, inlet };
        Ok((Self(Some(shared)), incoming, Driver(Some(line))))
    }

    /// Whether anybody would hear: whoever makes lines need not make them for nobody.
    pub fn has_listeners(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.peers.are_there(Instant::now()))
    }

    /// Tells the other nodes, if it can. One line, without a line end.
    pub fn say(&self, line: String) {
        let Some(shared) = self.0.as_ref().filter(|shared| !shared.has_left.load(Ordering::Relaxed)) else { return };
        if !shared.pulse.is_up() || shared.queue.try_send(ToSay::Line(line)).is_err() {
            shared.pulse.note_gap();
            metrics::counter!("smilechat_bus_dropped_total").increment(1);
        }
    }

    /// The last word: the others need not miss this node. Waits until all that was said is out, or for `patience`.
    pub async fn leave(&self, patience: Duration) {
        let Some(shared) = &self.0 else { return };
        self.say(line::GOODBYE.to_owned());
        shared.has_left.store(true, Ordering::Relaxed);
        let (mark, reached) = oneshot::channel();
        if shared.pulse.is_up() && shared.queue.try_send(ToSay::Mark(mark)).is_ok() {
            // Who waits no longer goes without.
            let _ = timeout(patience, reached).await;
        }
    }

    /// Whether this node is the one that goes by this name.
    pub fn is_node(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|shared| *shared.node == *name)
    }

    /// Something arrived under our signature that nobody here understands: a newer version, perhaps.
    pub fn note_junk(&self) {
        count_junk();
    }

    /// Whether hints may be missing just now: the bus is down, or a node that was there is not heard.
    pub fn is_in_doubt(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| !shared.pulse.is_up() || shared.peers.is_anybody_quiet(Instant::now()))
    }

    /// None without a bus.
    pub fn standing(&self) -> Option<Standing> {
        let shared = self.0.as_ref()?;
        let (is_up, latency) = (shared.pulse.is_up(), shared.pulse.latency());
        Some(Standing { kind: shared.kind, is_up, latency, peers: shared.peers.count(Instant::now()) })
    }

    pub fn is_alone(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bus").field(&self.standing()).finish()
    }
}

impl Driver {
    /// Connects, and again whenever it has to; never returns.
    pub async fn run(self) {
        match self.0 {
            Some(line) => line.run().await,
            None => std::future::pending().await,
        }
    }
}

impl Shared {
    /// Of the next payload.
    fn head(&self) -> Head<'_> {
        let number = self.payloads.fetch_add(1, Ordering::Relaxed) + 1;
        Head { node: &self.node, number, sent_at: self.clock.now().0, has_gap: self.pulse.take_gap() }
    }

    /// What comes from a node whose clock is another one's is lost, or told late, and nothing else would say why.
    fn note_clock(&self, opened: &Opened<'_>, now: Instant) {
        let ahead = opened.sent_at.saturating_sub(self.clock.now().0);
        let found = self.clocks.judge(&opened.from, ahead, now);
        if found != Found::Right {
            metrics::counter!("smilechat_bus_clock_off_total").increment(1);
        }
        if found == Found::OffNow {
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            tracing::warn!(
                node = &*opened.from,
                "the clock of another node is {} s {way} this one's: what it says is not believed beyond bus.lease_ms",
                ahead.unsigned_abs().div_ceil(1000)
            );
        }
    }

    /// A payload that is older than a lease is a repeat by somebody else. The nodes' clocks may differ by that much.
    fn is_fresh(&self, sent_at: i64) -> bool {
        let age = Duration::from_millis(self.clock.now().0.abs_diff(sent_at));
        age < self.lease
    }
}

fn count_junk() {
    metrics::counter!("smilechat_bus_junk_total").increment(1);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;
    use crate::platform::metrics;

    #[test]
    fn what_comes_from_a_clock_that_is_off_is_counted() {
        let nowhere = Redis::new("redis://127.0.0.1:1").expect("an address");
        let clock = Clock::Manual(Arc::new(AtomicI64::new(1_700_000_000_000)));
        let (bus, ..) = Bus::new(Meeting::Redis(nowhere), b"key", Duration::from_secs(20), clock, &Random::seeded(1))
            .expect("a bus, not connected yet");
        let (shared, start) = (bus.0.expect("it is not alone"), Instant::now());
        let hear = |sent_at, beats: std::ops::Range<u32>| {
            for beat in beats {
                let opened =
                    Opened { from: "other".into(), number: beat.into(), sent_at, has_gap: false, lines: vec![] };
                shared.note_clock(&opened, start + Duration::from_millis(500) * beat);
            }
        };
        let text = metrics::measured(|| hear(1_700_000_000_400, 0..10));
        assert!(text.contains("\nsmilechat_bus_clock_off_total 0\n"), "{text}");
        // For two seconds it may be late alone.
        let text = metrics::measured(|| hear(1_700_000_030_000, 10..20));
        assert!(text.contains("\nsmilechat_bus_clock_off_total 6\n"), "{text}");
    }
}
