//! What the hub is told of what happens on other nodes, and what it answers of who is interested in it here.

use std::sync::Arc;
use std::time::Instant;

use super::Hub;
use crate::auth::model::{TenantKey, TicketKey, UserKey};
use crate::realtime::room::Hole;

impl Hub {
    /// Another node has stored messages up to `seq`. Answers a hole that nobody reads yet.
    pub fn learn(&self, ticket_id: &str, seq: i64) -> Option<Hole> {
        let mut state = self.lock();
        let room = state.rooms.get_mut(ticket_id)?;
        room.learn(seq);
        room.take_hole()
    }

    /// The tickets that somebody here follows.
    pub fn followed(&self) -> Vec<(TenantKey, TicketKey, String)> {
        let state = self.lock();
        let known = state.rooms.iter().filter_map(|(ticket_id, room)| Some((room.ticket()?, ticket_id)));
        known.map(|((tenant, ticket, _), ticket_id)| (tenant, ticket, ticket_id.clone())).collect()
    }

    /// Whose ticket somebody here follows.
    pub fn customer_of(&self, ticket_id: &str) -> Option<UserKey> {
        self.lock().rooms.get(ticket_id)?.ticket().map(|(_, _, customer)| customer)
    }

    /// Whether a tenant has sockets here: of what concerns another, nothing has to be read.
    pub fn serves(&self, tenant: TenantKey) -> bool {
        self.lock().tenants.contains_key(&tenant)
    }

    pub fn served_tenants(&self) -> Vec<TenantKey> {
        self.lock().tenants.keys().copied().collect()
    }

    /// Somebody types on another node. Should that node die, it ends here by itself.
    pub fn begin_typing_elsewhere(&self, ticket_id: &str, user: UserKey, who: (&str, &str), until: Instant) {
        let mut state = self.lock();
        if state.rooms.contains_key(ticket_id) {
            let (user_id, name): (Arc<str>, Arc<str>) = (who.0.into(), who.1.into());
            state.typing.begin(ticket_id, user, (&user_id, &name), None, until);
        }
    }
}
