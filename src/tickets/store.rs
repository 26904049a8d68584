//! The SQL of tickets and their tags. Messages have their own in `messages/store.rs`, notes in `notes/store.rs`.

mod activity;
mod counts;
mod list;
mod people;

use serde_json::json;

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{self, Row, Tx};
use crate::tickets::attachments;
use crate::tickets::model::{BotState, Priority, Scope, SideMarks, Ticket, TicketStatus};

pub use activity::{find_activity, list_changed};
pub use counts::{TicketCounts, count_messages, counts};
pub use list::{BotFilter, Filter, StatusFilter, Support, list};
pub use people::{
    MAY_HOLD, find_assignable, find_customer, find_key, find_to_put_back, list_assignable, list_staff_of, may_hold,
};

const SELECT: &str = "select t.ticket_key, t.customer_key, t.support_key, t.customer_unread, t.customer_read_seq,
         t.customer_delivered_seq, t.staff_unread, t.staff_read_seq, t.staff_delivered_seq, t.is_held,
         t.ticket_id, t.number, t.subject, c.user_id, s.user_id, t.status, t.priority, t.tags, t.channel, t.custom,
         t.last_seq, t.created_at, t.updated_at, t.closed_at, t.bot_state, t.bot_due_seq
     from tickets t
     join users c on c.tenant_key = t.tenant_key and c.user_key = t.customer_key
     left join users s on s.tenant_key = t.tenant_key and s.user_key = t.support_key";

fn ticket(row: &mut Row<'_>) -> Result<Ticket> {
    Ok(Ticket {
        key: TicketKey(row.take()?),
        customer: UserKey(row.take()?),
        support: row.take::<Option<i64>>()?.map(UserKey),
        customer_side: side(row)?,
        staff_side: side(row)?,
        is_held: row.take()?,
        ticket_id: row.take()?,
        number: row.take()?,
        subject: row.take()?,
        customer_id: row.take()?,
        support_id: row.take()?,
        status: status_of(&row.take::<String>()?)?,
        priority: Priority::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown priority is stored"))?,
        tags: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
        channel: row.take()?,
        custom: serde_json::from_str(&row.take::<String>()?).map_err(Error::internal)?,
        last_seq: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        closed_at: row.take()?,
        bot_state: bot_state_of(row.take()?)?,
        bot_due_seq: row.take()?,
        unread_count: 0,
    })
}

fn side(row: &mut Row<'_>) -> Result<SideMarks> {
    Ok(SideMarks { unread: row.take()?, read_seq: row.take()?, delivered_seq: row.take()? })
}

pub fn status_of(word: &str) -> Result<TicketStatus> {
    TicketStatus::parse(word).ok_or(Error::bug("an unknown ticket status is stored"))
}

pub fn bot_state_of(word: Option<String>) -> Result<Option<BotState>> {
    let parse = |word: String| BotState::parse(&word).ok_or(Error::bug("an unknown state of a bot is stored"));
    word.map(parse).transpose()
}

/// The ticket, if it is in the scope; `NotFound` alike for one that is absent and one that is not.
pub fn find(tx: &mut Tx<'_>, scope: Scope, ticket_id: &str) -> Result<Ticket> {
    let sql = format!("{SELECT} where t.tenant_key = $1 and t.ticket_id = $2");
    let found = tx.first(&sql, &[scope.tenant.into(), ticket_id.into()], ticket)?;
    found.filter(|ticket| scope.customer.is_none_or(|own| ticket.customer == own)).ok_or(Error::NotFound)
}

/// Like `find`, and nobody else changes the ticket until this transaction ends.
pub fn find_and_lock(tx: &mut Tx<'_>, scope: Scope, ticket_id: &str) -> Result<Ticket> {
    let lock =
        format!("select ticket_key from tickets where tenant_key = $1 and ticket_id = $2{}", tx.dialect().for_update());
    tx.first(&lock, &[scope.tenant.into(), ticket_id.into()], |row| row.take::<i64>())?.ok_or(Error::NotFound)?;
    find(tx, scope, ticket_id)
}

/// Like `find_by_key`, and nobody else changes the ticket until this transaction ends.
pub fn find_by_key_and_lock(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey) -> Result<Ticket> {
    let lock = format!(
        "select ticket_key from tickets where tenant_key = $1 and ticket_key = $2{}",
        tx.dialect().for_update()
    );
    tx.first(&lock, &[tenant.into(), key.into()], |row| row.take::<i64>())?.ok_or(Error::NotFound)?;
    find_by_key(tx, tenant, key)
}

pub fn find_by_key(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey) -> Result<Ticket> {
    let sql = format!("{SELECT} where t.tenant_key = $1 and t.ticket_key = $2");
    tx.first(&sql, &[tenant.into(), key.into()], ticket)?.ok_or(Error::NotFound)
}

/// Whether a session lives, and will until this transaction ends: whoever ends it meanwhile waits.
pub fn session_lives(tx: &mut Tx<'_>, tenant: TenantKey, session_id: &str) -> Result<bool> {
    let sql = format!(
        "select ended_at is null from sessions where tenant_key = $1 and session_id = $2{}",
        tx.dialect().for_share()
    );
    Ok(tx.first(&sql, &[tenant.into(), session_id.into()], |row| row.take::<bool>())?.unwrap_or(false))
}

pub struct NewTicket<'a> {
    pub ticket_id: &'a str,
    pub subject: &'a str,
    pub customer: UserKey,
    pub priority: Priority,
    pub tags: &'a [String],
    pub channel: &'a str,
    pub custom: &'a serde_json::Map<String, serde_json::Value>,
    /// Whether the bot is to answer first, if it is on.
    pub is_for_bot: bool,
}

