//! The wire contract, sentence by sentence, through HTTP. What touches data runs on both engines.

mod attachments;
mod auth;
mod command_line;
mod desk;
mod floor;
mod ground;
mod guests;
mod keys;
mod lifecycle;
mod lists;
mod messages;
mod notes;
mod openapi;
mod operations;
mod origins;
mod pages;
mod races;
mod ratings;
mod raw;
mod reports;
mod rights;
mod sessions;
mod settings;
mod tickets;
mod two_factor;
mod users;
