//! The one thread that writes. It runs all closures that wait in one transaction, commits it, and hands the group over to be put
//! on disk (`disk`), where one sync pays for all of it.
//!
//! A closure that fails takes nothing along: it has a savepoint of its own. SQLite copies each page that is touched within a
//! savepoint, so those that may be run again share one, and are run again, each in its own, if one of them fails.
//!
//! Invariant: no caller hears `Ok` before the group is on disk, and no effect is told before that.

use std::process::abort;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use rusqlite::Connection;

use super::checkpoint::{self, Length};
use super::disk::{Committed, Disk, Log, Standing};
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
    /// The log of that connection, from its first group on.
    log: Option<Arc<Log>>,
    length: Length,
    disk: Disk,
    /// The groups on their way to the disk. It holds none: the next group runs while one is synced, and no further ahead, so
    /// that groups stay large.
    to_sync: Sender<Committed>,
    /// Tells the checkpointer that there is something to do.
    commits: Sender<()>,
}

impl Writer {
    pub fn new(file: File, length: Length, disk: Disk, to_sync: Sender<Committed>, commits: Sender<()>) -> Self {
        Self { file, connection: None, log: None, length, disk, to_sync, commits }
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
                self.hand_over(Committed { number, log: self.log.clone(), group, effects, began, committing });
                let _ = self.commits.try_send(());
            }
            Err(error) => {
                // The connection is in doubt. Closing it rolls back whatever is left open.
                (self.connection, self.log) = (None, None);
                group.into_iter().for_each(|job| job.fail(&error));
                let (group, effects) = (Vec::new(), Vec::new());
                self.hand_over(Committed { number, log: None, group, effects, began, committing });
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
        if let Some(log) = &self.log {
            check(connection, log)?;
        }
        self.length.shorten(connection);
        execute(connection, "begin immediate", &[])?;
        if self.log.is_none() {
            let opened = Log::open(&self.file.path);
            self.log = Some(opened.map_err(|error| Error::Unavailable(format!("the log cannot be opened: {error}")))?);
        }
        let mut effects = Vec::new();
        for jobs in group.chunk_by_mut(|one, next| one.is_repeatable && next.is_repeatable) {
            let are_kept = jobs.len() > 1 && run_together(connection, jobs, &mut effects)?;
            if !are_kept {
                for job in jobs {
                    run_alone(connection, job, &mut effects)?;
                }
            }
        }
        Ok(effects)
    }
}

/// Who removes a database may begin with its log.
const REMOVAL: Duration = Duration::from_millis(200);

fn check(connection: &Connection, log: &Log) -> Result<()> {
    if log.standing() == Standing::LogTaken {
        thread::sleep(REMOVAL);
    }
    match log.standing() {
        Standing::InPlace => Ok(()),
        Standing::DatabaseGone => Err(Error::Unavailable("the database file is gone".into())),
        Standing::LogTaken => save_and_stop(connection, log),
    }
}

/// Somebody has taken the log away, or put another one in its place. What it holds is acked, and would be lost with this
/// connection: it goes into the database file, and the next start has a log of its own.
fn save_and_stop(connection: &Connection, log: &Log) -> ! {
    let saved = checkpoint::checkpoint(connection, "pragma wal_checkpoint(full)");
    log.put_aside();
    tracing::error!(?saved, "the log of the database was taken away while it was in use; the server stops at once");
    abort()
}

fn connect(file: &File) -> rusqlite::Result<Connection> {
    let connection = file.connect()?;
    // A group touches many pages; what does not fit is written out early and read again within the group.
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    // `disk` syncs.
    connection.pragma_update(None, "synchronous", "normal")?;
    Ok(connection)
}

/// False: one of them has failed in the midst of what it did, and nothing of them is left.
fn run_together(connection: &Connection, jobs: &mut [Job], effects: &mut Vec<Effect>) -> Result<bool> {
    execute(connection, "savepoint together", &[])?;
    let told_before = effects.len();
    let mut are_kept = true;
    for job in jobs {
        let changed_before = connection.total_changes();
        are_kept = run(connection, job, effects)? || connection.total_changes() == changed_before;
        if !are_kept {
            break;
        }
    }
    if !are_kept {
        effects.truncate(told_before);
        execute(connection, "rollback to together", &[])?;
    }
    execute(connection, "release together", &[])?;
    Ok(are_kept)
}

fn run_alone(connection: &Connection, job: &mut Job, effects: &mut Vec<Effect>) -> Result<()> {
    execute(connection, "savepoint closure", &[])?;
    if !run(connection, job, effects)? {
        execute(connection, "rollback to closure", &[])?;
    }
    execute(connection, "release closure", &[])?;
    Ok(())
}

/// Whether what it did is to be kept.
fn run(connection: &Connection, job: &mut Job, effects: &mut Vec<Effect>) -> Result<bool> {
    let mut tx = Tx::sqlite(connection);
    let is_kept = job.run(&mut tx);
    if is_kept {
        effects.append(&mut tx.into_effects());
    }
    if connection.is_autocommit() {
        // A full disk and the like make SQLite give up the whole transaction, not this closure's part alone.
        return Err(Error::Unavailable("SQLite rolled the whole group back".into()));
    }
    Ok(is_kept)
}
