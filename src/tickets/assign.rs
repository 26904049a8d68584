//! Assignment: who of the staff gets a waiting ticket.
//!
//! Of the staff who are online, the one with the fewest tickets under way; of several, the one whose newest ticket is
//! the oldest. Nobody gets more than `assignment.max_open_per_agent`. It runs when a ticket is created or reopened, and
//! whenever capacity frees: somebody comes online, a ticket is closed or put back. The oldest waiting ticket goes first.
//!
//! Invariant: a ticket that has somebody is never given to somebody else (compare-and-set on `support_key is null`), and
//! a ticket that staff put back waits for whoever takes it.

use std::sync::Arc;

use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::model::Ticket;
use crate::tickets::store;

/// Who could take a ticket just now. Read before a transaction begins, because presence is no part of the database.
pub struct Online {
    staff: Vec<UserKey>,
    limit: i64,
}

impl Online {
    pub fn now(app: &App, tenant: TenantKey) -> Self {
        let staff = if app.config.assignment.enabled { app.realtime.presence.staff_online(tenant) } else { Vec::new() };
        Self { staff, limit: i64::from(app.config.assignment.max_open_per_agent) }
    }
}

/// Gives a waiting ticket to somebody, if anybody is there for it. True if it has somebody now.
pub fn assign(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey, online: &Online, now: Timestamp) -> Result<bool> {
    let Some(choice) = choose(tx, tenant, online)? else { return Ok(false) };
    if !assign_store::give(tx, tenant, key, choice.support, now)? {
        return Ok(false);
    }
    let ticket = store::find_by_key(tx, tenant, key)?;
    let reason = format!("online with the fewest tickets under way ({} of at most {})", choice.load, online.limit);
    let support_id = ticket.support_id.clone().unwrap_or_default();
    let what = What::TicketAssigned { ticket_id: ticket.ticket_id.clone(), support_id, reason };
    events::record(tx, &Act::of_server(tenant, now), what)?;
    announce(tx, tenant, ticket, now)?;
    Ok(true)
}

fn announce(tx: &mut Tx<'_>, tenant: TenantKey, ticket: Ticket, now: Timestamp) -> Result<()> {
    let what = What::TicketUpdated { ticket: Arc::new(ticket), changed: vec!["support_id"] };
    events::record(tx, &Act::of_server(tenant, now), what)
}

/// Hands out what waits, oldest first, until nothing waits or nobody has room. One ticket a transaction, so that a long
/// queue holds nobody up.
pub async fn assign_waiting(app: &App, tenant: TenantKey) -> Result<()> {
    loop {
        let online = Online::now(app, tenant);
        if online.staff.is_empty() {
            return Ok(());
        }
        let now = app.clock.now();
        let more = app
            .db
            .write(move |tx| match assign_store::oldest_waiting(tx, tenant)? {
                Some(key) => assign(tx, tenant, key, &online, now),
                None => Ok(false),
            })
            .await?;
        if !more {
            return Ok(());
        }
    }
}

struct Choice {
    support: UserKey,
    load: i64,
}

fn choose(tx: &mut Tx<'_>, tenant: TenantKey, online: &Online) -> Result<Option<Choice>> {
    let mut best: Option<(i64, i64, UserKey)> = None;
    for support in assign_store::lock_staff(tx, tenant, &online.staff)? {
        let (load, newest) = assign_store::load(tx, tenant, support)?;
        let candidate = (load, newest, support);
        if load < online.limit && best.is_none_or(|best| candidate < best) {
            best = Some(candidate);
        }
    }
    Ok(best.map(|(load, _, support)| Choice { support, load }))
}

mod assign_store {
    use crate::auth::model::{TenantKey, TicketKey, UserKey};
    use crate::error::Result;
    use crate::platform::clock::Timestamp;
    use crate::platform::db::Tx;

    /// Those of `staff` who still may have tickets, in a fixed order, locked until the transaction ends: two tickets
    /// that are assigned at once are assigned one after the other, so that neither limit nor fairness is overrun.
    pub fn lock_staff(tx: &mut Tx<'_>, tenant: TenantKey, staff: &[UserKey]) -> Result<Vec<UserKey>> {
        let mut sorted = staff.to_vec();
        sorted.sort();
        let sql = format!(
            "select user_key from users where tenant_key = $1 and user_key = $2 and is_disabled = false and role <> 'customer'{}",
            tx.dialect().for_update()
        );
        let mut locked = Vec::new();
        for user in sorted {
            locked.extend(tx.first(&sql, &[tenant.into(), user.into()], |row| Ok(UserKey(row.take()?)))?);
        }
        Ok(locked)
    }

    /// How many tickets somebody has under way, and the newest of them.
    pub fn load(tx: &mut Tx<'_>, tenant: TenantKey, support: UserKey) -> Result<(i64, i64)> {
        tx.one(
            "select count(*), coalesce(max(ticket_key), 0) from tickets
             where tenant_key = $1 and support_key = $2 and status <> 'closed'",
            &[tenant.into(), support.into()],
            |row| Ok((row.take()?, row.take()?)),
        )
    }

    pub fn oldest_waiting(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Option<TicketKey>> {
        tx.first(
            "select ticket_key from tickets
             where tenant_key = $1 and status = 'open' and support_key is null and is_held = false
             order by created_at, ticket_key limit 1",
            &[tenant.into()],
            |row| Ok(TicketKey(row.take()?)),
        )
    }

    /// Compare-and-set: false if somebody has it already, or it waits no longer.
    pub fn give(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey, support: UserKey, now: Timestamp) -> Result<bool> {
        let given = tx.execute(
            "update tickets set support_key = $3, updated_at = case when updated_at < $4 then $4 else updated_at + 1 end
             where tenant_key = $1 and ticket_key = $2 and support_key is null and status = 'open'",
            &[tenant.into(), key.into(), support.into(), now.into()],
        )?;
        Ok(given == 1)
    }
}
