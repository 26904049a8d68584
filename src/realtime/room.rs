//! One ticket's room: its members, each with its place in the conversation.
//!
//! A member joins in two steps. From `enter` on, messages are held for it; `settle` says what its snapshot held, and from
//! there it gets the rest, strictly in the order of `seq` and without a hole. Between the two it gets nothing, because
//! its right is being checked.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::realtime::gateway::{Frame, SocketHandle, SocketId};
use crate::realtime::sequencer::Sequencer;
use crate::realtime::wire::Resync;
use crate::tickets::model::{Message, Side, Ticket};

/// What is held for a member whose snapshot is being read, at most; a longer wait ends in a replay.
const MOST_HELD: usize = 1000;

/// A stored message with its frame, made once and sent to many.
pub struct Parcel {
    pub message: Arc<Message>,
    pub frame: Frame,
}

impl Parcel {
    pub fn new(message: Arc<Message>) -> Arc<Self> {
        Arc::new(Self { frame: Frame::event("chat_message", &message), message })
    }
}

/// Messages that are known to be stored but have not been heard of.
#[derive(Clone, Debug)]
pub struct Hole {
    pub tenant: TenantKey,
    pub ticket: TicketKey,
    pub from_seq: i64,
    pub to_seq: i64,
    /// Another node has told of it: nothing is gained by waiting.
    pub is_told: Arc<Notify>,
}

/// Where the snapshot of a joining member ended.
#[derive(Clone, Copy)]
pub struct Snapshot<'a> {
    pub ticket: &'a Ticket,
    /// The last message that the member was given.
    pub given_seq: i64,
    /// More of what is stored remains for the member to fetch.
    pub is_behind: bool,
}

#[derive(Default)]
pub struct Room {
    /// Which ticket it is; None until the first member has settled.
    ticket: Option<(TenantKey, TicketKey, UserKey)>,
    order: Sequencer<Arc<Parcel>>,
    members: HashMap<SocketId, Member>,
    /// What each side was served since it was last collected.
    served: HashMap<Side, i64>,
    /// A hole is being read from the database.
    is_filling: bool,
    is_told: Arc<Notify>,
}

pub struct Member {
    pub handle: SocketHandle,
    pub user: UserKey,
    /// The list of viewers as it was last sent, to send only what differs.
    pub shown_viewers: Option<Frame>,
    place: Place,
}

enum Place {
    /// Its snapshot is being read. One that is known has been given a snapshot before, and was behind.
    Joining { held: Vec<Held>, is_overrun: bool, is_known: bool },
    /// It has everything before `from_seq`.
    Live { from_seq: i64 },
    /// It has more to fetch before live messages make sense to it.
    Behind { is_told: bool },
}

enum Held {
    Message(Arc<Parcel>),
    Frame(Frame),
}

impl Room {
    /// Who is live already stays so: joining again interrupts nothing.
    pub fn enter(&mut self, handle: SocketHandle, user: UserKey) {
        let before = self.members.get(&handle.id()).map(|member| &member.place);
        let is_known = matches!(before, Some(Place::Behind { .. }));
        if !matches!(before, Some(Place::Live { .. })) {
            let place = Place::Joining { held: Vec::new(), is_overrun: false, is_known };
            self.members.insert(handle.id(), Member { handle, user, shown_viewers: None, place });
        }
    }

    /// The snapshot could not be read. Who was here before stays, as what it was; whoever was not leaves.
    pub fn give_up(&mut self, socket: SocketId) {
        let Some(member) = self.members.get_mut(&socket) else { return };
        let Place::Joining { held, is_known, .. } = &mut member.place else { return };
        if *is_known {
            let held = std::mem::take(held);
            member.place = Place::Behind { is_told: false };
            let customer = self.ticket.map_or(UserKey(0), |(_, _, customer)| customer);
            member.take_held(held, customer, &mut self.served);
        } else {
            self.members.remove(&socket);
        }
    }

