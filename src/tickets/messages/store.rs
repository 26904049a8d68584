//! The SQL of messages. `messages` is clustered by (ticket, seq), see migrations/0001.

mod marks;
mod together;

use std::borrow::Cow;
use std::iter;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::model::{Role, TenantKey, TicketKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{self, Row, Tx, Value};
use crate::tickets::attachments::model::Attachment;
use crate::tickets::model::{BotState, Message, MessageKind, Scope, Sender, TicketStatus, message_id};
use crate::tickets::store::{bot_state_of, status_of};

pub use marks::{Delivered, advance_delivered, mark_delivered, mark_read};
pub use together::{advance_tickets, insert_unrepeated, lock_free_targets};

const SELECT: &str =
    "select m.ticket_key, m.sender_key, m.seq, m.message_content, m.kind, m.client_id, m.is_read, m.read_at,
         m.delivered_at, m.timestamp, m.attachments, u.user_id, u.name, u.role, u.avatar_url
     from messages m join users u on u.tenant_key = m.tenant_key and u.user_key = m.sender_key";

/// The message that a new row will be read as.
pub fn message_of(ticket_id: &str, sender: &Sender, new: &NewRow<'_>) -> Message {
    Message {
        message_id: message_id(ticket_id, new.seq),
        ticket_id: ticket_id.to_owned(),
        sender_id: sender.id.clone(),
        sender: sender.clone(),
        seq: new.seq,
        message_content: new.message_content.to_owned(),
        kind: new.kind,
        attachments: new.attachments.to_vec(),
        client_id: new.client_id.map(str::to_owned),
        is_read: false,
        read_at: None,
        delivered_at: None,
        timestamp: new.timestamp,
        ticket: new.ticket,
        sender_key: new.sender,
    }
}

fn sender(row: &mut Row<'_>) -> Result<Sender> {
    Ok(Sender {
        id: row.take()?,
        name: row.take()?,
        role: Role::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown role is stored"))?,
        avatar_url: row.take()?,
    })
}

fn message(row: &mut Row<'_>, ticket_id: &str) -> Result<Message> {
    let (ticket, sender_key, seq) = (TicketKey(row.take()?), UserKey(row.take()?), row.take::<i64>()?);
    let mut message = Message {
        message_id: message_id(ticket_id, seq),
        ticket_id: ticket_id.to_owned(),
        sender_id: String::new(),
        sender: Sender { id: String::new(), name: String::new(), role: Role::Customer, avatar_url: None },
        seq,
        message_content: row.take()?,
        kind: MessageKind::parse(&row.take::<String>()?).ok_or(Error::bug("an unknown kind of message is stored"))?,
        attachments: Vec::new(),
        client_id: row.take()?,
        is_read: row.take()?,
        read_at: row.take()?,
        delivered_at: row.take()?,
        timestamp: row.take()?,
        ticket,
        sender_key,
    };
    if let Some(attachments) = row.take::<Option<String>>()? {
        message.attachments = serde_json::from_str(&attachments).map_err(Error::internal)?;
    }
    message.sender = sender(row)?;
    message.sender_id = message.sender.id.clone();
    Ok(message)
}

/// What sending needs to know: the ticket, locked until the transaction ends, and its sender as shown beside a message.
pub struct Target {
    pub key: TicketKey,
    pub customer: UserKey,
    pub support: Option<UserKey>,
    pub status: TicketStatus,
    pub last_seq: i64,
    pub updated_at: Timestamp,
    pub created_at: Timestamp,
    /// Messages of staff that the customer has not read.
    pub customer_unread: i64,
    pub bot_state: Option<BotState>,
    pub bot_due_seq: Option<i64>,
    /// Whether the session that was named lives.
    pub is_session_live: bool,
    pub sender: Sender,
}

/// Who wants to write in which ticket.
pub struct Wish<'a> {
    pub scope: Scope,
    pub ticket_id: &'a str,
    pub sender: UserKey,
    /// Empty for a sender who has none.
    pub session_id: &'a str,
}

impl Wish<'_> {
    fn values(&self) -> [Value<'_>; 4] {
        [self.scope.tenant.into(), self.ticket_id.into(), self.sender.into(), self.session_id.into()]
    }

    fn may_see(&self, target: &Target) -> bool {
        self.scope.customer.is_none_or(|own| target.customer == own)
    }
}

