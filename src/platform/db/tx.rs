//! One transaction, as the closures of the stores see it.
//!
//! Invariant: once a statement has failed, the transaction cannot be kept, even if the closure swallows the error.
//! PostgreSQL would turn its COMMIT into a silent rollback; SQLite behaves the same here, so that no test differs.

use std::any::Any;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::dialect::Dialect;
use super::slow::Watch;
use super::value::{Row, Value};
use super::{Effect, postgres, sqlite};
use crate::error::{Error, Result};

pub struct Tx<'c> {
    connection: Connection<'c>,
    effects: Vec<Effect>,
    failed: bool,
    watch: Option<Watch>,
    /// How many statements may still read, if they are counted; none may change anything then.
    reads_left: Option<usize>,
}

enum Connection<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c mut postgres::Session),
}

/// What a statement's rows are shown to; false ends the walk.
pub(super) type Visit<'v> = dyn FnMut(&mut Row<'_>) -> Result<bool> + 'v;
/// The same for a statement that is run several times: by which of the runs.
pub(super) type VisitEach<'v> = dyn FnMut(usize, &mut Row<'_>) -> Result<()> + 'v;

const NOT_ONE_READ: &str = "one read was asked for, and this is another statement";

impl<'c> Tx<'c> {
    /// The first `rows` rows of a statement without a limit, mapped.
    ///
    /// The limit goes into the text. As a value, PostgreSQL could not tell how much of a list is wanted and would plan the
    /// statement anew at each call, which takes longer than to read a page.
    #[track_caller]
    pub fn at_most<T>(
        &mut self,
        rows: i64,
        sql: &str,
        params: &[Value<'_>],
        mut map: impl FnMut(&mut Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        if rows <= 0 {
            return Ok(found);
        }
        self.walk(&format!("{sql} limit {}", round_limit(rows)), params, &mut |row| {
            found.push(map(row)?);
            Ok((found.len() as i64) < rows)
        })?;
        Ok(found)
    }

    /// All rows, mapped in the order in which the statement yields them.
    #[track_caller]
    pub fn all<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut map: impl FnMut(&mut Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.walk(sql, params, &mut |row| {
            found.push(map(row)?);
            Ok(true)
        })?;
        Ok(found)
    }

    #[track_caller]
    pub fn first<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut map: impl FnMut(&mut Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.walk(sql, params, &mut |row| {
            found = Some(map(row)?);
            Ok(false)
        })?;
        Ok(found)
    }

    /// The first row of a statement that always yields one.
    #[track_caller]
    pub fn one<T>(&mut self, sql: &str, params: &[Value<'_>], map: impl FnMut(&mut Row<'_>) -> Result<T>) -> Result<T> {
        match self.first(sql, params, map)? {
            Some(found) => Ok(found),
            None => Err(Error::bug("a statement that always yields a row yielded none")),
        }
    }

    /// Runs a statement that yields no rows; the answer is how many it changed.
    #[track_caller]
    pub fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let watched = self.watch.map(|watch| (watch, Instant::now()));
        let changed = self.may_change().and_then(|()| refuse_nul(params)).and_then(|()| match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Connection::Postgres(session) => session.execute(sql, params),
        });
        self.failed |= changed.is_err();
        if let Some((watch, begun)) = watched {
            watch.judge(sql, Location::caller(), begun);
        }
        changed
    }

