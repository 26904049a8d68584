//! Who is typing where. It ends by itself: after a while without a word, with the socket, with the message.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::auth::model::UserKey;
use crate::realtime::gateway::SocketId;

/// One end of a typing indicator, to be told to the ticket's room.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub ticket_id: String,
    pub user: UserKey,
    pub user_id: Arc<str>,
    pub name: Arc<str>,
    /// It began on another node, which ends it as well.
    pub is_foreign: bool,
}

struct Typist {
    /// None: on another node.
    socket: Option<SocketId>,
    user_id: Arc<str>,
    name: Arc<str>,
    until: Instant,
}

#[derive(Default)]
pub struct Typing(HashMap<(String, UserKey), Typist>);

impl Typing {
    pub fn begin(
        &mut self,
        ticket_id: &str,
        user: UserKey,
        who: (&Arc<str>, &Arc<str>),
        socket: Option<SocketId>,
        until: Instant,
    ) {
        let typist = Typist { socket, user_id: who.0.clone(), name: who.1.clone(), until };
        self.0.insert((ticket_id.to_owned(), user), typist);
    }

    /// True if they were.
    pub fn end(&mut self, ticket_id: &str, user: UserKey) -> bool {
        self.0.remove(&(ticket_id.to_owned(), user)).is_some()
    }

    /// Ends what has run out.
    pub fn expire(&mut self, now: Instant) -> Vec<Ended> {
        self.end_where(|_, typist| typist.until <= now)
    }

    /// Ends what this socket began, in one ticket or in all.
    pub fn end_of_socket(&mut self, socket: SocketId, ticket_id: Option<&str>) -> Vec<Ended> {
        self.end_where(|ticket, typist| typist.socket == Some(socket) && ticket_id.is_none_or(|id| id == ticket))
    }

    fn end_where(&mut self, ends: impl Fn(&str, &Typist) -> bool) -> Vec<Ended> {
        let ended = self.0.extract_if(|(ticket_id, _), typist| ends(ticket_id, typist));
        ended
            .map(|((ticket_id, user), Typist { socket, user_id, name, .. })| Ended {
                ticket_id,
                user,
                user_id,
                name,
                is_foreign: socket.is_none(),
            })
            .collect()
    }
}
