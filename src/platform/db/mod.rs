//! The database, written once for SQLite and PostgreSQL.
//!
//! A transaction is a closure that runs on a database thread, synchronously: `db.write(move |tx| { … })` and
//! `db.read(move |tx| { … })`; a read of one statement is `db.ask`. Nobody can hold one over an await, because that does not compile.
//!
//! Invariants:
//! - When `write` returns `Ok`, the transaction is on disk (SQLite: fsync; PostgreSQL: synchronous commit).
//! - When it returns an error, nothing of the closure is stored, with one exception: `Error::Unavailable` after a
//!   connection broke, or the patience ran out, during COMMIT, and the server could not be asked how it ended. Whoever
//!   cannot bear a repeat carries a key of their own. The effects of what was committed are told all the same.
//! - Effects (`Tx::after_commit`) reach the listener after the commit and before the caller's answer; the effects of
//!   closures committed as one group arrive as one batch. On SQLite they come in commit order; on PostgreSQL two
//!   transactions that commit at the same moment on two connections may be told in either order.
//! - A statement that would store a unique value twice is `Error::Conflict("conflict")`; the store that runs it knows
//!   which value that is and says so.
//! - A read sees one snapshot and changes nothing.
//! - On PostgreSQL, what is asked for `within` a tenant sees and writes rows of that tenant alone (`wall`).
//! - SQL is written for `$1` placeholders; the engines' differences are in `dialect` and nowhere else.
//! - No call waits for ever: a full queue, a lost server and a locked file are `Error::Unavailable`, and heal by themselves.

mod backup;
mod channel;
mod dialect;
mod failure;
mod hosts;
mod job;
mod mark;
mod migrate;
mod passages;
mod postgres;
mod replica;
mod restore;
mod schema;
mod server;
mod slow;
mod sqlite;
mod transfer;
mod trust;
mod turns;
mod tx;
mod value;
mod wall;

use std::any::Any;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::bail;
use crossbeam_channel::Sender;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::job::{Job, Kind, Once, Patience, Repeatable, Work};
use crate::error::{Error, Result};
use crate::platform::config::DatabaseConfig;

pub use self::backup::{Copied, backup, look_into};
pub use self::channel::Channel;
pub use self::dialect::{Dialect, folded, index_ticket, unindex_ticket};
pub use self::failure::is_refused_statement;
pub use self::migrate::migrate;
pub use self::passages::{PassageWords, count_passages, find_passages, index_passage, unindex_passages};
pub use self::restore::{Restored, restore};
pub use self::sqlite::Hold;
pub use self::transfer::{Aids, Index, Moved, Progress, transfer};
pub use self::tx::Tx;
pub use self::value::{FromColumn, Row, Value};
pub use self::wall::{carried, within};

/// Something that a transaction wants told once it is committed.
pub type Effect = Box<dyn Any + Send>;
/// The listener: called on a database thread, so it must hand over and return.
pub type OnCommit = Arc<dyn Fn(Vec<Effect>) + Send + Sync>;

/// Jobs that wait for a database thread, per queue. More than this is not caught up with in time.
const QUEUE: usize = 8192;

#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    dialect: Dialect,
    patience: Patience,
    slow: Option<Duration>,
    /// A standby that is further behind is not asked.
    longest_lag: Duration,
    /// None once closed.
    queues: RwLock<Option<Queues>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Queues {
    reads: Sender<Job>,
    writes: Sender<Job>,
    /// Of a standby, if there is one.
    replica: Option<Sender<Job>>,
}

impl Db {
    /// Connects and migrates. Blocks; an error is one clear line for an operator.
    pub fn open(config: &DatabaseConfig, on_commit: OnCommit) -> anyhow::Result<Db> {
        for name in migrate(config)? {
            tracing::info!(migration = name, "the database schema was brought forward");
        }
        let mut threads = Vec::new();
        let (dialect, queues) = match Place::of(&config.url)? {
            Place::Sqlite(path) => (Dialect::Sqlite, sqlite::start(path, config, on_commit, &mut threads)?),
            Place::Postgres(server) => {
                let mut queues = postgres::start(*server, config, on_commit, &mut threads)?;
                if let Some(standby) = replica::of(config)? {
                    queues.replica = Some(postgres::start_reading(standby, config, &mut threads)?);
                }
                (Dialect::Postgres, queues)
            }
        };
        let shared = Shared {
            dialect,
            patience: Patience {
                for_turn: Duration::from_secs(config.queue_timeout_seconds),
                for_statement: Duration::from_secs(config.statement_timeout_seconds),
            },
            slow: slow::threshold(config),
            longest_lag: Duration::from_secs(config.replica_lag_seconds),
            queues: RwLock::new(Some(queues)),
            threads: Mutex::new(threads),
        };
        Ok(Db { shared: Arc::new(shared) })
    }

