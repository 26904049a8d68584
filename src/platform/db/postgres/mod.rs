//! PostgreSQL: a bounded pool of threads, each with a connection of its own, fed from one queue.
//!
//! A thread connects when it has something to do, and if it cannot, leaves that to those that are connected. A connection
//! that broke while idle is replaced before the closure runs, so nobody notices; one that breaks under a closure fails that
//! closure as `Unavailable`, but for a read of one statement, which is asked once more. While the server is away, callers are
//! turned down at once, and a thread tries again after a short pause.
//!
//! When the answer to a COMMIT is lost, the thread asks on a new connection how the transaction ended (`mark`). What a
//! committed one has to tell is told, at once or as soon as the server can be asked; only who waited too long is told
//! `Unavailable`.

mod connector;
mod link;
mod session;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, after, never, select, unbounded};

use self::connector::Connector;
use self::session::{Committed, Opening, ends_the_connection};
use super::failure::{from_postgres, in_plain_words};
use super::job::{Job, Kind};
use super::mark::{Mark, Marked};
use super::migrate::Apply;
use super::server::Server;
use super::tx::Tx;
use super::wall::FOR_ALL;
use super::{Effect, OnCommit, Queues, slow};
use crate::error::{Error, Result};
use crate::platform::config::DatabaseConfig;

pub(super) use self::link::Link;
pub(super) use self::session::Session;

/// Between two questions about a transaction whose end is not known.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Any number, as long as all versions take the same one.
const MIGRATION_LOCK: &str = "select pg_advisory_xact_lock(5064120347)";

