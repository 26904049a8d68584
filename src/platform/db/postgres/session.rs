//! A connection, the statements prepared on it, and the transaction under way.
//!
//! Round trips are what a transaction costs. So it is opened together with its first statement, one statement for many
//! rows is sent at once, what nobody needs the answer of goes along with what comes next, and nobody waits for the end of
//! what is not kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::{join, join3};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error as Failure, Statement};

use super::connector::{Connector, Counted};
use super::link::{Link, Pending, in_order};
use crate::error::Result;
use crate::platform::db::failure::{from_postgres, is_broken_connection};
use crate::platform::db::mark::Mark;
use crate::platform::db::tx::{Visit, VisitEach};
use crate::platform::db::value::{Owned, Row, Value};
use crate::platform::db::wall;

/// Prepared on one connection. Lists build their text from filters: beyond this they are prepared anew.
const PREPARED_STATEMENTS: usize = 500;

pub struct Session {
    link: Link,
    /// Of the pool: who makes another one, should this be found broken before anything ran in a transaction.
    counted: Option<Counted>,
    /// Found broken, and not replaced.
    is_lost: bool,
    statements: HashMap<String, Statement>,
    /// None until something is written, and where nothing that is committed has anything to tell.
    pub(super) mark: Option<Mark>,
    /// How the transaction begins, until that is sent.
    opening: Option<Opening>,
    /// The tenant that the connection is bound to outside of transactions, if that is known; within it, None is no tenant.
    bound_to: Option<Option<i64>>,
    /// Sent, and to be looked at with what comes next.
    later: Vec<Pending<u64>>,
}

/// What precedes the first statement.
pub(super) enum Opening {
    /// The scripts that open a transaction.
    Read(String),
    Write(String),
    /// Nothing: the statement is a read by itself, for this tenant.
    Alone(Option<i64>),
}

/// The connection was found broken before the transaction was opened: nothing of it ran.
struct Unopened(Failure);

/// Whether the server has ended the connection, or nobody is there: what was sent behind it was carried out by nobody.
pub(super) fn ends_the_connection(failure: &Failure) -> bool {
    match failure.as_db_error() {
        Some(error) => ["FATAL", "PANIC"].contains(&error.severity()),
        None => is_broken_connection(failure),
    }
}

impl Session {
    pub fn new(link: Link) -> Self {
        Self {
            link,
            counted: None,
            is_lost: false,
            statements: HashMap::new(),
            mark: None,
            opening: None,
            bound_to: Some(None),
            later: Vec::new(),
        }
    }

    pub(super) fn pooled(link: Link, connector: &Arc<Connector>) -> Result<Self> {
        let mut session = Self::new(link);
        session.script(connector.setup())?;
        session.counted = Some(Counted::of(connector));
        Ok(session)
    }

    /// Before something is written. After an error no transaction is left open.
    pub(super) fn have_mark(&mut self) -> std::result::Result<(), Failure> {
        if self.mark.is_none() && self.connector().is_some_and(|connector| connector.writes) {
            self.mark = Some(Mark::begin(self).inspect_err(|_| self.link.send("rollback"))?);
        }
        Ok(())
    }

    /// What comes next is a transaction that begins like this.
    pub(super) fn begin(&mut self, opening: Opening) {
        self.later.clear();
        self.opening = Some(opening);
    }

    /// Shows the rows of a statement to `visit`, until it has seen enough.
    #[track_caller]
    pub fn walk(&mut self, sql: &str, params: &[Value<'_>], visit: &mut Visit<'_>) -> Result<()> {
        let params = by_reference(params);
        let rows = self.run(sql, async |client, statement| client.query(statement, &params).await)?;
        for row in rows {
            if !visit(&mut Row::postgres(&row))? {
                break;
            }
        }
        Ok(())
    }

    #[track_caller]
    pub fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let params = by_reference(params);
        self.run(sql, async |client, statement| client.execute(statement, &params).await)
    }

