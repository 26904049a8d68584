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
}

impl Log {
    pub fn open(database: &Path) -> io::Result<Arc<Self>> {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let path = PathBuf::from(name);
        let file = File::open(&path)?;
        Ok(Arc::new(Self { path, file }))
    }

    /// Whether the next start will find it.
    pub fn is_in_place(&self) -> bool {
        let place = |about: fs::Metadata| (about.dev(), about.ino());
        match (fs::metadata(&self.path), self.file.metadata()) {
            (Ok(there), Ok(ours)) => place(there) == place(ours),
            _ => false,
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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::platform::db::job::{Kind, Patience};
    use crate::platform::db::tx::Tx;

    const PATIENCE: Patience =
        Patience { for_turn: Duration::from_millis(50), for_statement: Duration::from_millis(50) };

    #[tokio::test]
    async fn a_read_is_answered_when_all_that_it_may_have_seen_is_on_disk() {
        let (disk, connection) = (Disk::default(), Connection::open_in_memory().expect("a database"));
        let read = || {
            let (mut job, answer) = Job::new("sqlite", Kind::Read, None, |_| Ok(()));
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
}
