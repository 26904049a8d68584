//! Changing a ticket: its status along the lifecycle, who has it, and its fields.

use std::sync::Arc;

use garde::Validate;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Action;
use crate::auth::model::Caller;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::json::{not_null, nullable};
use crate::platform::http::text;
use crate::tickets::assign::{self, Online};
use crate::tickets::bot::{HandoffReason, handoff};
use crate::tickets::model::{BotState, Priority, Scope, Ticket, TicketStatus};
use crate::tickets::{fields, lifecycle, store};

/// What is absent stays.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketPatch {
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub status: Option<TicketStatus>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub priority: Option<Priority>,
    /// Who has it; null puts it back.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub support_id: Option<Option<String>>,
    #[garde(inner(custom(text::line(500))))]
    #[serde(default, deserialize_with = "not_null")]
    pub subject: Option<String>,
    #[garde(inner(custom(fields::tags)))]
    #[serde(default, deserialize_with = "not_null")]
    pub tags: Option<Vec<String>>,
    #[garde(inner(custom(fields::custom)))]
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<HashMap<String, Json>>)]
    pub custom: Option<Map<String, Json>>,
    /// The `updated_at` that the caller has seen: 409 `conflict` if the ticket has changed since.
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub if_updated_at: Option<Timestamp>,
}

impl TicketPatch {
    fn is_status_alone(&self) -> bool {
        let rest = self.priority.is_none() && self.support_id.is_none() && self.subject.is_none();
        rest && self.tags.is_none() && self.custom.is_none()
    }
}

pub async fn update(app: &App, caller: Arc<Caller>, ticket_id: String, patch: TicketPatch) -> Result<Ticket> {
    let online = Online::now(app, caller.tenant);
    let now = app.clock.now();
    app.db.write(move |tx| update_in(tx, &caller, &ticket_id, &patch, &online, now)).await
}

/// The part inside the transaction.
pub fn update_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    ticket_id: &str,
    patch: &TicketPatch,
    online: &Online,
    now: Timestamp,
) -> Result<Ticket> {
    let before = store::find_and_lock(tx, Scope::of(caller), ticket_id)?;
    check_right(caller, &before, patch)?;
    if patch.if_updated_at.is_some_and(|seen| seen != before.updated_at) {
        return Err(Error::Conflict("conflict"));
    }
    let mut after = before.clone();
    set_holder(tx, caller, &mut after, patch)?;
    set_status(&mut after, patch, now)?;
    set_fields(&mut after, patch);
    set_bot_state(&before, &mut after);
    if before.status == TicketStatus::Closed && after.status == TicketStatus::Open {
        release_from_former(tx, caller, &mut after)?;
    }
    let changed = differences(&before, &after);
    if changed.is_empty() {
        // Nobody sees whether a ticket waits for whoever takes it: nothing to announce.
        if before.is_held != after.is_held {
            store::update(tx, caller.tenant, &after)?;
        }
        return Ok(before.seen_by(caller.user));
    }
    after.updated_at = now.max(Timestamp(before.updated_at.0 + 1));
    store::update(tx, caller.tenant, &after)?;
    if before.tags != after.tags {
        store::write_tags(tx, caller.tenant, after.key, &after.tags)?;
    }
    if before.bot_state != after.bot_state && after.bot_state == Some(BotState::HandoffRequested) {
        handoff::note_requested(tx, &Act::of(caller, now), &after.ticket_id)?;
    } else if before.bot_state != after.bot_state {
        let reason = HandoffReason::Taken;
        handoff::note_taken(tx, &Act::of(caller, now), &before, after.support, reason)?;
    }
    if before.subject != after.subject {
        store::index(tx, caller.tenant, after.key)?;
    }
    let after = store::find_by_key(tx, caller.tenant, after.key)?;
    let what = What::TicketUpdated { ticket: Arc::new(after.clone()), changed };
    events::record(tx, &Act::of(caller, now), what)?;
    let reopened = before.status == TicketStatus::Closed && after.status == TicketStatus::Open;
    if reopened && after.support.is_none() && !after.is_held {
        assign::assign(tx, caller.tenant, after.key, online, now)?;
        return Ok(store::find_by_key(tx, caller.tenant, after.key)?.seen_by(caller.user));
    }
    Ok(after.seen_by(caller.user))
}

/// A ticket that is reopened goes back to whoever had it, unless they may have none any more.
fn release_from_former(tx: &mut Tx<'_>, caller: &Caller, ticket: &mut Ticket) -> Result<()> {
    if let Some(holder) = ticket.support
        && !store::may_hold(tx, caller.tenant, holder)?
    {
        ticket.support = None;
    }
    Ok(())
}

