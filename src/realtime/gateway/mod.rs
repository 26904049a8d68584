//! Socket.IO 5, a server of our own: the only place that knows sockets. It turns connections into a few terms
//! (`Handler`, `SocketHandle`, `Incoming`, `Ack`, `Frame`) and knows no ticket, no token and no database.
//!
//! Called by `realtime`, which implements `Handler` and mounts `Gateway::routes` beside the REST router, outside of any
//! layer that limits time or bodies or that compresses. Below it lies `engine`, which carries messages; here they are
//! events: `packet` (how they are written), `client` (the sockets of a connection), `socket` and `inbox` (one socket and
//! what waits for it), `life` (the task that handles its events).
//!
//! Other namespaces than `/`, several arguments and bytes are what the official test suites ask of a server
//! (docs/decisions/0030): they are read and written, nothing of ours uses them, and they are hidden in the documentation.
//!
//! Invariants:
//! - The events of a socket are handled one batch after another, in the order sent; every ack gets one answer.
//! - A frame is never lost in silence: a socket whose queue is full is cut, so that its client comes back and replays.
//! - `Handler::disconnected` runs once for each `connect` that succeeded, after the last event was handled.

mod client;
pub mod engine;
mod inbox;
mod life;
#[cfg(test)]
pub mod loose;
mod packet;
mod socket;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use serde_json::value::RawValue;

pub use self::engine::{Admission, Connections, Frame};
pub use self::inbox::{Ack, Incoming, Prepared};
pub use self::socket::{SocketHandle, SocketId};

use self::client::Clients;
use self::engine::{Bounds, Engine, Settings};
use crate::platform::config::RealtimeConfig;

/// The largest message, frame or polling body that a client may send, and the attachments of one event.
const MAX_MESSAGE_BYTES: usize = 1_000_000;
const MAX_ATTACHMENTS: usize = 10;

/// What the server does with its sockets.
pub trait Handler: Send + Sync + 'static {
    /// The namespaces that can be joined.
    #[doc(hidden)]
    const NAMESPACES: &'static [&'static str] = &["/"];

    /// What the handler keeps for a connected socket.
    type Session: Send;

    /// Decides whether a client may join. `Err` is the code, and the message, of its `connect_error`. Nothing can be emitted yet.
    fn connect(
        &self,
        handshake: Handshake,
        socket: SocketHandle,
    ) -> impl Future<Output = Result<Self::Session, String>> + Send;

    /// The client has joined: from here on emits reach it. Runs before its first events.
    fn joined(&self, session: &mut Self::Session) -> impl Future<Output = ()> + Send;

    /// All events that wait, in the order sent, so that several can share one transaction.
    fn handle(&self, session: &mut Self::Session, events: Vec<Incoming>) -> impl Future<Output = ()> + Send;

    fn disconnected(&self, session: Self::Session, reason: &'static str) -> impl Future<Output = ()> + Send;
}

/// What a client brings when it asks to join.
#[derive(Debug)]
pub struct Handshake {
    #[doc(hidden)]
    pub namespace: &'static str,
    /// The `auth` of the client as it was sent, `null` if it sent none or no JSON.
    pub auth: Box<RawValue>,
    pub origin: Option<String>,
    /// What is logged while it is decided carries it, and a client that is refused is told it.
    pub request_id: String,
}

#[derive(Clone)]
pub struct Gateway {
    engine: Engine,
    remaining: Arc<AtomicUsize>,
}

/// Call it within the runtime that will run the sockets.
pub fn build<H: Handler>(config: &RealtimeConfig, admission: Admission, handler: Arc<H>) -> Gateway {
    let settings = Settings {
        ping_interval: Duration::from_millis(config.ping_interval_ms),
        ping_timeout: Duration::from_millis(config.ping_timeout_ms),
        connect_timeout: Duration::from_millis(config.connect_timeout_ms),
        max_payload: MAX_MESSAGE_BYTES,
        outbox: Bounds { frames: config.outbox, bytes: config.outbox_bytes },
    };
    let remaining = Arc::new(AtomicUsize::new(0));
    let shared = Shared { handler, inbox: config.inbox, remaining: remaining.clone(), next_id: AtomicU64::new(1) };
    let engine = Engine::new(settings, admission, Arc::new(Clients(Arc::new(shared))));
    Gateway { engine, remaining }
}

impl Gateway {
    pub fn routes(&self) -> Router {
        self.engine.routes("/socket.io")
    }

    pub fn connections(&self) -> Connections {
        self.engine.connections()
    }

    /// Joined sockets whose `disconnected` has not finished.
    pub fn remaining(&self) -> usize {
        self.remaining.load(Ordering::SeqCst)
    }

    /// Turns newcomers away and ends every connection at a random moment within `spread`. Queued frames are flushed
    /// first. Clients take it for a lost connection and reconnect by themselves.
    pub fn close_all(&self, spread: Duration) {
        self.engine.close_all(spread);
    }
}

/// What the sockets have in common.
struct Shared<H> {
    handler: Arc<H>,
    /// How many events of a socket may wait.
    inbox: usize,
    remaining: Arc<AtomicUsize>,
    next_id: AtomicU64,
}
