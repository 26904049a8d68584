//! SmileChat: real-time customer support that a business runs itself.
//!
//! Read `services` first (which services there are), then `app` (what they share), then one service's `mod.rs`.
//! docs/ARCHITECTURE.md walks a message from a client through all of it.

pub mod analytics;
pub mod app;
pub mod auth;
pub mod cli;
pub mod error;
pub mod events;
pub mod hints;
pub mod notifications;
pub mod pages;
pub mod platform;
pub mod realtime;
pub mod services;
pub mod tickets;
