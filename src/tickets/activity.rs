//! What is new in a ticket, in brief: for whoever looks at a list of tickets and does not follow each of them.
//!
//! Read from the database at the time it is told, so that it is the present state and never a difference. It holds what
//! a customer may see of an own ticket: notes are no messages.

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::model::{Role, TenantKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::tickets::model::{MessageKind, Scope, Side};
use crate::tickets::store;

/// How much of a message is told, in Unicode scalar values.
const BRIEF: usize = 140;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketActivity {
    pub ticket_id: String,
    pub last_seq: i64,
    /// Messages of the other side that the reader's side has not read.
    pub unread_count: i64,
    pub updated_at: Timestamp,
    #[schema(required)]
    pub last_message: Option<LastMessage>,

    #[serde(skip)]
    pub customer: UserKey,
    #[serde(skip)]
    pub customer_unread: i64,
    #[serde(skip)]
    pub staff_unread: i64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LastMessage {
    /// Its first 140 characters, white space folded; empty where it only carries files.
    #[schema(max_length = 140)]
    pub text: String,
    pub sender_id: String,
    pub sender_role: Role,
    pub kind: MessageKind,
    pub timestamp: Timestamp,
}

impl TicketActivity {
    pub fn seen_by(self, side: Side) -> Self {
        let unread_count = match side {
            Side::Customer => self.customer_unread,
            Side::Staff => self.staff_unread,
        };
        Self { unread_count, ..self }
    }
}

/// For each ticket what is new, as one snapshot; None for one that is gone.
pub async fn read(app: &App, tickets: Vec<(TenantKey, String)>) -> Result<Vec<Option<TicketActivity>>> {
    let read = app.db.read(move |tx| {
        let scope = |tenant: &TenantKey| Scope { tenant: *tenant, customer: None };
        tickets.iter().map(|(tenant, ticket_id)| store::find_activity(tx, scope(tenant), ticket_id)).collect()
    });
    read.await
}

/// The tickets that were changed since, the newest first, at most a thousand.
pub async fn changed_since(app: &App, tenant: TenantKey, since: Timestamp) -> Result<Vec<(String, Timestamp)>> {
    app.db.read(move |tx| store::list_changed(tx, tenant, since)).await
}

pub fn brief(message_content: &str) -> String {
    one_line(message_content, BRIEF)
}

/// The beginning of a text, with one space where it has white space.
pub fn one_line(text: &str, most_chars: usize) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first: String = folded.chars().take(most_chars).collect();
    first.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_brief_is_one_line_of_whole_characters() {
        assert_eq!(brief(" Hello,\r\n\n\tis \u{2003} anybody   there? "), "Hello, is anybody there?");
        assert_eq!(brief(" \n"), "");
        assert_eq!(brief(&"é".repeat(500)), "é".repeat(140));
        assert_eq!(brief(&"🙂".repeat(140)), "🙂".repeat(140));
        assert_eq!(brief(&format!("{} more", "a".repeat(139))), "a".repeat(139), "no space stays at the end");
    }
}