pub(super) fn start(
    server: Server,
    config: &DatabaseConfig,
    on_commit: OnCommit,
    threads: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Queues> {
    let sender = start_pool(Connector::new(server, config, true), config, on_commit, threads)?;
    Ok(Queues { reads: sender.clone(), writes: sender, replica: None })
}

/// A pool for a server that takes no writes.
pub(super) fn start_reading(
    server: Server,
    config: &DatabaseConfig,
    threads: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Sender<Job>> {
    start_pool(Connector::new(server, config, false), config, Arc::new(|_| ()), threads)
}

fn start_pool(
    connector: Connector,
    config: &DatabaseConfig,
    on_commit: OnCommit,
    threads: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Sender<Job>> {
    let (sender, queued) = unbounded();
    let (pass_on, passed_on) = unbounded();
    let connector = Arc::new(connector);
    for _ in 0..config.pool_size.max(1) {
        let worker = Worker {
            jobs: Jobs { queued: queued.clone(), passed_on: passed_on.clone(), pass_on: pass_on.clone() },
            connector: connector.clone(),
            session: None,
            in_doubt: Vec::new(),
            on_commit: on_commit.clone(),
            slow: slow::threshold(config),
        };
        let thread = thread::Builder::new().name("db-postgres".into()).spawn(move || worker.run());
        threads.push(thread.context("cannot start a database thread")?);
    }
    Ok(sender)
}

/// What opens the transaction, and binds it to its tenant for as long as it lasts: the connection may be bound to another.
fn opening(job: &Job) -> Opening {
    let tenant = job.tenant.map_or_else(|| "''".into(), |tenant| tenant.to_string());
    let begin = |how: &str| format!("begin isolation level {how}; set local smilechat.tenant = {tenant}");
    match job.kind {
        Kind::Ask => Opening::Alone(job.tenant),
        Kind::Read => Opening::Read(begin("repeatable read read only")),
        Kind::Write => Opening::Write(begin("read committed")),
    }
}

/// On a thread of its own: the driver must not run inside the caller's runtime.
pub(super) fn migrate(server: Server, apply: Apply) -> anyhow::Result<Vec<String>> {
    let thread = thread::spawn(move || {
        let place = format!("cannot use the PostgreSQL server at {}", server.address());
        let link = Link::open(&server).map_err(|error| anyhow!("{place}: {error}"))?;
        let mut session = Session::new(link);
        // A migration that fills a column does so for all tenants.
        session.script(FOR_ALL)?;
        warn_of_clear_text(&server, &mut session)?;
        warn_of_a_superuser(&mut session)?;
        let mut names = Vec::new();
        loop {
            session.script(&format!("begin; {MIGRATION_LOCK}"))?;
            let next = apply(&mut Tx::postgres(&mut session)).map_err(in_plain_words);
            let next = next.map_err(|error| anyhow!("{place}: {error:#}"))?;
            session.script("commit")?;
            match next {
                Some(name) => names.push(name),
                None => return Ok(names),
            }
        }
    });
    thread.join().map_err(|_| anyhow!("the migration panicked"))?
}

/// What is to be done, for all threads of a pool.
struct Jobs {
    queued: Receiver<Job>,
    /// By a thread that could not connect.
    passed_on: Receiver<Job>,
    pass_on: Sender<Job>,
}

impl Jobs {
    /// Disconnected once the database is closed and nothing is left.
    fn next(&self, patience: Option<Duration>) -> std::result::Result<Job, RecvTimeoutError> {
        let late = patience.map_or_else(never, after);
        select! {
            recv(self.queued) -> job => job.or_else(|_| self.passed_on.try_recv()).map_err(|_| RecvTimeoutError::Disconnected),
            recv(self.passed_on) -> job => job.map_err(|_| RecvTimeoutError::Disconnected),
            recv(late) -> _ => Err(RecvTimeoutError::Timeout),
        }
    }
}

struct Worker {
    jobs: Jobs,
    connector: Arc<Connector>,
    session: Option<Session>,
    in_doubt: Vec<InDoubt>,
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
    /// By a statement that went along with its commit. Nothing of it is stored, and the connection is as good as before.
    Refused(Error),
    Unknown(InDoubt, Error),
}

impl Worker {
    fn run(mut self) {
        loop {
            let is_idle = self.jobs.queued.is_empty();
            let next = self.jobs.next((!self.in_doubt.is_empty()).then_some(ASK_AGAIN));
            if is_idle && self.session.as_ref().is_some_and(Session::has_ended) {
                self.session = None;
            }
            self.settle();
            match next {
                Ok(job) => match self.can_serve() {
                    true => self.serve_and_answer(job),
                    false => self.pass_on(job),
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if !self.in_doubt.is_empty() {
            tracing::warn!(count = self.in_doubt.len(), "it is not known how the last transactions ended");
        }
    }

    /// Whether there is a connection, or nobody else has one: then callers are turned down.
    fn can_serve(&mut self) -> bool {
        self.session().is_ok() || !self.connector.is_connected()
    }

    /// The server takes fewer connections than there are threads, say: who has one does the work.
    fn pass_on(&self, job: Job) {
        let _ = self.jobs.pass_on.send(job);
        thread::sleep(self.connector.pause());
    }

    fn serve_and_answer(&mut self, mut job: Job) {
        let served = match self.carry_out(&mut job) {
            Ok(Ended::Told(effects)) => Ok(effects),
            Ok(Ended::Refused(error)) => return job.refuse(error),
            Ok(Ended::Unknown(lost, error)) => self.after_lost_answer(lost, error),
            Err(error) => Err(error),
        };
        match served {
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

    fn carry_out(&mut self, job: &mut Job) -> Result<Ended> {
        let slow = self.slow;
        let session = if job.kind == Kind::Write { self.marking_session()? } else { self.session()? };
        session.begin(opening(job));
        let mut tx = Tx::postgres(session);
        let is_kept = job.run(&mut tx) && job.kind == Kind::Write;
        let effects = tx.into_effects();
        if session.is_lost() {
            self.session = None;
            return Ok(Ended::Told(Vec::new()));
        }
        if !is_kept {
            if job.kind != Kind::Ask {
                session.roll_back();
            }
            return Ok(Ended::Told(Vec::new()));
        }
        // What has nothing to tell can be repeated by whoever wants to be sure.
        let marked = session.mark.as_mut().filter(|_| !effects.is_empty()).map(Mark::commit);
        let committing = Instant::now();
        let committed = session.commit(marked.as_ref().map_or("commit", |(script, _)| script));
        metrics::histogram!("smilechat_db_commit_seconds").record(committing.elapsed());
        slow::judge_commit(slow, committing, 1);
        match (committed, marked) {
            (Committed::Yes, _) => Ok(Ended::Told(effects)),
            (Committed::Unknown(error), Some((_, transaction))) => {
                Ok(Ended::Unknown(InDoubt { transaction, effects }, error))
            }
            (Committed::No(error @ Error::Unavailable(_)) | Committed::Unknown(error), _) => {
                self.session = None;
                Err(error)
            }
            (Committed::No(error), marked) => {
                // The mark was refused behind it, and the commit not carried out, which ends a transaction in any case.
                if marked.is_some() {
                    session.roll_back();
                }
                Ok(Ended::Refused(error))
            }
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

    /// One to write on. Found broken by its mark, it is replaced, and nobody notices; where the server takes no writes at
    /// present, it is kept for reads.
    fn marking_session(&mut self) -> Result<&mut Session> {
        match self.session()?.have_mark() {
            Err(failure) if ends_the_connection(&failure) => {
                self.session = None;
                self.session()?.have_mark().map_err(from_postgres)?;
            }
            marked => marked.map_err(from_postgres)?,
        }
        self.session()
    }

    fn session(&mut self) -> Result<&mut Session> {
        if self.session.is_none() {
            self.session = Some(self.connector.connect()?);
        }
        Ok(self.session.as_mut().expect("it is connected"))
    }
}

fn warn_of_a_superuser(session: &mut Session) -> Result<()> {
    let role = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user";
    if Tx::postgres(session).one(role, &[], |row| row.take::<bool>())? {
        tracing::warn!(
            "the role of the database URL passes through row-level security, PostgreSQL's wall between tenants; \
             an ordinary role that owns the database does not"
        );
    }
    Ok(())
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