pub fn lock_target(tx: &mut Tx<'_>, wish: &Wish<'_>) -> Result<Target> {
    let sql = match tx.dialect().for_update() {
        "" => Cow::Borrowed(LOCK_TARGET),
        lock => Cow::Owned(format!("{LOCK_TARGET}{lock} of t")),
    };
    let found = tx.first(&sql, &wish.values(), target)?;
    found.filter(|target| wish.may_see(target)).ok_or(Error::NotFound)
}

fn target(row: &mut Row<'_>) -> Result<Target> {
    Ok(Target {
        key: TicketKey(row.take()?),
        customer: UserKey(row.take()?),
        support: row.take::<Option<i64>>()?.map(UserKey),
        status: status_of(&row.take::<String>()?)?,
        last_seq: row.take()?,
        updated_at: row.take()?,
        created_at: row.take()?,
        customer_unread: row.take()?,
        bot_state: bot_state_of(row.take()?)?,
        bot_due_seq: row.take()?,
        is_session_live: row.take()?,
        sender: sender(row)?,
    })
}

const LOCK_TARGET: &str = "select t.ticket_key, t.customer_key, t.support_key, t.status, t.last_seq, t.updated_at,
         t.created_at, t.customer_unread, t.bot_state, t.bot_due_seq,
         exists (select 1 from sessions s where s.tenant_key = $1 and s.session_id = $4 and s.ended_at is null), u.user_id, u.name, u.role, u.avatar_url
     from tickets t join users u on u.tenant_key = t.tenant_key and u.user_key = $3
     where t.tenant_key = $1 and t.ticket_id = $2";

pub struct NewRow<'a> {
    pub ticket: TicketKey,
    pub seq: i64,
    pub sender: UserKey,
    pub kind: MessageKind,
    pub message_content: &'a str,
    pub client_id: Option<&'a str>,
    pub attachments: &'a [Attachment],
    pub timestamp: Timestamp,
}

impl NewRow<'_> {
    /// As they are stored.
    fn attachments(&self) -> Option<String> {
        (!self.attachments.is_empty()).then(|| json!(self.attachments).to_string())
    }
}

/// For each row, false if its sender has used its `client_id` in this ticket before: the unique key decides.
pub fn insert(tx: &mut Tx<'_>, tenant: TenantKey, new: &[NewRow<'_>]) -> Result<Vec<bool>> {
    let attachments: Vec<_> = new.iter().map(NewRow::attachments).collect();
    let rows: Vec<Vec<Value<'_>>> = iter::zip(new, &attachments)
        .map(|(row, attachments)| {
            vec![
                row.ticket.into(),
                row.seq.into(),
                tenant.into(),
                row.sender.into(),
                row.kind.as_str().into(),
                row.message_content.into(),
                row.client_id.into(),
                row.timestamp.into(),
                attachments.as_deref().into(),
            ]
        })
        .collect();
    let inserted = tx.execute_each(
        "insert into messages (ticket_key, seq, tenant_key, sender_key, kind, message_content, client_id, timestamp, attachments)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (ticket_key, sender_key, client_id) where client_id is not null do nothing",
        &rows,
    )?;
    Ok(inserted.into_iter().map(|count| count == 1).collect())
}

/// Gives rows of this transaction, from one `seq` each, another, in the order given.
pub fn renumber(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, moves: &[(i64, i64)]) -> Result<()> {
    let rows: Vec<Vec<Value<'_>>> =
        moves.iter().map(|(from, to)| vec![ticket.into(), tenant.into(), (*from).into(), (*to).into()]).collect();
    tx.execute_each("update messages set seq = $4 where ticket_key = $1 and tenant_key = $2 and seq = $3", &rows)?;
    Ok(())
}

/// What new messages change of their ticket.
pub struct Advance {
    pub count: i64,
    pub status: TicketStatus,
    pub support: Option<UserKey>,
    pub from_customer: bool,
    pub updated_at: Timestamp,
    pub bot_state: Option<BotState>,
    pub bot_due_seq: Option<i64>,
}

impl Advance {
    /// For the customer, and for the staff.
    fn unread(&self) -> (i64, i64) {
        if self.from_customer { (0, self.count) } else { (self.count, 0) }
    }
}

pub fn advance_ticket(tx: &mut Tx<'_>, tenant: TenantKey, target: &Target, to: &Advance) -> Result<()> {
    let (customer_unread, staff_unread) = to.unread();
    tx.execute_later(
        "update tickets set last_seq = last_seq + $3, customer_unread = customer_unread + $4, staff_unread = staff_unread + $5,
             updated_at = $6, bot_due_seq = $7 where tenant_key = $1 and ticket_key = $2",
        &[
            tenant.into(),
            target.key.into(),
            to.count.into(),
            customer_unread.into(),
            staff_unread.into(),
            to.updated_at.into(),
            to.bot_due_seq.into(),
        ],
    )?;
    change_hands(tx, tenant, target, to)
}