    pub fn settle(&mut self, socket: SocketId, tenant: TenantKey, snapshot: Snapshot<'_>) {
        let Snapshot { ticket, given_seq, is_behind } = snapshot;
        self.ticket = Some((tenant, ticket.key, ticket.customer));
        let Some(member) = self.members.get_mut(&socket) else { return };
        member.shown_viewers = None;
        note_served(&mut self.served, Side::of(ticket, member.user), given_seq);
        let (from_seq, held, is_overrun) = match std::mem::replace(&mut member.place, Place::Behind { is_told: false })
        {
            Place::Live { from_seq } => (goes_on(Some(from_seq), ticket.last_seq), Vec::new(), false),
            Place::Joining { held, is_overrun, .. } => (goes_on(None, ticket.last_seq), held, is_overrun),
            Place::Behind { .. } => (goes_on(None, ticket.last_seq), Vec::new(), false),
        };
        if misses(self.order.next(), from_seq, first_message(&held)) {
            member.resync(&ticket.ticket_id);
        } else if !is_behind && !is_overrun {
            member.place = Place::Live { from_seq };
        }
        member.take_held(held, ticket.customer, &mut self.served);
        for (_, parcel) in self.order.start_after(ticket.last_seq) {
            self.pass(&parcel);
        }
    }

    pub fn offer(&mut self, parcel: Arc<Parcel>) {
        for (_, parcel) in self.order.offer(parcel.message.seq, parcel) {
            self.pass(&parcel);
        }
    }

    /// Another node has stored messages up to `seq`. Whoever waits before reading waits no longer.
    pub fn learn(&mut self, seq: i64) {
        self.order.learn(seq);
        if self.hole().is_some() {
            self.is_told.notify_one();
        }
    }

    pub fn ticket(&self) -> Option<(TenantKey, TicketKey, UserKey)> {
        self.ticket
    }

    /// A hole that nobody reads yet. Whoever is answered reads it, and says so by `filled`.
    pub fn take_hole(&mut self) -> Option<Hole> {
        let hole = self.hole().filter(|_| !self.is_filling)?;
        self.is_filling = true;
        Some(hole)
    }

    pub fn filled(&mut self) {
        self.is_filling = false;
    }

    pub fn hole(&self) -> Option<Hole> {
        let ((tenant, ticket, _), (from_seq, to_seq)) = (self.ticket?, self.order.hole()?);
        Some(Hole { tenant, ticket, from_seq, to_seq, is_told: self.is_told.clone() })
    }

    pub fn leave(&mut self, socket: SocketId) {
        self.members.remove(&socket);
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Those whose right was checked.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| !matches!(member.place, Place::Joining { .. }))
    }

    pub fn members_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.values_mut().filter(|member| !matches!(member.place, Place::Joining { .. }))
    }

    pub fn has_settled(&self, socket: SocketId) -> bool {
        self.members.get(&socket).is_some_and(|member| !matches!(member.place, Place::Joining { .. }))
    }

    pub fn everybody(&self) -> impl Iterator<Item = SocketId> {
        self.members.keys().copied()
    }

    pub fn everybody_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.values_mut()
    }

    pub fn collect_served(&mut self, all: &mut HashMap<(TenantKey, TicketKey, Side), i64>) {
        let Some((tenant, ticket, _)) = self.ticket else { return };
        for (side, up_to_seq) in self.served.drain() {
            let seq = all.entry((tenant, ticket, side)).or_default();
            *seq = up_to_seq.max(*seq);
        }
    }

    fn pass(&mut self, parcel: &Arc<Parcel>) {
        let customer = self.ticket.map(|(_, _, customer)| customer);
        for member in self.members.values_mut() {
            member.take(parcel, customer.unwrap_or(UserKey(0)), &mut self.served);
        }
    }
}

