//! Deriving: what happened becomes what each webhook is to be told, once.
//!
//! Events have a table, and a cursor walks along it. Keys are handed out in order and committed in any: one that was passed over
//! is asked for until no transaction can still be under way that holds it. Messages have no event: a ticket whose last `seq` is
//! behind the one that was derived has new ones. So that both come in the order in which they happened, a ticket's messages up to
//! the time of an event go before it; and those behind the last event go once no event is left that was there before them.
//!
//! Invariants:
//! - Deliveries, cursor and the tickets' `seq`s change in one transaction: whatever dies, nothing is told twice or left out.
//! - One derives at a time, on all nodes: whoever does holds the cursor's row.
//! - A step is bounded, in what it reads and in what it writes, and begins with another tenant than the one before. Of it, a ticket
//!   with many new messages has a share. Only an event of such a ticket is waited for by those behind it: they have one cursor.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::content::{self, Told};
use super::model::{Beginning, WebhookType};
use super::store::deliveries::{self, NewDelivery};
use super::store::progress::{self, Cursor};
use super::store::source::{self, Stirred};
use super::store::webhooks::{self, Target};
use super::unreadable::{Subject, Unreadable};
use super::walk::{EVENTS, next_events, pass};
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::events::Behind;
use crate::events::store::Stored;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id;
use crate::platform::random::Random;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;
use crate::tickets::messages::store as messages;

const TURN: Duration = Duration::from_secs(1);
/// What happens within it is looked for together.
const GATHER: Duration = Duration::from_millis(20);
/// Tickets of a tenant that one transaction reads at most.
const TICKETS: i64 = 50;
/// What it does at most, about: messages that are read, and deliveries that are written. Senders wait that long where one writes at a time.
const WORK: i64 = 400;
/// What one ticket's messages may take of it, where others wait.
const OF_TICKET: i64 = 100;
/// How far back a look without a find may begin.
const LOOK_BACK: Duration = Duration::from_secs(3600);

/// Runs until the server shuts down.
pub async fn keep_deriving(app: App, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = app.webhook_calls.happened.notified() => tokio::time::sleep(GATHER).await,
            () = shutdown.begun() => return,
        }
        if let Err(error) = derive(&app).await {
            tracing::warn!(%error, "could not see what webhooks are to be told; trying again");
        }
    }
}

/// All there is now.
pub async fn derive(app: &App) -> Result<()> {
    let (now, mut is_more) = (app.clock.now(), true);
    let behind = Behind::of(app.config.database.longest_transaction());
    let (mut served, mut unreadable) = (None, HashSet::new());
    while is_more {
        let (tenants, is_due) = app.db.read(move |tx| look(tx, now, behind)).await?;
        app.webhook_calls.watch(tenants);
        if !is_due {
            break;
        }
        let (random, passed_over) = (app.random.clone(), unreadable.clone());
        let step = app.db.write(move |tx| Step::begin(tx, random, now, behind, passed_over)?.run(tx, served));
        match spans::in_job("derive deliveries", step).await {
            Ok(done) => (is_more, served, unreadable) = (done.is_more, done.served, HashSet::new()),
            // Of a newer version, perhaps: the others must not wait for it.
            Err(error) if Unreadable::of(&error).is_some_and(|subject| unreadable.insert(subject)) => {
                tracing::error!(%error, "webhooks cannot be told of something that happened");
                continue;
            }
            Err(error) => return Err(error),
        }
        app.webhook_calls.due.notify_one();
    }
    Ok(())
}

/// Mostly there is nothing new, and then nothing is to be written. Also tells who has webhooks.
fn look(tx: &mut Tx<'_>, now: Timestamp, behind: Behind) -> Result<(HashSet<TenantKey>, bool)> {
    let targets = webhooks::list_targets(tx)?;
    let tenants = targets.iter().map(|target| target.tenant).collect();
    let Some(begins) = targets.iter().map(|target| target.begins.event).min() else { return Ok((tenants, false)) };
    let stored = progress::cursor(tx)?;
    let mut cursor = stored.clone();
    if cursor.position < begins || !next_events(tx, &mut cursor, now, behind)?.is_empty() || cursor != stored {
        return Ok((tenants, true));
    }
    for (tenant, begins_at) in wanting_messages(&targets) {
        let looked_at = progress::looked_at(tx, tenant)?;
        let is_stirred = !source::list_stirred(tx, tenant, behind.since(looked_at.max(begins_at)), 1)?.is_empty();
        if is_stirred || now.since(looked_at) > LOOK_BACK {
            return Ok((tenants, true));
        }
    }
    Ok((tenants, false))
}

