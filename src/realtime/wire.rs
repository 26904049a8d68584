//! The events of the wire: their names, and the shapes of what a client sends and gets. `asyncapi` describes them.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::model::{Role, Status};
use crate::error::{Error, FieldError};
use crate::platform::clock::Timestamp;
use crate::platform::http::text;
use crate::realtime::presence::OnlineUser;
use crate::tickets::attachments::carry;
use crate::tickets::messages::send;
use crate::tickets::model::{Message, Note, Rating, Ticket};

/// What a client may send.
pub(super) const EVENTS: [&str; 7] =
    ["chat_message", "join_ticket", "leave_ticket", "typing", "message_read", "user_status", "reauth"];

/// The name as we know it; `other` for what a client made up.
pub fn known_event(name: &str) -> &'static str {
    EVENTS.into_iter().find(|known| *known == name).unwrap_or("other")
}

/// The `auth` of the handshake.
#[derive(Debug, Deserialize, ToSchema)]
pub struct HandshakeAuth {
    pub token: String,
    #[serde(rename = "apiKey")]
    pub api_key: Option<String>,
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinTicket {
    #[garde(length(max = 64))]
    pub ticket_id: String,
    /// The last `seq` that the client has; absent: the newest 50 messages.
    #[garde(inner(range(min = 0)))]
    pub after_seq: Option<i64>,
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveTicket {
    #[garde(length(max = 64))]
    pub ticket_id: String,
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatMessage {
    #[garde(length(max = 64))]
    pub ticket_id: String,
    /// 1 to 10,000 characters, not only white space; empty where files come along.
    #[garde(custom(send::content(&self.attachment_ids)))]
    pub message_content: String,
    #[garde(inner(custom(text::client_id)))]
    pub client_id: Option<String>,
    /// Files that this sender has uploaded for this ticket and not sent yet, at most 10.
    #[garde(custom(carry::ids))]
    #[serde(default)]
    pub attachment_ids: Vec<String>,
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypingSignal {
    #[garde(length(max = 64))]
    pub ticket_id: String,
    #[garde(skip)]
    pub is_typing: bool,
}

/// Either `message_id`, or `ticket_id` with `up_to_seq`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRead {
    #[garde(inner(length(max = 64)))]
    pub message_id: Option<String>,
    #[garde(inner(length(max = 64)))]
    pub ticket_id: Option<String>,
    #[garde(inner(range(min = 0)))]
    pub up_to_seq: Option<i64>,
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusChoice {
    #[garde(skip)]
    pub status: Status,
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reauth {
    #[garde(skip)]
    pub token: String,
}

/// Answers `join_ticket`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Joined<'a> {
    pub ticket: &'a Ticket,
    pub messages: Vec<Message>,
    /// Of the same snapshot as the messages.
    pub last_seq: i64,
    /// After `after_seq`: newer ones remain, join again; without it: older ones do.
    pub has_more: bool,
    pub online: Vec<OnlineUser>,
}

/// Answers `chat_message`: stored, on disk, numbered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stored<'a> {
    pub message: &'a Message,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    pub ok: bool,
}

pub const DONE: Done = Done { ok: true };

/// Answers what was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refused {
    pub error: Refusal,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
    /// The server's log has it.
    pub request_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Seconds after which a repeat makes sense, where the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Refused {
    pub fn new(error: &Error, request_id: String) -> Self {
        // A payload that cannot be read is a wrong payload: the frame around it was fine.
        let code = if matches!(error, Error::BadJson(_)) { "invalid" } else { error.code() };
        let (errors, retry_after) = (error.field_errors().to_vec(), error.retry_after());
        Self { error: Refusal { code, message: error.message(), request_id, errors, retry_after } }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TicketEvent<'a> {
    pub ticket: &'a Ticket,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TicketUpdated<'a> {
    pub ticket: &'a Ticket,
    pub changed: &'a [&'static str],
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TicketDeleted<'a> {
    pub ticket_id: &'a str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TypingShown<'a> {
    pub ticket_id: &'a str,
    pub user_id: &'a str,
    pub name: &'a str,
    pub is_typing: bool,
}

/// The whole text so far. It may never be stored: a person may write first.
#[derive(Debug, Serialize, ToSchema)]
pub struct BotDelta<'a> {
    pub ticket_id: &'a str,
    /// The one that the stored message will have.
    pub message_id: &'a str,
    pub text: &'a str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReadShown<'a> {
    pub ticket_id: &'a str,
    pub reader_id: &'a str,
    pub up_to_seq: i64,
    pub message_ids: Vec<String>,
    pub read_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveredShown<'a> {
    pub ticket_id: &'a str,
    pub up_to_seq: i64,
    pub message_ids: Vec<String>,
    pub delivered_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StatusShown<'a> {
    pub user_id: &'a str,
    pub username: &'a str,
    pub role: Role,
    pub status: Status,
    pub last_active: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ViewersShown<'a> {
    pub ticket_id: &'a str,
    /// The reader among them.
    pub viewers: Vec<Viewer<'a>>,
}

/// A member of staff who has a ticket open.
#[derive(Debug, Serialize, ToSchema)]
pub struct Viewer<'a> {
    pub user_id: &'a str,
    pub name: &'a str,
    #[schema(required)]
    pub avatar_url: Option<&'a str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Resync<'a> {
    pub ticket_id: &'a str,
}

/// Tells a client that its session is over; it is disconnected next.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionExpired {
    pub code: &'static str,
}

/// Named here so that the document has their shapes.
pub type NoteShown = Note;
pub type RatingShown = Rating;
