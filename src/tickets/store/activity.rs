//! What is new in a ticket: its counts and its last message.

use crate::auth::model::{Role, TenantKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};
use crate::tickets::activity::{self, LastMessage, TicketActivity};
use crate::tickets::model::{MessageKind, Scope};

/// None for a ticket that is absent, or not in the scope. One statement, so that the counts and the message agree.
pub fn find_activity(tx: &mut Tx<'_>, scope: Scope, ticket_id: &str) -> Result<Option<TicketActivity>> {
    let found = tx.first(
        "select t.customer_key, t.customer_unread, t.staff_unread, t.ticket_id, t.last_seq, t.updated_at,
             u.user_id, u.role, m.kind, m.timestamp, m.message_content
         from tickets t
         left join messages m on m.ticket_key = t.ticket_key and m.seq = t.last_seq and m.tenant_key = t.tenant_key
         left join users u on u.tenant_key = m.tenant_key and u.user_key = m.sender_key
         where t.tenant_key = $1 and t.ticket_id = $2",
        &[scope.tenant.into(), ticket_id.into()],
        activity,
    )?;
    Ok(found.filter(|activity| scope.customer.is_none_or(|own| activity.customer == own)))
}

/// Their ids, and when that was; the newest first.
pub fn list_changed(tx: &mut Tx<'_>, tenant: TenantKey, since: Timestamp) -> Result<Vec<(String, Timestamp)>> {
    tx.all(
        "select ticket_id, updated_at from tickets where tenant_key = $1 and updated_at >= $2
         order by updated_at desc, ticket_key desc limit 1000",
        &[tenant.into(), since.into()],
        |row| Ok((row.take()?, row.take()?)),
    )
}

fn activity(row: &mut Row<'_>) -> Result<TicketActivity> {
    Ok(TicketActivity {
        customer: UserKey(row.take()?),
        customer_unread: row.take()?,
        staff_unread: row.take()?,
        ticket_id: row.take()?,
        last_seq: row.take()?,
        updated_at: row.take()?,
        last_message: last_message(row)?,
        unread_count: 0,
    })
}

fn last_message(row: &mut Row<'_>) -> Result<Option<LastMessage>> {
    let Some(sender_id) = row.take()? else { return Ok(None) };
    Ok(Some(LastMessage {
        sender_id,
        sender_role: Role::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown role is stored"))?,
        kind: MessageKind::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown kind of message is stored"))?,
        timestamp: row.take()?,
        text: activity::brief(&row.take::<String>()?),
    }))
}
