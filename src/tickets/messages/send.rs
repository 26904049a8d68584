//! Sending a message: the one function behind REST, sockets and whoever else writes into a conversation.
//!
//! Lock the ticket, store the message under the next `seq`, move the ticket along its lifecycle, record the event.
//! Only when that is on disk does anybody hear of it: the sender by the answer, the others by the event.

use std::sync::Arc;

use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Action;
use crate::auth::model::Caller;
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Dialect, Tx};
use crate::platform::http::text;
use crate::tickets::assign::{self, Online};
use crate::tickets::attachments::carry;
use crate::tickets::bot::handoff;
use crate::tickets::messages::run::Run;
use crate::tickets::messages::settle::{Outcome, Stored};
use crate::tickets::messages::store::{self, Target, Wish};
use crate::tickets::messages::together;
use crate::tickets::model::{Message, Scope};

#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// 1 to 10,000 characters, not only white space; empty where files come along. Stored as sent.
    #[garde(custom(content(&self.attachment_ids)))]
    pub message_content: String,
    /// The sender's own id for it, at most 128 characters: the same one again gives the first message again.
    #[garde(inner(custom(text::client_id)))]
    pub client_id: Option<String>,
    /// Files that this sender has uploaded for this ticket and not sent yet, at most 10.
    #[garde(custom(carry::ids))]
    #[serde(default)]
    pub attachment_ids: Vec<String>,
}

/// The rule for the text of a message, given the files that come along.
pub fn content<T: AsRef<str>>(attachment_ids: &[String]) -> impl FnOnce(&T, &()) -> garde::Result {
    let may_be_empty = !attachment_ids.is_empty();
    move |sent, context| match sent.as_ref() {
        "" if may_be_empty => Ok(()),
        _ => text::content(10_000)(sent, context),
    }
}

pub enum Sent {
    New(Arc<Message>),
    /// The `client_id` was used before, for the same content: this is the message it made.
    Again(Arc<Message>),
}

impl Sent {
    pub fn message(&self) -> &Arc<Message> {
        match self {
            Self::New(message) | Self::Again(message) => message,
        }
    }
}

/// Stores messages of one sender to one ticket in the order given, in one transaction; each has an answer of its own, and
/// one that is refused does not stop those after it.
pub async fn send_all(
    app: &App,
    caller: Arc<Caller>,
    ticket_id: String,
    messages: Vec<NewMessage>,
) -> Result<Vec<Result<Sent>>> {
    caller.require(Action::MessagesSend)?;
    let letter = Arc::new(Letter { caller, ticket_id, messages });
    let has_files = letter.messages.iter().any(|message| !message.attachment_ids.is_empty());
    // SQLite's one writer commits many transactions together as it is.
    if has_files || app.db.dialect() == Dialect::Sqlite {
        send_alone(app, letter).await
    } else {
        together::send(app, letter).await
    }
}

/// What one sender has for one ticket.
pub(super) struct Letter {
    pub caller: Arc<Caller>,
    pub ticket_id: String,
    pub messages: Vec<NewMessage>,
}

/// In a transaction of its own.
pub(super) async fn send_alone(app: &App, letter: Arc<Letter>) -> Result<Vec<Result<Sent>>> {
    let now = app.clock.now();
    let (online, shared) = (Online::now(app, letter.caller.tenant), app.clone());
    app.db
        .write_repeatable(move |tx| {
            let Letter { caller, ticket_id, messages } = &*letter;
            let Outcome { answers, reopened, chose_person } = send_all_in(tx, caller, ticket_id, messages, now)?;
            if let Some(ticket) = reopened {
                assign::assign(tx, caller.tenant, ticket, &online, now)?;
            }
            if let Some(ticket) = chose_person {
                handoff::receive(tx, &shared, caller.tenant, ticket, &online, now)?;
            }
            Ok(answers)
        })
        .await
}

pub async fn send(app: &App, caller: Arc<Caller>, ticket_id: String, message: NewMessage) -> Result<Sent> {
    only(send_all(app, caller, ticket_id, vec![message]).await?)
}

/// One message, inside a transaction. Nobody is assigned where it reopens the ticket.
pub fn send_in(tx: &mut Tx<'_>, caller: &Caller, ticket_id: &str, new: &NewMessage, now: Timestamp) -> Result<Sent> {
    only(send_all_in(tx, caller, ticket_id, std::slice::from_ref(new), now)?.answers)
}

fn only(mut answers: Vec<Result<Sent>>) -> Result<Sent> {
    answers.pop().ok_or(Error::bug("a message without an answer"))?
}

/// The ticket is read once and written once, however many messages there are: its row stands in several indexes.
fn send_all_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    ticket_id: &str,
    messages: &[NewMessage],
    now: Timestamp,
) -> Result<Outcome> {
    let target = match store::lock_target(tx, &wish(caller, ticket_id)) {
        Err(Error::NotFound) => {
            let answers = messages.iter().map(|_| Err(Error::NotFound)).collect();
            return Ok(Outcome::without_change(answers));
        }
        target => target?,
    };
    if !is_signed_in(caller, &target) {
        return Err(Error::Unauthorized("unauthorized"));
    }
    let mut stored = Stored::none(target);
    // Those without files follow one another into the table at once; files are looked up for one message at a time.
    for run in messages.chunk_by(|one, next| one.attachment_ids.is_empty() && next.attachment_ids.is_empty()) {
        let run = Run { caller, target: &stored.target, ticket_id, messages: run, now };
        let answers = match run.messages {
            [new] => vec![store_with_files(tx, &run, new)],
            _ => run.store(tx, &[])?,
        };
        stored.take(answers)?;
    }
    stored.settle(tx, caller, now)
}

pub(super) fn wish<'a>(caller: &'a Caller, ticket_id: &'a str) -> Wish<'a> {
    let session_id = caller.session_id.as_deref().unwrap_or_default();
    Wish { scope: Scope::of(caller), ticket_id, sender: caller.user, session_id }
}

/// The session may have ended on another node since it was looked up here, while this one stood still perhaps.
pub(super) fn is_signed_in(caller: &Caller, target: &Target) -> bool {
    caller.session_id.is_none() || target.is_session_live
}

/// Stores a run of one message, which may bring files along.
fn store_with_files(tx: &mut Tx<'_>, run: &Run<'_, '_>, new: &NewMessage) -> Result<Sent> {
    let Some(files) = carry::find_unsent(tx, run.caller, run.target.key, &new.attachment_ids)? else {
        // Sent before, which is well if this repeats the message that did.
        return run.first_one(tx, new)?.map(Sent::Again).ok_or_else(carry::unknown);
    };
    let sent = only(run.store(tx, &files)?)?;
    if let Sent::New(message) = &sent {
        carry::mark_sent(tx, run.caller, &files, message.seq)?;
    }
    Ok(sent)
}
