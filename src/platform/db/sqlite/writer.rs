//! The one thread that writes. It runs all closures that wait, each in a savepoint, in one transaction, commits it, and
//! hands the group over to be put on disk (`disk`), where one sync pays for all of it.
//!
//! Invariant: no caller hears `Ok` before the group is on disk, and no effect is told before that.

use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};
use rusqlite::Connection;

use super::checkpoint::Log;
use super::disk::{Committed, Disk};
use super::{File, execute};
use crate::error::{Error, Result};
use crate::platform::db::Effect;
use crate::platform::db::failure::from_sqlite;
use crate::platform::db::job::Job;
use crate::platform::db::tx::Tx;

/// In KiB, as SQLite wants a size told apart from a number of pages: negative.
const WRITER_CACHE_KIB: i64 = -32 * 1024;

/// Bounds how long the first of a group waits for the last.
const LARGEST_GROUP: usize = 512;

pub(super) struct Writer {
    file: File,
    connection: Option<Connection>,
    log: Log,
    disk: Disk,
    /// The groups on their way to the disk. It holds none: the next group runs while one is synced, and no further ahead, so
    /// that groups stay large.
    to_sync: Sender<Committed>,
    /// Tells the checkpointer that there is something to do.
    commits: Sender<()>,
}

impl Writer {
    pub fn new(file: File, log: Log, disk: Disk, to_sync: Sender<Committed>, commits: Sender<()>) -> Self {
        Self { file, connection: None, log, disk, to_sync, commits }
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
        let began = Instant::now();
        let run = self.run_group(&mut group);
        let number = self.disk.begin();
        let committing = Instant::now();
        match run.and_then(|effects| self.commit().map(|()| effects)) {
            Ok(effects) => {
                self.hand_over(Committed { number, group, effects, began, committing });
                let _ = self.commits.try_send(());
            }
            Err(error) => {
                // The connection is in doubt. Closing it rolls back whatever is left open.
                self.connection = None;
                group.into_iter().for_each(|job| job.fail(&error));
                self.hand_over(Committed { number, group: Vec::new(), effects: Vec::new(), began, committing });
            }
        }
    }

    fn hand_over(&self, committed: Committed) {
        // The thread that syncs ends after this one.
        let _ = self.to_sync.send(committed);
    }

    fn commit(&self) -> Result<()> {
        let connection = self.connection.as_ref().ok_or(Error::bug("a group without a connection"))?;
        execute(connection, "commit", &[]).map(drop)
    }

    fn run_group(&mut self, group: &mut [Job]) -> Result<Vec<Effect>> {
        if self.connection.is_none() {
            self.connection = Some(connect(&self.file).map_err(from_sqlite)?);
        }
        let connection = self.connection.as_ref().expect("it was opened just now");
        self.log.shorten(connection);
        execute(connection, "begin immediate", &[])?;
        let mut effects = Vec::new();
        for job in group {
            effects.append(&mut run_in_savepoint(connection, job)?);
        }
        Ok(effects)
    }
}

fn connect(file: &File) -> rusqlite::Result<Connection> {
    let connection = file.connect()?;
    // A group touches many pages; what does not fit is written out early and read again within the group.
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    // `disk` syncs.
    connection.pragma_update(None, "synchronous", "normal")?;
    Ok(connection)
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
