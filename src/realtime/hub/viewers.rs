//! Who of the staff has a ticket open: whoever acts as staff and is in its room, whatever number of tabs they have.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Client, Hub};
use crate::auth::model::{Caller, UserKey};
use crate::realtime::gateway::{Frame, SocketId};
use crate::realtime::room::Room;
use crate::realtime::wire::{Viewer, ViewersShown};

impl Hub {
    /// Sends the staff in each room that has stirred the list of its viewers, where that differs from the last one they
    /// were sent. Called by the clock, so that a reload changes nothing and many changes are one list.
    pub fn show_viewers(&self) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let (clients, rooms) = (&state.clients, &mut state.rooms);
        // Who was too far behind to be sent it, is sent it at a later turn.
        state.stirred.retain(|ticket_id| rooms.get_mut(ticket_id).is_some_and(|room| !show(clients, ticket_id, room)));
    }
}

/// False if one of them could not be sent it.
fn show(clients: &HashMap<SocketId, Client>, ticket_id: &str, room: &mut Room) -> bool {
    let list = {
        let callers = room.members().filter_map(|member| staff(clients, member.handle.id()));
        let by_user: BTreeMap<UserKey, &Arc<Caller>> = callers.map(|caller| (caller.user, caller)).collect();
        let viewers = by_user.values().map(|caller| viewer(caller)).collect();
        Frame::event("ticket_viewers", &ViewersShown { ticket_id, viewers })
    };
    let mut all_were_sent = true;
    for member in room.members_mut().filter(|member| staff(clients, member.handle.id()).is_some()) {
        if member.shown_viewers.as_ref() == Some(&list) {
            continue;
        }
        if member.handle.emit_volatile(&list) {
            member.shown_viewers = Some(list.clone());
        } else {
            all_were_sent = false;
        }
    }
    all_were_sent
}

fn staff(clients: &HashMap<SocketId, Client>, socket: SocketId) -> Option<&Arc<Caller>> {
    clients.get(&socket).map(|client| &client.caller).filter(|caller| caller.role.is_staff())
}

fn viewer(caller: &Caller) -> Viewer<'_> {
    Viewer { user_id: &caller.user_id, name: &caller.name, avatar_url: caller.avatar_url.as_deref() }
}
