//! The SQL of reports: what is read of other services' tables, how far it has been counted, and the figures.

pub mod board;
pub mod comments;
pub mod facts;
pub mod progress;
pub mod source;
pub mod sums;
