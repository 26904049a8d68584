//! The moves between bot and people: `bot` → `handoff_requested` → `human`, and back to `bot` by staff.
//!
//! Each is made under the ticket's lock. The customer always gets a sentence that says what happens next, staff a note with
//! what was asked so far; where nothing was, behind the customer's first message.

use std::sync::Arc;

use super::hours::{self, Hours};
use super::say::say;
use super::wording::{self, Language, Sentence};
use super::{HandoffReason, settings, store};
use crate::app::App;
use crate::auth::model::{Caller, TenantKey, TicketKey, UserKey};
use crate::auth::{Action, bot_account, lock_tenant};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::activity::one_line;
use crate::tickets::assign::{self, Online};
use crate::tickets::model::{BotState, MessageKind, Scope, Ticket, TicketStatus};
use crate::tickets::{notes, store as tickets};

/// Of a customer's words, the newest ones and a part of each stand in the note.
const MOST_QUESTIONS: i64 = 10;
const BRIEF: usize = 300;
const NO_BOT: &str = "a ticket is with a bot that nobody has set up";

/// From the bot to people: assigned to somebody, if anybody is there. Nothing happens where the bot does not have it. Answers
/// the `seq` of what the customer was told. The caller holds the tenant.
pub fn hand_over(
    tx: &mut Tx<'_>,
    app: &App,
    tenant: TenantKey,
    key: TicketKey,
    reason: (HandoffReason, Option<&str>),
    online: &Online,
    now: Timestamp,
) -> Result<Option<i64>> {
    let (reason, told) = reason;
    let mut ticket = tickets::find_by_key_and_lock(tx, tenant, key)?;
    let is_from_the_start = reason == HandoffReason::Chosen && ticket.bot_state.is_none();
    // A closed ticket is nobody's: a message, or reopening it, asks for somebody.
    if ticket.status == TicketStatus::Closed || ticket.bot_state != Some(BotState::Bot) && !is_from_the_start {
        return Ok(None);
    }
    let bot = settings::find(tx, tenant)?.1.ok_or(Error::bug(NO_BOT))?;
    let bot_id = bot_account::find(tx, tenant, bot)?.user_id;
    let act = Act::of_user(tenant, &bot_id, now);
    ticket.bot_state = Some(BotState::HandoffRequested);
    ticket.bot_due_seq = None;
    ticket.is_held = false;
    ticket.updated_at = now.max(Timestamp(ticket.updated_at.0 + 1));
    tickets::update(tx, tenant, &ticket)?;
    // Whoever chose a person has the first word: it is answered with the sentence.
    let is_silent = is_from_the_start && ticket.last_seq == 0;
    let seq = match is_silent {
        true => None,
        false => Some(tell(tx, app, tenant, &ticket, (reason, told), online, now)?),
    };
    announce(tx, &act, key, reason)?;
    assign::assign(tx, tenant, key, online, now)?;
    Ok(seq)
}

/// The customer has written the first message of a ticket that was to be a person's from the start.
pub fn receive(
    tx: &mut Tx<'_>,
    app: &App,
    tenant: TenantKey,
    key: TicketKey,
    online: &Online,
    now: Timestamp,
) -> Result<()> {
    let ticket = tickets::find_by_key_and_lock(tx, tenant, key)?;
    tell(tx, app, tenant, &ticket, (HandoffReason::Chosen, None), online, now)?;
    Ok(())
}

/// Says to the customer what happens next, and notes for staff what was asked so far. Answers the `seq` of the first.
fn tell(
    tx: &mut Tx<'_>,
    app: &App,
    tenant: TenantKey,
    ticket: &Ticket,
    reason: (HandoffReason, Option<&str>),
    online: &Online,
    now: Timestamp,
) -> Result<i64> {
    let (settings, bot) = settings::find(tx, tenant)?;
    let bot = bot.ok_or(Error::bug(NO_BOT))?;
    let bot_id = bot_account::find(tx, tenant, bot)?.user_id;
    let questions = store::list_said_by(tx, tenant, ticket.key, ticket.customer, MOST_QUESTIONS)?;
    let language = Language::of(&questions.join("\n"), &settings.language);
    let sentence = match hours::at(&settings, now) {
        Hours::Closed { until } if settings.handoff_closed.is_empty() => {
            language.say(Sentence::HandoffClosed).replace("{when}", &language.moment(&until))
        }
        // The tenant's own words are in its own language.
        Hours::Closed { until } => {
            settings.handoff_closed.replace("{when}", &Language::named(&settings.language).moment(&until))
        }
        _ if !settings.handoff_open.is_empty() => settings.handoff_open.clone(),
        _ if online.is_anybody() => language.say(Sentence::HandoffOpen).to_owned(),
        _ => language.say(Sentence::HandoffLater).to_owned(),
    };
    let seq = say(tx, tenant, bot, &ticket.ticket_id, MessageKind::Bot, &sentence, now)?;
    let note = summary(reason.0, reason.1, &questions);
    notes::add(tx, app, &Act::of_user(tenant, &bot_id, now), ticket, (bot, &bot_id), note)?;
    Ok(seq)
}

/// `told` is what a model, or the tenant's own server, says of it.
fn summary(reason: HandoffReason, told: Option<&str>, questions: &[String]) -> String {
    let mut note = format!("Handed over by the bot: {}", wording::in_words(reason));
    if let Some(told) = told {
        // A server of the tenant's may give a code of its own.
        let is_code = told.contains('_') && told.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let words = if is_code { told.replace('_', " ") } else { told.to_owned() };
        note.push_str(&format!("\nIn its own words: {words}"));
    }
    if !questions.is_empty() {
        note.push_str("\nThe customer wrote:");
    }
    for question in questions.iter().rev() {
        let brief = one_line(question, BRIEF);
        note.push_str(&format!("\n- {}", if brief.is_empty() { "(a file)" } else { &brief }));
    }
    note
}

