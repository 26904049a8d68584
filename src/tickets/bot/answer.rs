//! Takes up what the bot owes an answer to, and stores what was decided.
//!
//! Reading and deciding hold no lock, and may take their time. Storing is compare-and-set: under the ticket's lock, the bot still
//! has it, and still owes an answer to the same message. Of two nodes that answer one message, one stores it; where an answer
//! costs something, one has claimed it before (`claim`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::claim::{self, Claim};
use super::model::Listener;
use super::reply::{self, Desk, Question, Reply};
use super::runs::Run;
use super::say::say;
use super::settings::{self, engine::Engine};
use super::tools::Change;
use super::wording::Language;
use super::{HandoffReason, changes, handoff, store};
use crate::app::App;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::auth::{bot_account, lock_tenant};
use crate::error::{Error, Result};
use crate::events::Act;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id;
use crate::tickets::assign::Online;
use crate::tickets::model::{BotState, MessageKind, Ticket, TicketStatus, message_id};
use crate::tickets::store as tickets;

/// How much of what was said before is looked at.
const LOOK_BACK: i64 = 30;
/// Words of one burst, in characters: what is beyond asks for nothing more.
const MOST_CHARS: usize = 4000;
/// Whether somebody else took over, while a model writes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// For a question to be decided, whatever that takes: a person has the ticket within 30 s.
pub const DEADLINE: Duration = Duration::from_secs(26);
/// With less than this left, whoever else could be asked is not: they would hardly be done.
pub const LEAST: Duration = Duration::from_secs(8);

/// A ticket that waits for the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Due {
    pub tenant: TenantKey,
    pub ticket: TicketKey,
}

/// And whether it has waited so long that nobody else will be asked. The first to ask comes first.
pub async fn list_due(app: &App, limit: i64) -> Result<Vec<(Due, bool)>> {
    let now = app.clock.now();
    let found = app.db.read(move |tx| store::list_due(tx, now, limit)).await?;
    Ok(found.into_iter().map(|(due, asked_at)| (due, time_left(asked_at, now) < LEAST)).collect())
}

fn time_left(asked_at: Timestamp, now: Timestamp) -> Duration {
    DEADLINE.saturating_sub(now.since(asked_at))
}

/// What is needed to answer, read in one snapshot.
pub struct Task {
    due: Due,
    due_seq: i64,
    asked_at: Timestamp,
    desk: Desk,
    question: Question,
    /// None: what it answers costs nobody anything.
    claim: Option<Claim>,
    pub bot: UserKey,
    pub bot_id: String,
    pub bot_name: String,
}

impl Task {
    pub fn ticket_id(&self) -> &str {
        &self.question.ticket_id
    }

    /// What its answer will be called.
    pub fn message_id(&self) -> String {
        message_id(self.ticket_id(), self.due_seq + 1)
    }
}

/// None: it is settled already, or another node is at it.
pub async fn take_up(app: &App, due: Due) -> Result<Option<Task>> {
    let now = app.clock.now();
    let Some(mut task) = app.db.read(move |tx| read(tx, due, now)).await? else { return Ok(None) };
    if task.desk.asks_others() {
        task.claim = Claim::take(app, due, task.due_seq).await?;
        if task.claim.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(task))
}

