//! What messages that are stored change of their ticket: its lifecycle, who has it, what is unread.

use std::sync::Arc;

use crate::auth::model::{Caller, TicketKey};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::bot::HandoffReason;
use crate::tickets::lifecycle;
use crate::tickets::messages::send::Sent;
use crate::tickets::messages::store::{self, Advance, Target};
use crate::tickets::model::{BotState, TicketStatus};
use crate::tickets::store as tickets;

pub(super) struct Outcome {
    pub answers: Vec<Result<Sent>>,
    /// The ticket, if it was closed and is open now.
    pub reopened: Option<TicketKey>,
    /// The ticket, if it was to be a person's from the start and this is the customer's first word in it.
    pub chose_person: Option<TicketKey>,
}

impl Outcome {
    pub fn without_change(answers: Vec<Result<Sent>>) -> Self {
        Self { answers, reopened: None, chose_person: None }
    }
}

/// What is stored of one sender's messages to a ticket, before the ticket knows of it.
pub(super) struct Stored {
    /// With its `last_seq` counted on.
    pub target: Target,
    before: i64,
    answers: Vec<Result<Sent>>,
}

impl Stored {
    pub fn none(target: Target) -> Self {
        Self { before: target.last_seq, target, answers: Vec::new() }
    }

    /// What the client did wrong is its answer; what the database did wrong is everybody's.
    pub fn take(&mut self, answers: Vec<Result<Sent>>) -> Result<()> {
        for answer in answers {
            match answer {
                Err(error @ (Error::Internal { .. } | Error::Unavailable(_))) => return Err(error),
                answer => {
                    self.target.last_seq += i64::from(matches!(answer, Ok(Sent::New(_))));
                    self.answers.push(answer);
                }
            }
        }
        Ok(())
    }

    /// Moves the ticket along.
    pub fn settle(self, tx: &mut Tx<'_>, caller: &Caller, now: Timestamp) -> Result<Outcome> {
        let decided = self.decide(tx, caller, now)?;
        if let Some((target, advance)) = decided.movement() {
            store::advance_ticket(tx, caller.tenant, target, advance)?;
        }
        decided.conclude(tx, caller, now)
    }

    pub fn decide(self, tx: &mut Tx<'_>, caller: &Caller, now: Timestamp) -> Result<Decided> {
        let count = self.target.last_seq - self.before;
        let advance = if count == 0 { None } else { Some(advance(tx, caller, &self.target, count, now)?) };
        Ok(Decided { stored: self, advance })
    }
}

/// What is to become of the ticket.
pub(super) struct Decided {
    stored: Stored,
    /// None: nothing new is stored.
    advance: Option<Advance>,
}

impl Decided {
    pub fn movement(&self) -> Option<(&Target, &Advance)> {
        self.advance.as_ref().map(|advance| (&self.stored.target, advance))
    }

    /// Once the ticket is moved along: tells of it.
    pub fn conclude(self, tx: &mut Tx<'_>, caller: &Caller, now: Timestamp) -> Result<Outcome> {
        let Self { stored: Stored { target, before, answers }, advance } = self;
        let Some(advance) = advance else { return Ok(Outcome::without_change(answers)) };
        announce_move(tx, caller, &target, &advance, now)?;
        let reopened = target.status == TicketStatus::Closed && advance.status == TicketStatus::Open;
        let chose_person = chooses_person(caller, &target, before);
        Ok(Outcome {
            answers,
            reopened: reopened.then_some(target.key),
            chose_person: chose_person.then_some(target.key),
        })
    }
}

/// Whether what comes after `before` begins with the customer's first word in this ticket, and is for a person.
pub(super) fn chooses_person(caller: &Caller, target: &Target, before: i64) -> bool {
    before == 0 && caller.user == target.customer && target.bot_state == Some(BotState::HandoffRequested)
}

fn advance(tx: &mut Tx<'_>, caller: &Caller, target: &Target, count: i64, now: Timestamp) -> Result<Advance> {
    let from_customer = caller.user == target.customer;
    // What a server writes by its key puts nobody in charge: the ticket goes on waiting for somebody.
    let is_taken = from_customer || caller.is_person() || target.support.is_some();
    let status = if is_taken { lifecycle::after_message(target.status, from_customer) } else { target.status };
    let reopened = target.status == TicketStatus::Closed && status == TicketStatus::Open;
    let support = match target.support {
        // It goes back to whoever had it, unless they may have none any more.
        Some(holder) if reopened && !tickets::may_hold(tx, caller.tenant, holder)? => None,
        Some(holder) => Some(holder),
        // Whoever replies first on a ticket that nobody has, has it.
        None if status == TicketStatus::InProgress && !from_customer && caller.is_person() => Some(caller.user),
        None => None,
    };
    let updated_at = now.max(Timestamp(target.updated_at.0 + 1));
    let (bot_state, bot_due_seq) = match target.bot_state {
        Some(BotState::Bot) if from_customer => (target.bot_state, Some(target.last_seq)),
        // Whoever of the staff writes is in charge, from this message on.
        Some(_) if !from_customer && caller.is_person() => (Some(BotState::Human), None),
        _ => (target.bot_state, target.bot_due_seq),
    };
    Ok(Advance { count, status, support, from_customer, updated_at, bot_state, bot_due_seq })
}

fn announce_move(tx: &mut Tx<'_>, caller: &Caller, target: &Target, to: &Advance, now: Timestamp) -> Result<()> {
    let mut changed = Vec::new();
    if to.status != target.status {
        changed.push("status");
    }
    if to.support != target.support {
        changed.push("support_id");
    }
    if to.bot_state != target.bot_state {
        changed.push("bot_state");
    }
    if target.status == TicketStatus::Closed && to.status != TicketStatus::Closed {
        changed.push("closed_at");
    }
    if changed.is_empty() {
        return Ok(());
    }
    let ticket = Arc::new(tickets::find_by_key(tx, caller.tenant, target.key)?);
    if changed.contains(&"bot_state") {
        let (ticket_id, reason) = (ticket.ticket_id.clone(), HandoffReason::StaffWrote.as_str());
        let what = What::BotStateChanged { ticket_id, state: BotState::Human.as_str(), reason };
        events::record(tx, &Act::of(caller, now), what)?;
    }
    let what = What::TicketUpdated { ticket, changed };
    events::record(tx, &Act::of(caller, now), what)
}
