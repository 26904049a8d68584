//! Several tickets in one statement, on PostgreSQL alone, where each statement has its price
//! (docs/decisions/0054). What differs between them is one value, a text of JSON.

use std::iter;

use serde_json::json;

use super::{Advance, LOCK_TARGET, NewRow, Target, Wish, change_hands, target};
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::Tx;

/// What `lock_target` finds, for several of one tenant; None where somebody else has the ticket locked, and where it is not
/// there. Who holds some tickets waits for no other, so that two transactions with several never wait for each other.
pub fn lock_free_targets(tx: &mut Tx<'_>, tenant: TenantKey, wishes: &[Wish<'_>]) -> Result<Vec<Option<Target>>> {
    debug_assert!(wishes.iter().all(|wish| wish.scope.tenant == tenant));
    let asked: Vec<_> = iter::zip(0.., wishes)
        // NUL is in the id of none, and PostgreSQL takes no JSON with it.
        .filter(|(_, wish)| !wish.ticket_id.contains('\0'))
        .map(|(place, wish): (i64, _)| {
            json!({
                "place": place,
                "ticket_id": wish.ticket_id,
                "sender_key": wish.sender.0,
                "session_id": wish.session_id,
            })
        })
        .collect();
    // A part that locks is planned by itself: each ticket is looked up by its index, however many are asked for.
    let one =
        LOCK_TARGET.replace("$2", "wish.ticket_id").replace("$3", "wish.sender_key").replace("$4", "wish.session_id");
    let sql = format!(
        "select wish.place, found.* from json_to_recordset(cast($2 as text)::json) as wish (place bigint, ticket_id text,
             sender_key bigint, session_id text) cross join lateral ({one}{} of t skip locked) found",
        tx.dialect().for_update()
    );
    let mut found: Vec<Option<Target>> = wishes.iter().map(|_| None).collect();
    let asked = json!(asked).to_string();
    let locked =
        tx.all(&sql, &[tenant.into(), (&asked).into()], |row| Ok((row.take::<i64>()? as usize, target(row)?)))?;
    for (place, target) in locked {
        found[place] = Some(target).filter(|target| wishes[place].may_see(target));
    }
    Ok(found)
}

/// Rows of which none repeats a `client_id`. If one does, nothing of the transaction is kept, and it ends in `Conflict`, at the
/// commit perhaps: nobody waits for these rows.
pub fn insert_unrepeated(tx: &mut Tx<'_>, tenant: TenantKey, new: &[NewRow<'_>]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = new
        .iter()
        .map(|row| {
            json!({
                "ticket_key": row.ticket.0,
                "seq": row.seq,
                "sender_key": row.sender.0,
                "kind": row.kind.as_str(),
                "message_content": row.message_content,
                "client_id": row.client_id,
                "timestamp": row.timestamp.0,
                "attachments": row.attachments(),
            })
        })
        .collect();
    tx.execute_later(
        "insert into messages (ticket_key, seq, tenant_key, sender_key, kind, message_content, client_id, timestamp, attachments)
         select ticket_key, seq, $1, sender_key, kind, message_content, client_id, timestamp, attachments
         from json_to_recordset(cast($2 as text)::json) as new (ticket_key bigint, seq bigint, sender_key bigint, kind text,
             message_content text, client_id text, timestamp bigint, attachments text)",
        &[tenant.into(), json!(rows).to_string().as_str().into()],
    )
}

/// So few that none of PostgreSQL's plans reads a large table for them.
const MOVED_AT_ONCE: usize = 16;

/// What `advance_ticket` does, for several.
pub fn advance_tickets(tx: &mut Tx<'_>, tenant: TenantKey, moves: &[(&Target, &Advance)]) -> Result<()> {
    for moves in moves.chunks(MOVED_AT_ONCE) {
        let rows: Vec<_> = moves
            .iter()
            .map(|(target, to)| {
                let (customer_unread, staff_unread) = to.unread();
                json!({
                    "ticket_key": target.key.0,
                    "count": to.count,
                    "customer_unread": customer_unread,
                    "staff_unread": staff_unread,
                    "updated_at": to.updated_at.0,
                    "bot_due_seq": to.bot_due_seq,
                })
            })
            .collect();
        tx.execute_later(
            &format!(
                "update tickets t set last_seq = t.last_seq + new.count, customer_unread = t.customer_unread + new.customer_unread,
                     staff_unread = t.staff_unread + new.staff_unread, updated_at = new.updated_at, bot_due_seq = new.bot_due_seq
                 from (select * from json_to_recordset(cast($2 as text)::json) as new (ticket_key bigint, count bigint,
                     customer_unread bigint, staff_unread bigint, updated_at bigint, bot_due_seq bigint) limit {MOVED_AT_ONCE}) new
                 where t.tenant_key = $1 and t.ticket_key = new.ticket_key"
            ),
            &[tenant.into(), json!(rows).to_string().as_str().into()],
        )?;
    }
    moves.iter().try_for_each(|(target, to)| change_hands(tx, tenant, target, to))
}
