//! The wire contract, sentence by sentence, through HTTP. What touches data runs on both engines.

mod auth;
mod sessions;
