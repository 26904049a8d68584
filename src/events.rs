//! What happened, in the past tense: the one language in which services speak to each other.
//!
//! `record` is called inside the transaction that makes it true. An event with a history is written to the `events`
//! table there and then (audit log, ticket history, outbox); every event goes to the live listeners after the commit,
//! in commit order (`services` wires them). So no service names another, and a crash loses nothing.

pub mod store;

mod behind;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::auth::model::{Caller, Role, TenantKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::telemetry::spans;
use crate::platform::telemetry::traceparent::Traceparent;
use crate::tickets::model::{Message, Note, Rating, Side, Ticket};

pub use behind::Behind;

#[derive(Clone, Debug)]
pub struct Event {
    pub act: Act,
    pub what: What,
    /// Of its row, where it has one.
    pub key: Option<i64>,
    /// Where in a trace it happened, if it is traced.
    pub origin: Option<Traceparent>,
}

/// In which tenant something is done, by whom, and when.
#[derive(Clone, Debug)]
pub struct Act {
    pub tenant: TenantKey,
    /// The public id of who does it; None for the server itself.
    pub actor_id: Option<Arc<str>>,
    pub at: Timestamp,
}

impl Act {
    pub fn of(caller: &Caller, at: Timestamp) -> Self {
        Self { tenant: caller.tenant, actor_id: Some(caller.user_id.clone()), at }
    }

    pub fn of_user(tenant: TenantKey, user_id: &str, at: Timestamp) -> Self {
        Self { tenant, actor_id: Some(user_id.into()), at }
    }

    pub fn of_server(tenant: TenantKey, at: Timestamp) -> Self {
        Self { tenant, actor_id: None, at }
    }
}

#[derive(Clone, Debug)]
pub enum What {
    MessageSent {
        message: Arc<Message>,
        /// How long the customer had waited for it, if it is the first that staff wrote in the ticket.
        first_reply_after: Option<Duration>,
        /// Whether the bot owes an answer to it.
        is_for_bot: bool,
    },
    MessagesRead {
        ticket_id: String,
        reader_id: String,
        /// The one that has read.
        side: Side,
        up_to_seq: i64,
        seqs: Vec<i64>,
        /// How long each of them had been there; empty where another node tells of it.
        after: Vec<Duration>,
    },
    MessagesDelivered {
        ticket_id: String,
        up_to_seq: i64,
        seqs: Vec<i64>,
    },
    NoteAdded {
        note: Arc<Note>,
    },
    TicketCreated {
        ticket: Arc<Ticket>,
    },
    TicketUpdated {
        ticket: Arc<Ticket>,
        changed: Vec<&'static str>,
    },
    /// By the server's own choice; `reason` says why this member of staff.
    TicketAssigned {
        ticket_id: String,
        support_id: String,
        reason: String,
    },
    TicketDeleted {
        ticket_id: String,
        customer: UserKey,
        customer_id: String,
    },
    /// Given or changed by the ticket's customer.
    TicketRated {
        rating: Arc<Rating>,
    },
    /// A guest turned out to be this customer; the guest's tickets are theirs now.
    GuestIdentified {
        guest_id: String,
        customer_id: String,
        tickets: usize,
    },
    UserRegistered {
        user_id: String,
        role: Role,
    },
    UserChanged {
        user_id: String,
        user: UserKey,
        changed: Vec<&'static str>,
        /// What the fields that give or take rights are now; the others are the user's own business.
        rights: Json,
    },
    RoleSwitched {
        user_id: String,
        role: Role,
    },
    InviteCreated {
        invite_id: String,
        role: Role,
    },
    InviteUsed {
        invite_id: String,
        user_id: String,
    },
    InviteWithdrawn {
        invite_id: String,
    },
    ApiKeyCreated {
        api_key_id: String,
        kind: &'static str,
        allowed_origins: Vec<String>,
    },
    ApiKeyChanged {
        api_key_id: String,
        kind: &'static str,
        changed: Vec<&'static str>,
        /// As they are now, changed or not.
        allowed_origins: Vec<String>,
    },
    ApiKeyRevoked {
        api_key_id: String,
    },
    /// Written, changed or published.
    ArticleSaved {
        article_id: String,
        slug: String,
        version: i64,
        status: &'static str,
        changed: Vec<&'static str>,
    },
    ArticleRemoved {
        article_id: String,
        slug: String,
    },
    CollectionSaved {
        collection_id: String,
        slug: String,
        /// created, changed or removed
        change: &'static str,
    },
    /// Who is in charge of a ticket that had a bot is somebody else now, and why.
    BotStateChanged {
        ticket_id: String,
        state: &'static str,
        reason: &'static str,
    },
    BotSettingsChanged {
        /// What the changed fields are now.
        values: Map<String, Json>,
    },
    WidgetSettingsChanged {
        /// What the changed fields are now.
        values: Map<String, Json>,
    },
    IdentitySecretShown,
    IdentitySecretRotated,
    WebhookSaved {
        webhook_id: String,
        /// created, changed, secret_rotated, removed, disabled
        change: &'static str,
        /// What the changed fields are now; why the server disabled it.
        values: Map<String, Json>,
    },
    SessionEnded {
        session_id: Arc<str>,
        reason: &'static str,
    },
}

/// Makes an event part of the transaction: its row, where it has one, and its announcement after the commit.
pub fn record(tx: &mut Tx<'_>, act: &Act, what: What) -> Result<()> {
    let row = what.row();
    let key = row.map(|row| store::insert(tx, act, row.kind, row.ticket_id, &row.data.to_string())).transpose()?;
    tx.after_commit(Event { act: act.clone(), what, key, origin: spans::here() });
    Ok(())
}

struct Row<'a> {
    kind: &'static str,
    ticket_id: Option<&'a str>,
    data: Json,
}

