//! The SQL of notes.

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::platform::db::{Row, Tx};
use crate::tickets::model::Note;

const SELECT: &str = "select n.note_id, t.ticket_id, u.user_id, n.body, n.timestamp from notes n
     join tickets t on t.tenant_key = n.tenant_key and t.ticket_key = n.ticket_key
     join users u on u.tenant_key = n.tenant_key and u.user_key = n.author_key";

pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, author: UserKey, note: &Note) -> Result<()> {
    tx.execute(
        "insert into notes (note_id, tenant_key, ticket_key, author_key, body, timestamp) values ($1, $2, $3, $4, $5, $6)",
        &[
            note.note_id.as_str().into(),
            tenant.into(),
            ticket.into(),
            author.into(),
            note.body.as_str().into(),
            note.timestamp.into(),
        ],
    )?;
    Ok(())
}

pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, note_id: &str) -> Result<Option<Note>> {
    let sql = format!("{SELECT} where n.tenant_key = $1 and n.note_id = $2");
    tx.first(&sql, &[tenant.into(), note_id.into()], note)
}

pub fn list(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    before: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Note>> {
    let (at, id) = before.unwrap_or((i64::MAX, String::new()));
    let sql = format!(
        "{SELECT} where n.tenant_key = $1 and n.ticket_key = $2 and (n.timestamp, n.note_id) < ($3, $4)
         order by n.timestamp desc, n.note_id desc limit $5"
    );
    tx.all(&sql, &[tenant.into(), ticket.into(), at.into(), id.as_str().into(), limit.into()], note)
}

fn note(row: &mut Row<'_>) -> Result<Note> {
    Ok(Note {
        note_id: row.take()?,
        ticket_id: row.take()?,
        author_id: row.take()?,
        body: row.take()?,
        timestamp: row.take()?,
    })
}
