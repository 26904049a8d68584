//! Who is there: a user is online from their first socket until a moment after their last, as what they chose to be.
//!
//! A node's own memory. The moment (`GRACE`) is for a page that reloads: nobody is told of it, no ticket changes hands.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::model::{Caller, Role, Status, TenantKey, UserKey};

const GRACE: Duration = Duration::from_secs(2);
/// How many people a list of who is online names at most; staff come first.
const MOST_LISTED: usize = 500;

#[derive(Clone, Default)]
pub struct Presence(Arc<Mutex<HashMap<TenantKey, HashMap<UserKey, Present>>>>);

struct Present {
    caller: Arc<Caller>,
    chosen: Status,
    sockets: usize,
    /// Those of them that act as staff.
    staff_sockets: usize,
    /// Since when no socket is left.
    gone_since: Option<Instant>,
}

/// Whose presence somebody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// Staff: everybody's.
    All,
    /// A customer: that of the staff who have a ticket of theirs.
    Only(HashSet<UserKey>),
}

impl View {
    pub fn has(&self, user: UserKey) -> bool {
        match self {
            Self::All => true,
            Self::Only(seen) => seen.contains(&user),
        }
    }
}

/// Somebody in a list of who is online.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OnlineUser {
    pub user_id: String,
    pub username: String,
    pub name: String,
    pub role: Role,
    pub status: Status,
    #[serde(skip)]
    pub user: UserKey,
}

impl Presence {
    /// A socket of this user joined. True if others see a difference.
    pub fn arrive(&self, caller: &Arc<Caller>, chosen: Status) -> bool {
        let mut tenants = self.lock();
        let users = tenants.entry(caller.tenant).or_default();
        match users.get_mut(&caller.user) {
            Some(present) => {
                present.sockets += 1;
                present.gone_since = None;
                let was_staff = present.staff_sockets > 0;
                present.staff_sockets += usize::from(caller.role.is_staff());
                // Staff who also look at their product as a customer are staff.
                if caller.role.is_staff() || !was_staff {
                    present.caller = caller.clone();
                }
                caller.role.is_staff() && !was_staff
            }
            None => {
                let staff_sockets = usize::from(caller.role.is_staff());
                let present = Present { caller: caller.clone(), chosen, sockets: 1, staff_sockets, gone_since: None };
                users.insert(caller.user, present);
                chosen != Status::Offline
            }
        }
    }

    /// A socket of this user is gone. Whether they are, `departed` tells after a moment.
    pub fn leave(&self, caller: &Caller, now: Instant) {
        let mut tenants = self.lock();
        let Some(present) = tenants.get_mut(&caller.tenant).and_then(|users| users.get_mut(&caller.user)) else {
            return;
        };
        present.sockets = present.sockets.saturating_sub(1);
        present.staff_sockets = present.staff_sockets.saturating_sub(usize::from(caller.role.is_staff()));
        if present.sockets == 0 {
            present.gone_since = Some(now);
        }
    }

    /// Forgets, and answers, those whose last socket has been gone for the moment of grace.
    pub fn departed(&self, now: Instant) -> Vec<Arc<Caller>> {
        let is_gone = |present: &Present| present.gone_since.is_some_and(|since| now.duration_since(since) >= GRACE);
        let mut departed = Vec::new();
        self.lock().retain(|_, users| {
            users.retain(|_, present| {
                let gone = is_gone(present);
                if gone {
                    departed.push(present.caller.clone());
                }
                !gone
            });
            !users.is_empty()
        });
        departed
    }

    /// True if that is a difference.
    pub fn choose(&self, caller: &Caller, status: Status) -> bool {
        let mut tenants = self.lock();
        let present = tenants.get_mut(&caller.tenant).and_then(|users| users.get_mut(&caller.user));
        present.is_some_and(|present| std::mem::replace(&mut present.chosen, status) != status)
    }

    pub fn status(&self, tenant: TenantKey, user: UserKey) -> Status {
        let tenants = self.lock();
        let present = tenants.get(&tenant).and_then(|users| users.get(&user));
        present.map_or(Status::Offline, |present| present.chosen)
    }

