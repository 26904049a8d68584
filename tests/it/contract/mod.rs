//! The wire contract, sentence by sentence, through HTTP. What touches data runs on both engines.

mod auth;
mod floor;
mod ground;
mod guests;
mod keys;
mod lists;
mod messages;
mod operations;
mod races;
mod rights;
mod sessions;
mod tickets;
mod users;