/// Each with the time at which the first of its webhooks begins.
fn wanting_messages(targets: &[Target]) -> BTreeMap<TenantKey, Timestamp> {
    let mut wanting = BTreeMap::new();
    for target in targets.iter().filter(|target| wants(target, WebhookType::MessageSent)) {
        let begins = wanting.entry(target.tenant).or_insert(target.begins.at);
        *begins = target.begins.at.min(*begins);
    }
    wanting
}

fn wants(target: &Target, kind: WebhookType) -> bool {
    target.is_enabled && kind.is_wanted_by(&target.types)
}

/// One transaction's work.
struct Step {
    targets: Vec<Target>,
    cursor: Cursor,
    random: Random,
    now: Timestamp,
    behind: Behind,
    /// Whose webhooks are held.
    held: BTreeSet<TenantKey>,
    /// Messages that may still be read, and deliveries that may still be written.
    left: i64,
    passed_over: HashSet<Subject>,
}

struct Done {
    is_more: bool,
    /// The last one whose tickets were looked through.
    served: Option<TenantKey>,
}

impl Step {
    fn begin(
        tx: &mut Tx<'_>,
        random: Random,
        now: Timestamp,
        behind: Behind,
        passed_over: HashSet<Subject>,
    ) -> Result<Self> {
        let cursor = progress::lock_cursor(tx)?;
        let targets = webhooks::list_targets(tx)?;
        Ok(Self { targets, cursor, random, now, behind, held: BTreeSet::new(), left: WORK, passed_over })
    }

    /// `served` is whose turn was the last.
    fn run(mut self, tx: &mut Tx<'_>, mut served: Option<TenantKey>) -> Result<Done> {
        let Some(begins) = self.targets.iter().map(|target| target.begins.event).min() else {
            return Ok(Done { is_more: false, served });
        };
        // What happened while nobody had a webhook.
        if self.cursor.position < begins {
            self.cursor = Cursor { position: begins, missing: Vec::new() };
        }
        // First the tickets, then the events: of what happened before a message that is seen here, no event is missed.
        let wanting = wanting_messages(&self.targets);
        let mut stirred = Vec::new();
        for (tenant, begins_at) in &wanting {
            let looked_at = progress::looked_at(tx, *tenant)?;
            let tickets = source::list_stirred(tx, *tenant, self.behind.since(looked_at.max(*begins_at)), TICKETS)?;
            if !tickets.is_empty() || self.now.since(looked_at) > LOOK_BACK {
                stirred.push((*tenant, tickets));
            }
        }
        let found = next_events(tx, &mut self.cursor, self.now, self.behind)?;
        let mut is_more = found.len() >= EVENTS as usize;
        for event in found {
            let is_whole = self.left > 0 && self.before_event(tx, &wanting, &event)?;
            if !is_whole || !pass(&mut self.cursor, &event, self.now, self.behind) {
                // Too much for one step; or, rarely, to be looked at again when what is missing is older.
                progress::set_cursor(tx, &self.cursor)?;
                return Ok(Done { is_more: !is_whole, served });
            }
            self.tell_event(tx, &event)?;
        }
        if !is_more {
            // However much one has to tell, the others have their turn.
            let had_theirs = stirred.partition_point(|(tenant, _)| Some(*tenant) <= served);
            stirred.rotate_left(had_theirs);
            for (tenant, tickets) in stirred {
                is_more |= !self.tell_stirred(tx, tenant, wanting[&tenant], &tickets)?;
                served = Some(tenant);
                if self.left <= 0 {
                    is_more = true;
                    break;
                }
            }
        }
        progress::set_cursor(tx, &self.cursor)?;
        Ok(Done { is_more, served })
    }

    /// Tells the messages of the event's ticket that were there before it. False: there are too many for this step.
    fn before_event(
        &mut self,
        tx: &mut Tx<'_>,
        wanting: &BTreeMap<TenantKey, Timestamp>,
        event: &Stored,
    ) -> Result<bool> {
        let (Some(begins_at), Some(ticket_id)) = (wanting.get(&event.tenant), &event.ticket_id) else {
            return Ok(true);
        };
        if event.kind == "ticket_created" {
            return Ok(true);
        }
        while let Some(ticket) = source::find_stirred(tx, event.tenant, ticket_id)?
            && ticket.last_seq > ticket.seq
        {
            if self.left <= 0 {
                return Ok(false);
            }
            if self.tell_messages(tx, event.tenant, *begins_at, &ticket, Some(event.at))? {
                break;
            }
        }
        Ok(true)
    }