/// Staff change anything; a ticket's owner may close it and reopen it, and nothing else.
fn check_right(caller: &Caller, ticket: &Ticket, patch: &TicketPatch) -> Result<()> {
    if caller.may(Action::TicketsUpdate) {
        return Ok(());
    }
    caller.require(Action::TicketsClose)?;
    let closes_or_reopens = match patch.status {
        None | Some(TicketStatus::Closed) => true,
        Some(TicketStatus::Open) => ticket.status != TicketStatus::InProgress,
        Some(TicketStatus::InProgress) => false,
    };
    if patch.is_status_alone() && closes_or_reopens { Ok(()) } else { Err(Error::Forbidden("forbidden")) }
}

/// Who has it afterwards. To take it for oneself is a race that one wins: it fails while somebody else works on it,
/// unless `if_updated_at` shows that the caller knows. To give it to a colleague is a decision, and simply done.
fn set_holder(tx: &mut Tx<'_>, caller: &Caller, ticket: &mut Ticket, patch: &TicketPatch) -> Result<()> {
    let wanted = match &patch.support_id {
        Some(Some(id)) => {
            let unknown = Error::invalid("support_id", "unknown", "is nobody of this tenant's staff");
            Some(store::find_assignable(tx, caller.tenant, id)?.ok_or(unknown)?)
        }
        Some(None) => None,
        // A server's key holds no tickets: whoever has it keeps it.
        None if patch.status == Some(TicketStatus::InProgress) && caller.is_person() => Some(caller.user),
        None if patch.status == Some(TicketStatus::Open) && ticket.status == TicketStatus::InProgress => None,
        None => return Ok(()),
    };
    let taken = ticket.status == TicketStatus::InProgress && ticket.support.is_some_and(|holder| holder != caller.user);
    if wanted == Some(caller.user) && taken && patch.if_updated_at.is_none() {
        return Err(Error::Conflict("conflict"));
    }
    ticket.is_held = wanted.is_none();
    ticket.support = wanted;
    Ok(())
}

/// The status asked for, or the one that follows from who has it: a ticket that is taken is in progress, one that is
/// put back is open.
fn set_status(ticket: &mut Ticket, patch: &TicketPatch, now: Timestamp) -> Result<()> {
    let implied = match (&patch.support_id, ticket.status) {
        (Some(Some(_)), TicketStatus::Open) => TicketStatus::InProgress,
        (Some(None), TicketStatus::InProgress) => TicketStatus::Open,
        (_, status) => status,
    };
    let status = patch.status.unwrap_or(implied);
    if status == TicketStatus::InProgress && ticket.support.is_none() {
        return Err(Error::invalid("support_id", "missing", "a ticket in progress needs somebody who has it"));
    }
    if !lifecycle::allows(ticket.status, status) {
        return Err(Error::Conflict("invalid_transition"));
    }
    if ticket.status == TicketStatus::Closed && status == TicketStatus::Open && patch.support_id.is_none() {
        ticket.is_held = false;
    }
    ticket.closed_at = match status {
        TicketStatus::Closed => ticket.closed_at.or(Some(now)),
        _ => None,
    };
    ticket.status = status;
    Ok(())
}

/// Whoever has the ticket is in charge of it; what the bot has is held.
fn set_bot_state(before: &Ticket, ticket: &mut Ticket) {
    let is_taken = before.support != ticket.support
        || (before.status != ticket.status && ticket.status == TicketStatus::InProgress);
    if ticket.bot_state.is_some() && ticket.support.is_some() && is_taken {
        ticket.bot_state = Some(BotState::Human);
        ticket.bot_due_seq = None;
    }
    // Whoever reopens it without a word has nothing that a bot could answer.
    let is_reopened = before.status == TicketStatus::Closed && ticket.status == TicketStatus::Open;
    if is_reopened && ticket.bot_state == Some(BotState::Bot) {
        ticket.bot_state = Some(BotState::HandoffRequested);
        ticket.bot_due_seq = None;
    }
    ticket.is_held |= ticket.bot_state == Some(BotState::Bot);
}

fn set_fields(ticket: &mut Ticket, patch: &TicketPatch) {
    ticket.priority = patch.priority.unwrap_or(ticket.priority);
    if let Some(subject) = &patch.subject {
        ticket.subject.clone_from(subject);
    }
    if let Some(tags) = &patch.tags {
        ticket.tags = fields::distinct(tags);
    }
    if let Some(custom) = &patch.custom {
        ticket.custom = custom.clone();
    }
}

fn differences(before: &Ticket, after: &Ticket) -> Vec<&'static str> {
    let pairs = [
        ("status", before.status != after.status),
        ("support_id", before.support != after.support),
        ("priority", before.priority != after.priority),
        ("subject", before.subject != after.subject),
        ("tags", before.tags != after.tags),
        ("custom", before.custom != after.custom),
        ("closed_at", before.closed_at != after.closed_at),
        ("bot_state", before.bot_state != after.bot_state),
    ];
    pairs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}
