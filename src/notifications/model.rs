//! Webhooks and deliveries as admins see them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Timestamp;
use crate::platform::db::Value;

/// The integer key of the database. It stays inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookKey(pub i64);

impl From<WebhookKey> for Value<'_> {
    fn from(key: WebhookKey) -> Self {
        Value::Int(key.0)
    }
}

/// What a webhook can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum WebhookType {
    #[serde(rename = "ticket.created")]
    TicketCreated,
    /// Any field was changed.
    #[serde(rename = "ticket.updated")]
    TicketUpdated,
    #[serde(rename = "ticket.closed")]
    TicketClosed,
    /// Somebody has it now, by whatever way.
    #[serde(rename = "ticket.assigned")]
    TicketAssigned,
    #[serde(rename = "ticket.deleted")]
    TicketDeleted,
    #[serde(rename = "ticket.rated")]
    TicketRated,
    #[serde(rename = "message.sent")]
    MessageSent,
    /// A private note: told to those that name it, and never by another type.
    #[serde(rename = "note.added")]
    NoteAdded,
    #[serde(rename = "user.registered")]
    UserRegistered,
}

impl WebhookType {
    pub const ALL: [Self; 9] = [
        Self::TicketCreated,
        Self::TicketUpdated,
        Self::TicketClosed,
        Self::TicketAssigned,
        Self::TicketDeleted,
        Self::TicketRated,
        Self::MessageSent,
        Self::NoteAdded,
        Self::UserRegistered,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::TicketCreated => "ticket.created",
            Self::TicketUpdated => "ticket.updated",
            Self::TicketClosed => "ticket.closed",
            Self::TicketAssigned => "ticket.assigned",
            Self::TicketDeleted => "ticket.deleted",
            Self::TicketRated => "ticket.rated",
            Self::MessageSent => "message.sent",
            Self::NoteAdded => "note.added",
            Self::UserRegistered => "user.registered",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether a webhook that names `types` is told.
    pub fn is_wanted_by(self, types: &[Self]) -> bool {
        match types {
            [] => self != Self::NoteAdded,
            named => named.contains(&self),
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Webhook {
    pub webhook_id: String,
    pub url: String,
    pub description: String,
    /// What it is told; empty for all but `note.added`.
    pub types: Vec<WebhookType>,
    /// While it is not, nothing is noted down for it; what waits already goes on once it is again.
    pub is_enabled: bool,
    /// Why the server switched it off: `gone` (it answered 410) or `failing` (for five days). Null: it did not.
    #[schema(required)]
    pub disabled_reason: Option<String>,
    /// Since when every attempt fails. Null: the last one did not.
    #[schema(required)]
    pub failing_since: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(skip)]
    pub key: WebhookKey,
    #[serde(skip)]
    pub secrets: Secrets,
    #[serde(skip)]
    pub begins: Beginning,
}

impl Webhook {
    pub fn wants(&self, kind: WebhookType) -> bool {
        self.is_enabled && kind.is_wanted_by(&self.types)
    }
}

/// What it is signed with, as `whsec_…`.
#[derive(Clone, Default)]
pub struct Secrets {
    pub current: String,
    /// The one before, which signs too until then.
    pub old: Option<(String, Timestamp)>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What happened before is not told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beginning {
    /// The key of the last event before.
    pub event: i64,
    /// For messages.
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is sent when its time has come.
    Pending,
    /// Behind an earlier one of its ticket.
    Waiting,
    Delivered,
    /// Given up after the last attempt.
    Failed,
}

impl DeliveryState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Waiting, Self::Delivered, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

/// What a webhook is to be told, or was.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// As the receiver sees it in `webhook-id`.
    pub delivery_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Null: it is about no ticket.
    #[schema(required)]
    pub ticket_id: Option<String>,
    pub state: DeliveryState,
    pub attempts: i64,
    /// When it is sent next. Null: not again, behind an earlier one of its ticket, or just now, if it is pending.
    #[schema(required)]
    pub next_at: Option<Timestamp>,
    /// The status that the receiver answered last. Null: there was no answer.
    #[schema(required)]
    pub last_status: Option<i64>,
    /// Why the last attempt failed: `unreachable`, `timeout`, `server_error`, `rejected`, … Null: it did not, or there was none.
    #[schema(required)]
    pub last_error: Option<String>,
    /// How long the last attempt took.
    #[schema(required)]
    pub last_ms: Option<i64>,
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    #[schema(required)]
    pub done_at: Option<Timestamp>,
    /// As it is sent, or was: JSON.
    pub body: String,
    #[serde(skip)]
    pub key: i64,
    /// Some node is sending it.
    #[serde(skip)]
    pub is_under_way: bool,
}

/// How one attempt went.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attempt {
    /// What was answered. Null: nothing.
    #[schema(required)]
    pub status: Option<i64>,
    /// Null: it was taken.
    #[schema(required)]
    pub error: Option<String>,
    pub ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_by_one_name() {
        for kind in WebhookType::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a word"), kind.as_str());
            assert_eq!(WebhookType::parse(kind.as_str()), Some(kind));
            assert_eq!(kind.is_wanted_by(&[]), kind != WebhookType::NoteAdded);
            assert!(kind.is_wanted_by(&[kind]));
        }
        assert!(!WebhookType::TicketCreated.is_wanted_by(&[WebhookType::TicketClosed]));
    }
}
