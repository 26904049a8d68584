//! What is measured, each against one server that runs.

pub mod across;
pub mod chat;
pub mod connect;
pub mod fanout;
pub mod rest;
pub mod start;
