//! The handle of one connected socket: cheap to clone, safe to keep. A socket that is gone leaves a handle that does
//! nothing.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;

use super::engine::{Frame, Session, Sid};
use super::inbox::{Ack, Inbox, Incoming};
use super::packet::{self, Event};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

#[derive(Clone)]
pub struct SocketHandle(Arc<Inner>);

struct Inner {
    id: SocketId,
    namespace: &'static str,
    session: Arc<Session>,
    inbox: Inbox,
}

impl SocketHandle {
    pub(super) fn new(id: SocketId, namespace: &'static str, session: Arc<Session>) -> Self {
        Self(Arc::new(Inner { id, namespace, session, inbox: Inbox::default() }))
    }

    pub fn id(&self) -> SocketId {
        self.0.id
    }

    pub fn namespace(&self) -> &'static str {
        self.0.namespace
    }

    /// Queues an event. A full queue means a reader too slow to follow: the socket is cut, and the client comes back
    /// and replays. False if the event was not queued.
    ///
    /// Events queued without an await in between leave in one write.
    pub fn emit(&self, frame: &Frame) -> bool {
        self.send(std::slice::from_ref(frame))
    }

    /// The same with any number of arguments, and bytes that placeholders in them stand for.
    #[doc(hidden)]
    pub fn emit_all(&self, event: &str, arguments: &[Box<RawValue>], attachments: &[Bytes]) -> bool {
        self.send(&packet::event(self.namespace(), event, arguments, attachments))
    }

    /// Queues an event that may be missed: dropped while the queue is more than half full. False if it was dropped.
    pub fn emit_volatile(&self, frame: &Frame) -> bool {
        self.is_joined() && self.0.session.send_volatile(frame)
    }

    /// Whether what may be missed is dropped.
    pub fn is_behind(&self) -> bool {
        self.0.session.is_behind()
    }

    /// Until it is not behind, or is gone: whoever is about to answer at length waits for it, so that a reader on a thin
    /// line is served at its pace and not cut.
    pub async fn caught_up(&self) {
        self.0.session.caught_up().await;
    }

    /// Packets that wait to be written, or to be fetched by a client that polls.
    pub fn backlog(&self) -> usize {
        self.0.session.backlog()
    }

    /// Tells the client to leave for good, after what is queued. Its library does not reconnect by itself then.
    pub fn disconnect(&self) {
        self.dismiss("server namespace disconnect");
    }

    /// `websocket` or `polling`.
    #[doc(hidden)]
    pub fn transport(&self) -> &'static str {
        self.0.session.transport()
    }

    pub fn is_connected(&self) -> bool {
        self.is_joined() && self.0.session.is_open()
    }

    pub(super) fn send(&self, frames: &[Frame]) -> bool {
        self.is_joined() && self.0.session.send(frames)
    }

    /// Ends the connection at once, with whatever is queued.
    pub(super) fn cut(&self, reason: &'static str) {
        self.close(reason);
        self.0.session.close(reason);
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.inbox.is_over()
    }

    pub(super) fn is_joined(&self) -> bool {
        self.0.inbox.is_joined()
    }

    /// The handler has said yes. False if the client has left meanwhile.
    pub(super) fn join(&self) -> bool {
        self.0.inbox.join(|| {
            // Another id than the session's, which is a secret between the client and its transport.
            self.0.session.send(&[packet::connected(self.0.namespace, &Sid::random().to_string())]);
        })
    }

    /// The handler has said no.
    pub(super) fn refuse(&self, code: &str, request_id: &str) {
        if self.close("refused") {
            let reason = json!({ "message": code, "data": { "code": code, "request_id": request_id } });
            self.0.session.send(&[packet::refused(self.0.namespace, &reason)]);
        }
    }

    /// An event has come. Too many of them end the socket, after what was accepted.
    pub(super) fn receive(&self, id: Option<u64>, event: Event, attachments: Vec<Bytes>, most: usize) {
        let ack = id.map(|id| Ack::new(id, self.clone()));
        let Event { name, payload, more } = event;
        let incoming = Incoming { event: name, payload, more, attachments, ack, received: Instant::now() };
        if let Some(refused) = self.0.inbox.push(incoming, most) {
            if let Some(ack) = refused.ack {
                ack.refuse("rate_limited", "Too many events at once.");
            }
            self.dismiss("too many events");
        }
    }

    /// All events that wait; none when the socket is over.
    pub(super) async fn events(&self) -> Vec<Incoming> {
        self.0.inbox.take().await
    }

    /// Nothing more comes. False if that was so before.
    pub(super) fn close(&self, reason: &'static str) -> bool {
        self.0.inbox.close(reason)
    }

    /// Why it ended, as its first cause told.
    pub(super) fn reason(&self) -> &'static str {
        self.0.inbox.reason()
    }

    fn dismiss(&self, reason: &'static str) {
        if self.close(reason) {
            let session = &self.0.session;
            session.send(&[packet::disconnected(self.0.namespace)]);
            if session.is_idle() {
                session.hang_up(reason);
            }
        }
    }
}
