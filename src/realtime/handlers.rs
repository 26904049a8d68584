//! What a client may send, one function for each event. Every event that asks for an answer gets one.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::app::App;
use crate::auth::model::Status;
use crate::auth::{guard, status};
use crate::error::{Error, Result};
use crate::platform::http::{json, problem};
use crate::platform::id::new_id;
use crate::platform::telemetry::spans;
use crate::realtime::connect::Connection;
use crate::realtime::gateway::{Ack, Incoming, Prepared};
use crate::realtime::room::Snapshot;
use crate::realtime::wire::{
    self, DONE, JoinTicket, Joined, LeaveTicket, MessageRead, Reauth, Refused, StatusChoice, TypingSignal,
};
use crate::realtime::{dispatch, housekeeping};
use crate::tickets::assign;
use crate::tickets::messages::replay::Replay;
use crate::tickets::messages::{read, replay};

pub async fn handle(app: &App, connection: &mut Connection, incoming: Incoming) {
    let Incoming { event, payload, ack, received, .. } = incoming;
    let name = wire::known_event(&event);
    let handled = handle_known(app, connection, name, payload.get().as_bytes(), ack);
    spans::in_event(name, 1, handled).await;
    metrics::histogram!("smilechat_socket_event_seconds", "event" => name).record(received.elapsed());
}

async fn handle_known(app: &App, connection: &mut Connection, event: &str, payload: &[u8], ack: Option<Ack>) {
    let done = match event {
        "join_ticket" => return join_ticket(app, connection, payload, ack).await,
        "leave_ticket" => leave_ticket(app, connection, payload),
        "typing" => typing(app, connection, payload).await,
        "message_read" => message_read(app, connection, payload).await,
        "user_status" => user_status(app, connection, payload).await,
        "reauth" => reauth(app, connection, payload).await,
        _ => Err(Error::invalid("event", "unknown", "is no event of this server")),
    };
    match done {
        Ok(()) => answer(ack, &DONE),
        Err(error) => refuse(app, connection, event, [ack], &error),
    }
}

/// The room holds what is stored while the snapshot is read; it goes out behind the answer.
async fn join_ticket(app: &App, connection: &Connection, payload: &[u8], ack: Option<Ack>) {
    // Nobody is there to read the answer.
    if !connection.handle.is_connected() {
        return;
    }
    let request: JoinTicket = match json::from_slice(payload) {
        Ok(request) => request,
        Err(error) => return refuse(app, connection, "join_ticket", [ack], &error),
    };
    // The answer may be long: one that the reader has not taken is not followed by another.
    connection.handle.caught_up().await;
    let (hub, socket) = (&app.realtime.hub, connection.handle.id());
    hub.enter(socket, &request.ticket_id);
    match replay::replay(app, connection.caller().clone(), request.ticket_id.clone(), request.after_seq).await {
        Ok(replay) => {
            let online = app.presence.list(connection.caller().tenant, &hub.view(socket));
            let is_behind = request.after_seq.is_some() && replay.has_more;
            let last_seq = replay.ticket.last_seq;
            let given_seq = if is_behind { replay.messages.last().map_or(0, |message| message.seq) } else { last_seq };
            let Replay { ticket, messages, has_more } = replay;
            let joined = Joined { ticket: &ticket, messages, last_seq, has_more, online };
            // Written out before the hub is asked: a long answer must not hold up everybody else.
            let answer = ack.map(|ack| ack.prepare(&joined));
            let snapshot = Snapshot { ticket: &ticket, given_seq, is_behind };
            if let Some(hole) = hub.settle(socket, snapshot, || answer.into_iter().for_each(Prepared::send)) {
                dispatch::fill(app, ticket.ticket_id, hole);
            }
        }
        Err(error) => {
            match error {
                Error::NotFound | Error::Forbidden(_) => {
                    dispatch::show_typing_ended(app, hub.leave(socket, &request.ticket_id));
                }
                // It says nothing of the right: who is in the room stays there.
                _ => hub.give_up(socket, &request.ticket_id),
            }
            refuse(app, connection, "join_ticket", [ack], &error);
        }
    }
}

fn leave_ticket(app: &App, connection: &Connection, payload: &[u8]) -> Result<()> {
    let request: LeaveTicket = json::from_slice(payload)?;
    let ended = app.realtime.hub.leave(connection.handle.id(), &request.ticket_id);
    dispatch::show_typing_ended(app, ended);
    Ok(())
}

