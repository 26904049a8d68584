//! What has gathered in a socket's inbox: sorted, and handled piece by piece in the order sent. Messages to one ticket that
//! follow one another are one piece, and share one transaction.

use std::time::Instant;

use crate::app::App;
use crate::error::Error;
use crate::platform::http::json;
use crate::platform::telemetry::spans;
use crate::realtime::connect::Connection;
use crate::realtime::gateway::{Ack, Incoming};
use crate::realtime::handlers::{self, answer, refuse};
use crate::realtime::wire::{ChatMessage, Stored};
use crate::tickets::messages::send::{self, NewMessage, Sent};

/// Messages in one transaction, at most: others wait while it runs.
const MOST_TOGETHER: usize = 64;

enum Piece {
    Messages(Gathered),
    Other(Incoming),
}

/// Messages to one ticket.
struct Gathered {
    ticket_id: String,
    messages: Vec<NewMessage>,
    waiting: Vec<Waiting>,
}

/// Who sent a message, until it is answered.
struct Waiting {
    ack: Option<Ack>,
    since: Instant,
}

pub async fn handle(app: &App, connection: &mut Connection, events: Vec<Incoming>) {
    if let Some(oldest) = events.first() {
        metrics::histogram!("smilechat_inbox_wait_seconds").record(oldest.received.elapsed());
        metrics::histogram!("smilechat_inbox_size").record(events.len() as f64);
    }
    app.follower.be_current().await;
    // They may be called something else by now.
    if let Some(caller) = app.realtime.hub.caller(connection.handle.id()) {
        connection.credentials.caller = caller;
    }
    for piece in sort(app, connection, events) {
        // It may have waited a while, and waited for those before it, and the session ended meanwhile.
        let is_over = connection.credentials.are_over(app);
        match piece {
            piece if is_over => piece.refuse(app, connection, &Error::Unauthorized("unauthorized")),
            Piece::Messages(gathered) => {
                let count = gathered.messages.len();
                spans::in_event("chat_message", count, send_all(app, connection, gathered)).await;
            }
            Piece::Other(incoming) => handlers::handle(app, connection, incoming).await,
        }
    }
}

/// Refuses what comes too often, and messages that cannot be read.
fn sort(app: &App, connection: &mut Connection, events: Vec<Incoming>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for incoming in events {
        if let Err(error) = connection.throttles.check(&incoming.event, Instant::now()) {
            refuse(app, connection, &incoming.event, [incoming.ack], &error);
            continue;
        }
        if incoming.event != "chat_message" {
            pieces.push(Piece::Other(incoming));
            continue;
        }
        match json::from_slice(incoming.payload.get().as_bytes()) {
            Ok(message) => gather(&mut pieces, message, Waiting { ack: incoming.ack, since: incoming.received }),
            Err(error) => refuse(app, connection, &incoming.event, [incoming.ack], &error),
        }
    }
    pieces
}

/// One ticket a transaction: two of them could wait for one another's tickets.
fn gather(pieces: &mut Vec<Piece>, message: ChatMessage, waiting: Waiting) {
    let ChatMessage { ticket_id, message_content, client_id, attachment_ids } = message;
    let message = NewMessage { message_content, client_id, attachment_ids };
    match pieces.last_mut() {
        Some(Piece::Messages(last)) if last.ticket_id == ticket_id && last.messages.len() < MOST_TOGETHER => {
            last.messages.push(message);
            last.waiting.push(waiting);
        }
        _ => pieces.push(Piece::Messages(Gathered { ticket_id, messages: vec![message], waiting: vec![waiting] })),
    }
}

impl Piece {
    fn refuse(self, app: &App, connection: &Connection, error: &Error) {
        match self {
            Self::Messages(Gathered { waiting, .. }) => {
                refuse(app, connection, "chat_message", waiting.into_iter().map(|one| one.ack), error);
            }
            Self::Other(incoming) => refuse(app, connection, &incoming.event, [incoming.ack], error),
        }
    }
}

async fn send_all(app: &App, connection: &Connection, gathered: Gathered) {
    let Gathered { ticket_id, messages, waiting } = gathered;
    match send::send_all(app, connection.caller().clone(), ticket_id, messages).await {
        Ok(answers) => {
            for (sent, Waiting { ack, since }) in answers.into_iter().zip(waiting) {
                metrics::histogram!("smilechat_message_ack_seconds").record(since.elapsed());
                match sent {
                    Ok(Sent::New(message) | Sent::Again(message)) => answer(ack, &Stored { message: &message }),
                    Err(error) => refuse(app, connection, "chat_message", [ack], &error),
                }
            }
        }
        Err(error) => refuse(app, connection, "chat_message", waiting.into_iter().map(|one| one.ack), &error),
    }
}