    pub async fn read<T, F>(&self, closure: F) -> Result<T>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.call(Kind::Read, Once::new(closure)).await
    }

    /// A read of one statement, which is a transaction by itself: on PostgreSQL one question instead of three. It is a fault
    /// to ask for another one, on either engine; that it changes nothing is seen on SQLite.
    pub async fn ask<T, F>(&self, closure: F) -> Result<T>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.call(Kind::Ask, Once::new(closure)).await
    }

    pub async fn write<T, F>(&self, closure: F) -> Result<T>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.call(Kind::Write, Once::new(closure)).await
    }

    /// The same for a closure that changes nothing but the database and may be run again, from the beginning. SQLite runs several of these
    /// together, and one after the other only if one fails: for what there is much of.
    pub async fn write_repeatable<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.call(Kind::Write, Repeatable(closure)).await
    }

    /// A read that may be behind by `database.replica_lag_seconds`: for figures and lists in which nobody looks for what they
    /// did a moment ago. Where there is a standby it is asked, and whatever goes wrong there, the database itself.
    pub async fn read_behind<T, F>(&self, closure: F) -> Result<T>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Clone + Send + 'static,
        T: Send + 'static,
    {
        let Some(answer) = self.ask_replica(closure.clone()).await else { return self.read(closure).await };
        match answer {
            // What the standby cannot know of: it is behind, being brought forward, or away.
            Err(Error::Unavailable(_) | Error::Internal { .. }) => {
                metrics::counter!("smilechat_replica_reads_total", "outcome" => "passed_on").increment(1);
                self.read(closure).await
            }
            answer => {
                metrics::counter!("smilechat_replica_reads_total", "outcome" => "answered").increment(1);
                answer
            }
        }
    }

    pub fn has_replica(&self) -> bool {
        let queues = self.shared.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.as_ref().is_some_and(|queues| queues.replica.is_some())
    }

    /// Whether the standby, if there is one, would answer a caller now.
    pub async fn ping_replica(&self) -> Result<()> {
        self.ask_replica(|_| Ok(())).await.unwrap_or(Ok(()))
    }

    /// Whether the database would serve a caller now: an empty write (it takes SQLite's write lock), then a trivial read.
    pub async fn ping(&self) -> Result<()> {
        self.write(|_| Ok(())).await?;
        self.read(|tx| tx.one("select cast(1 as bigint)", &[], |row| row.take::<i64>())).await?;
        Ok(())
    }

    /// Removes what nobody will ask for.
    pub async fn sweep(&self) -> Result<()> {
        match self.shared.dialect {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => self.write(mark::sweep).await,
        }
    }

    /// Sets the gauges of the queues.
    pub fn measure(&self) {
        if let Some(queues) = &*self.shared.queues.read().unwrap_or_else(PoisonError::into_inner) {
            turns::measure(&queues.reads, &queues.writes);
        }
    }

    pub fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    pub fn engine(&self) -> &'static str {
        match self.shared.dialect {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }

    /// Finishes what is queued and ends the threads. Calls that come later are `Unavailable`.
    pub async fn close(&self) {
        let Patience { for_turn, for_statement } = self.shared.patience;
        self.close_within(for_turn + for_statement).await;
    }

    /// The same, for somebody who cannot wait longer than `time`.
    pub async fn close_within(&self, time: Duration) {
        self.shared.queues.write().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let (end, ended) = oneshot::channel();
        // Not a task of the runtime, which would wait for it even when a frozen server keeps a thread for ever.
        thread::spawn(move || {
            threads.into_iter().for_each(|thread| drop(thread.join()));
            let _ = end.send(());
        });
        if timeout(time, ended).await.is_err() {
            tracing::warn!("the database threads did not end in time");
        }
    }

    async fn call<T: Send + 'static>(&self, kind: Kind, work: impl Work<T>) -> Result<T> {
        let (job, answer) = Job::new(self.engine(), kind, self.shared.slow, work);
        self.enqueue(kind, job)?;
        answer.wait(self.shared.patience).await
    }

    /// None: there is no standby.
    async fn ask_replica<T, F>(&self, closure: F) -> Option<Result<T>>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let longest_lag = self.shared.longest_lag;
        let work = Once::new(move |tx: &mut Tx<'_>| {
            replica::refuse_if_behind(tx, longest_lag)?;
            closure(tx)
        });
        let (job, answer) = Job::new(self.engine(), Kind::Read, self.shared.slow, work);
        let is_queued = {
            let queues = self.shared.queues.read().unwrap_or_else(PoisonError::into_inner);
            put(queues.as_ref()?.replica.as_ref()?, job)
        };
        match is_queued {
            true => Some(answer.wait(self.shared.patience).await),
            false => Some(Err(Error::Unavailable("the queue of the standby is full".into()))),
        }
    }

    fn enqueue(&self, kind: Kind, job: Job) -> Result<()> {
        let queues = self.shared.queues.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queues) = &*queues else {
            return Err(Error::Unavailable("the database is closed".into()));
        };
        let queue = match kind {
            Kind::Ask | Kind::Read => &queues.reads,
            Kind::Write => &queues.writes,
        };
        if put(queue, job) { Ok(()) } else { Err(Error::Unavailable("the database queue is full".into())) }
    }
}

