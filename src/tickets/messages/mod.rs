//! A ticket's conversation. The main path of the product: `send`.
//!
//! Invariants: `seq` counts 1, 2, 3 … without a hole, in the order in which messages were stored; a message that was
//! answered for is on disk; one `client_id` of one sender makes one message, by a unique key and not by a look-up.

pub mod delivered;
pub mod read;
pub mod replay;
pub mod routes;
mod run;
pub mod send;
mod settle;
pub mod store;
pub mod together;
