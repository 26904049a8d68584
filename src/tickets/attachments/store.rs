//! The SQL of attachments, and of the files that have to go.

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Row, Tx};
use crate::tickets::attachments::model::{Attachment, url};
use crate::tickets::attachments::show::thumb_of;
use crate::tickets::model::Scope;

const FIELDS: &str = "a.attachment_id, a.name, a.content_type, a.size, a.width, a.height";

fn attachment(row: &mut Row<'_>) -> Result<Attachment> {
    let attachment_id: String = row.take()?;
    let url = url(&attachment_id);
    let (name, content_type, size) = (row.take()?, row.take()?, number(row.take::<i64>()?)?);
    let mut side = || row.take::<Option<i64>>()?.map(number).transpose();
    let (width, height) = (side()?, side()?);
    Ok(Attachment { attachment_id, name, content_type, size, width, height, url, is_image: width.is_some() })
}

fn number<T: TryFrom<i64>>(stored: i64) -> Result<T> {
    T::try_from(stored).map_err(|_| Error::bug("a size is stored that is none"))
}

pub fn insert(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    uploader: UserKey,
    attachment: &Attachment,
    thumb_type: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "insert into attachments (attachment_id, tenant_key, ticket_key, uploader_key, name, content_type, size, width, height,
             thumb_type, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            attachment.attachment_id.as_str().into(),
            tenant.into(),
            ticket.into(),
            uploader.into(),
            attachment.name.as_str().into(),
            attachment.content_type.as_str().into(),
            attachment.size.cast_signed().into(),
            attachment.width.map(i64::from).into(),
            attachment.height.map(i64::from).into(),
            thumb_type.into(),
            now.into(),
        ],
    )?;
    Ok(())
}

/// Shows the names of all files that rows name, small versions as well. Of a copy, which may be older than files are.
pub fn each_file(copy: &mut Tx<'_>, visit: &mut dyn FnMut(&str)) -> Result<()> {
    const PAGE: usize = 1_000;
    let table = "select count(*) from sqlite_schema where type = 'table' and name = 'attachments'";
    let mut last = match copy.one(table, &[], |row| row.take::<i64>())? {
        0 => None,
        _ => Some(String::new()),
    };
    while let Some(after) = last {
        let page = copy.all(
            "select attachment_id, thumb_type is not null from attachments where attachment_id > $1
             order by attachment_id limit $2",
            &[after.as_str().into(), (PAGE as i64).into()],
            |row| Ok((row.take::<String>()?, row.take::<bool>()?)),
        )?;
        for (id, has_thumb) in &page {
            visit(id);
            if *has_thumb {
                visit(&thumb_of(id));
            }
        }
        last = page.into_iter().next_back().map(|(id, _)| id);
    }
    Ok(())
}

/// What is needed to send somebody a file.
pub struct Shown {
    pub attachment: Attachment,
    pub thumb_type: Option<String>,
}

/// If its ticket is in the scope, and a message carries it or the reader uploaded it.
pub fn find(tx: &mut Tx<'_>, scope: Scope, reader: UserKey, attachment_id: &str) -> Result<Shown> {
    let sql = format!(
        "select {FIELDS}, a.thumb_type, a.uploader_key, a.message_seq, t.customer_key from attachments a
         join tickets t on t.tenant_key = a.tenant_key and t.ticket_key = a.ticket_key
         where a.tenant_key = $1 and a.attachment_id = $2"
    );
    let found = tx.first(&sql, &[scope.tenant.into(), attachment_id.into()], |row| {
        let shown = Shown { attachment: attachment(row)?, thumb_type: row.take()? };
        let is_own = UserKey(row.take()?) == reader;
        let is_sent = row.take::<Option<i64>>()?.is_some();
        let customer = UserKey(row.take()?);
        Ok((shown, (is_own || is_sent) && scope.customer.is_none_or(|own| customer == own)))
    })?;
    found.filter(|(_, may_see)| *may_see).map(|(shown, _)| shown).ok_or(Error::NotFound)
}