async fn typing(app: &App, connection: &Connection, payload: &[u8]) -> Result<()> {
    let TypingSignal { ticket_id, is_typing } = json::from_slice(payload)?;
    let (hub, caller, socket) = (&app.realtime.hub, connection.caller(), connection.handle.id());
    if !hub.is_in(socket, &ticket_id) {
        replay::check_right(app, caller.clone(), ticket_id.clone()).await?;
    }
    if is_typing {
        let until = Instant::now() + Duration::from_millis(app.config.realtime.typing_ttl_ms);
        hub.begin_typing(socket, caller, &ticket_id, until);
    } else if !hub.end_typing(&ticket_id, caller.user) {
        return Ok(());
    }
    dispatch::show_typing(app, &ticket_id, caller.user, &caller.user_id, &caller.name, is_typing);
    Ok(())
}

async fn message_read(app: &App, connection: &Connection, payload: &[u8]) -> Result<()> {
    let request: MessageRead = json::from_slice(payload)?;
    let caller = connection.caller().clone();
    match (request.message_id, request.ticket_id, request.up_to_seq) {
        (Some(message_id), None, None) => read::read_message(app, caller, message_id).await.map(drop),
        (None, Some(ticket_id), Some(up_to_seq)) => read::read_up_to(app, caller, ticket_id, up_to_seq).await,
        _ => Err(Error::invalid("message_id", "missing", "send either message_id, or ticket_id with up_to_seq")),
    }
}

async fn user_status(app: &App, connection: &mut Connection, payload: &[u8]) -> Result<()> {
    let StatusChoice { status } = json::from_slice(payload)?;
    let caller = connection.caller().clone();
    status::choose(app, &caller, status).await?;
    if let Some(difference) = app.presence.choose(&caller, status, app.clock.now()) {
        housekeeping::show_difference(app, &difference);
    }
    if caller.role.is_staff() && status == Status::Online {
        assign::hand_out_waiting(app, caller.tenant);
    }
    Ok(())
}

/// Carries a connection over to a new token of the same user.
async fn reauth(app: &App, connection: &mut Connection, payload: &[u8]) -> Result<()> {
    let Reauth { token } = json::from_slice(payload)?;
    let renewed = guard::credentials(app, &token, None, None).await?;
    let (caller, own) = (&renewed.caller, connection.caller());
    if (caller.tenant, caller.user, caller.role) != (own.tenant, own.user, own.role) {
        return Err(Error::Unauthorized("unauthorized"));
    }
    app.realtime.hub.renew(connection.handle.id(), &renewed);
    if renewed.have_ended(app) {
        // The new session ended in between: nobody has cut this socket for it yet.
        app.realtime.hub.expire(connection.handle.id());
    }
    (connection.credentials.caller, connection.credentials.token_ends) = (renewed.caller, renewed.token_ends);
    Ok(())
}

pub fn answer(ack: Option<Ack>, reply: &impl Serialize) {
    if let Some(ack) = ack {
        ack.send(reply);
    }
}

/// Answers events that are refused together. The id in the answer is that of the line in the log.
pub fn refuse(
    app: &App,
    connection: &Connection,
    event: &str,
    acks: impl IntoIterator<Item = Option<Ack>>,
    error: &Error,
) {
    let request_id = new_id(app.clock.now(), &app.random);
    let _trace = spans::ensure_trace();
    let _span = tracing::error_span!("socket", %request_id, user_id = %connection.caller().user_id).entered();
    problem::note("socket", error);
    let (name, code) = (wire::known_event(event), error.code());
    match error {
        // Nothing bounds how many of these a client earns.
        Error::RateLimited { .. } => tracing::debug!(name, code, "refused"),
        _ => tracing::info!(name, code, "refused"),
    }
    let refused = Refused::new(error, request_id);
    acks.into_iter().for_each(|ack| answer(ack, &refused));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::platform::metrics::table;

    #[test]
    fn every_event_but_messages_is_a_label_of_its_metric() {
        let (measured, known) = (table::EVENTS.iter().copied(), wire::EVENTS.into_iter());
        let expected: BTreeSet<_> = known.filter(|name| *name != "chat_message").chain(["other"]).collect();
        assert_eq!(measured.collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn an_unreadable_payload_is_called_invalid() {
        let refused = serde_json::to_string(&Refused::new(&Error::BadJson("x".into()), String::new())).expect("JSON");
        assert!(refused.contains(r#""code":"invalid""#), "{refused}");
    }
}
