//! Puts commits on disk, on a thread of its own, while the writer works on the next group.
//!
//! For the writer's connection SQLite leaves the syncing to us (`synchronous = normal`): its commit writes the frames into
//! the log, where other connections see them, and a power cut may still take them back. `fdatasync` of the log makes them
//! last, whichever descriptor it is called on.
//!
//! Invariants: who wrote, who listens and who may have read a commit hears of it only after the sync that covers it. A sync
//! that fails ends the process: what the kernel then has on disk is unknown, and a second call would say that all is well
//! (PostgreSQL has panicked there since 2018 for the same reason). The next start reads what the log really holds.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::abort;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::platform::db::job::Job;
use crate::platform::db::{Effect, OnCommit, slow};

/// What the threads know of the log: how far it is written, and how far synced.
#[derive(Clone, Default)]
pub(super) struct Disk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// How many commits have begun.
    begun: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many of them are on disk.
    synced: u64,
    /// Reads that may have seen more than that: up to which commit.
    reads: Vec<(u64, Job)>,
}

/// A group that was committed and is not on disk yet. One that came to nothing has no jobs any more.
pub(super) struct Committed {
    pub number: u64,
    /// Where it was written; None if nothing could be.
    pub log: Option<Arc<Log>>,
    pub group: Vec<Job>,
    pub effects: Vec<Effect>,
    /// When its first closure began, and its commit.
    pub began: Instant,
    pub committing: Instant,
}

impl Disk {
    /// Called by the writer before each commit. Its number has to come by `sync_all`, whatever becomes of it.
    pub fn begin(&self) -> u64 {
        self.0.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A read has ended: its caller hears of it once all that it may have seen is on disk.
    pub fn answer(&self, read: Job) {
        let seen = self.0.begun.load(Ordering::SeqCst);
        let mut state = self.lock();
        if state.synced >= seen {
            drop(state);
            read.answer();
        } else {
            state.reads.push((seen, read));
        }
    }

    fn is_synced(&self, number: u64) {
        let mut state = self.lock();
        state.synced = number;
        let (covered, rest) = std::mem::take(&mut state.reads).into_iter().partition(|(seen, _)| *seen <= number);
        state.reads = rest;
        drop(state);
        covered.into_iter().for_each(|(_, read): (u64, Job)| read.answer());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the writer has ended.
pub(super) fn sync_all(disk: &Disk, commits: &Receiver<Committed>, on_commit: &OnCommit, slow: Option<Duration>) {
    while let Ok(Committed { number, log, group, effects, began, committing }) = commits.recv() {
        if let Some(log) = log {
            log.sync();
        }
        metrics::histogram!("smilechat_db_commit_seconds").record(committing.elapsed());
        metrics::histogram!("smilechat_db_group_seconds").record(began.elapsed());
        slow::judge_commit(slow, committing, group.len());
        if !effects.is_empty() && catch_unwind(AssertUnwindSafe(|| on_commit(effects))).is_err() {
            tracing::error!("the listener for committed effects panicked");
        }
        disk.is_synced(number);
        group.into_iter().for_each(Job::answer);
    }
}

/// SQLite's write-ahead log, as the writer's connection has it open too. It is there for as long as a connection is.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    database: PathBuf,
    /// Device and number of the database's file.
    database_is: (u64, u64),
}

/// What has become of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    InPlace,
    /// The database is there, its log is not, or is another one.
    LogTaken,
    DatabaseGone,
}

impl Log {
    pub fn open(database: &Path) -> io::Result<Arc<Self>> {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let path = PathBuf::from(name);
        let file = File::open(&path)?;
        let database_is = identity(&fs::metadata(database)?);
        Ok(Arc::new(Self { path, file, database: database.to_owned(), database_is }))
    }

    /// Whether the next start would find what is written here.
    pub fn standing(&self) -> Standing {
        let is_there = |path: &Path, expected| fs::metadata(path).is_ok_and(|about| identity(&about) == expected);
        if !is_there(&self.database, self.database_is) {
            return Standing::DatabaseGone;
        }
        match self.file.metadata() {
            Ok(ours) if is_there(&self.path, identity(&ours)) => Standing::InPlace,
            _ => Standing::LogTaken,
        }
    }

    /// Whatever has its name now is not read at the next start, as if it were newer than the database.
    pub fn put_aside(&self) {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".foreign");
        let _ = fs::rename(&self.path, aside);
    }

    fn sync(&self) {
        if let Err(error) = self.file.sync_data() {
            let log = self.path.display();
            tracing::error!(%error, %log, "the database's log cannot be synced; the server stops at once");
            abort();
        }
    }
}

fn identity(about: &fs::Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rusqlite::Connection;

    use super::*;
    use crate::platform::db::job::{Kind, Once, Patience};
    use crate::platform::db::tx::Tx;

    const PATIENCE: Patience =
        Patience { for_turn: Duration::from_millis(50), for_statement: Duration::from_millis(50) };

    #[tokio::test]
    async fn a_read_is_answered_when_all_that_it_may_have_seen_is_on_disk() {
        let (disk, connection) = (Disk::default(), Connection::open_in_memory().expect("a database"));
        let read = || {
            let (mut job, answer) = Job::new("sqlite", Kind::Read, None, Once::new(|_: &mut Tx<'_>| Ok(())));
            job.run(&mut Tx::sqlite(&connection));
            disk.answer(job);
            answer.wait(PATIENCE)
        };
        assert!(read().await.is_ok(), "nothing was written yet");
        let (first, second) = (disk.begin(), disk.begin());
        let waiting = read();
        disk.is_synced(first);
        let later = read();
        disk.is_synced(second);
        assert!(waiting.await.is_ok() && later.await.is_ok() && read().await.is_ok());
        disk.begin();
        assert!(read().await.is_err(), "a commit is under way that nobody has synced");
    }

    #[test]
    fn a_log_that_is_taken_away_is_told_from_a_database_that_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (database, log_file) = (folder.path().join("x.db"), folder.path().join("x.db-wal"));
        for path in [&database, &log_file] {
            File::create(path).expect("a file").write_all(b"x").expect("written");
        }
        let log = Log::open(&database).expect("a log");
        assert_eq!(log.standing(), Standing::InPlace);
        fs::copy(&log_file, folder.path().join("y")).expect("copied");
        fs::rename(folder.path().join("y"), &log_file).expect("renamed");
        assert_eq!(log.standing(), Standing::LogTaken, "another file has its name");
        fs::remove_file(&log_file).expect("removed");
        assert_eq!(log.standing(), Standing::LogTaken);
        fs::remove_file(&database).expect("removed");
        assert_eq!(log.standing(), Standing::DatabaseGone);
    }
}
