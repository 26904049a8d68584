//! A closure on its way from a task to a database thread, and its answer on the way back.
//!
//! Running and answering are two steps, because the answer waits for the commit. A job whose caller has gone is not run,
//! and not kept if the caller went meanwhile: nobody was told that it is stored. Of a job that is run several times, the last
//! run counts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::Span;

use super::tx::Tx;
use super::{turns, wall};
use crate::error::{Error, Result};
use crate::platform::telemetry::spans;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A read of one statement.
    Ask,
    Read,
    Write,
}

pub(super) struct Job {
    pub kind: Kind,
    /// The tenant whose rows are all that it sees; None: all of them.
    pub tenant: Option<i64>,
    pub is_repeatable: bool,
    queued: Instant,
    slow: Option<Duration>,
    trace: Trace,
    call: Box<dyn Call>,
}

/// What a job belongs to, for the log and for a trace: it runs on another thread than its caller.
struct Trace {
    caller: Span,
    /// From being queued to being answered.
    whole: Span,
    waiting: Span,
}

impl Trace {
    fn begin(engine: &'static str, kind: Kind) -> Self {
        let caller = Span::current();
        if spans::here().is_none() {
            return Self { caller, whole: Span::none(), waiting: Span::none() };
        }
        let whole = spans::transaction(engine, kind.name());
        Self { caller, waiting: spans::queued(&whole), whole }
    }

    /// Runs within the caller's spans.
    fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.waiting = Span::none();
        let running = if self.whole.is_none() { Span::none() } else { spans::run(&self.whole) };
        self.caller.in_scope(|| running.in_scope(work))
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Ask | Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Job {
    /// Statements that take longer than `slow` are logged.
    pub fn new<T: Send + 'static>(
        engine: &'static str,
        kind: Kind,
        slow: Option<Duration>,
        work: impl Work<T>,
    ) -> (Self, Answer<T>) {
        let (reply, receiver) = oneshot::channel();
        let is_running = Arc::new(AtomicBool::new(false));
        let is_repeatable = work.is_repeatable();
        let call = Pending { work, result: None, reply, is_running: is_running.clone() };
        let trace = Trace::begin(engine, kind);
        let (tenant, queued) = (wall::current(), Instant::now());
        let job = Self { kind, tenant, is_repeatable, queued, slow, trace, call: Box::new(call) };
        (job, Answer { receiver, is_running })
    }

    /// Runs the closure. True: commit what it did; false: roll it back.
    pub fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let begun = Instant::now();
        let waited = begun.duration_since(self.queued);
        turns::note(self.kind, begun);
        tx.watch(self.slow, waited);
        if self.kind == Kind::Ask {
            tx.hold_to_one_read();
        }
        let is_kept = self.trace.run(|| self.call.run(tx));
        let took = begun.elapsed();
        match self.kind {
            Kind::Ask | Kind::Read => {
                metrics::histogram!("smilechat_db_wait_seconds", "kind" => "read").record(waited);
                metrics::histogram!("smilechat_db_run_seconds", "kind" => "read").record(took);
            }
            Kind::Write => {
                metrics::histogram!("smilechat_db_wait_seconds", "kind" => "write").record(waited);
                metrics::histogram!("smilechat_db_run_seconds", "kind" => "write").record(took);
            }
        }
        is_kept
    }

    /// The transaction was committed, or this closure's part of it rolled back: tells the caller what the closure said.
    pub fn answer(self) {
        self.call.answer(None);
    }

    /// The transaction as a whole came to nothing.
    pub fn fail(self, cause: &Error) {
        let why = match cause {
            Error::Unavailable(why) => why.clone(),
            other => other.to_string(),
        };
        self.refuse(Error::Unavailable(why));
    }

    /// The same, and its caller hears why.
    pub fn refuse(self, cause: Error) {
        // A key that is taken is the caller's to know, and no failure.
        if !matches!(cause, Error::Conflict(_)) {
            metrics::counter!("smilechat_db_failures_total").increment(1);
        }
        self.call.answer(Some(cause));
    }
}

#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub for_turn: Duration,
    pub for_statement: Duration,
}

/// What the caller waits on.
pub(super) struct Answer<T> {
    receiver: oneshot::Receiver<Result<T>>,
    is_running: Arc<AtomicBool>,
}

impl<T> Answer<T> {
    /// Waits for a turn, and on for the outcome if it has begun by then.
    pub async fn wait(mut self, patience: Patience) -> Result<T> {
        let mut answer = timeout(patience.for_turn, &mut self.receiver).await;
        if answer.is_err() && self.is_running.load(Ordering::Relaxed) {
            answer = timeout(patience.for_statement, &mut self.receiver).await;
        }
        match answer {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::Unavailable("the database thread has ended".into())),
            Err(_) => Err(Error::Unavailable("the database did not answer in time".into())),
        }
    }
}

/// What a job runs.
pub(super) trait Work<T>: Send + 'static {
    fn is_repeatable(&self) -> bool;
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<T>;
}

pub(super) struct Once<F>(Option<F>);

impl<F> Once<F> {
    pub fn new(closure: F) -> Self {
        Self(Some(closure))
    }
}

impl<T, F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static> Work<T> for Once<F> {
    fn is_repeatable(&self) -> bool {
        false
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<T> {
        let closure = self.0.take().expect("a job that is not repeatable runs once");
        closure(tx)
    }
}

pub(super) struct Repeatable<F>(pub F);

impl<T, F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static> Work<T> for Repeatable<F> {
    fn is_repeatable(&self) -> bool {
        true
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<T> {
        (self.0)(tx)
    }
}

trait Call: Send {
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    fn answer(self: Box<Self>, failure: Option<Error>);
}

struct Pending<T, W> {
    work: W,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
    is_running: Arc<AtomicBool>,
}

impl<T: Send, W: Work<T>> Call for Pending<T, W> {
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        if self.reply.is_closed() {
            return false;
        }
        self.is_running.store(true, Ordering::Relaxed);
        let result = match catch_unwind(AssertUnwindSafe(|| self.work.run(tx))) {
            Ok(Ok(_)) if tx.has_failed() => Err(Error::bug("a closure went on after one of its statements had failed")),
            Ok(result) => result,
            Err(_) => Err(Error::bug("a closure panicked")),
        };
        let is_kept = result.is_ok() && !self.reply.is_closed();
        self.result = Some(result);
        is_kept
    }

    fn answer(self: Box<Self>, failure: Option<Error>) {
        // A closure's own error says more than the failure of the transaction around it.
        let result = match (self.result, failure) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(failure),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => return,
        };
        let _ = self.reply.send(result);
    }
}
