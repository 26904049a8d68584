//! SQLite: one thread that writes, one that syncs what it wrote, a few that read, one that keeps the write-ahead log short.
//!
//! Each thread owns its connection and opens it anew after a failure that left it in doubt.

mod checkpoint;
mod disk;
mod hold;
mod reader;
mod writer;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use crossbeam_channel::{bounded, unbounded};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, TransactionBehavior};

pub use hold::Hold;
pub(super) use hold::hold;

use super::failure::from_sqlite;
use super::migrate::Apply;
use super::tx::{Tx, Visit};
use super::value::{Row, Value};
use super::{OnCommit, Queues, slow};
use crate::error::{Error, Result};
use crate::platform::config::DatabaseConfig;

/// Enough for every statement of the server, so that none is parsed twice.
const PREPARED_STATEMENTS: usize = 256;

/// A command that looks at the file at this moment, such as a backup, is waited for.
const CLAIM_PATIENCE: Duration = Duration::from_secs(2);

const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// How to open a connection again.
#[derive(Clone)]
struct File {
    path: PathBuf,
    busy_timeout: Duration,
}

pub(super) fn start(
    path: PathBuf,
    config: &DatabaseConfig,
    on_commit: OnCommit,
    threads: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Queues> {
    let file = File::new(&path, config);
    let (writes, write_jobs) = unbounded();
    let (reads, read_jobs) = unbounded();
    let length = checkpoint::Length::default();
    let (commits, committed) = bounded(1);
    let mut spawn = |name: &str, work: Box<dyn FnOnce() + Send>| -> anyhow::Result<()> {
        threads.push(thread::Builder::new().name(name.into()).spawn(work).context("cannot start a database thread")?);
        Ok(())
    };
    let disk = disk::Disk::default();
    let (to_sync, committed_groups) = bounded(0);
    let writer = writer::Writer::new(file.clone(), length.clone(), disk.clone(), to_sync, commits);
    spawn("db-writer", Box::new(move || writer.run(write_jobs)))?;
    let (synced, slow) = (disk.clone(), slow::threshold(config));
    spawn("db-sync", Box::new(move || disk::sync_all(&synced, &committed_groups, &on_commit, slow)))?;
    for _ in 0..reader_count(config) {
        let (file, jobs, disk) = (file.clone(), read_jobs.clone(), disk.clone());
        spawn("db-reader", Box::new(move || reader::run(&file, &jobs, &disk)))?;
    }
    spawn("db-checkpoint", Box::new(move || checkpoint::run(&file, &committed, &length)))?;
    Ok(Queues { reads, writes, replica: None })
}

pub(super) fn migrate(path: &Path, config: &DatabaseConfig, apply: Apply) -> anyhow::Result<Vec<String>> {
    let place = || format!("cannot open the database {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(place)?;
    }
    create_for_us_alone(path).with_context(place)?;
    let mut connection = File::new(path, config).connect_in_turn().with_context(place)?;
    // Each migration is whole or not there. What is acked later is synced, and with it all that lies before it in the log.
    connection.pragma_update(None, "synchronous", "normal").with_context(place)?;
    let mut names = Vec::new();
    loop {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).with_context(place)?;
        let next = apply(&mut Tx::sqlite(&tx)).map_err(|error| anyhow!("{}: {error:#}", path.display()))?;
        tx.commit().with_context(place)?;
        match next {
            Some(name) => names.push(name),
            None => return Ok(names),
        }
    }
}

/// A connection that is the only one until it is closed: nobody can open the file meanwhile. Busy: a server has it open.
pub(super) fn claim(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(CLAIM_PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // The mode first: what is touched under it stays locked.
    connection.execute_batch(
        "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma secure_delete = on; begin exclusive; commit",
    )?;
    Ok(connection)
}

/// A new database is its user's alone: it holds hashes and secrets. SQLite gives its other files the mode of this one.
fn create_for_us_alone(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

/// Shows the rows of a statement to `visit`, until it has seen enough.
#[track_caller]
pub(super) fn walk(connection: &Connection, sql: &str, params: &[Value<'_>], visit: &mut Visit<'_>) -> Result<()> {
    let mut statement = prepare(connection, sql, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        if !visit(&mut Row::sqlite(row))? {
            break;
        }
    }
    Ok(())
}

#[track_caller]
pub(super) fn execute(connection: &Connection, sql: &str, params: &[Value<'_>]) -> Result<u64> {
    let changed = prepare(connection, sql, params)?.raw_execute().map_err(from_sqlite)?;
    Ok(changed as u64)
}

#[track_caller]
pub(super) fn script(connection: &Connection, sql: &str) -> Result<()> {
    connection.execute_batch(sql).map_err(from_sqlite)
}

/// Binds by the number in the placeholder's name: SQLite takes `$2` for a name and would count by first appearance.
#[track_caller]
fn prepare<'c>(connection: &'c Connection, sql: &str, params: &[Value<'_>]) -> Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let mut highest = 0;
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).and_then(|name| name.strip_prefix('$'));
        let number = name.and_then(|number| number.parse::<usize>().ok()).unwrap_or_default();
        let value = number.checked_sub(1).and_then(|at| params.get(at));
        let value = value.ok_or_else(|| Error::bug("a placeholder has no value"))?;
        statement.raw_bind_parameter(index, value).map_err(from_sqlite)?;
        highest = highest.max(number);
    }
    match highest == params.len() {
        true => Ok(statement),
        // PostgreSQL would refuse it.
        false => Err(Error::bug("a value has no placeholder")),
    }
}

impl File {
    fn new(path: &Path, config: &DatabaseConfig) -> Self {
        Self { path: path.to_owned(), busy_timeout: Duration::from_secs(config.busy_timeout_seconds) }
    }

    /// Of several processes that open a new file at once, one changes it to a log, and the others are told that it is locked
    /// without having waited: SQLite asks for no patience there.
    fn connect_in_turn(&self) -> rusqlite::Result<Connection> {
        let deadline = Instant::now() + self.busy_timeout;
        loop {
            match self.connect() {
                Err(error) if is_busy(&error) && Instant::now() < deadline => thread::sleep(BETWEEN_TRIES),
                connected => return connected,
            }
        }
    }

    /// Without the flag to create the file: one that vanished must not come back empty.
    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        // One plan for a statement, whatever is bound: otherwise SQLite plans some of them anew at each call.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // The caches fill as pages are touched; an idle server stays small. What is deleted is overwritten in the file, also
        // in the pages that nothing uses any more.
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
             pragma wal_autocheckpoint = 0; pragma cache_size = -4096; pragma temp_store = memory;
             pragma secure_delete = on;",
        )?;
        Ok(connection)
    }
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn reader_count(config: &DatabaseConfig) -> usize {
    match config.readers {
        0 => thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8)),
        count => count,
    }
}
