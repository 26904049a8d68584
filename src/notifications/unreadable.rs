//! What is stored and cannot be read: by whom it is found, and how the next step knows of it.

use crate::error::{Cause, Error, Result};
use crate::platform::db::is_refused_statement;

/// What a step may pass over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    Event(i64),
    /// The new ones of a ticket.
    Messages(String),
}

/// Something is stored that this version cannot read. The transaction that found it is lost; the next one passes over it.
#[derive(Debug, thiserror::Error)]
#[error("{subject:?} cannot be read: {error}")]
pub struct Unreadable {
    subject: Subject,
    error: Error,
}

impl Unreadable {
    /// Of what was read of `subject`. A statement that the database refuses says nothing of it: that would fail with the next too.
    pub fn unless<T>(read: Result<T>, subject: Subject) -> Result<T> {
        read.map_err(|error| match error {
            Error::Internal { .. } if !is_refused_statement(&error) => Error::internal(Self { subject, error }),
            other => other,
        })
    }

    pub fn of(error: &Error) -> Option<Subject> {
        let Error::Internal { cause: Cause::Failure(cause), .. } = error else { return None };
        cause.downcast_ref::<Self>().map(|unreadable| unreadable.subject.clone())
    }
}
