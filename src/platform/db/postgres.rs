//! PostgreSQL: a bounded pool of threads, each with a connection of its own, fed from one queue.
//!
//! A thread connects when it has something to do. A connection that broke while idle is replaced before the closure
//! runs, so nobody notices; one that breaks under a closure fails that closure as `Unavailable`. While the server is
//! away, callers are turned down at once, and a thread tries again after a short pause.
//!
//! When the answer to a COMMIT is lost, the thread asks on a new connection how the transaction ended (`mark`). What a
//! committed one has to tell is told, at once or as soon as the server can be asked; only who waited too long is told
//! `Unavailable`.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::failure::{describe, from_postgres};
use super::job::{Job, Kind};
use super::mark::{Mark, Marked};
use super::migrate::apply_next;
use super::server::Server;
use super::tx::{Tx, Visit};
use super::value::{Row, Value};
use super::{Effect, OnCommit, QUEUE, Queues, slow};
use crate::error::{Error, Result};
use crate::platform::config::DatabaseConfig;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Between two questions about a transaction whose end is not known.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Prepared on one connection. Lists build their text from filters: beyond this they are prepared anew.
const PREPARED_STATEMENTS: usize = 500;
/// Any number, as long as all versions take the same one.
const MIGRATION_LOCK: &str = "select pg_advisory_xact_lock(5064120347)";

pub(super) fn start(
    server: Server,
    config: &DatabaseConfig,
    on_commit: OnCommit,
    threads: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Queues> {
    let (sender, jobs) = bounded(QUEUE);
    let outage = Arc::new(Mutex::new(None));
    for _ in 0..config.pool_size.max(1) {
        let worker = Worker {
            server: server.clone(),
            setup: session_setup(config),
            session: None,
            in_doubt: Vec::new(),
            outage: outage.clone(),
            on_commit: on_commit.clone(),
            slow: slow::threshold(config),
        };
        let jobs = jobs.clone();
        let thread = thread::Builder::new().name("db-postgres".into()).spawn(move || worker.run(&jobs));
        threads.push(thread.context("cannot start a database thread")?);
    }
    Ok(Queues { reads: sender.clone(), writes: sender })
}

/// On a thread of its own: the driver must not run inside the caller's runtime.
pub(super) fn migrate(server: Server) -> anyhow::Result<Vec<String>> {
    let thread = thread::spawn(move || {
        let place = format!("cannot use the PostgreSQL server at {}", server.address());
        let client = server.connect().map_err(|error| anyhow!("{place}: {}", describe(&error)))?;
        let mut session = Session::new(client);
        warn_of_clear_text(&server, &mut session)?;
        let mut names = Vec::new();
        loop {
            session.script(&format!("begin; {MIGRATION_LOCK}"))?;
            let next = apply_next(&mut Tx::postgres(&mut session)).map_err(|error| anyhow!("{place}: {error:#}"))?;
            session.script("commit")?;
            match next {
                Some(name) => names.push(name),
                None => return Ok(names),
            }
        }
    });
    thread.join().map_err(|_| anyhow!("the migration panicked"))?
}

/// A connection and the statements prepared on it.
pub(super) struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
    /// None while the schema is brought forward.
    mark: Option<Mark>,
}

impl Session {
    pub fn new(client: Client) -> Self {
        Self { client, statements: HashMap::new(), mark: None }
    }

    /// Shows the rows of a statement to `visit`, until it has seen enough.
    #[track_caller]
    pub fn walk(&mut self, sql: &str, params: &[Value<'_>], visit: &mut Visit<'_>) -> Result<()> {
        let statement = self.prepare(sql)?;
        for row in self.client.query(&statement, &by_reference(params)).map_err(from_postgres)? {
            if !visit(&mut Row::postgres(&row))? {
                break;
            }
        }
        Ok(())
    }

    #[track_caller]
    pub fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let statement = self.prepare(sql)?;
        self.client.execute(&statement, &by_reference(params)).map_err(from_postgres)
    }

    /// The first column of the first row, if there is one.
    pub fn first_of(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Option<i64>> {
        let row = self.client.query_opt(sql, &by_reference(params)).map_err(from_postgres)?;
        row.map(|row| Row::postgres(&row).take()).transpose()
    }

    #[track_caller]
    pub fn script(&mut self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).map_err(from_postgres)
    }

