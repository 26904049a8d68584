//! The SQL of measuring: the runs that are kept, and what customers wrote first.

use super::past::Past;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::model::MessageKind;

/// Runs of a tenant that are kept.
const KEPT: i64 = 20;

/// The last one of that name.
pub fn find_last(tx: &mut Tx<'_>, tenant: TenantKey, name: &str) -> Result<Option<Past>> {
    tx.first(
        "select created_at, engine, model, counts, outcomes from bot_evals
         where tenant_key = $1 and name = $2 order by number desc limit 1",
        &[tenant.into(), name.into()],
        |row| {
            Ok(Past {
                created_at: row.take()?,
                engine: serde_json::from_value(row.take::<String>()?.into()).map_err(Error::internal)?,
                model: row.take()?,
                counts: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
                outcomes: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
            })
        },
    )
}

/// The oldest ones go. The caller holds the tenant.
pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, name: &str, run: &Past) -> Result<()> {
    let number: i64 = tx.one(
        "insert into bot_evals (tenant_key, number, name, created_at, engine, model, counts, outcomes)
         values ($1, (select coalesce(max(number), 0) + 1 from bot_evals where tenant_key = $1), $2, $3, $4, $5, $6, $7)
         returning number",
        &[
            tenant.into(),
            name.into(),
            run.created_at.into(),
            run.engine.as_str().into(),
            run.model.as_deref().into(),
            serde_json::json!(run.counts).to_string().as_str().into(),
            serde_json::json!(run.outcomes).to_string().as_str().into(),
        ],
        |row| row.take(),
    )?;
    let oldest = number - KEPT;
    tx.execute("delete from bot_evals where tenant_key = $1 and number <= $2", &[tenant.into(), oldest.into()])?;
    Ok(())
}

/// A ticket to ask again.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub ticket: TicketKey,
    pub number: i64,
    pub customer: UserKey,
    pub updated_at: Timestamp,
}

/// The latest first, closed ones or the others.
pub fn list_asked(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    is_closed: bool,
    before: Option<Asked>,
    limit: i64,
) -> Result<Vec<Asked>> {
    let status = if is_closed { "status = 'closed'" } else { "status <> 'closed'" };
    let sql = format!(
        "select ticket_key, number, customer_key, updated_at from tickets
         where tenant_key = $1 and {status} and (updated_at, ticket_key) < ($2, $3)
         order by updated_at desc, ticket_key desc limit $4"
    );
    let (at, key) = before.map_or((Timestamp(i64::MAX), TicketKey(i64::MAX)), |asked| (asked.updated_at, asked.ticket));
    tx.all(&sql, &[tenant.into(), at.into(), key.into(), limit.into()], |row| {
        let (ticket, number) = (TicketKey(row.take()?), row.take()?);
        Ok(Asked { ticket, number, customer: UserKey(row.take()?), updated_at: row.take()? })
    })
}

/// How a conversation began: who wrote what, and whether a person wrote it.
pub fn list_opening(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    limit: i64,
) -> Result<Vec<(UserKey, bool, String)>> {
    tx.all(
        "select sender_key, kind, message_content from messages
         where ticket_key = $1 and tenant_key = $2 order by seq limit $3",
        &[ticket.into(), tenant.into(), limit.into()],
        |row| {
            let (sender, kind) = (UserKey(row.take()?), row.take::<String>()?);
            Ok((sender, kind == MessageKind::Text.as_str(), row.take()?))
        },
    )
}

/// Whether customers read an article of that slug.
pub fn is_published(tx: &mut Tx<'_>, tenant: TenantKey, slug: &str) -> Result<bool> {
    tx.one(
        "select exists (select 1 from kb_articles where tenant_key = $1 and slug = $2 and status = 'published')",
        &[tenant.into(), slug.into()],
        |row| row.take(),
    )
}