/// One that this user has uploaded for this ticket, and whether a message carries it already. Nobody takes it until the
/// transaction ends.
pub fn find_own_and_lock(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    ticket: TicketKey,
    uploader: UserKey,
    attachment_id: &str,
) -> Result<Option<(Attachment, bool)>> {
    let sql = format!(
        "select {FIELDS}, a.message_seq from attachments a
         where a.tenant_key = $1 and a.attachment_id = $2 and a.ticket_key = $3 and a.uploader_key = $4{}",
        tx.dialect().for_update()
    );
    let values = [tenant.into(), attachment_id.into(), ticket.into(), uploader.into()];
    tx.first(&sql, &values, |row| Ok((attachment(row)?, row.take::<Option<i64>>()?.is_some())))
}

pub fn mark_sent(tx: &mut Tx<'_>, tenant: TenantKey, attachment_id: &str, seq: i64) -> Result<()> {
    tx.execute_later(
        "update attachments set message_seq = $3 where tenant_key = $1 and attachment_id = $2",
        &[tenant.into(), attachment_id.into(), seq.into()],
    )?;
    Ok(())
}

/// Gives what a guest has uploaded and not yet sent to the customer the guest turned out to be.
pub fn adopt(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, guest: UserKey, customer: UserKey) -> Result<()> {
    tx.execute(
        "update attachments set uploader_key = $4 where tenant_key = $1 and ticket_key = $2 and uploader_key = $3",
        &[tenant.into(), ticket.into(), guest.into(), customer.into()],
    )?;
    Ok(())
}

/// Lets the files of a ticket go that is about to be deleted; how many there are.
pub fn release_of_ticket(tx: &mut Tx<'_>, tenant: TenantKey, ticket: TicketKey, now: Timestamp) -> Result<u64> {
    tx.execute(
        "insert into file_removals (file_id, tenant_key, due_at)
         select attachment_id, tenant_key, $3 from attachments where tenant_key = $1 and ticket_key = $2",
        &[tenant.into(), ticket.into(), now.into()],
    )
}

/// Lets go, up to `limit` of them, what was uploaded before `than` and no message has taken; how many went.
pub fn release_unused(tx: &mut Tx<'_>, than: Timestamp, now: Timestamp, limit: i64) -> Result<u64> {
    let gone = tx.all(
        "delete from attachments where message_seq is null and attachment_id in
             (select attachment_id from attachments where message_seq is null and created_at < $1 limit $2)
         returning attachment_id, tenant_key",
        &[than.into(), limit.into()],
        |row| Ok((row.take::<String>()?, TenantKey(row.take()?))),
    )?;
    for (file_id, tenant) in &gone {
        expect_removal(tx, *tenant, file_id, now)?;
    }
    Ok(gone.len() as u64)
}

/// Notes that a file has to go from `due_at` on, unless somebody says otherwise before.
pub fn expect_removal(tx: &mut Tx<'_>, tenant: TenantKey, file_id: &str, due_at: Timestamp) -> Result<()> {
    tx.execute(
        "insert into file_removals (file_id, tenant_key, due_at) values ($1, $2, $3)",
        &[file_id.into(), tenant.into(), due_at.into()],
    )?;
    Ok(())
}

/// The file goes later.
pub fn put_off_removal(tx: &mut Tx<'_>, tenant: TenantKey, file_id: &str, due_at: Timestamp) -> Result<()> {
    tx.execute(
        "update file_removals set due_at = $3 where tenant_key = $1 and file_id = $2",
        &[tenant.into(), file_id.into(), due_at.into()],
    )?;
    Ok(())
}

/// The file stays. False if it has gone already.
pub fn cancel_removal(tx: &mut Tx<'_>, tenant: TenantKey, file_id: &str) -> Result<bool> {
    let cancelled = tx.execute(
        "delete from file_removals where tenant_key = $1 and file_id = $2",
        &[tenant.into(), file_id.into()],
    )?;
    Ok(cancelled == 1)
}

/// The files that have to go now.
pub fn list_removals(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<(TenantKey, String)>> {
    tx.all(
        "select tenant_key, file_id from file_removals where due_at <= $1 order by due_at limit $2",
        &[now.into(), limit.into()],
        |row| Ok((TenantKey(row.take()?), row.take()?)),
    )
}

/// How many those are, to 10,000, and since when the first of them should be gone.
pub fn count_removals(tx: &mut Tx<'_>, now: Timestamp) -> Result<(i64, Option<Timestamp>)> {
    tx.one(
        "select count(*), min(counted.due_at) from (
             select due_at from file_removals where due_at <= $1 order by due_at limit 10000) as counted",
        &[now.into()],
        |row| Ok((row.take()?, row.take()?)),
    )
}
