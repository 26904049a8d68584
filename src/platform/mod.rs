//! What any server needs, and nothing that knows a ticket from a user: the services stand on this, never the reverse.

pub mod bus;
pub mod clock;
pub mod config;
pub mod db;
pub mod encoder;
pub mod files;
pub mod http;
pub mod id;
pub mod limits;
pub mod metrics;
pub mod outbound;
pub mod random;
pub mod redis;
pub mod secret;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
