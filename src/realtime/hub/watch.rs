//! Who sees whose coming and going: staff everybody's in their tenant, customers that of the staff who have a ticket of
//! theirs.
//!
//! Invariant: a turn visits those whom it concerns, and nobody else. Thousands who arrive at once, after a restart, must
//! not each be visited for each of the others.

use std::collections::HashSet;
use std::collections::hash_map::Entry;

use super::{Client, Hub, State};
use crate::auth::model::{TenantKey, UserKey};
use crate::realtime::gateway::{Frame, SocketId};
use crate::realtime::presence::View;

impl Hub {
    /// Whose presence a socket's user sees.
    pub fn view(&self, socket: SocketId) -> View {
        let view = self.lock().clients.get(&socket).and_then(|client| client.view.clone());
        view.unwrap_or_else(|| View::Only(HashSet::new()))
    }

    /// A customer's tickets have other staff now. Answers those whom the customer did not see before.
    pub fn set_view(&self, tenant: TenantKey, customer: UserKey, staff: &HashSet<UserKey>) -> HashSet<UserKey> {
        let mut newly_seen = HashSet::new();
        let mut guard = self.lock();
        let state = &mut *guard;
        for socket in state.sockets_of(tenant, customer).to_vec() {
            let Some(client) = state.clients.get_mut(&socket).filter(|client| !client.caller.role.is_staff()) else {
                continue;
            };
            let before = client.view.replace(View::Only(staff.clone()));
            if let Some(View::Only(before)) = before {
                newly_seen.extend(staff.difference(&before));
                before.difference(staff).for_each(|user| state.stop_watching(tenant, *user, socket));
            }
            for user in staff {
                state.watchers.entry((tenant, *user)).or_default().insert(socket);
            }
        }
        newly_seen
    }

    /// To whoever sees `user`'s coming and going.
    pub fn to_watchers(&self, tenant: TenantKey, user: UserKey, frame: &Frame) {
        let state = self.lock();
        state.watchers(tenant, user).for_each(|client| _ = client.handle.emit_volatile(frame));
    }

    /// These users came, went or changed, in themselves or in whom they see. Sends each socket that this concerns the list of
    /// whom it sees, where that differs from the last one.
    pub fn show_online(&self, tenant: TenantKey, changed: &HashSet<UserKey>, list: impl Fn(&View) -> Frame) {
        let is_staffed = self.lock().staff.contains_key(&tenant);
        // The long one is written before the others are kept waiting.
        let for_staff = is_staffed.then(|| list(&View::All));
        let mut guard = self.lock();
        let state = &mut *guard;
        let mut unshown = HashSet::new();
        for socket in state.concerned(tenant, changed) {
            let Some(client) = state.clients.get_mut(&socket) else { continue };
            let list = match &client.view {
                Some(View::All) => for_staff.clone(),
                Some(view) => Some(list(view)),
                None => None,
            };
            let Some(list) = list.filter(|list| client.shown.as_ref() != Some(list)) else { continue };
            // One that was dropped, because the reader is slow, is not remembered as sent.
            if client.handle.emit_volatile(&list) {
                client.shown = Some(list);
            } else {
                unshown.insert(socket);
            }
        }
        if !unshown.is_empty() {
            state.unshown.insert(tenant, unshown);
        }
    }
}

impl State {
    fn watchers(&self, tenant: TenantKey, user: UserKey) -> impl Iterator<Item = &Client> {
        let customers = self.watchers.get(&(tenant, user)).into_iter().flatten();
        self.staff(tenant).chain(customers.filter_map(|socket| self.clients.get(socket)))
    }

    /// The sockets whose list of who is online may be another than they were last sent.
    fn concerned(&mut self, tenant: TenantKey, changed: &HashSet<UserKey>) -> HashSet<SocketId> {
        let mut concerned = self.unshown.remove(&tenant).unwrap_or_default();
        concerned.extend(self.staff.get(&tenant).into_iter().flatten());
        for user in changed {
            concerned.extend(self.watchers.get(&(tenant, *user)).into_iter().flatten());
            concerned.extend(self.sockets_of(tenant, *user));
        }
        concerned
    }

    pub(super) fn stop_watching(&mut self, tenant: TenantKey, user: UserKey, socket: SocketId) {
        if let Entry::Occupied(mut watchers) = self.watchers.entry((tenant, user)) {
            watchers.get_mut().remove(&socket);
            if watchers.get().is_empty() {
                watchers.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests;
