//! The SQL of webhooks: themselves, what they are to be told, and how far everything was made into that.

pub mod deliveries;
pub mod progress;
pub mod queue;
pub mod source;
pub mod sweep;
pub mod webhooks;