    /// The statement once for each of the rows.
    #[track_caller]
    pub fn execute_each(&mut self, sql: &str, rows: &[Vec<Value<'_>>]) -> Result<Vec<u64>> {
        let rows: Vec<_> = rows.iter().map(|row| by_reference(row)).collect();
        self.run(sql, async |client, statement| {
            let asked = rows.iter().map(|row| Box::pin(client.execute(statement, row))).collect();
            in_order(asked).await.into_iter().collect()
        })
    }

    /// The same for a statement that yields rows: all that each one yields, in turn.
    #[track_caller]
    pub fn walk_each(&mut self, sql: &str, params: &[Vec<Value<'_>>], visit: &mut VisitEach<'_>) -> Result<()> {
        let params: Vec<_> = params.iter().map(|row| by_reference(row)).collect();
        let found = self.run(sql, async |client, statement| {
            let asked = params.iter().map(|row| Box::pin(client.query(statement, row))).collect();
            in_order(asked).await.into_iter().collect::<std::result::Result<Vec<_>, _>>()
        })?;
        for (place, rows) in found.iter().enumerate() {
            rows.iter().try_for_each(|row| visit(place, &mut Row::postgres(row)))?;
        }
        Ok(())
    }

    /// A statement whose failure is that of the next one, or of the commit.
    #[track_caller]
    pub fn later(&mut self, sql: &str, params: &[Value<'_>]) -> Result<()> {
        let Some(statement) = self.statements.get(sql).cloned().filter(|_| self.opening.is_none()) else {
            return self.execute(sql, params).map(drop);
        };
        let (client, params) = (self.link.client(), params.iter().map(Owned::from).collect::<Vec<_>>());
        let mut asked: Pending<u64> = Box::pin(async move { client.execute_raw(&statement, params).await });
        // The first look puts it in its place behind what was sent before; values that do not fit show here.
        match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer.map(drop).map_err(from_postgres),
            Poll::Pending => {
                self.later.push(asked);
                Ok(())
            }
        }
    }

    /// The first column of the first row, if there is one.
    pub fn first_of(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Option<i64>> {
        let params = by_reference(params);
        let row = self.link.wait(self.link.client().query_opt(sql, &params)).map_err(from_postgres)?;
        row.map(|row| Row::postgres(&row).take()).transpose()
    }

    #[track_caller]
    pub fn script(&mut self, sql: &str) -> Result<()> {
        self.try_script(sql).map_err(from_postgres)
    }

    /// The driver's own error says whether the connection has ended.
    pub fn try_script(&self, sql: &str) -> std::result::Result<(), Failure> {
        self.link.wait(self.link.client().batch_execute(sql))
    }

    /// Ends the transaction with `script`. An error of the server's own about something before it is told apart from a
    /// commit without an answer.
    #[track_caller]
    pub(super) fn commit(&mut self, script: &str) -> Committed {
        if self.opening.take().is_some() {
            return Committed::Yes;
        }
        let client = self.link.client();
        let later = in_order(std::mem::take(&mut self.later));
        let (later, committed) = self.link.wait(join(later, client.batch_execute(script)));
        let refused =
            later.into_iter().filter_map(std::result::Result::err).find(|error| error.as_db_error().is_some());
        match (refused, committed) {
            (Some(error), _) => Committed::No(from_postgres(error)),
            (None, Ok(())) => Committed::Yes,
            (None, Err(error)) => Committed::Unknown(from_postgres(error)),
        }
    }

    pub(super) fn roll_back(&mut self) {
        self.later.clear();
        if self.opening.take().is_none() {
            self.link.send("rollback");
        }
    }

    /// A connection that is found broken by the first statement of a transaction is replaced, and nobody notices.
    #[track_caller]
    fn run<T>(
        &mut self,
        sql: &str,
        ask: impl AsyncFn(&Client, &Statement) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let answer = match self.try_to_run(sql, &ask) {
            Ok(answer) => answer,
            Err(Unopened(error)) => {
                let Some(connector) = self.connector().cloned() else { return Err(from_postgres(error)) };
                let opening = self.opening.take();
                *self = connector.connect().inspect_err(|_| self.is_lost = true)?;
                if let Some(Opening::Write(_)) = opening {
                    self.have_mark().map_err(from_postgres)?;
                }
                self.opening = opening;
                self.try_to_run(sql, &ask).unwrap_or_else(|Unopened(error)| Err(error))
            }
        };
        answer.map_err(from_postgres)
    }

    fn try_to_run<T>(
        &mut self,
        sql: &str,
        ask: impl AsyncFn(&Client, &Statement) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<std::result::Result<T, Failure>, Unopened> {
        let (client, known) = (self.link.client(), self.statements.get(sql).cloned());
        // Taken before it is sent: whatever happens meanwhile, the transaction may be open.
        let opening = self.opening.take();
        let script = match &opening {
            Some(Opening::Read(script) | Opening::Write(script)) => Some(script.clone()),
            Some(Opening::Alone(tenant)) if self.bound_to != Some(*tenant) => {
                self.bound_to = None;
                Some(wall::bind(*tenant))
            }
            Some(Opening::Alone(_)) | None => None,
        };
        let open = async { if let Some(script) = &script { client.batch_execute(script).await } else { Ok(()) } };
        let later = in_order(std::mem::take(&mut self.later));
        let work = async {
            let statement = match known {
                Some(statement) => statement,
                None => client.prepare(sql).await?,
            };
            let answer = ask(&client, &statement).await?;
            Ok((statement, answer))
        };
        let (opened, later, answer) = self.link.wait(join3(open, later, work));
        if let (Ok(()), Some(Opening::Alone(tenant))) = (&opened, &opening) {
            self.bound_to = Some(*tenant);
        }
        // A statement by itself only reads, and may as well be asked again.
        let is_lost = match (&opened, &answer, &opening) {
            (Err(failure), ..) | (Ok(()), Err(failure), Some(Opening::Alone(_))) => ends_the_connection(failure),
            _ => false,
        };
        if is_lost {
            self.opening = opening;
            return Err(Unopened(opened.and(answer.map(drop)).expect_err("it is lost")));
        }
        if let Err(failure) = opened {
            return Ok(Err(failure));
        }
        if let Some(error) = later.into_iter().find_map(std::result::Result::err) {
            return Ok(Err(error));
        }
        Ok(answer.map(|(statement, answer)| {
            self.keep(sql, statement);
            answer
        }))
    }

    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether the server has ended the connection meanwhile.
    pub(super) fn has_ended(&self) -> bool {
        self.link.has_ended()
    }

    fn connector(&self) -> Option<&Arc<Connector>> {
        self.counted.as_ref().map(Counted::connector)
    }

    fn keep(&mut self, sql: &str, statement: Statement) {
        if self.statements.contains_key(sql) {
            return;
        }
        if self.statements.len() >= PREPARED_STATEMENTS {
            // Dropping a statement closes it on the server as well.
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement);
    }
}

/// How a commit ended.
pub(super) enum Committed {
    Yes,
    No(crate::error::Error),
    /// There was no answer.
    Unknown(crate::error::Error),
}

fn by_reference<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
