//! What a client sends, on its way to the one task that handles it.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::engine::Sid;
use super::{Frame, SocketHandle, packet};
use crate::platform::telemetry::spans;

/// One event. A client may send any name and any payload; what is no JSON ends its connection before it gets here.
pub struct Incoming {
    pub event: String,
    /// The first argument as it was sent; `null` if there is none.
    pub payload: Box<RawValue>,
    /// Further arguments.
    #[doc(hidden)]
    pub more: Vec<Box<RawValue>>,
    /// The bytes that placeholders in the arguments stand for. That they do so has not been checked.
    #[doc(hidden)]
    pub attachments: Vec<Bytes>,
    /// None if the client did not ask for an answer.
    pub ack: Option<Ack>,
    /// When it arrived.
    pub received: Instant,
}

/// The answer that a client waits for. Dropped without one, it tells the client that the server failed.
pub struct Ack {
    id: u64,
    /// None once it was given.
    socket: Option<SocketHandle>,
}

/// An answer that is written out.
pub struct Prepared(Option<(Frame, SocketHandle)>);

impl Prepared {
    pub fn send(self) {
        if let Some((frame, socket)) = self.0 {
            socket.emit(&frame);
        }
    }
}

impl Ack {
    pub(super) fn new(id: u64, socket: SocketHandle) -> Self {
        Self { id, socket: Some(socket) }
    }

    pub fn send(mut self, reply: &impl Serialize) {
        self.answer(reply);
    }

    /// Writes the answer out, to send it at once when its moment has come.
    pub fn prepare(mut self, reply: &impl Serialize) -> Prepared {
        let socket = self.socket.take();
        Prepared(socket.map(|socket| (packet::ack(socket.namespace(), self.id, reply), socket)))
    }

    /// An answer of several arguments, with bytes.
    #[doc(hidden)]
    pub fn send_all(mut self, arguments: &[Box<RawValue>], attachments: &[Bytes]) {
        if let Some(socket) = self.socket.take() {
            socket.send(&packet::ack_with(socket.namespace(), self.id, arguments, attachments));
        }
    }

    pub(super) fn refuse(mut self, code: &str, message: &str) {
        self.answer_error(code, message);
    }

    /// An error that is the gateway's own.
    fn answer_error(&mut self, code: &str, message: &str) {
        if self.socket.as_ref().is_some_and(SocketHandle::is_connected) {
            let request_id = Sid::random().to_string();
            let _trace = spans::ensure_trace();
            tracing::warn!(request_id, code, "refused");
            self.answer(&json!({ "error": { "code": code, "message": message, "request_id": request_id } }));
        }
    }

    fn answer(&mut self, reply: &impl Serialize) {
        if let Some(socket) = self.socket.take().filter(SocketHandle::is_connected) {
            socket.send(&[packet::ack(socket.namespace(), self.id, reply)]);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        self.answer_error("internal", "Something went wrong on our side.");
    }
}

/// The events of one socket that wait, and whether it has joined.
#[derive(Default)]
pub struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    stage: Stage,
    events: Vec<Incoming>,
    /// The task that handles them, when it has nothing to do.
    idle: Option<Waker>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// The handler has not said yes: nothing is taken, nothing is sent.
    #[default]
    Asking,
    /// It has, and the client is being told: what it sends then is taken, but nothing may overtake the yes.
    Welcomed,
    Joined,
    Over(&'static str),
}

impl Inbox {
    /// False if the socket was over before. `tell` says yes to the client, before anything else is sent.
    pub fn join(&self, tell: impl FnOnce()) -> bool {
        if self.step(Stage::Asking, Stage::Welcomed) {
            tell();
        }
        self.step(Stage::Welcomed, Stage::Joined)
    }

    fn step(&self, from: Stage, to: Stage) -> bool {
        let mut state = self.lock();
        let may_step = state.stage == from;
        if may_step {
            state.stage = to;
        }
        may_step
    }

    pub fn is_joined(&self) -> bool {
        self.lock().stage == Stage::Joined
    }

    pub fn is_over(&self) -> bool {
        matches!(self.lock().stage, Stage::Over(_))
    }

    /// Nothing more is taken. What was, is still handled. False if it was over before: the first reason stays.
    pub fn close(&self, reason: &'static str) -> bool {
        let mut state = self.lock();
        if matches!(state.stage, Stage::Over(_)) {
            return false;
        }
        state.stage = Stage::Over(reason);
        let idle = state.idle.take();
        drop(state);
        idle.into_iter().for_each(Waker::wake);
        true
    }

    /// Why it is over.
    pub fn reason(&self) -> &'static str {
        match self.lock().stage {
            Stage::Over(reason) => reason,
            _ => "transport close",
        }
    }

    /// Gives the event back if `most` wait already. What comes outside of the socket's life is not taken either.
    pub fn push(&self, event: Incoming, most: usize) -> Option<Incoming> {
        let mut state = self.lock();
        if !matches!(state.stage, Stage::Welcomed | Stage::Joined) {
            drop(state);
            return None;
        }
        if state.events.len() >= most {
            drop(state);
            return Some(event);
        }
        state.events.push(event);
        let idle = state.idle.take();
        drop(state);
        idle.into_iter().for_each(Waker::wake);
        None
    }

    /// All events that wait; none when the socket is over.
    pub async fn take(&self) -> Vec<Incoming> {
        poll_fn(|cx| {
            let mut state = self.lock();
            if !state.events.is_empty() || matches!(state.stage, Stage::Over(_)) {
                return Poll::Ready(std::mem::take(&mut state.events));
            }
            state.idle = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding it")
    }
}