fn read(tx: &mut Tx<'_>, due: Due, now: Timestamp) -> Result<Option<Task>> {
    let ticket = match tickets::find_by_key(tx, due.tenant, due.ticket) {
        Err(Error::NotFound) => return Ok(None),
        found => found?,
    };
    let Some(due_seq) = ticket.bot_due_seq else { return Ok(None) };
    let (desk, bot) = Desk::find(tx, due.tenant)?;
    let bot = bot.ok_or(Error::bug("a bot owes an answer that nobody has set up"))?;
    let account = bot_account::find(tx, due.tenant, bot)?;
    let said = store::list_said(tx, due.tenant, due.ticket, due_seq, LOOK_BACK)?;
    let asked_at = said.first().map_or(ticket.updated_at, |last| last.timestamp);
    let all: Vec<&str> =
        said.iter().filter(|said| said.sender == ticket.customer).map(|said| said.text.as_str()).collect();
    let language = Language::of(&all.join("\n"), &desk.settings.language);
    let mut room = MOST_CHARS;
    let mut messages: Vec<String> = Vec::new();
    for one in said.iter().take_while(|said| said.sender == ticket.customer) {
        let text: String = one.text.chars().take(room).collect();
        room -= text.chars().count();
        messages.push(text);
    }
    messages.reverse();
    let last = store::find_last_run(tx, due.tenant, due.ticket)?;
    let model_answers = match desk.settings.engine {
        Engine::Model => store::count_answers(tx, due.tenant, due.ticket)?,
        _ => 0,
    };
    let in_order = said.into_iter().rev().map(|said| (said.sender == ticket.customer, said.text));
    let question = Question {
        tenant: due.tenant,
        customer: Some(ticket.customer),
        ticket_id: ticket.ticket_id.clone(),
        delivery_id: message_id(&ticket.ticket_id, due_seq),
        messages,
        said: in_order.collect(),
        time_left: time_left(asked_at, now),
        language,
        last,
        model_answers,
    };
    let (bot_id, bot_name) = (account.user_id, account.name);
    Ok(Some(Task { due, due_seq, asked_at, desk, question, claim: None, bot, bot_id, bot_name }))
}

/// Why an answer is not this node's to give any more.
enum Ended {
    /// Somebody wrote or took the ticket, or the bot was switched off.
    Settled,
    /// Another node took over.
    Lost,
}

async fn no_longer_owed(app: &App, task: &Task) -> Ended {
    let (due, due_seq) = (task.due, task.due_seq);
    let mut renewed_at = Instant::now();
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        if let Some(claim) = task.claim.as_ref().filter(|_| renewed_at.elapsed() >= claim::RENEWED_EVERY) {
            match claim.renew(app).await {
                Ok(true) => renewed_at = Instant::now(),
                Ok(false) => return Ended::Lost,
                // It is tried again at once, and lasts for some tries.
                Err(_) => {}
            }
        }
        let looked = app.db.read(move |tx| {
            let ticket = tickets::find_by_key(tx, due.tenant, due.ticket)?;
            Ok(still_owes(&ticket, due_seq) && settings::find(tx, due.tenant)?.0.enabled)
        });
        match looked.await {
            Ok(false) | Err(Error::NotFound) => return Ended::Settled,
            // What cannot be told now is told when the answer is stored.
            Ok(true) | Err(_) => {}
        }
    }
}

/// Decides and stores. False: somebody wrote or took the ticket meanwhile, and nothing was said.
pub async fn finish(app: &App, task: Task, listener: Listener<'_>) -> Result<bool> {
    let claim = task.claim.clone();
    let finished = decide_and_put(app, task, listener).await;
    if let (Err(_), Some(claim)) = (&finished, claim)
        && let Err(error) = claim.release(app).await
    {
        tracing::debug!(%error, "a claim was not given back; it runs out");
    }
    finished
}

async fn decide_and_put(app: &App, task: Task, listener: Listener<'_>) -> Result<bool> {
    let deciding = tokio::time::timeout(DEADLINE, reply::decide(app, &task.desk, &task.question, listener));
    let decided = tokio::select! {
        decided = deciding => decided.unwrap_or_else(|_| Ok(Reply::HandOff(HandoffReason::ModelFailed).into())),
        // What a model would go on to write nobody would read. Nothing is said but where the bot was switched off.
        ended = no_longer_owed(app, &task) => match ended {
            Ended::Settled => Ok(Reply::HandOff(HandoffReason::BotOff).into()),
            Ended::Lost => return Ok(false),
        },
    };
    let decision = match decided {
        Err(Error::Unavailable(why)) => return Err(Error::Unavailable(why)),
        // A fault of ours keeps nobody from a person.
        Err(error) => {
            tracing::error!(%error, "the bot failed; a person is asked for");
            Reply::HandOff(HandoffReason::Failed).into()
        }
        Ok(decision) => decision,
    };
    let task = Arc::new(task);
    match put(app, task.clone(), decision).await {
        Err(error) if !matches!(error, Error::Unavailable(_)) => {
            // What cannot be stored now could not be stored the next time either.
            tracing::error!(%error, "what the bot decided could not be stored; a person is asked for");
            put(app, task, Reply::HandOff(HandoffReason::Failed).into()).await
        }
        stored => stored,
    }
}

