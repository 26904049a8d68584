//! Messages of one sender that follow one another into a ticket: their rows, and what becomes of each.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::model::Caller;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::attachments::model::Attachment;
use crate::tickets::messages::send::{NewMessage, Sent};
use crate::tickets::messages::store::{self, NewRow, Target};
use crate::tickets::model::{BotState, Message, MessageKind};

/// Into a ticket that is locked.
pub(super) struct Run<'a, 'm: 'a> {
    pub caller: &'a Caller,
    pub target: &'a Target,
    pub ticket_id: &'a str,
    pub messages: &'m [NewMessage],
    pub now: Timestamp,
}

impl<'m> Run<'_, 'm> {
    /// Stores them, and records that they were sent. `files` are carried by each.
    pub fn store(&self, tx: &mut Tx<'_>, files: &'m [Attachment]) -> Result<Vec<Result<Sent>>> {
        let mut rows = self.rows(files);
        let are_new = store::insert(tx, self.caller.tenant, &rows)?;
        self.answer(tx, &mut rows, &are_new)
    }

    /// Under the `seq`s after the target's last one.
    pub fn rows(&self, files: &'m [Attachment]) -> Vec<NewRow<'m>> {
        iter::zip(self.messages, self.target.last_seq + 1..)
            .map(|(new, seq)| NewRow {
                ticket: self.target.key,
                seq,
                sender: self.caller.user,
                kind: MessageKind::Text,
                message_content: &new.message_content,
                client_id: new.client_id.as_deref(),
                attachments: files,
                timestamp: self.now,
            })
            .collect()
    }

    /// What became of the rows that were inserted: records those that are new, and finds what the others repeat.
    pub fn answer(&self, tx: &mut Tx<'_>, rows: &mut [NewRow<'_>], are_new: &[bool]) -> Result<Vec<Result<Sent>>> {
        let Self { caller, target, .. } = *self;
        self.close_gaps(tx, rows, are_new)?;
        let mut is_first = true;
        let mut answers = Vec::with_capacity(rows.len());
        for ((new, row), is_new) in self.messages.iter().zip(rows.iter()).zip(are_new) {
            if !is_new {
                let first = self.first_one(tx, new).transpose();
                answers.push(first.ok_or(Error::bug("a client_id is taken by no message"))?.map(Sent::Again));
                continue;
            }
            let message = Arc::new(store::message_of(self.ticket_id, &target.sender, row));
            // Behind one of the same person's there is a reply.
            let first_reply_after = match std::mem::take(&mut is_first) {
                true => self.first_reply_after(tx, row.seq)?,
                false => None,
            };
            let is_for_bot = caller.user == target.customer && target.bot_state == Some(BotState::Bot);
            let what = What::MessageSent { message: message.clone(), first_reply_after, is_for_bot };
            events::record(tx, &Act::of(caller, self.now), what)?;
            answers.push(Ok(Sent::New(message)));
        }
        Ok(answers)
    }

    /// A repeat among new ones left a hole in `seq` where it would have stood: those behind it move up.
    fn close_gaps(&self, tx: &mut Tx<'_>, rows: &mut [NewRow<'_>], are_new: &[bool]) -> Result<()> {
        let stored = iter::zip(rows, are_new).filter_map(|(row, is_new)| is_new.then_some(row));
        let mut moves = Vec::new();
        for (row, seq) in iter::zip(stored, self.target.last_seq + 1..) {
            if row.seq != seq {
                moves.push((row.seq, seq));
                row.seq = seq;
            }
        }
        if moves.is_empty() { Ok(()) } else { store::renumber(tx, self.caller.tenant, self.target.key, &moves) }
    }

    /// The message that this `client_id` made before, if it did.
    pub fn first_one(&self, tx: &mut Tx<'_>, new: &NewMessage) -> Result<Option<Arc<Message>>> {
        let Some(client_id) = new.client_id.as_deref() else { return Ok(None) };
        let Self { caller, target, ticket_id, .. } = *self;
        let first = store::find_by_client_id(tx, caller.tenant, target.key, ticket_id, caller.user, client_id)?;
        let Some(first) = first else { return Ok(None) };
        let carried = first.attachments.iter().map(|attachment| &attachment.attachment_id);
        if first.message_content == new.message_content && carried.eq(&new.attachment_ids) {
            Ok(Some(Arc::new(first)))
        } else {
            Err(Error::Conflict("client_id_reused"))
        }
    }

    /// How long the customer had waited, if `seq` is the first message that a person of the staff wrote in the ticket. One with
    /// which staff opened it is no reply.
    fn first_reply_after(&self, tx: &mut Tx<'_>, seq: i64) -> Result<Option<Duration>> {
        let Self { caller, target, now, .. } = *self;
        // Where nothing of the staff's side is unread, nobody has written since the customer; a bot's words say nothing of that.
        let is_plausible = target.customer_unread == 0 || target.bot_state.is_some();
        let may_be = caller.is_person() && caller.user != target.customer && is_plausible && now > target.created_at;
        if !may_be || store::has_reply(tx, caller.tenant, target, seq)? {
            return Ok(None);
        }
        Ok(Some(now.since(target.created_at)))
    }
}
