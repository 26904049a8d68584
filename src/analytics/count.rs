//! Counting: brings the figures from what they say to what is true now, a bounded step at a time.
//!
//! Two things tell which tickets have changed. Each event that names a ticket: a cursor walks over them. And a ticket whose
//! `updated_at` is another than when it was counted: messages, which have no event, change that. Either way the ticket is
//! read on from where it was left, and the difference goes into the sums.
//!
//! Invariants:
//! - A ticket's row, what it adds, the sums and the cursor change in one transaction: whatever dies, nothing is counted
//!   twice or left out.
//! - The sums are those of the rows of tickets that there are. A deleted ticket is taken out of them and kept in `deleted`.
//! - One counts at a time, on all nodes: whoever does holds the cursor's row.
//! - A step is bounded, in tickets and in what it reads of them, so that nobody waits long behind it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::analytics::figures::{Count, Dimension, Figures, Place, Rows, spread};
use crate::analytics::history::{self, State};
use crate::analytics::store::{facts, progress, source, sums};
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::events::Behind;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::telemetry::spans;

use facts::Fact;
use progress::Hint;

/// What one transaction reads at most: events that tell of tickets, tickets, and rows of their histories.
const HINTS: i64 = 200;
const TICKETS: usize = 20;
const ROWS: i64 = 2000;
/// Tenants that one look goes through.
const TENANTS: i64 = 500;
/// Changed tickets of a tenant that one look sees.
const STIRRED: i64 = 10_000;

/// How far back a look without a find may begin.
const LOOK_BACK: Duration = Duration::from_secs(3600);

/// Counts all there is to count now; of one tenant's tickets that changed without an event, ten thousand.
pub async fn catch_up(app: &App) -> Result<()> {
    while step_events(app).await? {}
    let mut after = 0;
    loop {
        let tenants = app.db.read(move |tx| progress::list_tenants(tx, after, TENANTS)).await?;
        let Some((last, _)) = tenants.last() else { return Ok(()) };
        after = last.0;
        look(app, tenants).await?;
    }
}

/// One step along the events. False: there is none after it.
async fn step_events(app: &App) -> Result<bool> {
    let (now, behind) = (app.clock.now(), Behind::of(app.config.database.longest_transaction()));
    // Mostly there is nothing new, and then nothing is to be written.
    let is_due = app.db.read(move |tx| {
        let position = progress::position(tx)?;
        Ok(next_hints(tx, position, now, behind)?.next().is_some())
    });
    if !is_due.await? {
        return Ok(false);
    }
    let count = app.db.write(move |tx| {
        let position = progress::lock(tx)?;
        let mut batch = Batch::default();
        let mut reached = position;
        for hint in next_hints(tx, position, now, behind)? {
            if let Some(ticket_id) = &hint.ticket_id
                && !batch.take(tx, hint.tenant, ticket_id, hint.key)?
            {
                break;
            }
            reached = hint.key;
        }
        batch.write(tx)?;
        progress::set_position(tx, reached)?;
        Ok(true)
    });
    spans::in_job("count", count).await
}

/// The events after `position`, up to a hole that may still be filled: on PostgreSQL a lower key can commit later.
fn next_hints(
    tx: &mut Tx<'_>,
    position: i64,
    now: Timestamp,
    behind: Behind,
) -> Result<impl Iterator<Item = Hint> + use<>> {
    let hints = progress::list_hints(tx, position, HINTS)?;
    let mut expected = position + 1;
    Ok(hints.into_iter().take_while(move |hint| {
        let is_next = hint.key == expected || !behind.may_come(hint.at, now);
        expected = hint.key + 1;
        is_next
    }))
}

/// Counts what has changed without an event.
async fn look(app: &App, tenants: Vec<(TenantKey, Timestamp)>) -> Result<()> {
    let (now, behind) = (app.clock.now(), Behind::of(app.config.database.longest_transaction()));
    let shared = tenants.clone();
    let find = app.db.read(move |tx| {
        let found = shared.iter().map(|(tenant, at)| progress::list_stirred(tx, *tenant, behind.since(*at), STIRRED));
        found.map(|found| found.map(|found| found.len())).collect::<Result<Vec<_>>>()
    });
    for ((tenant, looked_at), stirred) in tenants.into_iter().zip(find.await?) {
        if stirred > 0 {
            // As many as there were: those that go on changing meanwhile would keep this going for ever.
            let mut left = stirred;
            while left > 0
                && let Some(counted) = spans::in_job("count", step_tenant(app, tenant, now)).await?
            {
                left = left.saturating_sub(counted);
            }
        } else if now.since(looked_at) > LOOK_BACK {
            app.db.write(move |tx| progress::set_looked_at(tx, tenant, now)).await?;
        }
    }
    Ok(())
}

/// One step along the changed tickets of a tenant: how many are counted to their end. None: there is none left.
async fn step_tenant(app: &App, tenant: TenantKey, now: Timestamp) -> Result<Option<usize>> {
    let behind = Behind::of(app.config.database.longest_transaction());
    app.db
        .write(move |tx| {
            progress::lock(tx)?;
            let looked_at = progress::looked_at(tx, tenant)?;
            let stirred = progress::list_stirred(tx, tenant, behind.since(looked_at), TICKETS as i64)?;
            let mut batch = Batch::default();
            let is_last = stirred.len() < TICKETS;
            for (counted, (ticket_id, _)) in stirred.iter().enumerate() {
                if !batch.take(tx, tenant, ticket_id, i64::MAX)? {
                    batch.write(tx)?;
                    return Ok(Some(counted));
                }
            }
            batch.write(tx)?;
            let reached = stirred.last().map_or(now, |(_, updated_at)| *updated_at);
            progress::set_looked_at(tx, tenant, if is_last { now } else { reached.min(now) })?;
            Ok((!is_last).then_some(stirred.len()))
        })
        .await
}

