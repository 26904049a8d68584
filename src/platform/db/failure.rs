//! What an engine's error means to the caller: try again soon (`Unavailable`), somebody else took that name or number
//! first (`Conflict`), or a fault of ours (`Internal`).

use std::error::Error as StdError;
use std::io;

use anyhow::anyhow;
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use tokio_postgres::error::SqlState;

use crate::error::{Cause, Error};

#[track_caller]
pub(super) fn from_sqlite(error: rusqlite::Error) -> Error {
    let extended_code = error.sqlite_error().map(|error| error.extended_code);
    if matches!(extended_code, Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY)) {
        return conflict();
    }
    let is_outage = matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::CannotOpen
                | ErrorCode::NotADatabase
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::FileLockingProtocolFailed
        )
    );
    judge(is_outage, error)
}

#[track_caller]
pub(super) fn from_postgres(error: tokio_postgres::Error) -> Error {
    if error.code() == Some(&SqlState::UNIQUE_VIOLATION) {
        return conflict();
    }
    let is_outage = match error.code() {
        Some(code) => is_postgres_outage(code),
        None => is_broken_connection(&error),
    };
    judge(is_outage, error)
}

/// True when the link itself is gone, so that no further statement can be sent over it.
pub(super) fn is_broken_connection(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(|source| source.is::<io::Error>())
}

fn is_postgres_outage(code: &SqlState) -> bool {
    // By class: 08 connection, 25P03 idle for too long, 25006 a standby, 40 serialization and deadlock, 53 resources,
    // 55P03 lock timeout, 57 cancelled or shutting down, 58 the system's own errors.
    let code = code.code();
    ["08", "25P03", "25006", "40", "53", "55P03", "57", "58"].iter().any(|class| code.starts_with(class))
}

fn conflict() -> Error {
    metrics::counter!("smilechat_db_errors_total", "kind" => "conflict").increment(1);
    Error::Conflict("conflict")
}

#[track_caller]
fn judge(is_outage: bool, error: impl StdError + Send + Sync + 'static) -> Error {
    if !is_outage {
        metrics::counter!("smilechat_db_errors_total", "kind" => "fault").increment(1);
        return Error::internal(error);
    }
    metrics::counter!("smilechat_db_errors_total", "kind" => "unavailable").increment(1);
    let why = describe(&error);
    tracing::warn!(error = %why, "the database is unavailable");
    Error::Unavailable(why)
}

/// Whether a statement itself failed, and not what was made of its rows.
pub fn is_refused_statement(error: &Error) -> bool {
    let Error::Internal { cause: Cause::Failure(cause), .. } = error else { return false };
    cause.is::<rusqlite::Error>() || cause.is::<tokio_postgres::Error>()
}

/// What the role may not do is for the operator to mend, and no fault inside.
pub(super) fn in_plain_words(error: anyhow::Error) -> anyhow::Error {
    let Some(Error::Internal { cause: Cause::Failure(cause), .. }) = error.downcast_ref() else { return error };
    let refusal = cause.downcast_ref().and_then(tokio_postgres::Error::as_db_error);
    match refusal.filter(|refusal| *refusal.code() == SqlState::INSUFFICIENT_PRIVILEGE) {
        Some(refusal) => anyhow!("the role of the database URL may not do this: {}", refusal.message()),
        None => error,
    }
}

/// The error and its causes in one line.
pub(super) fn describe(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = inner.source();
    }
    line
}
