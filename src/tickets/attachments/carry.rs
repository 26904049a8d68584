//! What a message brings along: files that its sender has uploaded for this ticket, each carried once.

use crate::auth::model::{Caller, TicketKey};
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::tickets::attachments::model::Attachment;
use crate::tickets::attachments::{MAX_FILES, store};

/// The rule for the list of ids, for garde.
pub fn ids<T: AsRef<[String]>>(ids: &T, _: &()) -> garde::Result {
    let ids = ids.as_ref();
    if ids.len() > MAX_FILES {
        return Err(garde::Error::new(format!("too_many: At most {MAX_FILES}.")));
    }
    let is_repeated = ids.iter().enumerate().any(|(place, id)| ids[..place].contains(id));
    if is_repeated { Err(garde::Error::new("duplicate: A file is named twice.")) } else { Ok(()) }
}

/// The files by these ids, the ticket being locked. None: one of them was sent already.
pub fn find_unsent(
    tx: &mut Tx<'_>,
    caller: &Caller,
    ticket: TicketKey,
    ids: &[String],
) -> Result<Option<Vec<Attachment>>> {
    let mut found = Vec::with_capacity(ids.len());
    let mut is_any_sent = false;
    for id in ids {
        let (attachment, is_sent) =
            store::find_own_and_lock(tx, caller.tenant, ticket, caller.user, id)?.ok_or_else(unknown)?;
        is_any_sent |= is_sent;
        found.push(attachment);
    }
    Ok((!is_any_sent).then_some(found))
}

/// They are the message's from now on.
pub fn mark_sent(tx: &mut Tx<'_>, caller: &Caller, attachments: &[Attachment], seq: i64) -> Result<()> {
    attachments.iter().try_for_each(|one| store::mark_sent(tx, caller.tenant, &one.attachment_id, seq))
}

/// Absent, another ticket's, somebody else's, sent before: all the same to whoever asks.
pub fn unknown() -> Error {
    Error::invalid(
        "attachment_ids",
        "unknown",
        "It names a file that you have not uploaded for this ticket, or have sent.",
    )
}
