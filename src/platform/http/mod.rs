//! The HTTP floor: what every request goes through, whatever it asks for. It knows no ticket and no user.
//!
//! `serve` takes the connections, and refuses what is no plain head (`head`); `floor` puts the layers around the routes, `cors`
//! goes around everything and asks `origins`. Handlers use the extractors (`json`, `query`, `path`, `client_address`), the shape of lists (`page`), the
//! rules for text (`text`), for what a browser has already (`etag`) and reads (`encoding`), and return `Error`, which `problem` turns into an
//! answer.

pub mod api;
pub mod body;
pub mod client_address;
pub mod cors;
pub mod docs;
pub mod encoding;
pub mod etag;
mod fields;
pub mod floor;
mod head;
pub mod headers;
pub mod idempotency;
pub mod identity;
pub mod json;
pub mod multipart;
pub mod origins;
pub mod page;
pub mod path;
pub mod problem;
pub mod query;
pub mod rate_limit;
pub mod request_id;
pub mod serve;
pub mod text;
