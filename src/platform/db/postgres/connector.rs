//! Makes the pool's connections, and remembers for all of its threads that the server is away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::link::Link;
use super::session::Session;
use crate::error::{Error, Result};
use crate::platform::config::DatabaseConfig;
use crate::platform::db::server::Server;
use crate::platform::db::wall::FOR_ALL;

/// Our transactions never wait for anything but the database. One that stands still is a node's that was frozen or is gone, and
/// has locks.
const IDLE_PATIENCE: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

pub struct Connector {
    server: Server,
    setup: String,
    /// Whether the server takes writes.
    pub writes: bool,
    outage: Mutex<Option<Outage>>,
    connections: AtomicUsize,
}

/// One of the connections that are there, broken or not, until it is dropped.
pub struct Counted(Arc<Connector>);

/// The server could not be reached. The first thread that gets through ends it for all.
struct Outage {
    pause: Duration,
    next_attempt: Instant,
}

impl Connector {
    pub fn new(server: Server, config: &DatabaseConfig, writes: bool) -> Self {
        Self { server, setup: setup(config), writes, outage: Mutex::new(None), connections: AtomicUsize::new(0) }
    }

    pub fn connect(self: &Arc<Self>) -> Result<Session> {
        if self.outage().as_ref().is_some_and(|outage| Instant::now() < outage.next_attempt) {
            return Err(Error::Unavailable("the PostgreSQL server is away".into()));
        }
        let connected = Link::open(&self.server).map_err(|error| Error::Unavailable(error.to_string()));
        let connected = connected.and_then(|link| Session::pooled(link, self));
        let mut outage = self.outage();
        if let (None, Err(error)) = (&*outage, &connected) {
            tracing::warn!(%error, "PostgreSQL takes no more connections; trying again");
        }
        *outage = connected.as_ref().err().map(|_| {
            let pause = outage.as_ref().map_or(FIRST_PAUSE, |outage| (outage.pause * 2).min(LONGEST_PAUSE));
            Outage { pause, next_attempt: Instant::now() + pause }
        });
        connected
    }

    pub fn setup(&self) -> &str {
        &self.setup
    }

    /// Whether some thread has a connection.
    pub fn is_connected(&self) -> bool {
        self.connections.load(Ordering::Relaxed) > 0
    }

    /// Until the next attempt, if the last one failed.
    pub fn pause(&self) -> Duration {
        let outage = self.outage();
        outage.as_ref().map_or(Duration::ZERO, |outage| outage.next_attempt.saturating_duration_since(Instant::now()))
    }

    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    pub fn of(connector: &Arc<Connector>) -> Self {
        connector.connections.fetch_add(1, Ordering::Relaxed);
        Self(connector.clone())
    }

    pub fn connector(&self) -> &Arc<Connector> {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Also where the role, the database or the server is set to tell of a commit before the disk has it: what is acknowledged
/// is on disk.
fn setup(config: &DatabaseConfig) -> String {
    let seconds = config.statement_timeout_seconds;
    format!(
        "{FOR_ALL}; set statement_timeout = '{seconds}s'; set idle_in_transaction_session_timeout = '{}s';
         select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
        IDLE_PATIENCE.as_secs(),
    )
}
