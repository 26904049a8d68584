//! Moves what is committed from the write-ahead log into the database file, away from the writer and often, so that no
//! write ever waits for a large log.
//!
//! A checkpoint beside a busy writer never reaches the log's end, and only then may the log start over. So when the log
//! has grown long, the writer itself copies the little that is left, between two groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rusqlite::Connection;

use super::File;

/// Between two checkpoints under load.
const PAUSE: Duration = Duration::from_millis(100);
/// Without a commit for this long, the log gives its disk space back.
const IDLE: Duration = Duration::from_secs(5);
const PAGE_BYTES: i64 = 4096;
/// In pages: 16 MB.
const LONG_LOG: i64 = 4096;

/// Whether the log has grown long.
#[derive(Clone, Default)]
pub(super) struct Length {
    is_long: Arc<AtomicBool>,
}

impl Length {
    /// Called by the writer between two groups.
    pub fn shorten(&self, connection: &Connection) {
        if self.is_long.swap(false, Ordering::Relaxed) {
            let _ = checkpoint(connection, "pragma wal_checkpoint(passive)");
        }
    }
}

/// Ends when the writer does, and closes the last connection: SQLite then empties the log.
pub(super) fn run(file: &File, commits: &Receiver<()>, length: &Length) {
    let mut connection = None;
    let mut is_idle = true;
    loop {
        let signal = match is_idle {
            true => commits.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => commits.recv_timeout(IDLE),
        };
        let sql = match signal {
            Ok(()) => "pragma wal_checkpoint(passive)",
            Err(RecvTimeoutError::Timeout) => "pragma wal_checkpoint(truncate)",
            Err(RecvTimeoutError::Disconnected) => return,
        };
        is_idle = signal.is_err();
        match checkpoint_with(file, &mut connection, sql) {
            Ok(pages) => {
                length.is_long.store(pages > LONG_LOG, Ordering::Relaxed);
                metrics::gauge!("smilechat_db_wal_bytes").set((pages * PAGE_BYTES) as f64);
            }
            Err(error) => {
                tracing::warn!(%error, "a checkpoint failed; the next one tries again");
                connection = None;
            }
        }
        thread::sleep(PAUSE);
    }
}

fn checkpoint_with(file: &File, connection: &mut Option<Connection>, sql: &str) -> rusqlite::Result<i64> {
    if connection.is_none() {
        *connection = Some(file.connect()?);
    }
    checkpoint(connection.as_ref().expect("it was opened just now"), sql)
}

/// The log's length in pages.
pub(super) fn checkpoint(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection.query_row(sql, [], |row| row.get(1))
}