/// Tells everybody that somebody else is in charge, and records why.
fn announce(tx: &mut Tx<'_>, act: &Act, key: TicketKey, reason: HandoffReason) -> Result<()> {
    let ticket = tickets::find_by_key(tx, act.tenant, key)?;
    let state = ticket.bot_state.map_or("none", BotState::as_str);
    let (ticket_id, reason) = (ticket.ticket_id.clone(), reason.as_str());
    events::record(tx, act, What::BotStateChanged { ticket_id, state, reason })?;
    events::record(tx, act, What::TicketUpdated { ticket: Arc::new(ticket), changed: vec!["bot_state"] })
}

/// A ticket that the bot had is reopened without a word, and waits for a person. The caller announces the change.
pub fn note_requested(tx: &mut Tx<'_>, act: &Act, ticket_id: &str) -> Result<()> {
    let (state, reason) = (BotState::HandoffRequested.as_str(), HandoffReason::Reopened.as_str());
    events::record(tx, act, What::BotStateChanged { ticket_id: ticket_id.to_owned(), state, reason })
}

/// A person took a ticket that the bot had, or had handed over, without a word yet: the customer is told who is there now.
/// The caller announces the change of the ticket.
pub fn note_taken(
    tx: &mut Tx<'_>,
    act: &Act,
    before: &Ticket,
    holder: Option<UserKey>,
    reason: HandoffReason,
) -> Result<()> {
    let (ticket_id, state) = (before.ticket_id.clone(), BotState::Human.as_str());
    events::record(tx, act, What::BotStateChanged { ticket_id, state, reason: reason.as_str() })?;
    let ((settings, Some(bot)), Some(holder)) = (settings::find(tx, act.tenant)?, holder) else { return Ok(()) };
    let questions = store::list_said_by(tx, act.tenant, before.key, before.customer, MOST_QUESTIONS)?;
    let name = bot_account::find(tx, act.tenant, holder)?.name;
    let language = Language::of(&questions.join("\n"), &settings.language);
    let sentence = language.say(Sentence::Taken).replace("{name}", &name);
    say(tx, act.tenant, bot, &before.ticket_id, MessageKind::Event, &sentence, act.at)?;
    Ok(())
}

/// The customer, or staff, want a person. The same again changes nothing.
pub async fn request(app: &App, caller: Arc<Caller>, ticket_id: String) -> Result<Ticket> {
    let (online, now, shared) = (Online::now(app, caller.tenant), app.clock.now(), app.clone());
    let requested = app.db.write(move |tx| {
        // Found before anything is locked: whose it is not waits for nobody.
        let ticket = tickets::find(tx, Scope::of(&caller), &ticket_id)?;
        caller.require(Action::MessagesSend)?;
        lock_tenant(tx, caller.tenant)?;
        let reason = if caller.role.is_staff() { HandoffReason::Staff } else { HandoffReason::Requested };
        hand_over(tx, &shared, caller.tenant, ticket.key, (reason, None), &online, now)?;
        Ok(tickets::find(tx, Scope::of(&caller), &ticket_id)?.seen_by(caller.user))
    });
    requested.await
}

/// Staff give a ticket to the bot: it answers from the customer's next message on.
pub async fn give_back(app: &App, caller: Arc<Caller>, ticket_id: String) -> Result<Ticket> {
    let now = app.clock.now();
    let given = app.db.write(move |tx| {
        tickets::find(tx, Scope::of(&caller), &ticket_id)?;
        caller.require(Action::TicketsUpdate)?;
        lock_tenant(tx, caller.tenant)?;
        let mut ticket = tickets::find_and_lock(tx, Scope::of(&caller), &ticket_id)?;
        if !settings::find(tx, caller.tenant)?.0.enabled {
            return Err(Error::Conflict("bot_off"));
        }
        if ticket.bot_state == Some(BotState::Bot) {
            return Ok(ticket.seen_by(caller.user));
        }
        let mut changed = vec!["bot_state"];
        if ticket.support.take().is_some() {
            changed.push("support_id");
        }
        if ticket.status == TicketStatus::InProgress {
            ticket.status = TicketStatus::Open;
            changed.push("status");
        }
        (ticket.bot_state, ticket.bot_due_seq, ticket.is_held) = (Some(BotState::Bot), None, true);
        ticket.updated_at = now.max(Timestamp(ticket.updated_at.0 + 1));
        tickets::update(tx, caller.tenant, &ticket)?;
        let ticket = tickets::find_by_key(tx, caller.tenant, ticket.key)?;
        let act = Act::of(&caller, now);
        let (ticket_id, state) = (ticket.ticket_id.clone(), BotState::Bot.as_str());
        events::record(tx, &act, What::BotStateChanged { ticket_id, state, reason: "given_back" })?;
        events::record(tx, &act, What::TicketUpdated { ticket: Arc::new(ticket.clone()), changed })?;
        Ok(ticket.seen_by(caller.user))
    });
    given.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_words_and_no_codes() {
        let note = |told| summary(HandoffReason::LowConfidence, told, &["Why?".to_owned()]);
        assert_eq!(
            note(Some("no_answer")),
            "Handed over by the bot: no article covers this well enough.\nIn its own words: no answer\n\
             The customer wrote:\n- Why?"
        );
        let told = note(Some("Wants order_id 7 back"));
        assert!(told.contains("In its own words: Wants order_id 7 back\n"), "{told}");
    }
}
