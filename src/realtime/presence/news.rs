//! What a node tells the others of its people: what has changed since it last spoke, each piece with its number; now and then
//! how many pieces there were; and all of them, if somebody has missed one.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Present, State};
use crate::auth::model::{Role, Status, TenantKey, UserKey};

/// People in one piece: it has to fit into a NOTIFY, however long their names are. 200 letters of four bytes, and a username of
/// 64, are the longest.
const AT_ONCE: usize = 5;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// I am there, and have told so many pieces.
    Alive(u64),
    /// And I do not know of you all that I should: tell me everybody.
    Hello(u64),
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
    number: u64,
    stirred: HashSet<(TenantKey, UserKey)>,
}

impl Telling {
    pub fn note(&mut self, tenant: TenantKey, user: UserKey) {
        if self.is_on {
            self.stirred.insert((tenant, user));
        }
    }
}

impl State {
    /// What has changed since the last call.
    pub(super) fn changes(&mut self) -> Vec<News> {
        let stirred: Vec<_> = std::mem::take(&mut self.telling.stirred).into_iter().collect();
        let pieces = stirred.chunks(AT_ONCE).map(|some| {
            let (mut here, mut gone) = (Vec::new(), Vec::new());
            for (tenant, user) in some {
                match self.tenants.get(tenant).and_then(|people| people.all.get(user)) {
                    Some(present) => here.push(present.person(*tenant, *user)),
                    None => gone.push((tenant.0, user.0)),
                }
            }
            (here, gone)
        });
        let pieces: Vec<_> = pieces.collect();
        let mut changes = Vec::with_capacity(pieces.len());
        for (here, gone) in pieces {
            self.telling.number += 1;
            changes.push(News::Change { number: self.telling.number, here, gone });
        }
        changes
    }

    /// Everybody. What has changed and was not told yet is among it.
    pub(super) fn everybody(&mut self) -> Vec<News> {
        if !std::mem::take(&mut self.telling.stirred).is_empty() {
            self.telling.number += 1;
        }
        let number = self.telling.number;
        let all = self
            .tenants
            .iter()
            .flat_map(|(tenant, people)| people.all.iter().map(|(user, present)| present.person(*tenant, *user)));
        let all: Vec<Person> = all.collect();
        let parts = all.len().div_ceil(AT_ONCE).max(1);
        let part = |part: usize| News::All {
            number,
            part: part as u64,
            is_last: part + 1 == parts,
            here: all.iter().skip(part * AT_ONCE).take(AT_ONCE).cloned().collect(),
        };
        (0..parts).map(part).collect()
    }

    pub(super) fn told(&self) -> u64 {
        self.telling.number
    }
}

impl Present {
    fn person(&self, tenant: TenantKey, user: UserKey) -> Person {
        Person {
            tenant: tenant.0,
            user: user.0,
            user_id: self.caller.user_id.to_string(),
            username: self.caller.username.to_string(),
            name: self.caller.name.to_string(),
            role: self.role(),
            status: self.chosen,
            acts_as_staff: self.staff_sockets > 0,
            chosen_at: self.chosen_at.0,
        }
    }
}
