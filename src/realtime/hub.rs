//! Which sockets there are, which tickets they follow, and what is sent to whom.
//!
//! One lock, held for moments and never over an await: what is emitted under it is only queued. That is what makes the
//! order of a room's frames the order of `seq`.

mod activity;
mod elsewhere;
mod send;
mod viewers;
mod watch;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use crate::auth::guard::Credentials;
use crate::auth::model::{Caller, Role, TenantKey, TicketKey, UserKey};
use crate::realtime::gateway::{Frame, SocketHandle, SocketId};
use crate::realtime::presence::{View, renamed};
use crate::realtime::room::{Hole, Parcel, Room, Snapshot};
use crate::realtime::typing::{Ended, Typing};
use crate::realtime::wire::SessionExpired;
use crate::tickets::messages::delivered::Served;
use crate::tickets::model::Side;

pub use send::Views;

#[derive(Default)]
pub struct Hub(Mutex<State>);

#[derive(Default)]
struct State {
    clients: HashMap<SocketId, Client>,
    users: HashMap<(TenantKey, UserKey), Vec<SocketId>>,
    /// How many sockets a tenant has.
    tenants: HashMap<TenantKey, usize>,
    /// The sockets that act as staff.
    staff: HashMap<TenantKey, HashSet<SocketId>>,
    /// The sockets of customers that see this member of staff.
    watchers: HashMap<(TenantKey, UserKey), HashSet<SocketId>>,
    /// Those that were too far behind for the list of who is online.
    unshown: HashMap<TenantKey, HashSet<SocketId>>,
    rooms: HashMap<String, Room>,
    typing: Typing,
    /// Tickets whose viewers may be others than were last shown.
    stirred: HashSet<String>,
    /// Tickets in which something is new, and who has to be told.
    news: activity::News,
    /// Up to which `seq` each side of a ticket was served since the marks were last written.
    served: HashMap<(TenantKey, TicketKey, Side), i64>,
}

struct Client {
    handle: SocketHandle,
    caller: Arc<Caller>,
    token_ends: i64,
    api_key_id: Option<String>,
    origin: Option<String>,
    rooms: HashSet<String>,
    /// Whose presence it sees; None until that was looked up.
    view: Option<View>,
    /// The list of who is online as it was last sent, to send only what differs.
    shown: Option<Frame>,
}

impl Hub {
    pub fn add(&self, handle: SocketHandle, credentials: Credentials, view: Option<View>) {
        let Credentials { caller, token_ends, api_key_id, origin, .. } = credentials;
        let (rooms, shown) = (HashSet::new(), None);
        self.lock().add(Client { handle, caller, token_ends, api_key_id, origin, rooms, view, shown });
    }

