//! Files in a conversation: uploaded first, then carried by a message.
//!
//! `routes` serves REST; `messages/send` asks `carry` for what a message brings along; `tickets/remove` and the server's
//! housekeeping let files go (`sweep`). What arrives is judged by its bytes (`kind`), a picture is drawn anew (`picture`).
//!
//! Invariants:
//! - A file is durable before its row is written, and the row goes before the file. Every file stands in `attachments` or
//!   in `file_removals`, so that a crash leaves neither a row without a file nor a file for ever.
//! - A file belongs to its ticket from the start: who has no right to the ticket never meets it, and until a message
//!   carries it, only who uploaded it does.
//! - Nothing that a client sent is shown by a browser: pictures are what we drew, all else is a download.

pub mod carry;
pub mod model;
pub mod sweep;
pub mod upload;

mod kind;
mod line;
mod name;
mod picture;
mod routes;
mod show;
mod store;

pub use routes::{UPLOAD_PATH, routes};
pub use store::{adopt, count_removals, each_file, release_of_ticket};

/// Of one file.
const MAX_BYTES: usize = 25 * 1024 * 1024;
/// In one upload, and in one message.
const MAX_FILES: usize = 10;
