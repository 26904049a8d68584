//! Tickets, messages and notes as clients see them, and `Scope`: whose tickets a caller may touch.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;

use crate::auth::model::{Caller, Role, TenantKey, TicketKey, UserKey};
use crate::platform::clock::Timestamp;
use crate::tickets::attachments::model::Attachment;

/// Whose tickets: the tenant's, and of these a customer's own ones only. Made from a `Caller`, asked by every query.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    pub tenant: TenantKey,
    pub customer: Option<UserKey>,
}

impl Scope {
    pub fn of(caller: &Caller) -> Self {
        let customer = if caller.role.is_staff() { None } else { Some(caller.user) };
        Self { tenant: caller.tenant, customer }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    Open,
    InProgress,
    Closed,
}

impl TicketStatus {
    pub const ALL: [Self; 3] = [Self::Open, Self::InProgress, Self::Closed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Closed => "closed",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Who is in charge of a ticket that has, or had, a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BotState {
    /// The bot answers, and nobody is assigned.
    Bot,
    /// The bot is silent, and the ticket waits for a person's first word.
    HandoffRequested,
    /// A person took it, was given it, or wrote.
    Human,
}

impl BotState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::HandoffRequested => "handoff_requested",
            Self::Human => "human",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Bot, Self::HandoffRequested, Self::Human].into_iter().find(|state| state.as_str() == word)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    #[default]
    Medium,
    High,
}

impl Priority {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High].into_iter().find(|priority| priority.as_str() == word)
    }
}

/// What a customer says of how their ticket was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rating {
    pub ticket_id: String,
    /// 1 (bad) to 5 (good).
    #[schema(minimum = 1, maximum = 5)]
    pub score: i64,
    #[schema(required)]
    pub comment: Option<String>,
    /// Who of the staff had the ticket when it was closed.
    #[schema(required)]
    pub support_id: Option<String>,
    /// Which closing it is about: when that was.
    pub closed_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Which side of a conversation somebody is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Customer,
    Staff,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Customer, Self::Staff];

    pub fn of(ticket: &Ticket, user: UserKey) -> Self {
        if user == ticket.customer { Self::Customer } else { Self::Staff }
    }

    /// The condition on messages of the other side, where `customer` stands for the customer's key.
    pub fn others(self, customer: &str) -> String {
        match self {
            Self::Customer => format!("sender_key <> {customer}"),
            Self::Staff => format!("sender_key = {customer}"),
        }
    }

    /// The prefix of the side's columns in `tickets`.
    pub fn column(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
        }
    }
}

/// How far one side of a conversation, the ticket's customer or staff, has come with what the other side sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct SideMarks {
    pub unread: i64,
    pub read_seq: i64,
    pub delivered_seq: i64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ticket {
    pub ticket_id: String,
    /// Counts 1, 2, 3 … in the tenant: what people call it by.
    pub number: i64,
    pub subject: String,
    pub customer_id: String,
    /// The member of staff who has it.
    #[schema(required)]
    pub support_id: Option<String>,
    pub status: TicketStatus,
    pub priority: Priority,
    pub tags: Vec<String>,
    /// How it came in: `web`, …
    pub channel: String,
    #[schema(value_type = HashMap<String, Json>)]
    pub custom: Map<String, Json>,
    /// The `seq` of its newest message; 0 while there is none.
    pub last_seq: i64,
    /// Messages of the other side that the reader's side has not read.
    pub unread_count: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[schema(required)]
    pub closed_at: Option<Timestamp>,
    /// Who is in charge, where there is or was a bot; null where there never was one.
    #[schema(required)]
    pub bot_state: Option<BotState>,

    #[serde(skip)]
    pub key: TicketKey,
    #[serde(skip)]
    pub customer: UserKey,
    #[serde(skip)]
    pub support: Option<UserKey>,
    #[serde(skip)]
    pub customer_side: SideMarks,
    #[serde(skip)]
    pub staff_side: SideMarks,
    #[serde(skip)]
    pub is_held: bool,
    /// The customer's newest message that the bot owes an answer to.
    #[serde(skip)]
    pub bot_due_seq: Option<i64>,
}

impl Ticket {
    /// With the unread count of the side that looks: the ticket's customer, or staff.
    pub fn seen_by(mut self, reader: UserKey) -> Self {
        self.unread_count = self.marks(Side::of(&self, reader)).unread;
        self
    }

    pub fn marks(&self, side: Side) -> SideMarks {
        match side {
            Side::Customer => self.customer_side,
            Side::Staff => self.staff_side,
        }
    }

    /// The present values of the fields named, for the history.
    pub fn values_of(&self, fields: &[&str]) -> Json {
        let Ok(Json::Object(all)) = serde_json::to_value(self) else { return json!({}) };
        Json::Object(all.into_iter().filter(|(field, _)| fields.contains(&field.as_str())).collect())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    Bot,
    Event,
}

impl MessageKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bot => "bot",
            Self::Event => "event",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Text, Self::Bot, Self::Event].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Who wrote a message, as shown beside it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sender {
    pub id: String,
    pub name: String,
    pub role: Role,
    #[schema(required)]
    pub avatar_url: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Message {
    pub message_id: String,
    pub ticket_id: String,
    pub sender_id: String,
    pub sender: Sender,
    /// Counts 1, 2, 3 … in the ticket, without a hole, in the order in which messages were stored.
    pub seq: i64,
    /// As it was sent. It is data, never markup.
    pub message_content: String,
    pub kind: MessageKind,
    pub attachments: Vec<Attachment>,
    /// The sender's own id of it, by which a repeat is recognised.
    #[schema(required)]
    pub client_id: Option<String>,
    pub is_read: bool,
    #[schema(required)]
    pub read_at: Option<Timestamp>,
    #[schema(required)]
    pub delivered_at: Option<Timestamp>,
    pub timestamp: Timestamp,

    #[serde(skip)]
    pub ticket: TicketKey,
    #[serde(skip)]
    pub sender_key: UserKey,
}

/// A message's public id is made of where it stands, so that finding it needs no index of its own.
pub fn message_id(ticket_id: &str, seq: i64) -> String {
    // Of the right length at once: a page has a hundred of them.
    [ticket_id, ".", &seq.to_string()].concat()
}

/// The ticket and the `seq` that an id names, if it is one.
pub fn parse_message_id(id: &str) -> Option<(&str, i64)> {
    let (ticket_id, seq) = id.rsplit_once('.')?;
    let canonical = seq.bytes().all(|b| b.is_ascii_digit()) && !seq.starts_with('0');
    Some((ticket_id, seq.parse().ok().filter(|_| canonical)?))
}

/// What staff write beside a conversation. No message: customers never see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Note {
    pub note_id: String,
    pub ticket_id: String,
    pub author_id: String,
    pub body: String,
    pub timestamp: Timestamp,
}