    /// Forgets a socket; answers the typing indicators that end with it.
    pub fn remove(&self, socket: SocketId) -> Vec<Ended> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(client) = state.clients.remove(&socket) else { return Vec::new() };
        let (tenant, user) = (client.caller.tenant, client.caller.user);
        if let Entry::Occupied(mut sockets) = state.tenants.entry(tenant) {
            *sockets.get_mut() -= 1;
            if *sockets.get() == 0 {
                sockets.remove();
            }
        }
        if let Entry::Occupied(mut sockets) = state.users.entry((tenant, user)) {
            sockets.get_mut().retain(|one| *one != socket);
            if sockets.get().is_empty() {
                sockets.remove();
            }
        }
        if let Entry::Occupied(mut sockets) = state.staff.entry(tenant) {
            sockets.get_mut().remove(&socket);
            if sockets.get().is_empty() {
                sockets.remove();
            }
        }
        if let Some(View::Only(seen)) = &client.view {
            seen.iter().for_each(|user| state.stop_watching(tenant, *user, socket));
        }
        for ticket_id in &client.rooms {
            state.take_out(socket, ticket_id);
        }
        state.typing.end_of_socket(socket, None)
    }

    /// How many sockets a user has.
    pub fn count(&self, tenant: TenantKey, user: UserKey) -> usize {
        self.lock().sockets_of(tenant, user).len()
    }

    /// After `reauth`: the same user by another token, and perhaps another session.
    pub fn renew(&self, socket: SocketId, credentials: &Credentials) {
        if let Some(client) = self.lock().clients.get_mut(&socket) {
            (client.caller, client.token_ends) = (credentials.caller.clone(), credentials.token_ends);
        }
    }

    pub fn caller(&self, socket: SocketId) -> Option<Arc<Caller>> {
        self.lock().clients.get(&socket).map(|client| client.caller.clone())
    }

    /// The sessions that a user's sockets belong to.
    pub fn sessions(&self, tenant: TenantKey, user: UserKey) -> HashSet<Arc<str>> {
        let state = self.lock();
        let clients = state.sockets_of(tenant, user).iter().filter_map(|socket| state.clients.get(socket));
        clients.filter_map(|client| client.caller.session_id.clone()).collect()
    }

    /// The sessions of all sockets.
    pub fn all_sessions(&self) -> HashSet<Arc<str>> {
        self.lock().clients.values().filter_map(|client| client.caller.session_id.clone()).collect()
    }

    /// A user is called something else now, on all their sockets.
    pub fn rename(&self, now: &Caller) {
        let mut guard = self.lock();
        let state = &mut *guard;
        for socket in state.users.get(&(now.tenant, now.user)).into_iter().flatten() {
            let Some(client) = state.clients.get_mut(socket) else { continue };
            client.caller = Arc::new(renamed(&client.caller, now));
            state.stirred.extend(client.rooms.iter().cloned());
        }
    }

    /// Begins to hold a ticket's messages for a socket, before its right is checked and its snapshot read. Nothing goes
    /// out before `settle`.
    pub fn enter(&self, socket: SocketId, ticket_id: &str) {
        let mut state = self.lock();
        let Some(client) = state.clients.get_mut(&socket) else { return };
        client.rooms.insert(ticket_id.to_owned());
        let (handle, user) = (client.handle.clone(), client.caller.user);
        state.rooms.entry(ticket_id.to_owned()).or_default().enter(handle, user);
    }

    /// The snapshot is read: `answer` goes out first, then what was stored after it, then whatever comes.
    pub fn settle(&self, socket: SocketId, snapshot: Snapshot<'_>, answer: impl FnOnce()) -> Option<Hole> {
        let mut guard = self.lock();
        let state = &mut *guard;
        answer();
        let room = state.rooms.get_mut(&snapshot.ticket.ticket_id)?;
        let tenant = state.clients.get(&socket)?.caller.tenant;
        room.settle(socket, tenant, snapshot);
        state.stirred.insert(snapshot.ticket.ticket_id.clone());
        room.collect_served(&mut state.served);
        room.take_hole()
    }

    /// The snapshot could not be read: takes back what `enter` began, and no more than that.
    pub fn give_up(&self, socket: SocketId, ticket_id: &str) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(room) = state.rooms.get_mut(ticket_id) else { return };
        room.give_up(socket);
        if room.has_settled(socket) {
            state.stirred.insert(ticket_id.to_owned());
            return;
        }
        if room.is_empty() {
            state.rooms.remove(ticket_id);
        }
        if let Some(client) = state.clients.get_mut(&socket) {
            client.rooms.remove(ticket_id);
        }
    }

    /// Answers the typing indicators that end with the socket's leaving.
    pub fn leave(&self, socket: SocketId, ticket_id: &str) -> Vec<Ended> {
        let mut state = self.lock();
        if let Some(client) = state.clients.get_mut(&socket) {
            client.rooms.remove(ticket_id);
        }
        state.take_out(socket, ticket_id);
        state.typing.end_of_socket(socket, Some(ticket_id))
    }

    pub fn is_in(&self, socket: SocketId, ticket_id: &str) -> bool {
        self.lock().rooms.get(ticket_id).is_some_and(|room| room.has_settled(socket))
    }

    /// A stored message, on its way to its room; written out only if there is one. Whoever enters meanwhile reads it from the
    /// database. Answers a hole that keeps it from going and that nobody reads yet.
    pub fn message(&self, ticket_id: &str, write: impl FnOnce() -> Arc<Parcel>) -> Option<Hole> {
        if !self.has_room(ticket_id) {
            return None;
        }
        let parcel = write();
        let mut guard = self.lock();
        let state = &mut *guard;
        let room = state.rooms.get_mut(ticket_id)?;
        room.offer(parcel);
        room.collect_served(&mut state.served);
        room.take_hole()
    }

    fn has_room(&self, ticket_id: &str) -> bool {
        self.lock().rooms.contains_key(ticket_id)
    }

    /// What is missing in a ticket's room by now. None, and the hole counts as filled, if nothing is.
    pub fn remaining_hole(&self, ticket_id: &str) -> Option<Hole> {
        let mut state = self.lock();
        let room = state.rooms.get_mut(ticket_id)?;
        let hole = room.hole();
        if hole.is_none() {
            room.filled();
        }
        hole
    }

    /// Puts everybody out of a ticket's room who fails `stays`.
    pub fn put_out(&self, ticket_id: &str, stays: impl Fn(UserKey, Role) -> bool) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(room) = state.rooms.get(ticket_id) else { return };
        let inside: Vec<SocketId> = room.everybody().collect();
        for socket in inside {
            let Some(client) = state.clients.get_mut(&socket) else { continue };
            if !stays(client.caller.user, client.caller.role) {
                client.rooms.remove(ticket_id);
                state.take_out(socket, ticket_id);
            }
        }
    }

    pub fn begin_typing(&self, socket: SocketId, caller: &Caller, ticket_id: &str, until: Instant) {
        self.lock().typing.begin(ticket_id, caller.user, (&caller.user_id, &caller.name), Some(socket), until);
    }

    /// True if they were typing.
    pub fn end_typing(&self, ticket_id: &str, user: UserKey) -> bool {
        self.lock().typing.end(ticket_id, user)
    }

    pub fn expire_typing(&self, now: Instant) -> Vec<Ended> {
        self.lock().typing.expire(now)
    }

    /// Takes back what could not be written down.
    pub fn return_served(&self, served: &[Served]) {
        let mut state = self.lock();
        for one in served {
            let up_to_seq = state.served.entry((one.tenant, one.ticket, one.side)).or_default();
            *up_to_seq = one.up_to_seq.max(*up_to_seq);
        }
    }

    /// What was served since the last call.
    pub fn take_served(&self) -> Vec<Served> {
        let served = std::mem::take(&mut self.lock().served);
        served
            .into_iter()
            .map(|((tenant, ticket, side), up_to_seq)| Served { tenant, ticket, side, up_to_seq })
            .collect()
    }

    /// Sets the gauges of who and what is here.
    pub fn measure(&self) {
        let state = self.lock();
        let staff_sockets = state.staff.values().flatten().filter_map(|socket| state.clients.get(socket));
        let staff: HashSet<_> = staff_sockets.map(|client| (client.caller.tenant, client.caller.user)).collect();
        let (users, staff, rooms) = (state.users.len(), staff.len(), state.rooms.len());
        let backlogs = state.clients.values().map(|client| client.handle.backlog());
        let (all, longest) = backlogs.fold((0, 0), |(all, longest), one| (all + one, one.max(longest)));
        drop(state);
        metrics::gauge!("smilechat_users_online", "side" => "staff").set(staff as f64);
        metrics::gauge!("smilechat_users_online", "side" => "customer").set(users.saturating_sub(staff) as f64);
        metrics::gauge!("smilechat_rooms").set(rooms as f64);
        metrics::gauge!("smilechat_outbox_packets").set(all as f64);
        metrics::gauge!("smilechat_outbox_longest_packets").set(longest as f64);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

impl State {
    fn add(&mut self, client: Client) {
        let (socket, tenant, user) = (client.handle.id(), client.caller.tenant, client.caller.user);
        self.users.entry((tenant, user)).or_default().push(socket);
        *self.tenants.entry(tenant).or_default() += 1;
        if client.caller.role.is_staff() {
            self.staff.entry(tenant).or_default().insert(socket);
        }
        self.clients.insert(socket, client);
    }

    fn staff(&self, tenant: TenantKey) -> impl Iterator<Item = &Client> {
        self.staff.get(&tenant).into_iter().flatten().filter_map(|socket| self.clients.get(socket))
    }

    fn sockets_of(&self, tenant: TenantKey, user: UserKey) -> &[SocketId] {
        self.users.get(&(tenant, user)).map_or(&[], Vec::as_slice)
    }

    fn take_out(&mut self, socket: SocketId, ticket_id: &str) {
        if let Some(room) = self.rooms.get_mut(ticket_id) {
            room.leave(socket);
            if room.is_empty() {
                self.rooms.remove(ticket_id);
            } else {
                self.stirred.insert(ticket_id.to_owned());
            }
        }
    }
}

impl Client {
    fn expire(&self) {
        self.handle.emit(&Frame::event("session_expired", &SessionExpired { code: "session_expired" }));
        self.handle.disconnect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_for_a_room_in_which_nobody_is() {
        let hub = Hub::default();
        assert!(hub.message("t", || panic!("a message was written")).is_none());
        hub.to_room("t", || panic!("a receipt was written"));
    }
}
