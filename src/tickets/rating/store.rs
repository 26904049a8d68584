//! The SQL of ratings.

use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::model::{Rating, Ticket};
use crate::tickets::rating::NewRating;

pub struct Stored {
    pub rating: Rating,
    pub changes: i64,
}

/// That of the newest closing that was rated.
pub fn find_last(tx: &mut Tx<'_>, tenant: TenantKey, ticket: &Ticket) -> Result<Option<Stored>> {
    tx.first(
        "select r.changes, r.score, r.comment, u.user_id, r.closed_at, r.created_at, r.updated_at
         from ratings r left join users u on u.tenant_key = r.tenant_key and u.user_key = r.support_key
         where r.tenant_key = $1 and r.ticket_key = $2 order by r.closed_at desc limit 1",
        &[tenant.into(), ticket.key.into()],
        |row| {
            let changes = row.take()?;
            let rating = Rating {
                ticket_id: ticket.ticket_id.clone(),
                score: row.take()?,
                comment: row.take()?,
                support_id: row.take()?,
                closed_at: row.take()?,
                created_at: row.take()?,
                updated_at: row.take()?,
            };
            Ok(Stored { rating, changes })
        },
    )
}

pub fn insert(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: &Ticket,
    closed_at: Timestamp,
    new: &NewRating,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "insert into ratings (ticket_key, closed_at, tenant_key, score, comment, support_key, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        &[
            ticket.key.into(),
            closed_at.into(),
            tenant.into(),
            new.score.into(),
            new.comment.as_deref().into(),
            ticket.support.into(),
            now.into(),
        ],
    )?;
    Ok(())
}

pub fn update(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: &Ticket,
    closed_at: Timestamp,
    new: &NewRating,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "update ratings set score = $4, comment = $5, changes = changes + 1, updated_at = $6
         where tenant_key = $1 and ticket_key = $2 and closed_at = $3",
        &[
            tenant.into(),
            ticket.key.into(),
            closed_at.into(),
            new.score.into(),
            new.comment.as_deref().into(),
            now.into(),
        ],
    )?;
    Ok(())
}