    /// Staff who can be given a ticket: those who are there and neither away nor busy.
    pub fn staff_online(&self, tenant: TenantKey) -> Vec<UserKey> {
        let tenants = self.lock();
        let users = tenants.get(&tenant).into_iter().flatten();
        let free = users.filter(|(_, present)| present.staff_sockets > 0 && present.chosen == Status::Online);
        free.map(|(user, _)| *user).collect()
    }

    /// Everybody who is there and in view, staff first, then by name.
    pub fn list(&self, tenant: TenantKey, view: &View) -> Vec<OnlineUser> {
        let tenants = self.lock();
        let Some(users) = tenants.get(&tenant) else { return Vec::new() };
        let mut list: Vec<OnlineUser> = match view {
            View::All => users.iter().filter_map(|(user, present)| present.shown(*user)).collect(),
            View::Only(seen) => seen.iter().filter_map(|user| users.get(user)?.shown(*user)).collect(),
        };
        list.sort_by(|a, b| (!a.role.is_staff(), &a.username).cmp(&(!b.role.is_staff(), &b.username)));
        list.truncate(MOST_LISTED);
        list
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantKey, HashMap<UserKey, Present>>> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

impl Present {
    /// None while they choose to be seen as offline.
    fn shown(&self, user: UserKey) -> Option<OnlineUser> {
        let online = OnlineUser {
            user_id: self.caller.user_id.to_string(),
            username: self.caller.username.to_string(),
            name: self.caller.name.to_string(),
            // During the moment of grace they are what they were.
            role: if self.staff_sockets == 0 && self.sockets > 0 { Role::Customer } else { self.caller.role },
            status: self.chosen,
            user,
        };
        Some(online).filter(|online| online.status != Status::Offline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(user: i64, role: Role) -> Arc<Caller> {
        let id: Arc<str> = format!("u{user}").into();
        let (tenant, user) = (TenantKey(1), UserKey(user));
        Arc::new(Caller {
            tenant,
            user,
            user_id: id.clone(),
            username: id.clone(),
            name: id,
            avatar_url: None,
            role,
            chosen_status: Status::Online,
            session_id: None,
            scopes: None,
        })
    }

    #[test]
    fn three_tabs_are_one_user_who_leaves_with_the_last() {
        let (presence, ann, start) = (Presence::default(), caller(1, Role::Support), Instant::now());
        assert!(presence.arrive(&ann, Status::Online));
        assert!(!presence.arrive(&ann, Status::Online) && !presence.arrive(&ann, Status::Online));
        assert_eq!(presence.list(ann.tenant, &View::All).len(), 1);
        for _ in 0..2 {
            presence.leave(&ann, start);
        }
        assert!(presence.departed(start + GRACE).is_empty());
        presence.leave(&ann, start);
        assert!(presence.departed(start).is_empty(), "a reload is no departure");
        assert_eq!(presence.departed(start + GRACE).len(), 1);
        assert_eq!(presence.status(ann.tenant, ann.user), Status::Offline);
    }

    #[test]
    fn only_staff_who_are_free_are_given_tickets() {
        let presence = Presence::default();
        let (ann, bob, eve) = (caller(1, Role::Support), caller(2, Role::Admin), caller(3, Role::Customer));
        for one in [&ann, &bob, &eve] {
            presence.arrive(one, Status::Online);
        }
        assert!(presence.choose(&bob, Status::Busy) && !presence.choose(&bob, Status::Busy));
        assert_eq!(presence.staff_online(ann.tenant), [ann.user]);
        let ann_as_customer = caller(1, Role::Customer);
        presence.arrive(&ann_as_customer, Status::Online);
        presence.leave(&ann, Instant::now());
        assert!(
            presence.staff_online(ann.tenant).is_empty(),
            "who only looks at the product as a customer is given none"
        );
        assert!(presence.staff_online(TenantKey(2)).is_empty());
    }
}
