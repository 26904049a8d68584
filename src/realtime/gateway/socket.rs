//! The handle of one connected socket: cheap to clone, safe to keep. It holds nothing of the library alive; a socket
//! that is gone leaves a handle that does nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use serde_json::value::RawValue;
use socketioxide::extract::SocketRef;
use socketioxide::socket::{Sid, Socket};
use socketioxide::{SendError, SocketError, TransportType};

use super::Shared;
use super::door::Arrival;
use super::line::Switch;

/// A session that polls and was told to go gets this long to fetch what is queued for it.
const POLLING_GRACE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

#[derive(Clone)]
pub struct SocketHandle(Arc<Inner>);

struct Inner {
    id: SocketId,
    sid: Sid,
    socket: Weak<Socket>,
    arrival: Arc<Arrival>,
    /// Set once a packet was lost. Nothing may follow it, or the client would not notice the hole.
    is_cut: AtomicBool,
    /// Why the socket ended, as its first cause told.
    reason: OnceLock<&'static str>,
    shared: Arc<Shared>,
}

impl SocketHandle {
    pub(super) fn new(id: SocketId, socket: &Arc<Socket>, arrival: Arc<Arrival>, shared: Arc<Shared>) -> Self {
        let weak = Arc::downgrade(socket);
        let (is_cut, reason) = (AtomicBool::new(false), OnceLock::new());
        Self(Arc::new(Inner { id, sid: socket.id, socket: weak, arrival, is_cut, reason, shared }))
    }

    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// Queues an event. A full queue means a reader too slow to follow: the socket is cut, and the client comes back
    /// and replays. False if the event was not queued.
    ///
    /// Events queued without an await in between leave in one write, as long as they fit into the outbox.
    pub fn emit(&self, event: &'static str, payload: &RawValue) -> bool {
        self.joined().is_some_and(|socket| self.is_queued(socket.emit(event, payload)))
    }

    /// Queues an event that may be missed: dropped while the queue is more than half full. How full it is shows on a
    /// WebSocket only; a client that polls misses what does not fit. False if it was dropped.
    pub fn emit_volatile(&self, event: &'static str, payload: &RawValue) -> bool {
        let is_queued = !self.is_behind() && self.joined().is_some_and(|socket| socket.emit(event, payload).is_ok());
        if is_queued {
            self.count_packet();
        }
        is_queued
    }

    /// Whether what may be missed is dropped.
    pub fn is_behind(&self) -> bool {
        self.backlog() > self.0.shared.outbox / 2
    }

    /// Packets that wait to be written; how many those of a session that polls are, nobody knows.
    pub fn backlog(&self) -> usize {
        self.line().map_or(0, |line| line.backlog())
    }

    /// Tells the client to leave for good, after what is queued. Its library does not reconnect by itself then.
    pub fn disconnect(&self) {
        let Some(socket) = self.0.socket.upgrade() else { return };
        self.is_queued(SocketRef::from(socket).disconnect().map_err(SendError::from));
    }

    /// `websocket` or `polling`.
    pub fn transport(&self) -> &'static str {
        match self.0.socket.upgrade().map(|socket| socket.transport_type()) {
            Some(TransportType::Polling) => "polling",
            _ => "websocket",
        }
    }

    pub fn is_connected(&self) -> bool {
        self.joined().is_some()
    }

    /// Judges what came of queueing a packet that must not be missed.
    pub(super) fn is_queued(&self, outcome: Result<(), SendError>) -> bool {
        match outcome {
            Ok(()) => self.count_packet(),
            Err(SendError::Socket(SocketError::InternalChannelFull)) => self.cut("slow reader"),
            Err(_) => {}
        }
        outcome.is_ok()
    }

    /// Ends the transport at once, with whatever is queued.
    pub(super) fn cut(&self, reason: &'static str) {
        self.set_reason(reason);
        if self.0.is_cut.swap(true, Ordering::SeqCst) {
            return;
        }
        match self.line() {
            Some(line) => line.cut(),
            None => self.close_polling_after(Duration::ZERO),
        }
    }

    /// Ends the transport after what is queued.
    pub(super) fn hang_up(&self, reason: &'static str) {
        self.set_reason(reason);
        match self.line() {
            Some(line) => line.hang_up(),
            None => self.close_polling_after(POLLING_GRACE),
        }
    }

    pub(super) fn set_reason(&self, reason: &'static str) {
        self.0.reason.get_or_init(|| reason);
    }

    pub(super) fn reason(&self) -> &'static str {
        self.0.reason.get().copied().unwrap_or("transport close")
    }

    pub(super) fn is_cut(&self) -> bool {
        self.0.is_cut.load(Ordering::SeqCst)
    }

    fn joined(&self) -> Option<Arc<Socket>> {
        self.0.socket.upgrade().filter(|socket| socket.connected() && !self.is_cut())
    }

    /// None while the session polls.
    fn line(&self) -> Option<&Arc<Switch>> {
        let line = &self.0.arrival.line;
        if line.get().is_none()
            && let Some(upgraded) = self.0.shared.upgrades().get(&self.0.sid)
        {
            line.get_or_init(|| upgraded.clone());
        }
        line.get()
    }

    fn count_packet(&self) {
        if let Some(line) = self.line() {
            line.count_packet();
        }
    }

    fn close_polling_after(&self, delay: Duration) {
        let (shared, sid) = (self.0.shared.clone(), self.0.sid);
        self.0.shared.runtime.spawn(async move {
            tokio::time::sleep(delay).await;
            shared.close_polling(sid).await;
        });
    }
}
