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

/// Marks what the other side sent as delivered, in each ticket up to a `seq`; tickets that are gone have none. No ticket is
/// locked: the marks of many take a while, and whoever writes in one of them does not wait for it (`advance_delivered`).
pub fn mark_delivered(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    side: Side,
    served: &[(TicketKey, i64)],
    now: Timestamp,
) -> Result<Vec<Delivered>> {
    let due = list_due(tx, tenant, side, served)?;
    // Ticket by ticket and not in one statement for all of them, which PostgreSQL may choose to read the whole table for.
    let sql = format!(
        "update messages set delivered_at = $6
         where ticket_key = $1 and tenant_key = $2 and seq > $3 and seq <= $4 and {} and delivered_at is null
         returning seq",
        side.others("$5")
    );
    let params: Vec<Vec<Value<'_>>> = due
        .iter()
        .map(|one| {
            let (ticket, customer) = (one.ticket.into(), one.customer.into());
            vec![ticket, tenant.into(), one.after.into(), one.up_to.into(), customer, now.into()]
        })
        .collect();
    let marked = tx.all_each(&sql, &params, |row| row.take::<i64>())?;
    let told = iter::zip(due, marked).map(|(one, mut seqs)| {
        seqs.sort_unstable();
        Delivered { ticket_id: one.ticket_id, up_to_seq: one.up_to, seqs }
    });
    Ok(told.filter(|one| !one.seqs.is_empty()).collect())
}

/// Writes down in the tickets, in the order given, how far their messages are marked.
pub fn advance_delivered(tx: &mut Tx<'_>, tenant: TenantKey, side: Side, served: &[(TicketKey, i64)]) -> Result<()> {
    let sql = format!(
        "update tickets set {0}_delivered_seq = $3 where tenant_key = $1 and ticket_key = $2 and {0}_delivered_seq < $3",
        side.column()
    );
    let params: Vec<Vec<Value<'_>>> =
        served.iter().map(|(ticket, up_to)| vec![tenant.into(), (*ticket).into(), (*up_to).into()]).collect();
    tx.execute_each(&sql, &params).map(drop)
}

/// Those of the tickets where something is to be marked.
fn list_due(tx: &mut Tx<'_>, tenant: TenantKey, side: Side, served: &[(TicketKey, i64)]) -> Result<Vec<Due>> {
    let keys = db::padded(served.iter().map(|(ticket, _)| ticket.0));
    let places: Vec<String> = (0..keys.len()).map(|place| format!("${}", place + 2)).collect();
    let sql = format!(
        "select ticket_key, ticket_id, customer_key, {}_delivered_seq from tickets
         where tenant_key = $1 and ticket_key in ({}) order by ticket_key",
        side.column(),
        places.join(", ")
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
