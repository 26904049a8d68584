//! The realtime service: sockets, the room of each ticket, who is there and who is typing.
//!
//! From the outside in: `gateway` (Socket.IO in our own terms), `connect` (a socket's life), `batch` and `handlers` (what a client
//! sends), `dispatch` (what the server has to say, from committed events), `hub` (which sockets are in which room),
//! `sequencer` (a ticket's messages in the order of `seq`), `presence` and `typing`, `wire` (names and shapes).
//! Invariants: a message reaches a room only after it is on disk, once for each socket, strictly in the order of `seq`;
//! a socket that cannot keep up is cut, and what it missed it gets by `join_ticket` with its last `seq`.

mod activity;
pub mod asyncapi;
mod batch;
pub mod connect;
mod crossing;
pub mod dispatch;
pub mod gateway;
mod handlers;
mod housekeeping;
pub mod hub;
pub mod presence;
mod room;
mod sequencer;
mod share;
mod throttle;
mod typing;
pub mod wire;

use std::sync::Arc;

use crate::realtime::crossing::Crossing;
use crate::realtime::housekeeping::Stirred;
use crate::realtime::hub::Hub;
use crate::realtime::share::Share;

pub use activity::keep_told;
pub use housekeeping::{keep_books, keep_time};
pub use share::{hear_of_people, keep_shared, say_bye, say_hello};

/// Realtime's part of `App`.
#[derive(Clone)]
pub struct Realtime {
    /// False: this process has no sockets, and nobody is told anything here.
    pub is_on: bool,
    pub hub: Arc<Hub>,
    pub stirred: Arc<Stirred>,
    pub share: Arc<Share>,
    pub crossing: Arc<Crossing>,
}

impl Realtime {
    pub fn new(is_on: bool) -> Self {
        Self { is_on, hub: Arc::default(), stirred: Arc::default(), share: Arc::default(), crossing: Arc::default() }
    }
}
