//! Assignment: who of the staff gets a waiting ticket.
//!
//! Of the staff who are online, the one with the fewest tickets under way; of several, the one whose newest ticket is
//! the oldest. Nobody gets more than `assignment.max_open_per_agent`. It runs when a ticket is created or reopened, and
//! whenever capacity frees: somebody comes online, a ticket is closed or put back. The oldest waiting ticket goes first.
//!
//! Invariant: a ticket that has somebody is never given to somebody else (compare-and-set on `support_key is null`), and
//! a ticket that staff put back waits for whoever takes it.

mod hand_out;
mod store;

use std::sync::Arc;

use crate::app::App;
use crate::auth::lock_tenant;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::model::Ticket;
use crate::tickets::store as tickets;

pub use hand_out::{HandOuts, hand_out_waiting, keep_handing_out};
pub use store::count_waiting;

/// Who could take a ticket just now. Read before a transaction begins, because presence is no part of the database.
pub struct Online {
    staff: Vec<UserKey>,
    limit: i64,
}

impl Online {
    pub fn now(app: &App, tenant: TenantKey) -> Self {
        let staff = if app.config.assignment.enabled { app.presence.staff_online(tenant) } else { Vec::new() };
        Self { staff, limit: i64::from(app.config.assignment.max_open_per_agent) }
    }

    pub fn is_anybody(&self) -> bool {
        !self.staff.is_empty()
    }
}

/// Gives a waiting ticket to somebody, if anybody is there for it.
pub fn assign(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey, online: &Online, now: Timestamp) -> Result<Outcome> {
    if online.staff.is_empty() {
        return Ok(Outcome::NobodyFree);
    }
    // One assignment of a tenant at a time: two at once would both count the same load.
    lock_tenant(tx, tenant)?;
    let Some(choice) = choose(tx, tenant, online)? else { return Ok(Outcome::NobodyFree) };
    if !store::give(tx, tenant, key, choice.support, now)? {
        return Ok(Outcome::TakenBefore);
    }
    let ticket = tickets::find_by_key(tx, tenant, key)?;
    let reason = format!("online with the fewest tickets under way ({} of at most {})", choice.load, online.limit);
    let support_id = ticket.support_id.clone().unwrap_or_default();
    let what = What::TicketAssigned { ticket_id: ticket.ticket_id.clone(), support_id, reason };
    events::record(tx, &Act::of_server(tenant, now), what)?;
    announce(tx, tenant, ticket, now)?;
    Ok(Outcome::Given)
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Given,
    /// Somebody took it, or closed it, a moment before.
    TakenBefore,
    NobodyFree,
}

fn announce(tx: &mut Tx<'_>, tenant: TenantKey, ticket: Ticket, now: Timestamp) -> Result<()> {
    let what = What::TicketUpdated { ticket: Arc::new(ticket), changed: vec!["support_id"] };
    events::record(tx, &Act::of_server(tenant, now), what)
}

struct Choice {
    support: UserKey,
    load: i64,
}

fn choose(tx: &mut Tx<'_>, tenant: TenantKey, online: &Online) -> Result<Option<Choice>> {
    let loads = store::loads(tx, tenant, &online.staff)?;
    let free = loads.into_iter().filter(|load| load.count < online.limit);
    let chosen = free.min_by_key(|load| (load.count, load.newest, load.support));
    Ok(chosen.map(|load| Choice { support: load.support, load: load.count }))
}
