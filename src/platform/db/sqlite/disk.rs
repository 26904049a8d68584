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
use std::thread;
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
pub(super) fn sync_all(
    disk: &Disk,
    database: &Path,
    commits: &Receiver<Committed>,
    on_commit: &OnCommit,
    slow: Option<Duration>,
) {
    let mut log = Log::of(database);
    while let Ok(first) = commits.recv() {
        let mut all = vec![first];
        all.extend(commits.try_iter());
        log.sync();
        for Committed { number, group, effects, began, committing } in all {
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
}

/// SQLite's write-ahead log. It is there for as long as a connection is.
struct Log {
    path: PathBuf,
    file: Option<File>,
}

/// Until the log can be opened, should it have vanished.
const PAUSE: Duration = Duration::from_millis(50);

impl Log {
    fn of(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        Self { path: name.into(), file: None }
    }

    fn sync(&mut self) {
        let mut is_told = false;
        let file = loop {
            match self.opened() {
                Ok(file) => break file,
                // Nothing is lost by waiting: those who wait are told that the database is unavailable.
                Err(error) if !is_told => {
                    tracing::error!(%error, log = %self.path.display(), "the database's log cannot be opened; trying again");
                    is_told = true;
                }
                Err(_) => thread::sleep(PAUSE),
            }
        };
        if let Err(error) = file.sync_data() {
            tracing::error!(%error, log = %self.path.display(), "the database's log cannot be synced; the server stops at once");
            abort();
        }
    }

    /// Kept open, so that a server out of descriptors can sync; opened anew where another file has taken the name.
    fn opened(&mut self) -> io::Result<&File> {
        let now = fs::metadata(&self.path)?;
        let is_known = match &self.file {
            Some(file) => file.metadata().is_ok_and(|known| (known.dev(), known.ino()) == (now.dev(), now.ino())),
            None => false,
        };
        if !is_known {
            self.file = Some(File::open(&self.path)?);
        }
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
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
