//! PostgreSQL: a bounded pool of threads, each with a connection of its own, fed from one queue.
//!
//! A thread connects when it has something to do. A connection that broke while idle is replaced before the closure
//! runs, so nobody notices; one that breaks under a closure fails that closure as `Unavailable`. While the server is
//! away, callers are turned down at once, and a thread tries again after a short pause.
//!
//! When the answer to a COMMIT is lost, the thread asks on a new connection how the transaction ended. What a committed one
//! has to tell is told, at once or as soon as the server can be asked; only who waited too long is told `Unavailable`.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use postgres::types::ToSql;
use postgres::{Client, SimpleQueryMessage, Statement};

use super::failure::{describe, from_postgres};
use super::job::{Job, Kind};
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
}

impl Session {
    fn new(client: Client) -> Self {
        Self { client, statements: HashMap::new() }
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

    /// The first column of the first row.
    fn first(&mut self, sql: &str, params: &[Value<'_>]) -> Result<String> {
        let row = self.client.query_one(sql, &by_reference(params)).map_err(from_postgres)?;
        Row::postgres(&row).take()
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
    /// The server's own number for it.
    transaction: String,
    effects: Vec<Effect>,
}

/// How a transaction ended.
enum End {
    Committed,
    RolledBack,
    NotYet,
}

/// The server could not be reached. The threads share it: the first that gets through ends it for all.
struct Outage {
    pause: Duration,
    next_attempt: Instant,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Some(next) = self.next(jobs) {
            self.settle();
            let Some(mut job) = next else { continue };
            match self.serve(&mut job) {
                Ok(effects) => {
                    self.tell(effects);
                    job.answer();
                }
                Err(error) => {
                    self.session = None;
                    job.fail(&error);
                }
            }
        }
    }

    /// The next job; none for now, while there is something else to do; None at the end.
    fn next(&self, jobs: &Receiver<Job>) -> Option<Option<Job>> {
        if self.in_doubt.is_empty() {
            return jobs.recv().ok().map(Some);
        }
        match jobs.recv_timeout(ASK_AGAIN) {
            Ok(job) => Some(Some(job)),
            Err(RecvTimeoutError::Timeout) => Some(None),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn tell(&self, effects: Vec<Effect>) {
        if !effects.is_empty() && catch_unwind(AssertUnwindSafe(|| (self.on_commit)(effects))).is_err() {
            tracing::error!("the listener for committed effects panicked");
        }
    }

    fn serve(&mut self, job: &mut Job) -> Result<Vec<Effect>> {
        let slow = self.slow;
        let (session, transaction) = self.begin(job.kind)?;
        let mut tx = Tx::postgres(session);
        let is_kept = job.run(&mut tx) && job.kind == Kind::Write;
        let effects = tx.into_effects();
        if !is_kept {
            session.script("rollback")?;
            return Ok(Vec::new());
        }
        let committing = Instant::now();
        let committed = session.script("commit");
        metrics::histogram!("smilechat_db_commit_seconds").record(committing.elapsed());
        slow::judge_commit(slow, committing, 1);
        match committed {
            Ok(()) => Ok(effects),
            Err(error) => self.after_lost_answer(InDoubt { transaction, effects }, error),
        }
    }

    /// Mostly the connection alone is lost, and a new one knows.
    fn after_lost_answer(&mut self, lost: InDoubt, error: Error) -> Result<Vec<Effect>> {
        self.session = None;
        match self.end_of(&lost.transaction) {
            Ok(End::Committed) => Ok(lost.effects),
            Ok(End::RolledBack) => Err(error),
            Ok(End::NotYet) | Err(_) => {
                self.in_doubt.push(lost);
                Err(error)
            }
        }
    }

    /// Tells what the transactions in doubt have to tell, as far as it is known by now how they ended.
    fn settle(&mut self) {
        for lost in std::mem::take(&mut self.in_doubt) {
            match self.end_of(&lost.transaction) {
                Ok(End::Committed) => self.tell(lost.effects),
                Ok(End::RolledBack) => {}
                Ok(End::NotYet) | Err(Error::Unavailable(_)) => self.in_doubt.push(lost),
                // The server does not know it: another one may have taken over without it.
                Err(error) => tracing::warn!(%error, "cannot learn how a transaction ended"),
            }
        }
    }

    fn end_of(&mut self, transaction: &str) -> Result<End> {
        let asked = self.session().and_then(|session| {
            session.first("select coalesce(pg_xact_status($1::text::xid8), 'forgotten')", &[transaction.into()])
        });
        if asked.is_err() {
            self.session = None;
        }
        match asked?.as_str() {
            "committed" => Ok(End::Committed),
            "in progress" => Ok(End::NotYet),
            _ => Ok(End::RolledBack),
        }
    }

    /// A session with a transaction open, and that one's number if it may write. A connection that died while idle is
    /// replaced.
    fn begin(&mut self, kind: Kind) -> Result<(&mut Session, String)> {
        let begin = match kind {
            Kind::Read => "begin isolation level repeatable read read only",
            Kind::Write => "begin isolation level read committed; select pg_current_xact_id()",
        };
        let begun = self.session.as_mut().and_then(|session| session.client.simple_query(begin).ok());
        let answers = match begun {
            Some(answers) => answers,
            None => {
                self.session = None;
                self.session()?.client.simple_query(begin).map_err(from_postgres)?
            }
        };
        Ok((self.session()?, first_cell(&answers)))
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
        let connected = self.server.connect().and_then(|mut client| {
            client.batch_execute(&self.setup)?;
            Ok(Session::new(client))
        });
        let mut outage = self.outage();
        *outage = connected.as_ref().err().map(|_| {
            let pause = outage.as_ref().map_or(FIRST_PAUSE, |outage| (outage.pause * 2).min(LONGEST_PAUSE));
            Outage { pause, next_attempt: Instant::now() + pause }
        });
        connected.map_err(|error| Error::Unavailable(describe(&error)))
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

/// Of what a script has answered; nothing if it asked for nothing.
fn first_cell(answers: &[SimpleQueryMessage]) -> String {
    let cell = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    cell.unwrap_or_default().to_owned()
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
