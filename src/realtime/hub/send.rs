//! What is sent to whom.

use std::collections::HashSet;

use super::{Client, Hub, State};
use crate::auth::guard;
use crate::auth::model::{TenantKey, UserKey};
use crate::realtime::gateway::{Frame, SocketHandle, SocketId};
use crate::realtime::room::Room;
use crate::tickets::model::Ticket;

/// One event as each side of a conversation sees it.
pub struct Views {
    pub for_customer: Frame,
    pub for_staff: Frame,
}

impl Hub {
    /// To everybody in a ticket's room; written out only if there is one.
    pub fn to_room(&self, ticket_id: &str, write: impl FnOnce() -> Frame) {
        if !self.has_room(ticket_id) {
            return;
        }
        let frame = &write();
        if let Some(room) = self.lock().rooms.get_mut(ticket_id) {
            room.everybody_mut().for_each(|member| member.tell(frame));
        }
    }

    /// To everybody in a ticket's room but one user, if they can keep up: for what may be missed.
    pub fn to_room_volatile(&self, ticket_id: &str, frame: &Frame, but: UserKey) {
        if let Some(room) = self.lock().rooms.get(ticket_id) {
            let others = room.members().filter(|member| member.user != but);
            others.for_each(|member| _ = member.handle.emit_volatile(frame));
        }
    }

    pub fn to_staff(&self, tenant: TenantKey, frame: &Frame) {
        for client in self.lock().staff(tenant) {
            client.handle.emit(frame);
        }
    }

    /// To a ticket's room and the tenant's staff, once for each socket, each as its side sees it.
    pub fn to_room_and_staff(&self, tenant: TenantKey, ticket: &Ticket, views: &Views) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let view = |user: UserKey| if user == ticket.customer { &views.for_customer } else { &views.for_staff };
        let mut reached = HashSet::new();
        for member in state.rooms.get_mut(&ticket.ticket_id).into_iter().flat_map(Room::everybody_mut) {
            member.tell(view(member.user));
            reached.insert(member.handle.id());
        }
        for client in state.staff(tenant).filter(|client| !reached.contains(&client.handle.id())) {
            client.handle.emit(view(client.caller.user));
        }
    }

    /// Empties a ticket's room; tells the customers in it, since staff are told by themselves.
    pub fn close_room(&self, ticket_id: &str, frame: &Frame) {
        let customers = |state: &State, room: &Room| -> Vec<SocketHandle> {
            let is_customer =
                |socket: SocketId| state.clients.get(&socket).is_some_and(|client| !client.caller.role.is_staff());
            room.members().map(|member| &member.handle).filter(|handle| is_customer(handle.id())).cloned().collect()
        };
        let state = self.lock();
        for handle in state.rooms.get(ticket_id).map(|room| customers(&state, room)).unwrap_or_default() {
            handle.emit(frame);
        }
        drop(state);
        self.put_out(ticket_id, |_, _| false);
    }

    /// Tells the sockets of a session that it is over, and cuts them.
    pub fn end_session(&self, session_id: &str) {
        let of_session = |client: &&Client| client.caller.session_id.as_deref() == Some(session_id);
        self.lock().clients.values().filter(of_session).for_each(Client::expire);
    }

    /// The same for those that came with an API key.
    pub fn end_api_key(&self, api_key_id: &str) {
        let of_key = |client: &&Client| client.api_key_id.as_deref() == Some(api_key_id);
        self.lock().clients.values().filter(of_key).for_each(Client::expire);
    }

    /// The same for those on pages that the key serves no more; `allowed` is what it lists now.
    pub fn end_foreign(&self, api_key_id: &str, allowed: &[String]) {
        let is_foreign = |client: &&Client| {
            client.api_key_id.as_deref() == Some(api_key_id) && !guard::serves(allowed, client.origin.as_deref())
        };
        self.lock().clients.values().filter(is_foreign).for_each(Client::expire);
    }

    pub fn expire(&self, socket: SocketId) {
        self.lock().clients.get(&socket).into_iter().for_each(Client::expire);
    }

    /// The same for those whose token has run out.
    pub fn expire_tokens(&self, now_seconds: i64) {
        self.lock().clients.values().filter(|client| client.token_ends <= now_seconds).for_each(Client::expire);
    }

    pub fn to_user(&self, tenant: TenantKey, user: UserKey, frame: &Frame) {
        let state = self.lock();
        for client in state.sockets_of(tenant, user).iter().filter_map(|socket| state.clients.get(socket)) {
            client.handle.emit_volatile(frame);
        }
    }
}