impl Member {
    /// While it is joining, it gets it behind the snapshot, which may be older.
    pub fn tell(&mut self, frame: &Frame) {
        match &mut self.place {
            Place::Joining { held, is_overrun, .. } => hold(held, is_overrun, Held::Frame(frame.clone())),
            Place::Live { .. } | Place::Behind { .. } => _ = self.handle.emit(frame),
        }
    }

    fn take_held(&mut self, held: Vec<Held>, customer: UserKey, served: &mut HashMap<Side, i64>) {
        for one in held {
            match one {
                Held::Message(parcel) => self.take(&parcel, customer, served),
                Held::Frame(frame) => _ = self.handle.emit(&frame),
            }
        }
    }

    fn take(&mut self, parcel: &Arc<Parcel>, customer: UserKey, served: &mut HashMap<Side, i64>) {
        let seq = parcel.message.seq;
        match &mut self.place {
            Place::Joining { held, is_overrun, .. } => hold(held, is_overrun, Held::Message(parcel.clone())),
            Place::Live { from_seq } if seq >= *from_seq => {
                *from_seq = seq + 1;
                if self.handle.emit(&parcel.frame) {
                    let side = if self.user == customer { Side::Customer } else { Side::Staff };
                    note_served(served, side, seq);
                }
            }
            Place::Live { .. } => {}
            Place::Behind { is_told: false } => self.resync(&parcel.message.ticket_id),
            Place::Behind { is_told: true } => {}
        }
    }

    /// It has to join again before live messages make sense to it.
    fn resync(&mut self, ticket_id: &str) {
        self.place = Place::Behind { is_told: true };
        self.handle.emit(&Frame::event("resync", &Resync { ticket_id }));
    }
}

/// With which message a member goes on behind its answer. Who was live and has joined again may have been sent some of what the
/// answer holds, or is about to be: nothing of either comes a second time.
fn goes_on(live_from: Option<i64>, last_seq: i64) -> i64 {
    live_from.unwrap_or(0).max(last_seq + 1)
}

/// Whether there are messages between a member's snapshot and what was held for it. Of two who join an empty room at the same
/// time the one with the newer snapshot may settle first: what lies between the two snapshots was never handed on.
fn misses(next: Option<i64>, from_seq: i64, first_held: Option<i64>) -> bool {
    next.is_some_and(|next| next > from_seq) && first_held.is_none_or(|first| first > from_seq)
}

fn first_message(held: &[Held]) -> Option<i64> {
    held.iter().find_map(|one| match one {
        Held::Message(parcel) => Some(parcel.message.seq),
        Held::Frame(_) => None,
    })
}

fn hold(held: &mut Vec<Held>, is_overrun: &mut bool, one: Held) {
    if held.len() < MOST_HELD {
        held.push(one);
    } else {
        *is_overrun = true;
    }
}

fn note_served(served: &mut HashMap<Side, i64>, side: Side, seq: i64) {
    let up_to = served.entry(side).or_default();
    *up_to = seq.max(*up_to);
}

#[cfg(test)]
mod tests {
    use super::{goes_on, misses};

    #[test]
    fn who_joins_again_is_sent_nothing_twice() {
        assert_eq!(goes_on(None, 8), 9);
        assert_eq!(goes_on(Some(8), 8), 9, "8 is in the answer, and was not heard of yet");
        assert_eq!(goes_on(Some(11), 8), 11, "the answer is older than what was sent");
    }

    #[test]
    fn who_settles_behind_somebody_with_a_newer_snapshot_has_to_join_again() {
        assert!(!misses(None, 9, None), "the first to settle");
        assert!(!misses(Some(9), 9, None), "nothing came since its snapshot");
        assert!(misses(Some(11), 9, None), "9 and 10 were in the other's snapshot alone");
        assert!(misses(Some(13), 9, Some(11)));
        assert!(!misses(Some(13), 9, Some(9)) && !misses(Some(13), 9, Some(7)), "all of it was held");
    }
}
