//! How `docs/asyncapi.json` comes about: from one table of all events, whose shapes are those of `wire` and of the models, so
//! that it cannot drift from what is sent. The names are held against the source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use utoipa::ToSchema;

use crate::realtime::presence::OnlineUser;
use crate::realtime::wire::{self, Done, HandshakeAuth, Refused};
use crate::tickets::activity::TicketActivity;
use crate::tickets::model::Message;

/// What a client sends.
struct FromClient {
    name: &'static str,
    does: &'static str,
    payload: Shape,
    ack: Shape,
}

/// What the server sends.
struct FromServer {
    name: &'static str,
    does: &'static str,
    to: &'static str,
    payload: Shape,
}

/// Notes the schema of a type, and of all it is made of; answers a reference to it.
type Shape = fn(&mut BTreeMap<String, Json>) -> Json;

const FROM_CLIENT: &[FromClient] = &[
    FromClient {
        name: "join_ticket",
        does: "Enters a ticket's room and answers with what was stored after `after_seq`, or with the newest 50 messages.",
        payload: one::<wire::JoinTicket>,
        ack: one::<wire::Joined>,
    },
    FromClient {
        name: "leave_ticket",
        does: "Leaves a ticket's room.",
        payload: one::<wire::LeaveTicket>,
        ack: one::<Done>,
    },
    FromClient {
        name: "chat_message",
        does: "Sends a message. The ack comes once it is on disk. No join is needed, the right to the ticket is.",
        payload: one::<wire::ChatMessage>,
        ack: one::<wire::Stored<'_>>,
    },
    FromClient {
        name: "typing",
        does: "Shows or ends a typing indicator. It ends by itself after some seconds, with the message and with the socket.",
        payload: one::<wire::TypingSignal>,
        ack: one::<Done>,
    },
    FromClient {
        name: "message_read",
        does: "Marks a message, and what the other side sent before it, as read.",
        payload: one::<wire::MessageRead>,
        ack: one::<Done>,
    },
    FromClient {
        name: "user_status",
        does: "Chooses what the user is seen as while connected.",
        payload: one::<wire::StatusChoice>,
        ack: one::<Done>,
    },
    FromClient {
        name: "reauth",
        does: "Carries the connection over to a new access token of the same user, before the old one runs out.",
        payload: one::<wire::Reauth>,
        ack: one::<Done>,
    },
];

const FROM_SERVER: &[FromServer] = &[
    FromServer {
        name: "chat_message",
        does: "A message was stored.",
        to: "everybody in the ticket's room, the sender's sockets too, once each, in the order of `seq`",
        payload: one::<Message>,
    },
    FromServer {
        name: "message_read",
        does: "One side has read what the other sent.",
        to: "everybody in the ticket's room",
        payload: one::<wire::ReadShown<'_>>,
    },
    FromServer {
        name: "message_delivered",
        does: "Messages have reached a connection of the other side.",
        to: "everybody in the ticket's room",
        payload: one::<wire::DeliveredShown<'_>>,
    },
    FromServer {
        name: "typing",
        does: "Somebody types, or no longer does.",
        to: "everybody in the ticket's room but the one who types",
        payload: one::<wire::TypingShown<'_>>,
    },
    FromServer {
        name: "bot_delta",
        does: "A bot is writing an answer: the whole text so far. The stored `chat_message` follows, unless somebody writes first.",
        to: "everybody in the ticket's room",
        payload: one::<wire::BotDelta<'_>>,
    },
    FromServer {
        name: "ticket_viewers",
        does: "Who of the staff has the ticket open has changed; three tabs are one viewer.",
        to: "the staff in the ticket's room, whoever just joined too",
        payload: one::<wire::ViewersShown<'_>>,
    },
    FromServer {
        name: "resync",
        does: "This connection has not been given all of the ticket's messages: join again with the last `seq` you have.",
        to: "the connection concerned",
        payload: one::<wire::Resync<'_>>,
    },
    FromServer {
        name: "ticket_created",
        does: "A ticket was opened.",
        to: "the tenant's staff",
        payload: one::<wire::TicketEvent<'_>>,
    },
    FromServer {
        name: "ticket_updated",
        does: "A ticket changed; `changed` names the fields.",
        to: "everybody in the ticket's room and the tenant's staff, once for each socket",
        payload: one::<wire::TicketUpdated<'_>>,
    },
    FromServer {
        name: "ticket_activity",
        does: "A message was stored, or the reader's side has read; many at once are one event with the state by then.",
        to: "the tenant's staff and the ticket's customer, whether or not they are in its room",
        payload: one::<TicketActivity>,
    },
    FromServer {
        name: "ticket_deleted",
        does: "A ticket is gone.",
        to: "everybody in the ticket's room and the tenant's staff",
        payload: one::<wire::TicketDeleted<'_>>,
    },
    FromServer {
        name: "ticket_note",
        does: "A private note was written.",
        to: "the tenant's staff",
        payload: one::<wire::NoteShown>,
    },
    FromServer {
        name: "ticket_rated",
        does: "A customer rated how their ticket was closed, or changed that.",
        to: "the tenant's staff",
        payload: one::<wire::RatingShown>,
    },
    FromServer {
        name: "user_status",
        does: "Somebody came, went or changed their status.",
        to: "the tenant's staff, and customers of whom this user has a ticket",
        payload: one::<wire::StatusShown<'_>>,
    },
    FromServer {
        name: "online_users",
        does: "Who is online, staff first; three tabs are one user.",
        to: "each connection when it joins and when its list changes: staff see all, customers who has their tickets",
        payload: list::<OnlineUser>,
    },
    FromServer {
        name: "session_expired",
        does: "The session or its token has ended; the connection is closed next.",
        to: "the connections concerned",
        payload: one::<wire::SessionExpired>,
    },
];

