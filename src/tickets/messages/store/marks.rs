//! How far messages have come: delivered, and read.

use std::iter;

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{self, Tx, Value};
use crate::tickets::model::{Side, Ticket};

/// A `seq`, and when it was sent.
type Sent = (i64, Timestamp);

/// Marks what the other side sent up to `up_to_seq` as read; answers what was not, ascending.
pub fn mark_read(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: &Ticket,
    side: Side,
    up_to_seq: i64,
    now: Timestamp,
) -> Result<Vec<Sent>> {
    let marked = ticket.marks(side).read_seq;
    if up_to_seq <= marked {
        return Ok(Vec::new());
    }
    let sql = format!(
        "update messages set is_read = true, read_at = $6, delivered_at = coalesce(delivered_at, $6)
         where ticket_key = $1 and tenant_key = $2 and seq > $3 and seq <= $4 and {} and is_read = false
         returning seq, timestamp",
        side.others("$5")
    );
    let values =
        [ticket.key.into(), tenant.into(), marked.into(), up_to_seq.into(), ticket.customer.into(), now.into()];
    let mut read: Vec<Sent> = tx.all(&sql, &values, |row| Ok((row.take()?, row.take()?)))?;
    read.sort_unstable_by_key(|(seq, _)| *seq);
    let sql = format!(
        "update tickets set {0}_unread = {0}_unread - $3, {0}_read_seq = $4 where tenant_key = $1 and ticket_key = $2",
        side.column()
    );
    tx.execute_later(&sql, &[tenant.into(), ticket.key.into(), (read.len() as i64).into(), up_to_seq.into()])?;
    Ok(read)
}

/// What one side of a ticket got.
pub struct Delivered {
    pub ticket_id: String,
    pub up_to_seq: i64,
    /// Those that had not been there, ascending.
    pub seqs: Vec<i64>,
}

/// A ticket and how far its messages have come.
struct Due {
    ticket: TicketKey,
    ticket_id: String,
    customer: UserKey,
    /// What was marked before.
    after: i64,
    up_to: i64,
}

/// Marks what the other side sent as delivered, in each ticket up to a `seq`: one statement for all of them, since marks are
/// as many as messages. Tickets that are gone have none.
pub fn mark_delivered(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    side: Side,
    served: &[(TicketKey, i64)],
    now: Timestamp,
) -> Result<Vec<Delivered>> {
    let due = lock_due(tx, tenant, side, served)?;
    let Some(last) = due.len().checked_sub(1) else { return Ok(Vec::new()) };
    // Filled up, as in `db::padded`, by the last one again.
    let filled = (0..due.len().next_power_of_two()).map(|place| &due[place.min(last)]);
    let mut values = vec![Value::from(tenant)];
    let mut rows = Vec::new();
    for one in filled {
        let places = (1..=4).map(|place| format!("cast(${} as bigint)", values.len() + place));
        rows.push(format!("({})", places.collect::<Vec<_>>().join(", ")));
        let row: [Value<'_>; 4] = [one.ticket.into(), one.after.into(), one.up_to.into(), one.customer.into()];
        values.extend(row);
    }
    let with_due = format!("with due (of_ticket, after_seq, up_to_seq, customer) as (values {})", rows.join(", "));
    let sql = format!(
        "{with_due} update tickets set {0}_delivered_seq = up_to_seq from due
         where tenant_key = $1 and ticket_key = of_ticket",
        side.column()
    );
    tx.execute_later(&sql, &values)?;
    values.push(now.into());
    let sql = format!(
        "{with_due} update messages set delivered_at = ${} from due
         where ticket_key = of_ticket and tenant_key = $1 and seq > after_seq and seq <= up_to_seq and {}
             and delivered_at is null
         returning ticket_key, seq",
        values.len(),
        side.others("customer")
    );
    let mut marked = tx.all(&sql, &values, |row| Ok((TicketKey(row.take()?), row.take::<i64>()?)))?;
    marked.sort_unstable();
    let seqs_of = |ticket| marked.iter().filter(move |(of, _)| *of == ticket).map(|(_, seq)| *seq).collect();
    let told = due.into_iter().map(|one| {
        let seqs = seqs_of(one.ticket);
        Delivered { ticket_id: one.ticket_id, up_to_seq: one.up_to, seqs }
    });
    Ok(told.filter(|one| !one.seqs.is_empty()).collect())
}

/// Those of the tickets where something is to be marked, locked until the transaction ends.
fn lock_due(tx: &mut Tx<'_>, tenant: TenantKey, side: Side, served: &[(TicketKey, i64)]) -> Result<Vec<Due>> {
    let keys = db::padded(served.iter().map(|(ticket, _)| ticket.0));
    let places: Vec<String> = (0..keys.len()).map(|place| format!("${}", place + 2)).collect();
    let sql = format!(
        "select ticket_key, ticket_id, customer_key, {}_delivered_seq from tickets
         where tenant_key = $1 and ticket_key in ({}) order by ticket_key{}",
        side.column(),
        places.join(", "),
        tx.dialect().for_update()
    );
    let values: Vec<Value<'_>> = iter::once(tenant.into()).chain(keys.into_iter().map(Value::from)).collect();
    let mut due = tx.all(&sql, &values, |row| {
        let (ticket, ticket_id) = (TicketKey(row.take()?), row.take()?);
        let up_to = served.iter().find(|(served, _)| *served == ticket).map_or(0, |(_, up_to)| *up_to);
        Ok(Due { ticket, ticket_id, customer: UserKey(row.take()?), after: row.take()?, up_to })
    })?;
    due.retain(|one| one.after < one.up_to);
    Ok(due)
}
