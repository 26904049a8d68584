//! What a client sends, on its way from the library to the one task that handles it.
//!
//! The library spawns a task for each event, which loses their order. `Inbox` is called before that and only queues.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::AckSender;
use socketioxide::handler::{FromMessageParts, MessageHandler, Value};
use socketioxide::socket::Socket;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::SocketHandle;

/// One event. A client may send any name and any payload; what is no JSON ends its socket before it gets here, and so
/// does a name with a backslash in it, which the library cannot read.
pub struct Incoming {
    pub event: String,
    /// The first argument as it was sent; `null` if there is none, or if it came with binary attachments.
    pub payload: Box<RawValue>,
    /// None if the client did not ask for an answer.
    pub ack: Option<Ack>,
    /// When it arrived.
    pub received: Instant,
}

/// The answer that a client waits for. Dropped without one, it tells the client that the server failed.
pub struct Ack {
    sender: Option<AckSender>,
    socket: SocketHandle,
}

impl Ack {
    pub fn send(mut self, reply: &impl Serialize) {
        if let Ok(reply) = to_raw_value(reply) {
            self.answer(&reply);
        }
    }

    fn answer(&mut self, reply: &RawValue) {
        if let Some(sender) = self.sender.take().filter(|_| !self.socket.is_cut()) {
            self.socket.is_queued(sender.send(reply));
        }
    }

    fn refuse(mut self, code: &str, message: &str) {
        self.answer(&error(code, message));
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        self.answer(&error("internal", "Something went wrong on our side."));
    }
}

/// The entry of a socket's queue. The library drops it with the socket, and that ends the task at the other end.
pub struct Inbox {
    pub queue: mpsc::Sender<Incoming>,
    pub socket: SocketHandle,
}

/// Marks `Inbox` as a message handler of our own among the library's closures.
pub struct Undecoded;

impl MessageHandler<LocalAdapter, Undecoded> for Inbox {
    fn call(&self, socket: Arc<Socket>, mut value: Value, ack_id: Option<i64>) {
        let ack = ack_id.is_some().then(|| {
            let Ok(sender) = AckSender::from_message_parts(&socket, &mut value, &ack_id);
            Ack { sender: Some(sender), socket: self.socket.clone() }
        });
        let (event, payload) = read_event(&value);
        match self.queue.try_send(Incoming { event, payload, ack, received: Instant::now() }) {
            Ok(()) => {}
            Err(TrySendError::Full(refused)) => {
                if let Some(ack) = refused.ack {
                    ack.refuse("rate_limited", "Too many events at once.");
                }
                self.socket.set_reason("too many events");
                self.socket.disconnect();
            }
            // The handler has failed and the socket is being cut; dropping the ack answers it.
            Err(TrySendError::Closed(_)) => {}
        }
    }
}

fn read_event(value: &Value) -> (String, Box<RawValue>) {
    let Value::Str(text, attachments) = value else { return (String::new(), null()) };
    let arguments: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
    let event = arguments.first().and_then(|name| serde_json::from_str(name.get()).ok()).unwrap_or_default();
    let payload = arguments.get(1).filter(|_| attachments.is_none());
    (event, payload.map_or_else(null, |payload| (*payload).to_owned()))
}

pub fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

fn error(code: &str, message: &str) -> Box<RawValue> {
    to_raw_value(&json!({ "error": { "code": code, "message": message } })).expect("strings are JSON")
}