impl What {
    /// What it is called in a trace.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MessageSent { .. } => "message_sent",
            Self::MessagesRead { .. } => "messages_read",
            Self::MessagesDelivered { .. } => "messages_delivered",
            kept => kept.row().map_or("other", |row| row.kind),
        }
    }

    /// How it is kept. None for what another table records already: a message is its own row, and so are its read marks.
    fn row(&self) -> Option<Row<'_>> {
        let (kind, ticket_id, data) = match self {
            Self::MessageSent { .. } | Self::MessagesRead { .. } | Self::MessagesDelivered { .. } => return None,
            Self::NoteAdded { note } => ("note_added", Some(note.ticket_id.as_str()), json!({"note_id": note.note_id})),
            Self::TicketCreated { ticket } => (
                "ticket_created",
                Some(ticket.ticket_id.as_str()),
                json!({"customer_id": ticket.customer_id, "priority": ticket.priority, "channel": ticket.channel}),
            ),
            Self::TicketUpdated { ticket, changed } => {
                ("ticket_updated", Some(ticket.ticket_id.as_str()), ticket.values_of(changed))
            }
            Self::TicketAssigned { ticket_id, support_id, reason } => {
                ("ticket_assigned", Some(ticket_id.as_str()), json!({"support_id": support_id, "reason": reason}))
            }
            Self::TicketRated { rating } => {
                ("ticket_rated", Some(rating.ticket_id.as_str()), json!({"score": rating.score}))
            }
            Self::TicketDeleted { ticket_id, customer_id, .. } => {
                ("ticket_deleted", Some(ticket_id.as_str()), json!({"customer_id": customer_id}))
            }
            Self::GuestIdentified { guest_id, customer_id, tickets } => (
                "guest_identified",
                None,
                json!({"guest_id": guest_id, "customer_id": customer_id, "tickets": tickets}),
            ),
            Self::UserRegistered { user_id, role } => {
                ("user_registered", None, json!({"user_id": user_id, "role": role}))
            }
            Self::UserChanged { user_id, changed, rights, .. } => {
                ("user_changed", None, json!({"user_id": user_id, "changed": changed, "rights": rights}))
            }
            Self::RoleSwitched { user_id, role } => ("role_switched", None, json!({"user_id": user_id, "role": role})),
            Self::InviteCreated { invite_id, role } => {
                ("invite_created", None, json!({"invite_id": invite_id, "role": role}))
            }
            Self::InviteUsed { invite_id, user_id } => {
                ("invite_used", None, json!({"invite_id": invite_id, "user_id": user_id}))
            }
            Self::InviteWithdrawn { invite_id } => ("invite_withdrawn", None, json!({"invite_id": invite_id})),
            Self::ApiKeyCreated { api_key_id, kind, .. } => {
                ("api_key_created", None, json!({"api_key_id": api_key_id, "kind": kind}))
            }
            Self::ApiKeyChanged { api_key_id, changed, .. } => {
                ("api_key_changed", None, json!({"api_key_id": api_key_id, "changed": changed}))
            }
            Self::ApiKeyRevoked { api_key_id } => ("api_key_revoked", None, json!({"api_key_id": api_key_id})),
            Self::ArticleSaved { article_id, slug, version, status, changed } => (
                "article_saved",
                None,
                json!({"article_id": article_id, "slug": slug, "version": version, "status": status, "changed": changed}),
            ),
            Self::ArticleRemoved { article_id, slug } => {
                ("article_removed", None, json!({"article_id": article_id, "slug": slug}))
            }
            Self::CollectionSaved { collection_id, slug, change } => {
                let data = json!({"collection_id": collection_id, "slug": slug, "change": change});
                ("collection_saved", None, data)
            }
            Self::BotStateChanged { ticket_id, state, reason } => {
                ("bot_state_changed", Some(ticket_id.as_str()), json!({"state": state, "reason": reason}))
            }
            Self::BotSettingsChanged { values } => ("bot_settings_changed", None, json!(values)),
            Self::WidgetSettingsChanged { values } => ("widget_settings_changed", None, json!(values)),
            Self::IdentitySecretShown => ("identity_secret_shown", None, json!({})),
            Self::IdentitySecretRotated => ("identity_secret_rotated", None, json!({})),
            Self::WebhookSaved { webhook_id, change, values } => {
                let data = json!({"webhook_id": webhook_id, "change": change, "values": values});
                ("webhook_saved", None, data)
            }
            Self::SessionEnded { session_id, reason } => {
                ("session_ended", None, json!({"session_id": &**session_id, "reason": reason}))
            }
        };
        Some(Row { kind, ticket_id, data })
    }
}
