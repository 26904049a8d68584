//! What a node tells the others of its people: what has changed since it last spoke, each piece with its number; now and then
//! how many pieces there were; and all of them, if somebody has missed one.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Present, State};
use crate::auth::model::{Caller, Role, Status, TenantKey, UserKey};

/// People in one piece: it has to fit into a NOTIFY, however long their names are. 200 letters of four bytes, and a username of
/// 64, are the longest.
const AT_ONCE: usize = 5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// I am there, and have told so many pieces.
    Alive(u64),
    /// And I may have missed something: how many have you told?
    Hello(u64),
    /// And I have not all pieces of this node: it has to tell everybody.
    Ask {
        number: u64,
        node: String,
    },
    Change {
        number: u64,
        here: Vec<Person>,
        gone: Vec<(i64, i64)>,
    },
    /// Everybody who is here, in parts: 0, 1, 2 …, as of piece `number`.
    All {
        number: u64,
        part: u64,
        is_last: bool,
        here: Vec<Person>,
    },
    /// I go.
    Bye,
}

/// Somebody who is there on another node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub tenant: i64,
    pub user: i64,
    pub user_id: String,
    pub username: String,
    pub name: String,
    pub role: Role,
    pub status: Status,
    /// How many they have there.
    #[serde(default)]
    pub sockets: usize,
    /// They could be given a ticket: they act as staff, and are not about to leave.
    pub acts_as_staff: bool,
    /// When they chose to be seen so; 0 if it was not on this node.
    pub chosen_at: i64,
}

/// What this node has told, and has to tell.
#[derive(Default)]
pub(super) struct Telling {
    /// False: nobody is told anything, and nothing is kept for it.
    pub is_on: bool,
    /// Of the last piece that was made, and of the last one that is out.
    number: u64,
    said: u64,
    stirred: HashSet<(TenantKey, UserKey)>,
}

impl Telling {
    pub fn note(&mut self, tenant: TenantKey, user: UserKey) {
        if self.is_on {
            self.stirred.insert((tenant, user));
        }
    }
}

/// What has changed, or everybody, as it was at one moment: written out once nobody has to wait for it any more.
pub(super) struct Moment {
    /// Of the piece that was told last before it.
    after: u64,
    here: Vec<Seen>,
    gone: Vec<(i64, i64)>,
}

/// Somebody, at that moment.
struct Seen {
    tenant: TenantKey,
    user: UserKey,
    caller: Arc<Caller>,
    role: Role,
    status: Status,
    sockets: usize,
    acts_as_staff: bool,
    chosen_at: i64,
}

impl State {
    /// What has changed since the last call.
    pub(super) fn changes(&mut self) -> Moment {
        let stirred = std::mem::take(&mut self.telling.stirred);
        let mut moment = Moment { after: self.telling.number, here: Vec::new(), gone: Vec::new() };
        self.telling.number += pieces(stirred.len());
        for (tenant, user) in stirred {
            match self.tenants.get(&tenant).and_then(|people| people.all.get(&user)) {
                Some(present) => moment.here.push(present.seen(tenant, user)),
                None => moment.gone.push((tenant.0, user.0)),
            }
        }
        moment
    }

    /// Everybody. What has changed and was not told yet is among it.
    pub(super) fn everybody(&mut self) -> Moment {
        if !std::mem::take(&mut self.telling.stirred).is_empty() {
            self.telling.number += 1;
        }
        let all = self
            .tenants
            .iter()
            .flat_map(|(tenant, people)| people.all.iter().map(|(user, present)| present.seen(*tenant, *user)));
        Moment { after: self.telling.number, here: all.collect(), gone: Vec::new() }
    }

    pub(super) fn is_said(&mut self, number: u64) {
        self.telling.said = number;
    }

    /// How many pieces are out.
    pub(super) fn told(&self) -> u64 {
        self.telling.said
    }
}

impl Moment {
    /// What has changed, in pieces. Answers the number of the last one.
    pub fn changes(self, mut say: impl FnMut(News)) -> u64 {
        let Self { after, here, gone } = self;
        let (mut here, mut gone) = (here.into_iter().map(Seen::person), gone.into_iter());
        let pieces = pieces(here.len() + gone.len());
        for number in after + 1..=after + pieces {
            let some: Vec<Person> = here.by_ref().take(AT_ONCE).collect();
            let others = gone.by_ref().take(AT_ONCE - some.len()).collect();
            say(News::Change { number, here: some, gone: others });
        }
        after + pieces
    }

    /// Everybody, in parts. Answers the number as of which they are.
    pub fn everybody(self, mut say: impl FnMut(News)) -> u64 {
        let number = self.after;
        let parts = pieces(self.here.len()).max(1);
        let mut here = self.here.into_iter().map(Seen::person);
        for part in 0..parts {
            let some = here.by_ref().take(AT_ONCE).collect();
            say(News::All { number, part, is_last: part + 1 == parts, here: some });
        }
        number
    }
}

fn pieces(people: usize) -> u64 {
    people.div_ceil(AT_ONCE) as u64
}

impl News {
    /// As it concerns one of those that hear it: who asks another node tells this one that they are there.
    pub fn for_node(self, is_us: impl FnOnce(&str) -> bool) -> (Self, bool) {
        match self {
            Self::Ask { number, node } => (Self::Alive(number), is_us(&node)),
            other => (other, false),
        }
    }
}

impl Present {
    fn seen(&self, tenant: TenantKey, user: UserKey) -> Seen {
        Seen {
            tenant,
            user,
            caller: self.caller.clone(),
            role: self.role(),
            status: self.chosen,
            sockets: self.sockets,
            acts_as_staff: self.staff_sockets > 0,
            chosen_at: self.chosen_at.0,
        }
    }
}

impl Seen {
    fn person(self) -> Person {
        Person {
            tenant: self.tenant.0,
            user: self.user.0,
            user_id: self.caller.user_id.to_string(),
            username: self.caller.username.to_string(),
            name: self.caller.name.to_string(),
            role: self.role,
            status: self.status,
            sockets: self.sockets,
            acts_as_staff: self.acts_as_staff,
            chosen_at: self.chosen_at,
        }
    }
}
