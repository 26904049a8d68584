//! The HTTP floor: what every request goes through, whatever it asks for. It knows no ticket and no user.

mod body;
pub mod client_address;
mod fields;
pub mod identity;
pub mod json;
pub mod page;
pub mod path;
pub mod problem;
pub mod query;
pub mod rate_limit;
pub mod request_id;
pub mod text;
pub mod serve;
