//! Socket.IO, wrapped whole: the only place that knows the library. It turns connections into our own few terms
//! (`Handler`, `SocketHandle`, `Incoming`, `Ack`) and knows no ticket, no token and no database.
//!
//! Called by `realtime`, which implements `Handler` and mounts `Gateway::routes` beside the REST router, outside of any
//! layer that limits time or bodies or that compresses.
//!
//! Invariants:
//! - The events of a socket are handled one batch after another, in the order sent; every ack gets one answer.
//! - A frame is never lost in silence: a socket whose queue is full is cut, so that its client comes back and replays.
//! - `Handler::disconnected` runs once for each `connect` that succeeded, after the last event was handled.

mod door;
mod inbox;
mod line;
mod seats;
mod session;
mod socket;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use rand::Rng;
use serde_json::value::RawValue;
use socketioxide::service::SocketIoService;
use socketioxide::socket::Sid;
use socketioxide::{ParserConfig, SocketIo};

pub use self::inbox::{Ack, Incoming};
pub use self::socket::{SocketHandle, SocketId};

use self::line::Switch;
use self::seats::Seats;
use crate::platform::config::RealtimeConfig;
use crate::platform::http::origins::Origins;

/// The largest message, frame or polling body that a client may send.
const MAX_MESSAGE_BYTES: usize = 1 << 20;
const MAX_ATTACHMENTS: usize = 10;
/// Each WebSocket holds one of these while it idles; a chat message fits into it.
const READ_BUFFER_BYTES: usize = 1 << 10;

/// What the server does with its sockets.
pub trait Handler: Send + Sync + 'static {
    /// What the handler keeps for a connected socket.
    type Session: Send;

    /// Decides whether a client may join. `Err` is the message of its `connect_error`. Nothing can be emitted yet.
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
    /// The `auth` of the client as it was sent, `null` if it sent none or no JSON.
    pub auth: Box<RawValue>,
    pub origin: Option<String>,
    pub address: Option<IpAddr>,
}

/// Who may come in at all, before anybody looks at a token.
pub struct Admission {
    /// Whose pages may connect; every page where none are configured.
    pub origins: Origins,
    pub max_connections_per_address: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    pub websocket: usize,
    pub polling: usize,
}

#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

/// Call it within the runtime that will run the sockets.
pub fn build<H: Handler>(config: &RealtimeConfig, admission: Admission, handler: Arc<H>) -> Gateway {
    let (engine, io) = SocketIo::builder()
        .ping_interval(Duration::from_millis(config.ping_interval_ms))
        .ping_timeout(Duration::from_millis(config.ping_timeout_ms))
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
        .upgrade_timeout(Duration::from_millis(config.connect_timeout_ms))
        .max_payload(MAX_MESSAGE_BYTES as u64)
        .ws_max_message_size(MAX_MESSAGE_BYTES)
        .ws_max_frame_size(MAX_MESSAGE_BYTES)
        .ws_read_buffer_size(READ_BUFFER_BYTES)
        .max_buffer_size(config.outbox)
        .with_parser(
            ParserConfig::common()
                .max_incoming_binaries(MAX_ATTACHMENTS)
                .max_incoming_binary_buf_size(MAX_MESSAGE_BYTES),
        )
        .build_with_inner_svc(Router::new());
    let shared = Arc::new(Shared {
        engine,
        runtime: tokio::runtime::Handle::current(),
        inbox: config.inbox,
        outbox: config.outbox,
        origins: admission.origins,
        seats: Seats::new(admission.max_connections_per_address),
        upgrades: Mutex::default(),
        sockets: Mutex::default(),
        next_id: AtomicU64::new(1),
        is_closing: AtomicBool::new(false),
    });
    session::register(&io, shared.clone(), handler);
    Gateway(shared)
}

impl Gateway {
    /// The routes of Engine.IO. All clones of the one engine inside: one engine per route would not know the sessions
    /// of the other.
    pub fn routes(&self) -> Router {
        let shared = self.0.clone();
        let answer = any(move |request: Request| shared.answer(request));
        Router::new().route("/socket.io", answer.clone()).route("/socket.io/", answer)
    }

    pub fn connections(&self) -> Connections {
        let mut connections = Connections::default();
        for socket in self.0.sockets().values() {
            match socket.transport() {
                "websocket" => connections.websocket += 1,
                _ => connections.polling += 1,
            }
        }
        connections
    }

    /// Joined sockets whose `disconnected` has not finished.
    pub fn remaining(&self) -> usize {
        self.0.sockets().len()
    }

    /// Turns newcomers away and ends the transport of every socket at a random moment within `spread`. Queued frames
    /// are flushed first. Clients take it for a lost connection and reconnect by themselves.
    pub fn close_all(&self, spread: Duration) {
        self.0.is_closing.store(true, Ordering::SeqCst);
        let sockets: Vec<_> = self.0.sockets().values().cloned().collect();
        for socket in sockets {
            let delay = spread.mul_f64(rand::rng().random());
            self.0.runtime.spawn(async move {
                tokio::time::sleep(delay).await;
                socket.hang_up("server shutting down");
            });
        }
    }
}

/// What the parts of the gateway have in common.
struct Shared {
    /// Its inner router is empty: only paths of the engine get here.
    engine: SocketIoService<Router>,
    /// Sockets may be cut from a thread that belongs to no runtime.
    runtime: tokio::runtime::Handle,
    inbox: usize,
    outbox: usize,
    origins: Origins,
    seats: Arc<Seats>,
    /// The lines of the sessions that began by polling and moved to a WebSocket, or are about to.
    upgrades: Mutex<HashMap<Sid, Arc<Switch>>>,
    sockets: Mutex<HashMap<SocketId, SocketHandle>>,
    next_id: AtomicU64,
    is_closing: AtomicBool,
}

impl Shared {
    fn sockets(&self) -> MutexGuard<'_, HashMap<SocketId, SocketHandle>> {
        self.sockets.lock().expect("nobody panics while holding it")
    }

    fn upgrades(&self) -> MutexGuard<'_, HashMap<Sid, Arc<Switch>>> {
        self.upgrades.lock().expect("nobody panics while holding it")
    }
}