/// What one transaction changes.
struct Batch {
    sums: BTreeMap<TenantKey, BTreeMap<Place, Figures>>,
    tickets: usize,
    /// How many more rows of histories may be read.
    rows: i64,
}

impl Default for Batch {
    fn default() -> Self {
        Self { sums: BTreeMap::new(), tickets: 0, rows: ROWS }
    }
}

impl Batch {
    /// Counts a ticket, unless the event `because` is read already. False: the batch is full before its end.
    fn take(&mut self, tx: &mut Tx<'_>, tenant: TenantKey, ticket_id: &str, because: i64) -> Result<bool> {
        let fact = facts::find(tx, tenant, ticket_id)?;
        if fact.as_ref().is_some_and(|fact| fact.state.event_key >= because) {
            return Ok(true);
        }
        if self.tickets >= TICKETS || self.rows <= 0 {
            return Ok(false);
        }
        self.tickets += 1;
        let ticket = source::find_ticket(tx, tenant, ticket_id)?;
        match (fact, ticket) {
            (None, None) => Ok(true),
            (Some(fact), None) => self.take_out(tx, tenant, &fact).map(|()| true),
            (fact, Some(ticket)) => self.read_on(tx, tenant, ticket_id, fact, ticket),
        }
    }

    /// The ticket was deleted.
    fn take_out(&mut self, tx: &mut Tx<'_>, tenant: TenantKey, fact: &Fact) -> Result<()> {
        let before = facts::list_rows(tx, tenant, fact.ticket)?;
        self.change(tenant, &spread(&before, &fact.channel, &fact.tags), -1);
        let mut kept = BTreeMap::new();
        for ((slot, _), figures) in &before {
            let sum: &mut Figures = kept.entry((Dimension::Deleted, *slot, String::new())).or_default();
            sum.add(figures, 1);
            // Its files are gone.
            sum.counts[Count::Bytes as usize] = 0;
        }
        self.change(tenant, &kept, 1);
        facts::write_rows(tx, tenant, fact.ticket, &before, &Rows::new())?;
        facts::delete(tx, tenant, fact.ticket)
    }

    fn read_on(
        &mut self,
        tx: &mut Tx<'_>,
        tenant: TenantKey,
        ticket_id: &str,
        fact: Option<Fact>,
        ticket: source::Ticket,
    ) -> Result<bool> {
        let before = match &fact {
            Some(fact) => facts::list_rows(tx, tenant, fact.ticket)?,
            None => Rows::new(),
        };
        let mut after = Rows::new();
        let state = match &fact {
            // Who its customer is decides whose a message is: with another one, all is counted anew.
            Some(fact) if fact.state.customer == ticket.customer => {
                after = before.clone();
                fact.state.clone()
            }
            _ => State::begin(ticket.customer, ticket.created_at, &mut after),
        };
        let (state, is_whole) = self.read_history(tx, tenant, ticket_id, &ticket, state, &mut after)?;
        history::replace(
            &mut after,
            &source::list_ratings(tx, tenant, ticket.key)?,
            &source::list_files(tx, tenant, ticket.key)?,
        );
        if let Some(fact) = &fact {
            self.change(tenant, &spread(&before, &fact.channel, &fact.tags), -1);
        }
        self.change(tenant, &spread(&after, &ticket.channel, &ticket.tags), 1);
        facts::write_rows(tx, tenant, ticket.key, &before, &after)?;
        let updated_at = if is_whole { ticket.updated_at } else { 0 };
        let fact = Fact { ticket: ticket.key, channel: ticket.channel, tags: ticket.tags, updated_at, state };
        facts::save(tx, tenant, ticket_id, &fact)?;
        Ok(is_whole)
    }

    /// Reads on from where `state` has come to. Also tells whether that is the end.
    fn read_history(
        &mut self,
        tx: &mut Tx<'_>,
        tenant: TenantKey,
        ticket_id: &str,
        ticket: &source::Ticket,
        mut state: State,
        rows: &mut Rows,
    ) -> Result<(State, bool)> {
        let events = source::list_events(tx, tenant, ticket_id, state.event_key, self.rows)?;
        events.iter().for_each(|event| state.read_event(event, rows));
        self.rows -= events.len() as i64;
        if self.rows <= 0 {
            return Ok((state, false));
        }
        let messages = source::list_messages(tx, tenant, ticket.key, state.seq, self.rows)?;
        messages.iter().for_each(|message| state.read_message(message, rows));
        self.rows -= messages.len() as i64;
        Ok((state, self.rows > 0))
    }

    fn change(&mut self, tenant: TenantKey, sums: &BTreeMap<Place, Figures>, sign: i64) {
        let changes = self.sums.entry(tenant).or_default();
        for (place, figures) in sums {
            changes.entry(place.clone()).or_default().add(figures, sign);
        }
    }

    fn write(self, tx: &mut Tx<'_>) -> Result<()> {
        self.sums.iter().try_for_each(|(tenant, changes)| sums::add(tx, *tenant, changes))
    }
}
