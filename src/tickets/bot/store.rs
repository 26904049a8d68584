//! The SQL of the bot: its settings, what it owes, what it did.

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx, Value};
use crate::tickets::bot::answer::Due;
use crate::tickets::bot::embedding::Maker;
use crate::tickets::bot::runs::Run;
use crate::tickets::model::MessageKind;

/// Of the tenant's money, in what costs are stored.
const MICROS: f64 = 1_000_000.0;

pub fn find_settings(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Option<(String, String, UserKey)>> {
    tx.first("select settings, secrets, user_key from bot_settings where tenant_key = $1", &[tenant.into()], |row| {
        Ok((row.take()?, row.take()?, UserKey(row.take()?)))
    })
}

/// Those that have a model for vectors. The first condition is what makes both engines take the index.
pub fn list_makers(tx: &mut Tx<'_>) -> Result<Vec<Maker>> {
    tx.all(
        "select tenant_key, updated_at from bot_settings where tenant_key > 0 and embedding is not null
         order by tenant_key",
        &[],
        |row| Ok(Maker { tenant: TenantKey(row.take()?), set_at: row.take()? }),
    )
}

/// A tenant's settings as they are stored.
pub struct Stored<'a> {
    pub settings: &'a str,
    pub secrets: &'a str,
    /// Which model makes vectors.
    pub embedding: Option<&'a str>,
    pub user: UserKey,
    pub is_on: bool,
}

pub fn save_settings(tx: &mut Tx<'_>, tenant: TenantKey, new: &Stored<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into bot_settings (tenant_key, settings, secrets, embedding, user_key, updated_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_key) do update set settings = excluded.settings, secrets = excluded.secrets,
             embedding = excluded.embedding, updated_at = excluded.updated_at",
        &[tenant.into(), new.settings.into(), new.secrets.into(), new.embedding.into(), new.user.into(), now.into()],
    )?;
    tx.execute("update tenants set bot_is_on = $2 where tenant_key = $1", &[tenant.into(), new.is_on.into()])?;
    Ok(())
}

/// The tickets of all tenants in which the bot owes an answer that nobody is at, and since when: who asked first comes first. It reads
/// all of them, by their index; the first condition, which all fulfil, is what makes both engines take it.
pub fn list_due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<(Due, Timestamp)>> {
    tx.all(
        "select t.tenant_key, t.ticket_key, coalesce(m.timestamp, 0) from tickets t
         left join messages m on m.ticket_key = t.ticket_key and m.seq = t.bot_due_seq
         where t.tenant_key > 0 and t.bot_due_seq is not null and not exists (
             select 1 from bot_claims c
             where c.tenant_key = t.tenant_key and c.ticket_key = t.ticket_key and c.claimed_until > $1)
         order by 3, 2 limit $2",
        &[now.into(), limit.into()],
        |row| Ok((Due { tenant: TenantKey(row.take()?), ticket: TicketKey(row.take()?) }, row.take()?)),
    )
}

/// How many tickets of all tenants wait for the bot, to 10,000, and when the first of the questions that it owes was asked.
pub fn count_due(tx: &mut Tx<'_>) -> Result<(i64, Option<Timestamp>)> {
    tx.one(
        "select count(*), min(counted.timestamp) from (
             select m.timestamp from tickets t join messages m on m.ticket_key = t.ticket_key and m.seq = t.bot_due_seq
             where t.tenant_key > 0 and t.bot_due_seq is not null limit 10000) as counted",
        &[],
        |row| Ok((row.take()?, row.take()?)),
    )
}

/// Takes the right to answer, if the ticket still owes that answer and nobody else has it at `now`.
pub fn claim(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    (ticket, due_seq): (TicketKey, i64),
    holder: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<bool> {
    let taken = tx.execute(
        "insert into bot_claims (tenant_key, ticket_key, holder, claimed_until)
         select tenant_key, ticket_key, $3, $4 from tickets
         where tenant_key = $1 and ticket_key = $2 and bot_due_seq = $6
         on conflict (tenant_key, ticket_key) do update set holder = excluded.holder,
             claimed_until = excluded.claimed_until where bot_claims.claimed_until <= $5",
        &[tenant.into(), ticket.into(), holder.into(), until.into(), now.into(), due_seq.into()],
    )?;
    Ok(taken > 0)
}

pub fn renew_claim(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    holder: &str,
    until: Timestamp,
) -> Result<bool> {
    let renewed = tx.execute(
        "update bot_claims set claimed_until = $4 where tenant_key = $1 and ticket_key = $2 and holder = $3",
        &[tenant.into(), ticket.into(), holder.into(), until.into()],
    )?;
    Ok(renewed > 0)
}

pub fn release_claim(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, holder: &str) -> Result<()> {
    tx.execute(
        "delete from bot_claims where tenant_key = $1 and ticket_key = $2 and holder = $3",
        &[tenant.into(), ticket.into(), holder.into()],
    )?;
    Ok(())
}

/// A message of a ticket, in brief.
pub struct Said {
    pub sender: UserKey,
    pub is_of_bot: bool,
    pub text: String,
    pub timestamp: Timestamp,
}

/// The newest ones up to `seq`, newest first.
pub fn list_said(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, up_to: i64, limit: i64) -> Result<Vec<Said>> {
    tx.all(
        "select sender_key, kind, message_content, timestamp from messages
         where ticket_key = $1 and tenant_key = $2 and seq <= $3 order by seq desc limit $4",
        &[ticket.into(), tenant.into(), up_to.into(), limit.into()],
        |row| {
            let (sender, kind) = (UserKey(row.take()?), row.take::<String>()?);
            let is_of_bot = kind != MessageKind::Text.as_str();
            Ok(Said { sender, is_of_bot, text: row.take()?, timestamp: row.take()? })
        },
    )
}

/// What the customer wrote, newest first.
pub fn list_said_by(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    sender: UserKey,
    limit: i64,
) -> Result<Vec<String>> {
    tx.all(
        "select message_content from messages where ticket_key = $1 and tenant_key = $2 and sender_key = $3
         order by seq desc limit $4",
        &[ticket.into(), tenant.into(), sender.into(), limit.into()],
        |row| row.take(),
    )
}

/// The bot owes nothing there any more.
pub fn settle(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey) -> Result<()> {
    tx.execute(
        "update tickets set bot_due_seq = null where tenant_key = $1 and ticket_key = $2",
        &[tenant.into(), ticket.into()],
    )?;
    Ok(())
}

pub fn insert_run(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, run: &Run) -> Result<()> {
    tx.execute(
        "insert into bot_runs (run_id, tenant_key, ticket_key, seq, reply_seq, outcome, reason, passages, latency_ms,
             created_at, engine, model, input_tokens, output_tokens, cost_micros, tools, error)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        &[
            run.run_id.as_str().into(),
            tenant.into(),
            ticket.into(),
            run.seq.into(),
            run.reply_seq.into(),
            run.outcome.as_str().into(),
            run.reason.as_deref().into(),
            serde_json::json!(run.passages).to_string().as_str().into(),
            run.latency_ms.into(),
            run.created_at.into(),
            run.engine.as_str().into(),
            run.model.as_deref().into(),
            run.input_tokens.into(),
            run.output_tokens.into(),
            micros(run.cost).into(),
            serde_json::json!(run.tools).to_string().as_str().into(),
            run.error.as_deref().into(),
        ],
    )?;
    Ok(())
}

