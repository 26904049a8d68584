//! The bot that answers first, and knows when to stop.
//!
//! `settings` (how a tenant wants it), `reply` (what to say to a question: pure but for the search), `answer` (takes up what is
//! due and stores what was decided), `handoff` (the moves between bot and people), `intent`, `hours` and `wording` (what a
//! customer wants, when somebody is there, and what is said in whose language), `runs` (what it did, and why), `eval`.
//! `services/answering` runs it beside the requests.
//! Invariants: whether the bot still has the ticket is decided under the ticket's lock, in the transaction that stores what it
//! says: after a person's first word it says nothing. What it owes stands in the ticket's own row, written with the customer's
//! message, so that nothing is owed twice or forgotten. Nothing of an article is sent as markup.

pub mod answer;
pub mod embedding;
pub mod eval;
pub mod handoff;
pub mod settings;

mod assist;
mod budget;
mod changes;
mod claim;
mod ground;
mod hours;
mod intent;
mod mask;
mod meaning;
pub mod model;
mod prompt;
mod reply;
mod routes;
mod runs;
mod say;
mod signed;
mod store;
mod tools;
mod try_out;
mod webhook;
mod wording;
mod writing;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

pub use routes::routes;
pub use store::count_due;

use crate::auth::model::TenantKey;

/// That a message waits for the bot on this node. Those stored on others are found by the clock.
#[derive(Default)]
pub struct BotCalls(Notify);

impl BotCalls {
    pub fn call(&self) {
        self.0.notify_one();
    }

    pub async fn heard(&self) {
        self.0.notified().await;
    }
}

/// Whose articles, or whose model for vectors, were changed on this node. What others do is found by the clock.
#[derive(Default)]
pub struct VectorCalls {
    tenants: Mutex<BTreeSet<TenantKey>>,
    called: Notify,
}

impl VectorCalls {
    pub fn call(&self, tenant: TenantKey) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        self.called.notify_one();
    }

    pub async fn heard(&self) -> BTreeSet<TenantKey> {
        self.called.notified().await;
        std::mem::take(&mut *self.tenants.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why somebody else is in charge of a ticket now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandoffReason {
    /// The customer asked for a person: in words, or by the button.
    Requested,
    /// The customer wanted no bot from the start.
    Chosen,
    /// Nothing that is known covers the question well enough.
    LowConfidence,
    /// The customer says that the answer did not help.
    NotHelped,
    /// The same answer would have been given again.
    Repeated,
    /// Twice in a row there was nothing in it to search for.
    NotUnderstood,
    /// Files alone.
    NoText,
    /// The bot was switched off meanwhile.
    BotOff,
    /// The bot's own fault.
    Failed,
    /// The model decided so.
    Tool,
    /// The model was away, slow, or said nothing that could be used.
    ModelFailed,
    /// What models may take is used up.
    Budget,
    /// The tenant's own server decided so.
    Webhook,
    /// It was away, slow, or said nothing that could be used.
    WebhookFailed,
    /// The ticket was opened again without a word.
    Reopened,
    /// Staff asked for it.
    Staff,
    StaffWrote,
    /// Somebody took the ticket, or was given it.
    Taken,
}

impl HandoffReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Chosen => "chosen",
            Self::LowConfidence => "low_confidence",
            Self::NotHelped => "not_helped",
            Self::Repeated => "repeated",
            Self::NotUnderstood => "not_understood",
            Self::NoText => "no_text",
            Self::BotOff => "bot_off",
            Self::Failed => "failed",
            Self::Tool => "tool",
            Self::ModelFailed => "model_failed",
            Self::Budget => "budget",
            Self::Webhook => "webhook",
            Self::WebhookFailed => "webhook_failed",
            Self::Reopened => "reopened",
            Self::Staff => "staff",
            Self::StaffWrote => "staff_wrote",
            Self::Taken => "taken",
        }
    }
}
