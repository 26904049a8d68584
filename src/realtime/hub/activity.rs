//! What is new in which ticket, and who has not been told: the tenant's staff, and the customer on every connection, whether
//! or not they follow the ticket.

use std::collections::{HashMap, HashSet};

use super::{Client, Hub, State};
use crate::auth::model::TenantKey;
use crate::realtime::gateway::{Frame, SocketId};
use crate::tickets::activity::TicketActivity;
use crate::tickets::model::Side;

/// By the ids of the tickets. A turn takes what waits in hand, reads it and tells it.
#[derive(Default)]
pub(super) struct News {
    waiting: HashMap<String, Untold>,
    in_hand: HashMap<String, Untold>,
}

struct Untold {
    tenant: TenantKey,
    sides: HashSet<Side>,
    /// Of the sides that were told, those who were too far behind.
    missed_by: HashSet<SocketId>,
}

impl Hub {
    /// Something happened that these sides of a ticket have to be told.
    pub fn note_activity(&self, tenant: TenantKey, ticket_id: &str, sides: &[Side]) {
        let mut state = self.lock();
        // Where nobody of the tenant is connected, nobody is told later either.
        if state.tenants.contains_key(&tenant) {
            let sides = sides.iter().copied().collect();
            state.news.wait(ticket_id, Untold { tenant, sides, missed_by: HashSet::new() });
        }
    }

    /// A ticket is gone, or somebody else's: what was read of it before is told to nobody.
    pub fn withdraw_activity(&self, ticket_id: &str) {
        let News { waiting, in_hand } = &mut self.lock().news;
        waiting.remove(ticket_id);
        in_hand.remove(ticket_id);
    }

    /// Begins a turn: the tickets that have to be told, and can be.
    pub fn take_activity(&self) -> Vec<(TenantKey, String)> {
        let mut guard = self.lock();
        let State { clients, news, .. } = &mut *guard;
        for (ticket_id, mut untold) in std::mem::take(&mut news.waiting) {
            untold.missed_by.retain(|socket| clients.contains_key(socket));
            if !untold.sides.is_empty() || untold.missed_by.iter().any(|socket| !clients[socket].handle.is_behind()) {
                news.in_hand.insert(ticket_id, untold);
            } else if !untold.missed_by.is_empty() {
                news.waiting.insert(ticket_id, untold);
            }
        }
        news.in_hand.iter().map(|(ticket_id, untold)| (untold.tenant, ticket_id.clone())).collect()
    }

    /// Tells one ticket of the turn, unless it was withdrawn meanwhile; None is a ticket that is gone. Answers how many
    /// sockets were told.
    pub fn tell_activity(&self, ticket_id: &str, activity: Option<TicketActivity>) -> u32 {
        let Some(activity) = activity else {
            self.withdraw_activity(ticket_id);
            return 0;
        };
        let customer = activity.customer;
        let view = |side| Frame::event("ticket_activity", &activity.clone().seen_by(side));
        let (for_customer, for_staff) = (view(Side::Customer), view(Side::Staff));
        let mut guard = self.lock();
        let Some(Untold { tenant, sides, missed_by }) = guard.news.in_hand.remove(ticket_id) else { return 0 };
        let of_customer = guard.sockets_of(tenant, customer).iter().filter_map(|socket| guard.clients.get(socket));
        // A customer's connections that act as staff are among the staff's already.
        let listeners = guard.staff(tenant).chain(of_customer.filter(|client| !client.caller.role.is_staff()));
        let (mut told, mut behind) = (0, HashSet::new());
        for Client { handle, caller, .. } in listeners {
            let (side, view) = match caller.user == customer {
                true => (Side::Customer, &for_customer),
                false => (Side::Staff, &for_staff),
            };
            let is_due = sides.contains(&side) || missed_by.contains(&handle.id());
            if is_due {
                match handle.emit_volatile(view) {
                    true => told += 1,
                    false => _ = behind.insert(handle.id()),
                }
            }
        }
        if !behind.is_empty() {
            guard.news.wait(ticket_id, Untold { tenant, sides: HashSet::new(), missed_by: behind });
        }
        told
    }

    /// Ends a turn that could not read: what is left of it waits for the next one.
    pub fn return_activity(&self) {
        let news = &mut self.lock().news;
        for (ticket_id, untold) in std::mem::take(&mut news.in_hand) {
            news.wait(&ticket_id, untold);
        }
    }
}

impl News {
    fn wait(&mut self, ticket_id: &str, untold: Untold) {
        match self.waiting.get_mut(ticket_id) {
            Some(waiting) => {
                waiting.sides.extend(untold.sides);
                waiting.missed_by.extend(untold.missed_by);
            }
            None => _ = self.waiting.insert(ticket_id.to_owned(), untold),
        }
    }
}