/// The new ticket's key, and whether the tenant's bot is on.
pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, new: &NewTicket<'_>, now: Timestamp) -> Result<(TicketKey, bool)> {
    let (number, bot_is_on): (i64, bool) = tx.one(
        "update tenants set last_ticket_number = last_ticket_number + 1 where tenant_key = $1
         returning last_ticket_number, bot_is_on",
        &[tenant.into()],
        |row| Ok((row.take()?, row.take()?)),
    )?;
    let bot_state = (bot_is_on && new.is_for_bot).then_some(BotState::Bot);
    let key = tx.one(
        "insert into tickets (tenant_key, ticket_id, number, subject, customer_key, status, priority, tags, channel, custom,
             created_at, updated_at, bot_state, is_held)
         values ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $10, $11, $12) returning ticket_key",
        &[
            tenant.into(),
            new.ticket_id.into(),
            number.into(),
            new.subject.into(),
            new.customer.into(),
            new.priority.as_str().into(),
            json!(new.tags).to_string().as_str().into(),
            new.channel.into(),
            json!(new.custom).to_string().as_str().into(),
            now.into(),
            bot_state.map(BotState::as_str).into(),
            // What the bot has is assigned to nobody.
            bot_state.is_some().into(),
        ],
        |row| Ok(TicketKey(row.take()?)),
    )?;
    write_tags(tx, tenant, key, new.tags)?;
    index(tx, tenant, key)?;
    Ok((key, bot_is_on))
}

/// Writes back what staff may change, and what follows from it.
pub fn update(tx: &mut Tx<'_>, tenant: TenantKey, ticket: &Ticket) -> Result<()> {
    tx.execute_later(
        "update tickets set subject = $3, support_key = $4, status = $5, priority = $6, tags = $7, custom = $8, is_held = $9,
             updated_at = $10, closed_at = $11, bot_state = $12, bot_due_seq = $13
         where tenant_key = $1 and ticket_key = $2",
        &[
            tenant.into(),
            ticket.key.into(),
            ticket.subject.as_str().into(),
            ticket.support.into(),
            ticket.status.as_str().into(),
            ticket.priority.as_str().into(),
            json!(ticket.tags).to_string().as_str().into(),
            json!(ticket.custom).to_string().as_str().into(),
            ticket.is_held.into(),
            ticket.updated_at.into(),
            ticket.closed_at.into(),
            ticket.bot_state.map(BotState::as_str).into(),
            ticket.bot_due_seq.into(),
        ],
    )?;
    Ok(())
}

pub fn write_tags(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey, tags: &[String]) -> Result<()> {
    tx.execute_later(
        "delete from ticket_tags where tenant_key = $1 and ticket_key = $2",
        &[tenant.into(), key.into()],
    )?;
    for tag in tags {
        tx.execute_later(
            "insert into ticket_tags (tenant_key, tag, ticket_key) values ($1, $2, $3) on conflict do nothing",
            &[tenant.into(), tag.as_str().into(), key.into()],
        )?;
    }
    Ok(())
}

/// Puts the ticket's words into the search index, in place of those of before: its number, its subject, its customer's names.
pub fn index(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey) -> Result<()> {
    let words: String = tx.one(
        "select t.number || ' ' || t.subject || ' ' || c.name || ' ' || c.username || ' ' || coalesce(c.email, '')
         from tickets t join users c on c.tenant_key = t.tenant_key and c.user_key = t.customer_key
         where t.tenant_key = $1 and t.ticket_key = $2",
        &[tenant.into(), key.into()],
        |row| row.take(),
    )?;
    db::index_ticket(tx, tenant.0, key.0, &words)
}

pub fn delete(tx: &mut Tx<'_>, tenant: TenantKey, key: TicketKey) -> Result<()> {
    db::unindex_ticket(tx, key.0)?;
    tx.execute("delete from tickets where tenant_key = $1 and ticket_key = $2", &[tenant.into(), key.into()])?;
    Ok(())
}

/// Gives a guest's tickets, and what the guest wrote in them, to the customer the guest turned out to be. The guest's sessions
/// have ended by then: no new ticket comes. The tickets go first: they are locked then, and whatever the guest still sends waits.
pub fn adopt(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    guest: UserKey,
    customer: UserKey,
    now: Timestamp,
) -> Result<Vec<TicketKey>> {
    let keys = tx.all(
        "update tickets set customer_key = $3, updated_at = case when updated_at < $4 then $4 else updated_at + 1 end
         where tenant_key = $1 and customer_key = $2 returning ticket_key",
        &[tenant.into(), guest.into(), customer.into(), now.into()],
        |row| Ok(TicketKey(row.take()?)),
    )?;
    for key in &keys {
        // An id that the customer has used in this ticket too, as staff say, can name one message only.
        tx.execute(
            "update messages set client_id = null where tenant_key = $1 and ticket_key = $2 and sender_key = $3
                 and client_id in (select client_id from messages where ticket_key = $2 and sender_key = $4)",
            &[tenant.into(), (*key).into(), guest.into(), customer.into()],
        )?;
        tx.execute(
            "update messages set sender_key = $4 where tenant_key = $1 and ticket_key = $2 and sender_key = $3",
            &[tenant.into(), (*key).into(), guest.into(), customer.into()],
        )?;
        attachments::adopt(tx, tenant, *key, guest, customer)?;
    }
    Ok(keys)
}

pub fn list_keys_of_customer(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    customer: UserKey,
    after: TicketKey,
    limit: i64,
) -> Result<Vec<TicketKey>> {
    tx.all(
        "select ticket_key from tickets where tenant_key = $1 and customer_key = $2 and ticket_key > $3
         order by ticket_key limit $4",
        &[tenant.into(), customer.into(), after.into(), limit.into()],
        |row| Ok(TicketKey(row.take()?)),
    )
}