const DESCRIPTION: &str = "Socket.IO 4 (Engine.IO 4) by WebSocket or long polling, default namespace. Each message below \
    is one Socket.IO event; its payload is the event's only argument. The `auth` of the handshake is the schema \
    `HandshakeAuth`; a bad token ends in `connect_error` with the message `unauthorized`. An ack is either what is \
    described here or a `Refused`. The events of one socket are handled in the order sent.";

fn document() -> Json {
    let mut schemas = BTreeMap::new();
    one::<HandshakeAuth>(&mut schemas);
    let (mut messages, mut operations) = (BTreeMap::new(), BTreeMap::new());
    for event in FROM_CLIENT {
        let (sent, answer) = (format!("{}.sent", event.name), format!("{}.ack", event.name));
        let ack = json!({"oneOf": [(event.ack)(&mut schemas), one::<Refused>(&mut schemas)]});
        messages.insert(sent.clone(), message(event.name, event.does, (event.payload)(&mut schemas)));
        messages.insert(answer.clone(), message(event.name, "The answer.", ack));
        let reply = json!({"channel": {"$ref": "#/channels/socket"}, "messages": [in_channel(&answer)]});
        let operation = json!({"action": "receive", "summary": event.does, "channel": {"$ref": "#/channels/socket"},
            "messages": [in_channel(&sent)], "reply": reply});
        operations.insert(format!("receive_{}", event.name), operation);
    }
    for event in FROM_SERVER {
        let shown = format!("{}.shown", event.name);
        messages.insert(shown.clone(), message(event.name, event.does, (event.payload)(&mut schemas)));
        let summary = format!("{} To {}.", event.does, event.to);
        let operation = json!({"action": "send", "summary": summary, "channel": {"$ref": "#/channels/socket"},
            "messages": [in_channel(&shown)]});
        operations.insert(format!("send_{}", event.name), operation);
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {"title": "SmileChat", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"here": {"host": "{host}", "pathname": "/socket.io/", "protocol": "ws",
            "variables": {"host": {"default": "localhost:3100"}}}},
        "channels": {"socket": {"address": "/", "description": "The one namespace.", "messages": messages}},
        "operations": operations,
        "components": {"schemas": schemas},
    })
}

fn message(name: &str, summary: &str, payload: Json) -> Json {
    json!({"name": name, "summary": summary, "payload": payload})
}

fn in_channel(message: &str) -> Json {
    json!({"$ref": format!("#/channels/socket/messages/{message}")})
}

fn one<T: ToSchema>(schemas: &mut BTreeMap<String, Json>) -> Json {
    let mut parts = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut parts);
    for (name, schema) in parts {
        schemas.insert(name, json!(schema));
    }
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

fn list<T: ToSchema>(schemas: &mut BTreeMap<String, Json>) -> Json {
    json!({"type": "array", "items": one::<T>(schemas)})
}

#[test]
fn the_page_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/asyncapi.json");
    let page = format!("{:#}\n", document());
    if fs::read_to_string(path).unwrap_or_default() != page {
        fs::write(path, page).expect("docs/ can be written");
        panic!("docs/asyncapi.json was stale; it has been written anew, commit it");
    }
}

#[test]
fn every_event_that_is_handled_is_in_the_table_and_no_other() {
    let handlers = [source("handlers.rs"), source("batch.rs")].concat();
    let handled = handlers.lines().filter_map(|line| {
        let before_arrow = line.trim().strip_suffix('{').unwrap_or(line).split(" => ").next()?.trim();
        let compared = before_arrow.strip_prefix("if incoming.event != ").unwrap_or(before_arrow).trim();
        compared.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
    });
    let in_table = FROM_CLIENT.iter().map(|event| event.name.to_owned());
    assert_eq!(handled.collect::<BTreeSet<_>>(), in_table.collect());
}

#[test]
fn every_event_that_is_emitted_is_in_the_table_and_no_other() {
    let mut emitted = BTreeSet::new();
    for file in [
        "dispatch.rs",
        "handlers.rs",
        "housekeeping.rs",
        "hub.rs",
        "hub/activity.rs",
        "hub/send.rs",
        "hub/viewers.rs",
        "room.rs",
        "connect.rs",
    ] {
        let source = source(file);
        // The event is the first argument, and plain text.
        let named = source.split("Frame::event(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
        emitted.extend(named.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    let in_table = FROM_SERVER.iter().map(|event| event.name.to_owned());
    assert_eq!(emitted, in_table.collect());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(references.len() > 50, "the search for references finds nothing any more");
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

/// A file of this folder without its tests.
fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/realtime").join(file);
    let text = fs::read_to_string(path).expect("a source file is text");
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}