    /// False: there are more for another step.
    fn tell_stirred(
        &mut self,
        tx: &mut Tx<'_>,
        tenant: TenantKey,
        begins_at: Timestamp,
        tickets: &[Stirred],
    ) -> Result<bool> {
        let mut is_whole = true;
        for ticket in tickets {
            if self.left <= 0 {
                return Ok(false);
            }
            // An event of its may have had them told.
            let seq = source::find_stirred(tx, tenant, &ticket.ticket_id)?.map_or(ticket.last_seq, |now| now.seq);
            let ticket = Stirred { seq: seq.max(ticket.seq), ..ticket.clone() };
            if ticket.last_seq > ticket.seq {
                is_whole &= self.tell_messages(tx, tenant, begins_at, &ticket, None)?;
            }
        }
        // Those that are not told to their end are found again from where this look began.
        if !is_whole {
            return Ok(false);
        }
        let is_last = tickets.len() < TICKETS as usize;
        let reached = tickets.last().map_or(self.now, |ticket| ticket.updated_at);
        progress::set_looked_at(tx, tenant, if is_last { self.now } else { reached.min(self.now) })?;
        Ok(is_last)
    }

    /// The new messages of a ticket, or those up to a time, as far as its share of a step goes. False: there are more.
    fn tell_messages(
        &mut self,
        tx: &mut Tx<'_>,
        tenant: TenantKey,
        begins_at: Timestamp,
        ticket: &Stirred,
        up_to: Option<Timestamp>,
    ) -> Result<bool> {
        let subject = Subject::Messages(ticket.ticket_id.clone());
        if self.passed_over.contains(&subject) {
            progress::set_seq(tx, tenant, ticket.ticket, ticket.last_seq)?;
            return Ok(true);
        }
        let old = source::find_last_before(tx, tenant, ticket.ticket, ticket.seq, begins_at)?;
        let mut reached = old.unwrap_or(ticket.seq);
        let found =
            messages::list_after(tx, tenant, ticket.ticket, &ticket.ticket_id, reached, self.left.min(OF_TICKET));
        let found = Unreadable::unless(found, subject)?;
        if found.is_empty() {
            reached = ticket.last_seq;
        }
        let (mut is_end, left_for_others) = (false, (self.left - OF_TICKET).max(0));
        for message in found {
            if message.seq > ticket.last_seq || up_to.is_some_and(|up_to| message.timestamp > up_to) {
                is_end = true;
                break;
            }
            if self.left <= left_for_others {
                break;
            }
            self.left -= 1;
            self.tell(tx, tenant, &content::of_message(&message), |begins| message.timestamp >= begins.at)?;
            reached = message.seq;
        }
        if reached > ticket.seq {
            progress::set_seq(tx, tenant, ticket.ticket, reached)?;
        }
        Ok(is_end || reached >= ticket.last_seq)
    }

    fn tell_event(&mut self, tx: &mut Tx<'_>, event: &Stored) -> Result<()> {
        let subject = Subject::Event(event.key);
        let is_for_nobody = self.targets.iter().all(|target| target.tenant != event.tenant);
        if is_for_nobody || self.passed_over.contains(&subject) {
            return Ok(());
        }
        let all = Unreadable::unless(content::of_event(tx, event), subject)?;
        for told in all {
            if let (WebhookType::TicketDeleted, Some(ticket_id)) = (told.kind, &told.ticket_id) {
                self.hold(tx, event.tenant)?;
                deliveries::delete_of_ticket(tx, event.tenant, ticket_id)?;
            }
            self.tell(tx, event.tenant, &told, |begins| event.key > begins.event)?;
        }
        Ok(())
    }

    /// Writes it down for each webhook that wants it and had begun.
    fn tell(
        &mut self,
        tx: &mut Tx<'_>,
        tenant: TenantKey,
        told: &Told,
        has_begun: impl Fn(&Beginning) -> bool,
    ) -> Result<()> {
        let is_for =
            |target: &&Target| target.tenant == tenant && wants(target, told.kind) && has_begun(&target.begins);
        let webhooks: Vec<_> = self.targets.iter().filter(is_for).map(|target| target.key).collect();
        if !webhooks.is_empty() {
            self.hold(tx, tenant)?;
        }
        for webhook in webhooks {
            let delivery_id = format!("msg_{}", id::new_id(self.now, &self.random));
            let new = NewDelivery {
                delivery_id: &delivery_id,
                kind: told.kind.as_str(),
                ticket_id: told.ticket_id.as_deref(),
                body: &told.body,
            };
            deliveries::insert(tx, tenant, webhook, &new, self.now)?;
            self.left -= 1;
        }
        Ok(())
    }

    fn hold(&mut self, tx: &mut Tx<'_>, tenant: TenantKey) -> Result<()> {
        if self.held.insert(tenant) { webhooks::lock_all(tx, tenant) } else { Ok(()) }
    }
}