    #[track_caller]
    fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).map_err(from_postgres)?;
        if self.statements.len() >= PREPARED_STATEMENTS {
            // Dropping a statement closes it on the server as well.
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

struct Worker {
    server: Server,
    setup: String,
    session: Option<Session>,
    in_doubt: Vec<InDoubt>,
    outage: Arc<Mutex<Option<Outage>>>,
    on_commit: OnCommit,
    slow: Option<Duration>,
}

/// A transaction whose COMMIT had no answer, and what it has to tell if it was carried out.
struct InDoubt {
    transaction: Marked,
    effects: Vec<Effect>,
}

/// How a job's transaction ended.
enum Ended {
    /// With what there is to tell: nothing if it was rolled back.
    Told(Vec<Effect>),
    Unknown(InDoubt, Error),
}

/// The server could not be reached. The threads share it: the first that gets through ends it for all.
struct Outage {
    pause: Duration,
    next_attempt: Instant,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let next = match self.in_doubt.is_empty() {
                true => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => jobs.recv_timeout(ASK_AGAIN),
            };
            self.settle();
            match next {
                Ok(job) => self.serve_and_answer(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if !self.in_doubt.is_empty() {
            tracing::warn!(count = self.in_doubt.len(), "it is not known how the last transactions ended");
        }
    }

    fn serve_and_answer(&mut self, mut job: Job) {
        match self.serve(&mut job) {
            Ok(effects) => {
                self.tell(effects);
                job.answer();
            }
            Err(error) => job.fail(&error),
        }
    }

    fn tell(&self, effects: Vec<Effect>) {
        if !effects.is_empty() && catch_unwind(AssertUnwindSafe(|| (self.on_commit)(effects))).is_err() {
            tracing::error!("the listener for committed effects panicked");
        }
    }

    fn serve(&mut self, job: &mut Job) -> Result<Vec<Effect>> {
        let served = self.carry_out(job);
        if served.is_err() {
            self.session = None;
        }
        match served? {
            Ended::Told(effects) => Ok(effects),
            Ended::Unknown(lost, error) => self.after_lost_answer(lost, error),
        }
    }

    fn carry_out(&mut self, job: &mut Job) -> Result<Ended> {
        let slow = self.slow;
        let session = self.begin(job.kind)?;
        let mut tx = Tx::postgres(session);
        let is_kept = job.run(&mut tx) && job.kind == Kind::Write;
        let effects = tx.into_effects();
        if !is_kept {
            session.script("rollback")?;
            return Ok(Ended::Told(Vec::new()));
        }
        // What has nothing to tell can be repeated by whoever wants to be sure.
        let marked = session.mark.as_mut().filter(|_| !effects.is_empty()).map(Mark::commit);
        let committing = Instant::now();
        let committed = session.script(marked.as_ref().map_or("commit", |(script, _)| script));
        metrics::histogram!("smilechat_db_commit_seconds").record(committing.elapsed());
        slow::judge_commit(slow, committing, 1);
        match (committed, marked) {
            (Err(error), Some((_, transaction))) => Ok(Ended::Unknown(InDoubt { transaction, effects }, error)),
            (committed, _) => committed.map(|()| Ended::Told(effects)),
        }
    }

    /// Mostly the connection alone is lost, and a new one knows.
    fn after_lost_answer(&mut self, lost: InDoubt, error: Error) -> Result<Vec<Effect>> {
        self.session = None;
        match self.was_committed(&lost) {
            Some(true) => Ok(lost.effects),
            Some(false) => Err(error),
            None => {
                self.in_doubt.push(lost);
                Err(error)
            }
        }
    }

    /// Tells what the transactions in doubt have to tell, as far as it is known by now how they ended.
    fn settle(&mut self) {
        for lost in std::mem::take(&mut self.in_doubt) {
            match self.was_committed(&lost) {
                Some(true) => self.tell(lost.effects),
                Some(false) => {}
                None => self.in_doubt.push(lost),
            }
        }
    }

    /// None: it cannot be known yet.
    fn was_committed(&mut self, lost: &InDoubt) -> Option<bool> {
        let asked = self.session().and_then(|session| lost.transaction.was_committed(session));
        if asked.is_err() {
            self.session = None;
        }
        asked.ok().flatten()
    }

    /// A session with a transaction open. A connection that died while idle is replaced.
    fn begin(&mut self, kind: Kind) -> Result<&mut Session> {
        let begin = match kind {
            Kind::Read => "begin isolation level repeatable read read only",
            Kind::Write => "begin isolation level read committed",
        };
        let is_alive = self.session.as_mut().is_some_and(|session| session.client.batch_execute(begin).is_ok());
        if !is_alive {
            self.session = None;
            self.session()?.script(begin)?;
        }
        self.session()
    }

    fn session(&mut self) -> Result<&mut Session> {
        if self.session.is_none() {
            self.session = Some(self.connect()?);
        }
        Ok(self.session.as_mut().expect("it is connected"))
    }

    fn connect(&self) -> Result<Session> {
        if self.outage().as_ref().is_some_and(|outage| Instant::now() < outage.next_attempt) {
            return Err(Error::Unavailable("the PostgreSQL server is away".into()));
        }
        let connected = self.server.connect().map_err(|error| Error::Unavailable(describe(&error)));
        let connected = connected.and_then(|client| {
            let mut session = Session::new(client);
            session.script(&self.setup)?;
            session.mark = Some(Mark::begin(&mut session)?);
            Ok(session)
        });
        let mut outage = self.outage();
        *outage = connected.as_ref().err().map(|_| {
            let pause = outage.as_ref().map_or(FIRST_PAUSE, |outage| (outage.pause * 2).min(LONGEST_PAUSE));
            Outage { pause, next_attempt: Instant::now() + pause }
        });
        connected
    }

    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Also where the role, the database or the server is set to tell of a commit before the disk has it: what is acknowledged
/// is on disk.
fn session_setup(config: &DatabaseConfig) -> String {
    let seconds = config.statement_timeout_seconds;
    format!(
        "set statement_timeout = '{seconds}s'; set idle_in_transaction_session_timeout = '{seconds}s';
         select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
    )
}

/// Who asks for no `sslmode` gets encryption where the server has it, and should know where it has not.
fn warn_of_clear_text(server: &Server, session: &mut Session) -> Result<()> {
    if !server.may_be_in_the_clear() || server.is_loopback() {
        return Ok(());
    }
    let ssl = "select coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)";
    if !Tx::postgres(session).one(ssl, &[], |row| row.take::<bool>())? {
        tracing::warn!(
            "the connection to PostgreSQL is not encrypted; sslmode=require in the database URL insists on it"
        );
    }
    Ok(())
}

fn by_reference<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
