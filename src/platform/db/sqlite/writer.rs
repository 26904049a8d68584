//! The one thread that writes. It runs all closures that wait, each in a savepoint, in one transaction, and pays one
//! fsync for the group.
//!
//! Invariant: no caller hears `Ok` before the group is committed, and no effect is told before that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use rusqlite::Connection;

use super::checkpoint::Log;
use super::{File, execute};
use crate::error::{Error, Result};
use crate::platform::db::failure::from_sqlite;
use crate::platform::db::job::Job;
use crate::platform::db::tx::Tx;
use crate::platform::db::{Effect, OnCommit, slow};

/// In KiB, as SQLite wants a size told apart from a number of pages: negative.
const WRITER_CACHE_KIB: i64 = -32 * 1024;

/// Bounds how long the first of a group waits for the last.
const LARGEST_GROUP: usize = 512;

pub(super) struct Writer {
    file: File,
    connection: Option<Connection>,
    on_commit: OnCommit,
    log: Log,
    /// Tells the checkpointer that there is something to do.
    commits: Sender<()>,
    slow: Option<Duration>,
}

impl Writer {
    pub fn new(file: File, on_commit: OnCommit, log: Log, commits: Sender<()>, slow: Option<Duration>) -> Self {
        Self { file, connection: None, on_commit, log, commits, slow }
    }

    pub fn run(mut self, jobs: Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut group = vec![first];
            group.extend(jobs.try_iter().take(LARGEST_GROUP - 1));
            self.serve(group);
        }
    }

    fn serve(&mut self, mut group: Vec<Job>) {
        metrics::histogram!("smilechat_db_group_size").record(group.len() as f64);
        match self.commit(&mut group) {
            Ok(effects) => {
                if !effects.is_empty() && catch_unwind(AssertUnwindSafe(|| (self.on_commit)(effects))).is_err() {
                    tracing::error!("the listener for committed effects panicked");
                }
                group.into_iter().for_each(Job::answer);
                let _ = self.commits.try_send(());
            }
            Err(error) => {
                // The connection is in doubt. Closing it rolls back whatever is left open.
                self.connection = None;
                group.into_iter().for_each(|job| job.fail(&error));
            }
        }
    }

    fn commit(&mut self, group: &mut [Job]) -> Result<Vec<Effect>> {
        if self.connection.is_none() {
            let connection = self.file.connect().map_err(from_sqlite)?;
            // A group touches many pages; what does not fit is written out early and read again within the group.
            connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB).map_err(from_sqlite)?;
            self.connection = Some(connection);
        }
        let connection = self.connection.as_ref().expect("it was opened just now");
        self.log.shorten(connection);
        let begun = Instant::now();
        execute(connection, "begin immediate", &[])?;
        let mut effects = Vec::new();
        let transactions = group.len();
        for job in group {
            effects.append(&mut run_in_savepoint(connection, job)?);
        }
        let committing = Instant::now();
        execute(connection, "commit", &[])?;
        metrics::histogram!("smilechat_db_commit_seconds").record(committing.elapsed());
        metrics::histogram!("smilechat_db_group_seconds").record(begun.elapsed());
        slow::judge_commit(self.slow, committing, transactions);
        Ok(effects)
    }
}

fn run_in_savepoint(connection: &Connection, job: &mut Job) -> Result<Vec<Effect>> {
    execute(connection, "savepoint closure", &[])?;
    let mut tx = Tx::sqlite(connection);
    let is_kept = job.run(&mut tx);
    let effects = if is_kept { tx.into_effects() } else { Vec::new() };
    if connection.is_autocommit() {
        // A full disk and the like make SQLite give up the whole transaction, not this closure's part alone.
        return Err(Error::Unavailable("SQLite rolled the whole group back".into()));
    }
    if !is_kept {
        execute(connection, "rollback to closure", &[])?;
    }
    execute(connection, "release closure", &[])?;
    Ok(effects)
}