const SELECT_RUN: &str =
    "select r.run_id, t.ticket_id, r.seq, r.reply_seq, r.outcome, r.reason, r.passages, r.latency_ms,
         r.created_at, r.engine, r.model, r.input_tokens, r.output_tokens, r.cost_micros, r.tools, r.error,
         m.message_content
     from bot_runs r
     join tickets t on t.tenant_key = r.tenant_key and t.ticket_key = r.ticket_key
     left join messages m on m.ticket_key = r.ticket_key and m.seq = r.seq";

fn run(row: &mut Row<'_>) -> Result<Run> {
    Ok(Run {
        run_id: row.take()?,
        ticket_id: row.take()?,
        seq: row.take()?,
        reply_seq: row.take()?,
        outcome: row.take()?,
        reason: row.take()?,
        passages: serde_json::from_str(&row.take::<String>()?).map_err(crate::error::Error::internal)?,
        latency_ms: row.take()?,
        created_at: row.take()?,
        engine: row.take()?,
        model: row.take()?,
        input_tokens: row.take()?,
        output_tokens: row.take()?,
        cost: row.take::<i64>()? as f64 / MICROS,
        tools: serde_json::from_str(&row.take::<String>()?).map_err(crate::error::Error::internal)?,
        error: row.take()?,
        question: row.take()?,
    })
}

pub fn find_last_run(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey) -> Result<Option<Run>> {
    let sql = format!(
        "{SELECT_RUN} where r.tenant_key = $1 and r.ticket_key = $2 order by r.created_at desc, r.run_id desc limit 1"
    );
    tx.first(&sql, &[tenant.into(), ticket.into()], run)
}

/// Newest first; of one ticket, or of all.
pub fn list_runs(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket_id: Option<&str>,
    before: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Run>> {
    let (at, id) = before.unwrap_or((i64::MAX, String::new()));
    let of_ticket = if ticket_id.is_some() {
        " and r.ticket_key = (select ticket_key from tickets where tenant_key = $1 and ticket_id = $5)"
    } else {
        ""
    };
    let sql = format!(
        "{SELECT_RUN} where r.tenant_key = $1 and (r.created_at, r.run_id) < ($2, $3){of_ticket}
         order by r.created_at desc, r.run_id desc limit $4"
    );
    let mut values = vec![tenant.into(), at.into(), id.as_str().into(), limit.into()];
    values.extend(ticket_id.map(Value::from));
    tx.all(&sql, &values, run)
}

pub fn micros(cost: f64) -> i64 {
    (cost * MICROS).round() as i64
}

/// Answers of a model in a ticket.
pub fn count_answers(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey) -> Result<i64> {
    tx.one(
        "select count(*) from bot_runs where tenant_key = $1 and ticket_key = $2 and engine = 'model'",
        &[tenant.into(), ticket.into()],
        |row| row.take(),
    )
}

/// What was taken on a day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub tokens: i64,
    pub cost_micros: i64,
}

/// Adds what was taken, or is about to be, to the tenant's day and to a customer's. Answers what each comes to. The caller holds
/// the tenant.
pub fn add_usage(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    day: i64,
    user: Option<UserKey>,
    taken: Usage,
) -> Result<(Usage, Option<Usage>)> {
    let mut add = |whose: UserKey| {
        tx.one(
            "insert into bot_usage (tenant_key, day, user_key, tokens, cost_micros) values ($1, $2, $3, $4, $5)
             on conflict (tenant_key, day, user_key) do update set tokens = bot_usage.tokens + excluded.tokens,
                 cost_micros = bot_usage.cost_micros + excluded.cost_micros
             returning tokens, cost_micros",
            &[tenant.into(), day.into(), whose.into(), taken.tokens.into(), taken.cost_micros.into()],
            |row| Ok(Usage { tokens: row.take()?, cost_micros: row.take()? }),
        )
    };
    Ok((add(WHOLE_TENANT)?, user.map(add).transpose()?))
}

/// The row of all of a tenant's users together.
const WHOLE_TENANT: UserKey = UserKey(0);