    /// The same statement once for each of the rows, in their order; on PostgreSQL in one round trip.
    #[track_caller]
    pub fn execute_each(&mut self, sql: &str, rows: &[Vec<Value<'_>>]) -> Result<Vec<u64>> {
        let watched = self.watch.map(|watch| (watch, Instant::now()));
        let fit = self.may_change().and_then(|()| rows.iter().try_for_each(|row| refuse_nul(row)));
        let changed = fit.and_then(|()| match &mut self.connection {
            Connection::Sqlite(connection) => rows.iter().map(|row| sqlite::execute(connection, sql, row)).collect(),
            Connection::Postgres(session) => session.execute_each(sql, rows),
        });
        self.failed |= changed.is_err();
        if let Some((watch, begun)) = watched {
            watch.judge(sql, Location::caller(), begun);
        }
        changed
    }

    /// The rows that the same statement yields for each of `params`, mapped; on PostgreSQL in one round trip.
    #[track_caller]
    pub fn all_each<T>(
        &mut self,
        sql: &str,
        params: &[Vec<Value<'_>>],
        mut map: impl FnMut(&mut Row<'_>) -> Result<T>,
    ) -> Result<Vec<Vec<T>>> {
        let watched = self.watch.map(|watch| (watch, Instant::now()));
        let mut found: Vec<Vec<T>> = params.iter().map(|_| Vec::new()).collect();
        let mut visit = |place: usize, row: &mut Row<'_>| {
            found[place].push(map(row)?);
            Ok(())
        };
        let fit = self.may_read(params.len()).and_then(|()| params.iter().try_for_each(|row| refuse_nul(row)));
        let walked = fit.and_then(|()| match &mut self.connection {
            Connection::Sqlite(connection) => params.iter().enumerate().try_for_each(|(place, row)| {
                sqlite::walk(connection, sql, row, &mut |row| visit(place, row).map(|()| true))
            }),
            Connection::Postgres(session) => session.walk_each(sql, params, &mut visit),
        });
        self.failed |= walked.is_err();
        if let Some((watch, begun)) = watched {
            watch.judge(sql, Location::caller(), begun);
        }
        walked.map(|()| found)
    }

    /// Runs a statement that nobody asks how many rows it changed. On PostgreSQL it goes along with the next statement or the
    /// commit, and fails that: `Conflict` then, if a unique key is taken, which says nothing of which one.
    #[track_caller]
    pub fn execute_later(&mut self, sql: &str, params: &[Value<'_>]) -> Result<()> {
        let Connection::Postgres(session) = &mut self.connection else {
            return self.execute(sql, params).map(drop);
        };
        let sent = match self.reads_left {
            None => refuse_nul(params).and_then(|()| session.later(sql, params)),
            Some(_) => Err(Error::bug(NOT_ONE_READ)),
        };
        self.failed |= sent.is_err();
        sent
    }

    /// Hands `effect` to the listener once this transaction is committed; never if it is not, nor from a read.
    pub fn after_commit<E: Any + Send>(&mut self, effect: E) {
        self.effects.push(Box::new(effect));
    }

    pub fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(super) fn sqlite(connection: &'c rusqlite::Connection) -> Self {
        Self {
            connection: Connection::Sqlite(connection),
            effects: Vec::new(),
            failed: false,
            watch: None,
            reads_left: None,
        }
    }

    pub(super) fn postgres(session: &'c mut postgres::Session) -> Self {
        Self {
            connection: Connection::Postgres(session),
            effects: Vec::new(),
            failed: false,
            watch: None,
            reads_left: None,
        }
    }

    /// Runs a script of several statements.
    pub(super) fn script(&mut self, sql: &str) -> Result<()> {
        match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::script(connection, sql),
            Connection::Postgres(session) => session.script(sql),
        }
    }

    /// Statements that take longer than `slow` are logged, if there is such a bound; the transaction waited `queued`.
    pub(super) fn watch(&mut self, slow: Option<Duration>, queued: Duration) {
        self.watch = slow.map(|over| Watch::new(over, queued));
    }

    /// Holds it to one statement, which reads.
    pub(super) fn hold_to_one_read(&mut self) {
        self.reads_left = Some(1);
    }

    fn may_read(&mut self, statements: usize) -> Result<()> {
        let Some(left) = &mut self.reads_left else { return Ok(()) };
        *left = left.checked_sub(statements).ok_or(Error::bug(NOT_ONE_READ))?;
        Ok(())
    }

    fn may_change(&self) -> Result<()> {
        if self.reads_left.is_none() { Ok(()) } else { Err(Error::bug(NOT_ONE_READ)) }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    pub(super) fn into_effects(self) -> Vec<Effect> {
        self.effects
    }

    #[track_caller]
    fn walk(&mut self, sql: &str, params: &[Value<'_>], visit: &mut Visit<'_>) -> Result<()> {
        let watched = self.watch.map(|watch| (watch, Instant::now()));
        let walked = self.may_read(1).and_then(|()| refuse_nul(params)).and_then(|()| match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::walk(connection, sql, params, visit),
            Connection::Postgres(session) => session.walk(sql, params, visit),
        });
        self.failed |= walked.is_err();
        if let Some((watch, begun)) = watched {
            watch.judge(sql, Location::caller(), begun);
        }
        walked
    }
}

/// A few limits for all: each is another statement to prepare. The first ones are the usual pages, and one row more, by which it
/// is seen that they go on.
fn round_limit(rows: i64) -> u64 {
    let rows = rows.unsigned_abs();
    [21, 51, 101].into_iter().find(|page| rows <= *page).unwrap_or_else(|| rows.next_power_of_two())
}

/// The last fence; the validation of requests refuses NUL with the name of the field.
fn refuse_nul(params: &[Value<'_>]) -> Result<()> {
    match params.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0'))) {
        true => Err(Error::invalid("", "nul", "Text must not contain NUL.")),
        false => Ok(()),
    }
}
