//! One ticket's room: its members, each with its place in the conversation.
//!
//! A member joins in two steps. From `enter` on, messages are held for it; `settle` says what its snapshot held, and from
//! there it gets the rest, strictly in the order of `seq` and without a hole. Between the two it gets nothing, because
//! its right is being checked.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::realtime::gateway::{SocketHandle, SocketId};
use crate::realtime::sequencer::Sequencer;
use crate::realtime::wire::{self, Resync};
use crate::tickets::model::{Message, Side, Ticket};

/// Messages that are held for a member whose snapshot is being read, at most; a longer wait ends in a replay.
const MOST_HELD: usize = 1000;

/// A stored message with its JSON, made once and sent to many.
pub struct Parcel {
    pub message: Arc<Message>,
    pub json: Box<RawValue>,
}

/// Messages that are known to be stored but have not been heard of.
#[derive(Clone, Debug)]
pub struct Hole {
    pub tenant: TenantKey,
    pub ticket: TicketKey,
    pub from_seq: i64,
    pub to_seq: i64,
}

#[derive(Default)]
pub struct Room {
    /// Which ticket it is; None until the first member has settled.
    ticket: Option<(TenantKey, TicketKey, UserKey)>,
    order: Sequencer<Arc<Parcel>>,
    members: HashMap<SocketId, Member>,
    /// What each side was served since it was last collected.
    served: HashMap<Side, i64>,
}

pub struct Member {
    pub handle: SocketHandle,
    pub user: UserKey,
    place: Place,
}

enum Place {
    /// Its snapshot is being read.
    Joining { held: Vec<Arc<Parcel>>, is_overrun: bool },
    /// It has everything before `from_seq`.
    Live { from_seq: i64 },
    /// It has more to fetch before live messages make sense to it.
    Behind { is_told: bool },
}

impl Room {
    pub fn enter(&mut self, handle: SocketHandle, user: UserKey) {
        let place = Place::Joining { held: Vec::new(), is_overrun: false };
        self.members.insert(handle.id(), Member { handle, user, place });
    }

    pub fn settle(&mut self, socket: SocketId, tenant: TenantKey, ticket: &Ticket, is_behind: bool) {
        self.ticket = Some((tenant, ticket.key, ticket.customer));
        let Some(member) = self.members.get_mut(&socket) else { return };
        let from_seq = ticket.last_seq + 1;
        let place = if is_behind { Place::Behind { is_told: false } } else { Place::Live { from_seq } };
        if let Place::Joining { held, is_overrun } = std::mem::replace(&mut member.place, place) {
            if is_overrun && !is_behind {
                member.place = Place::Behind { is_told: false };
            }
            let side = Side::of(ticket, member.user);
            note_served(&mut self.served, side, ticket.last_seq);
            for parcel in held {
                member.take(&parcel, ticket.customer, &mut self.served);
            }
        }
        for (_, parcel) in self.order.start_after(ticket.last_seq) {
            self.pass(&parcel);
        }
    }

    pub fn offer(&mut self, parcel: Arc<Parcel>) {
        for (_, parcel) in self.order.offer(parcel.message.seq, parcel) {
            self.pass(&parcel);
        }
    }

    pub fn hole(&self) -> Option<Hole> {
        let ((tenant, ticket, _), (from_seq, to_seq)) = (self.ticket?, self.order.hole()?);
        Some(Hole { tenant, ticket, from_seq, to_seq })
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

    pub fn has_settled(&self, socket: SocketId) -> bool {
        self.members().any(|member| member.handle.id() == socket)
    }

    pub fn everybody(&self) -> impl Iterator<Item = SocketId> {
        self.members.keys().copied()
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
    fn take(&mut self, parcel: &Arc<Parcel>, customer: UserKey, served: &mut HashMap<Side, i64>) {
        let seq = parcel.message.seq;
        match &mut self.place {
            Place::Joining { held, is_overrun } => {
                if held.len() < MOST_HELD {
                    held.push(parcel.clone());
                } else {
                    *is_overrun = true;
                }
            }
            Place::Live { from_seq } if seq >= *from_seq => {
                *from_seq = seq + 1;
                if self.handle.emit("chat_message", &parcel.json) {
                    let side = if self.user == customer { Side::Customer } else { Side::Staff };
                    note_served(served, side, seq);
                }
            }
            Place::Live { .. } => {}
            Place::Behind { is_told } => {
                if !std::mem::replace(is_told, true) {
                    let ticket_id = parcel.message.ticket_id.as_str();
                    self.handle.emit("resync", &wire::raw(&Resync { ticket_id }));
                }
            }
        }
    }
}

fn note_served(served: &mut HashMap<Side, i64>, side: Side, seq: i64) {
    let up_to = served.entry(side).or_default();
    *up_to = seq.max(*up_to);
}
