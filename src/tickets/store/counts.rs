//! How much there is in the queues of the inbox.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::db::{Tx, Value};

/// Nobody reads a larger number, and to count on would cost more with every ticket there is.
const MOST: i64 = 1000;

/// Spelled as the index `tickets_unassigned` is.
const UNASSIGNED: &str = "status <> 'closed' and support_key is null and (bot_state is null or bot_state <> 'bot')";

/// Each is counted to 1,000 at most: 1,000 means that, or more.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketCounts {
    /// The caller's tickets that are not closed.
    #[schema(maximum = 1000)]
    pub mine: i64,
    /// Tickets that are not closed and nobody's, not the bot's either: those that wait for a person.
    #[schema(maximum = 1000)]
    pub unassigned: i64,
    /// Tickets that are not closed and that the bot has.
    #[schema(maximum = 1000)]
    pub bot: i64,
    /// All tickets that are not closed.
    #[schema(maximum = 1000)]
    pub all: i64,
    #[schema(maximum = 1000)]
    pub closed: i64,
}

pub fn counts(tx: &mut Tx<'_>, tenant: TenantKey, me: UserKey) -> Result<TicketCounts> {
    let whose = [tenant.into(), MOST.into(), me.into()];
    Ok(TicketCounts {
        mine: count(tx, "status <> 'closed' and support_key = $3", &whose)?,
        unassigned: count(tx, UNASSIGNED, &whose[..2])?,
        bot: count(tx, "status <> 'closed' and bot_state = 'bot'", &whose[..2])?,
        all: count(tx, "status <> 'closed'", &whose[..2])?,
        closed: count(tx, "status = 'closed'", &whose[..2])?,
    })
}

fn count(tx: &mut Tx<'_>, condition: &str, values: &[Value<'_>]) -> Result<i64> {
    let sql = format!(
        "select count(*) from (select 1 from tickets where tenant_key = $1 and {condition} limit $2) as counted"
    );
    tx.one(&sql, values, |row| row.take())
}

/// All messages of the tenant; it reads every ticket.
pub fn count_messages(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<i64> {
    let sql = "select cast(coalesce(sum(last_seq), 0) as bigint) from tickets where tenant_key = $1";
    tx.one(sql, &[tenant.into()], |row| row.take())
}
