//! The database, written once for SQLite and PostgreSQL.
//!
//! A transaction is a closure that runs on a database thread, synchronously: `db.write(move |tx| { … })` and
//! `db.read(move |tx| { … })`. Nobody can hold one over an await, because that does not compile.
//!
//! Invariants:
//! - When `write` returns `Ok`, the transaction is on disk (SQLite: fsync; PostgreSQL: synchronous commit).
//! - When it returns an error, nothing of the closure is stored, with one exception: `Error::Unavailable` after a
//!   connection broke during COMMIT, where the outcome is unknown. Whoever cannot bear a repeat carries a key of their own.
//! - Effects (`Tx::after_commit`) reach the listener after the commit, in commit order, before the caller's answer;
//!   the effects of closures committed as one group arrive as one batch.
//! - SQL is written for `$1` placeholders; the engines' differences are in `dialect` and nowhere else.

mod dialect;
mod migrate;
mod postgres;
mod sqlite;
mod value;

pub use dialect::Dialect;
pub use value::{FromColumn, Row, Value};