async fn put(app: &App, task: Arc<Task>, decision: reply::Decision) -> Result<bool> {
    let (shared, online) = (app.clone(), Online::now(app, task.due.tenant));
    app.db.write(move |tx| store_decision(tx, &shared, &task, decision, &online)).await
}

fn store_decision(tx: &mut Tx<'_>, app: &App, task: &Task, decision: reply::Decision, online: &Online) -> Result<bool> {
    let Due { tenant, ticket: key } = task.due;
    // Tenant before ticket, as everywhere: a hand-over assigns.
    lock_tenant(tx, tenant)?;
    let ticket = match tickets::find_by_key_and_lock(tx, tenant, key) {
        Err(Error::NotFound) => return Ok(false),
        found => found?,
    };
    if let Some(claim) = &task.claim {
        claim.release_in(tx)?;
    }
    if !still_owes(&ticket, task.due_seq) {
        if ticket.bot_due_seq.is_some() && ticket.status == TicketStatus::Closed {
            store::settle(tx, tenant, key)?;
        }
        return Ok(false);
    }
    let now = app.clock.now();
    let is_on = settings::find(tx, tenant)?.0.enabled;
    let reply = if is_on { decision.reply } else { Reply::HandOff(HandoffReason::BotOff) };
    // What a hand-over says must not be closed in the same moment.
    let mut changes = decision.changes;
    match &reply {
        Reply::Answer(_) | Reply::Nothing => {}
        Reply::HandOff(HandoffReason::BotOff) => changes.clear(),
        _ => changes.retain(|change| *change != Change::Close),
    }
    let (outcome, mut reason) = (reply.outcome(), None);
    let reply_seq = match reply {
        Reply::Answer(text) | Reply::SmallTalk(text) | Reply::AskBack(text) => {
            Some(say(tx, tenant, task.bot, &ticket.ticket_id, MessageKind::Bot, &text, now)?)
        }
        Reply::HandOff(why) => {
            reason = Some(why.as_str().to_owned());
            handoff::hand_over(tx, app, tenant, key, (why, decision.summary.as_deref()), online, now)?
        }
        Reply::Nothing => {
            store::settle(tx, tenant, key)?;
            None
        }
    };
    let act = Act::of_user(tenant, &task.bot_id, now);
    changes::carry_out(tx, &act, key, &changes)?;
    let work = decision.work;
    let run = Run {
        run_id: id::new_id(now, &app.random),
        ticket_id: ticket.ticket_id,
        seq: task.due_seq,
        reply_seq,
        outcome: outcome.to_owned(),
        reason,
        passages: decision.passages,
        latency_ms: i64::try_from(now.since(task.asked_at).as_millis()).unwrap_or(i64::MAX),
        created_at: now,
        engine: work.engine.as_str().to_owned(),
        model: work.model,
        input_tokens: work.tokens.input,
        output_tokens: work.tokens.output,
        cost: work.cost,
        tools: work.tools,
        error: work.error,
        question: None,
    };
    store::insert_run(tx, tenant, key, &run)?;
    metrics::counter!("smilechat_bot_replies_total", "outcome" => outcome).increment(1);
    Ok(true)
}

fn still_owes(ticket: &Ticket, due_seq: i64) -> bool {
    ticket.bot_state == Some(BotState::Bot)
        && ticket.bot_due_seq == Some(due_seq)
        && ticket.status != TicketStatus::Closed
}