/// Whether there was room. A channel with a bound of its own would hold memory for all of it from the start; here a few callers
/// at once may go past the bound, which harms nobody.
fn put(queue: &Sender<Job>, job: Job) -> bool {
    queue.len() < QUEUE && queue.send(job).is_ok()
}

/// The values of an `in (…)`, the last one repeated until there are as many as a power of two: of each length there is another
/// statement to prepare.
pub fn padded(keys: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut keys: Vec<i64> = keys.into_iter().collect();
    if let Some(last) = keys.last().copied() {
        keys.resize(keys.len().next_power_of_two(), last);
    }
    keys
}

/// Deletes what may be many rows, a thousand in a transaction, so that nobody waits long behind it. `delete` is told how
/// many at most, and answers how many went; so does this.
pub async fn in_batches(
    db: &Db,
    delete: impl Fn(&mut Tx<'_>, i64) -> Result<u64> + Clone + Send + 'static,
) -> Result<u64> {
    const BATCH: u64 = 1000;
    let mut all = 0;
    loop {
        let delete = delete.clone();
        let gone = db.write(move |tx| delete(tx, BATCH.cast_signed())).await?;
        all += gone;
        if gone < BATCH {
            return Ok(all);
        }
    }
}

/// For a server, before it opens the database, and for as long as it runs: a SQLite file is one server's. None on PostgreSQL.
pub fn hold(config: &DatabaseConfig) -> anyhow::Result<Option<Hold>> {
    match Place::of(&config.url)? {
        Place::Sqlite(path) => sqlite::hold(&path).map(Some),
        Place::Postgres(_) => Ok(None),
    }
}

/// What is wrong with the URL of a database, as far as this machine alone can tell; without the URL, which may hold a password.
pub fn url_fault(url: &str) -> Option<String> {
    Place::of(url).err().map(|error| format!("{error:#}"))
}

/// The same of the URL of a standby.
pub fn replica_url_fault(url: &str) -> Option<String> {
    server::Server::of(url).err().map(|error| format!("{error:#}"))
}

/// The SQLite file that is configured and not there. Of a PostgreSQL server, that is known once it is asked.
pub fn absent_file(config: &DatabaseConfig) -> Option<PathBuf> {
    let Ok(Place::Sqlite(path)) = Place::of(&config.url) else { return None };
    let is_absent = match path.metadata() {
        Ok(file) => file.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    is_absent.then_some(path)
}

/// Where the database lives.
enum Place {
    Sqlite(PathBuf),
    Postgres(Box<server::Server>),
}

impl Place {
    fn of(url: &str) -> anyhow::Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
            return Ok(Self::Sqlite(path.into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(server::Server::of(url)?.that_takes_writes()?)));
        }
        bail!("the database URL must begin with sqlite:// or postgres://")
    }
}
