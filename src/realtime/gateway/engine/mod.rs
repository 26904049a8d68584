//! Engine.IO 4: sessions that poll or hold a WebSocket, and move from one to the other. Whoever serves them implements
//! `Application`; what is said in a session is no affair of this folder.
//!
//! Called by the rest of `gateway`. From the outside in: `door` (the HTTP side: who may come in), `polling` and
//! `websocket` (the two transports), `session` (what they share), `outbox` (what waits to be sent), `heartbeat` (what
//! time does).
//!
//! Invariants:
//! - What a session sends arrives in the order queued, without a hole: what cannot be queued ends the session.
//! - `Receiver::closed` is called once for each session, and nothing is received after it.
//! - An idle session holds no buffer: memory for bytes is there while there are bytes.

mod door;
mod frame;
mod heartbeat;
mod outbox;
mod packet;
mod polling;
mod seats;
mod session;
mod sid;
mod websocket;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use bytes::Bytes;
use rand::Rng;

pub use self::frame::Frame;
pub use self::outbox::Bounds;
pub use self::session::Session;
pub use self::sid::Sid;

use self::heartbeat::Heartbeat;
use self::seats::Seats;
use crate::platform::http::origins::Origins;

/// What becomes of the sessions.
pub trait Application: Send + Sync + 'static {
    /// A session has begun. Nothing is received before this returns.
    fn open(&self, session: &Arc<Session>) -> Box<dyn Receiver>;
}

/// What becomes of what one session receives. Called by whoever reads, so that it must not take long.
pub trait Receiver: Send + Sync {
    fn text(&self, session: &Arc<Session>, text: &str) -> Result<(), Broken>;

    fn binary(&self, session: &Arc<Session>, bytes: Bytes) -> Result<(), Broken>;

    /// Whether anything came of the session. One that is idle `connect_timeout` after its beginning is closed.
    fn is_idle(&self) -> bool;

    fn closed(&self, session: &Arc<Session>, reason: &'static str);
}

/// What was received is no message of the application: the session ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken;

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    pub connect_timeout: Duration,
    /// The largest message, frame or polling body that a client may send.
    pub max_payload: usize,
    /// What may wait to be sent in one session.
    pub outbox: Bounds,
}

/// Who may come in at all, before anybody looks at a token.
pub struct Admission {
    /// Whose pages may connect; every page where none are configured.
    pub origins: Origins,
    /// Of the client as the proxies of ours tell it, which are so many.
    pub max_connections_per_address: usize,
    pub trusted_proxies: u8,
}

/// Sessions of which something came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    pub websocket: usize,
    pub polling: usize,
}

#[derive(Clone)]
pub struct Engine(Arc<Shared>);

impl Engine {
    /// Call it within a runtime: time begins to pass for the sessions.
    pub fn new(settings: Settings, admission: Admission, application: Arc<dyn Application>) -> Self {
        let shared = Arc::new(Shared {
            settings,
            application,
            origins: admission.origins,
            seats: Seats::new(admission.max_connections_per_address),
            trusted_proxies: admission.trusted_proxies,
            heartbeat: Heartbeat::new(&settings),
            sessions: Mutex::default(),
            is_closing: AtomicBool::new(false),
        });
        tokio::spawn(heartbeat::run(Arc::downgrade(&shared), heartbeat::resolution(&settings)));
        Self(shared)
    }

    /// The routes, at `path` with and without a slash at its end.
    pub fn routes(&self, path: &str) -> Router {
        let shared = self.0.clone();
        let answer = any(move |request: Request| shared.clone().answer(request));
        Router::new().route(path, answer.clone()).route(&format!("{path}/"), answer)
    }

    pub fn connections(&self) -> Connections {
        let mut connections = Connections::default();
        for session in self.0.sessions().values().filter(|session| !session.is_idle()) {
            match session.transport() {
                "websocket" => connections.websocket += 1,
                _ => connections.polling += 1,
            }
        }
        connections
    }

    /// Turns newcomers away and ends every session at a random moment within `spread`. What is queued goes out first.
    /// Clients take it for a lost connection and reconnect by themselves.
    pub fn close_all(&self, spread: Duration) {
        self.0.is_closing.store(true, Ordering::SeqCst);
        let sessions: Vec<_> = self.0.sessions().values().cloned().collect();
        for session in sessions {
            let delay = spread.mul_f64(rand::rng().random());
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                session.hang_up("server shutting down");
            });
        }
    }
}

/// For the tests of those who send.
#[cfg(test)]
impl Engine {
    /// A session that no connection carries: what is sent waits in it.
    pub fn loose_session(&self) -> Arc<Session> {
        let seat = self.0.seats.take(std::net::Ipv4Addr::LOCALHOST.into()).expect("no bound");
        Session::open(&self.0, session::Arrival { origin: None }, seat, session::Transport::WebSocket)
    }
}

/// What the sessions have in common.
struct Shared {
    settings: Settings,
    application: Arc<dyn Application>,
    origins: Origins,
    seats: Arc<Seats>,
    trusted_proxies: u8,
    heartbeat: Heartbeat,
    sessions: Mutex<HashMap<Sid, Arc<Session>>>,
    is_closing: AtomicBool,
}

impl Shared {
    fn sessions(&self) -> MutexGuard<'_, HashMap<Sid, Arc<Session>>> {
        self.sessions.lock().expect("nobody panics while holding it")
    }
}