/// What seldom changes with a message.
fn change_hands(tx: &mut Tx<'_>, tenant: TenantKey, target: &Target, to: &Advance) -> Result<()> {
    if (to.status, to.support, to.bot_state) != (target.status, target.support, target.bot_state) {
        tx.execute_later(
            "update tickets set status = $3, support_key = $4, closed_at = null, is_held = $5, bot_state = $6
             where tenant_key = $1 and ticket_key = $2",
            &[
                tenant.into(),
                target.key.into(),
                to.status.as_str().into(),
                to.support.into(),
                // Nobody is given what the bot has.
                (to.bot_state == Some(BotState::Bot)).into(),
                to.bot_state.map(BotState::as_str).into(),
            ],
        )?;
    }
    Ok(())
}

pub fn find(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    ticket_id: &str,
    seq: i64,
) -> Result<Option<Message>> {
    let sql = format!("{SELECT} where m.ticket_key = $1 and m.seq = $2 and m.tenant_key = $3");
    tx.first(&sql, &[ticket.into(), seq.into(), tenant.into()], |row| message(row, ticket_id))
}

/// Whether a person other than the customer has written in a ticket before `seq`: somebody with a password.
pub fn has_reply(tx: &mut Tx<'_>, tenant: TenantKey, target: &Target, seq: i64) -> Result<bool> {
    let found = tx.first(
        "select 1 from messages m join users u on u.tenant_key = m.tenant_key and u.user_key = m.sender_key
         where m.ticket_key = $1 and m.seq < $2 and m.tenant_key = $3 and m.sender_key <> $4
             and u.password_hash is not null
         limit 1",
        &[target.key.into(), seq.into(), tenant.into(), target.customer.into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub fn find_by_client_id(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    ticket_id: &str,
    sender: UserKey,
    client_id: &str,
) -> Result<Option<Message>> {
    let sql =
        format!("{SELECT} where m.ticket_key = $1 and m.sender_key = $2 and m.client_id = $3 and m.tenant_key = $4");
    let values = [ticket.into(), sender.into(), client_id.into(), tenant.into()];
    tx.first(&sql, &values, |row| message(row, ticket_id))
}

/// Which way a list walks, and how far it has come.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Place {
    After(i64),
    Before(i64),
}

/// Part of a ticket, from a place on, in one statement; nothing where there is no such ticket in the scope.
pub fn list_page(tx: &mut Tx<'_>, scope: Scope, ticket_id: &str, place: Place, limit: i64) -> Result<Vec<Message>> {
    let (seq, further, order) = match place {
        Place::After(seq) => (seq, ">", "m.seq"),
        Place::Before(seq) => (seq, "<", "m.seq desc"),
    };
    let mut values = vec![scope.tenant.into(), ticket_id.into(), seq.into()];
    let mut own = "";
    if let Some(customer) = scope.customer {
        own = " and customer_key = $4";
        values.push(customer.into());
    }
    let ticket = format!("select ticket_key from tickets where tenant_key = $1 and ticket_id = $2{own}");
    let sql = format!(
        "{SELECT} where m.ticket_key = ({ticket}) and m.seq {further} $3 and m.tenant_key = $1 order by {order}"
    );
    tx.at_most(limit, &sql, &values, |row| message(row, ticket_id))
}

/// In the order of `seq`, from the first one after `after`.
pub fn list_after(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    ticket_id: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Message>> {
    let sql = format!("{SELECT} where m.ticket_key = $1 and m.seq > $2 and m.tenant_key = $3 order by m.seq");
    tx.at_most(limit, &sql, &[ticket.into(), after.into(), tenant.into()], |row| message(row, ticket_id))
}

pub fn list_last_seqs(tx: &mut Tx<'_>, tenant: TenantKey, tickets: &[TicketKey]) -> Result<Vec<(TicketKey, i64)>> {
    let keys = db::padded(tickets.iter().map(|ticket| ticket.0));
    let places: Vec<String> = (0..keys.len()).map(|place| format!("${}", place + 2)).collect();
    let sql = format!(
        "select ticket_key, last_seq from tickets where tenant_key = $1 and ticket_key in ({})",
        places.join(", ")
    );
    let values: Vec<Value<'_>> = iter::once(tenant.into()).chain(keys.into_iter().map(Value::from)).collect();
    tx.all(&sql, &values, |row| Ok((TicketKey(row.take()?), row.take()?)))
}
