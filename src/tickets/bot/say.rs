//! A message of the bot, in the transaction that decides that it may speak.

use std::sync::Arc;

use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::messages::store::{self as messages, Advance, NewRow, Wish};
use crate::tickets::model::{MessageKind, Scope};

/// Stores what it says to a ticket that the caller holds locked, and settles what it owed. The status stays: a bot's word takes no
/// ticket. Answers the `seq`.
pub fn say(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    bot: UserKey,
    ticket_id: &str,
    kind: MessageKind,
    text: &str,
    now: Timestamp,
) -> Result<i64> {
    let wish = Wish { scope: Scope { tenant, customer: None }, ticket_id, sender: bot, session_id: "" };
    let target = messages::lock_target(tx, &wish)?;
    let row = NewRow {
        ticket: target.key,
        seq: target.last_seq + 1,
        sender: bot,
        kind,
        message_content: text,
        client_id: None,
        attachments: &[],
        timestamp: now,
    };
    messages::insert(tx, tenant, std::slice::from_ref(&row))?;
    let advance = Advance {
        count: 1,
        status: target.status,
        support: target.support,
        from_customer: false,
        updated_at: now.max(Timestamp(target.updated_at.0 + 1)),
        bot_state: target.bot_state,
        bot_due_seq: None,
    };
    messages::advance_ticket(tx, tenant, &target, &advance)?;
    let message = Arc::new(messages::message_of(ticket_id, &target.sender, &row));
    let act = Act::of_user(tenant, &target.sender.id, now);
    events::record(tx, &act, What::MessageSent { message, first_reply_after: None, is_for_bot: false })?;
    Ok(row.seq)
}
