//! Who is there: a user is online from their first socket until a moment after their last, as what they chose to be.
//!
//! A node's own memory. The moment (`GRACE`) is for a page that reloads: nobody is told of it, no ticket changes hands.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::model::{Caller, Role, Status, TenantKey, UserKey};

const GRACE: Duration = Duration::from_secs(2);
/// How many people a list of who is online names at most; staff come first.
const MOST_LISTED: usize = 500;

#[derive(Clone, Default)]
pub struct Presence(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    tenants: HashMap<TenantKey, People>,
    /// Whose last socket went, and when, oldest first. They may have come back.
    leaving: VecDeque<(Instant, TenantKey, UserKey)>,
}

#[derive(Default)]
struct People {
    all: HashMap<UserKey, Present>,
    /// Those who act as staff on one of their sockets.
    staff: HashSet<UserKey>,
}

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
        let mut state = self.lock();
        let people = state.tenants.entry(caller.tenant).or_default();
        if caller.role.is_staff() {
            people.staff.insert(caller.user);
        }
        match people.all.get_mut(&caller.user) {
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
                people.all.insert(caller.user, present);
                chosen != Status::Offline
            }
        }
    }

    /// A socket of this user is gone. Whether they are, `departed` tells after a moment.
    pub fn leave(&self, caller: &Caller, now: Instant) {
        let mut guard = self.lock();
        let State { tenants, leaving } = &mut *guard;
        let Some(people) = tenants.get_mut(&caller.tenant) else { return };
        let Some(present) = people.all.get_mut(&caller.user) else { return };
        present.sockets = present.sockets.saturating_sub(1);
        present.staff_sockets = present.staff_sockets.saturating_sub(usize::from(caller.role.is_staff()));
        if present.staff_sockets == 0 {
            people.staff.remove(&caller.user);
        }
        if present.sockets == 0 {
            present.gone_since = Some(now);
            leaving.push_back((now, caller.tenant, caller.user));
        }
    }

    /// Forgets, and answers, those whose last socket has been gone for the moment of grace.
    pub fn departed(&self, now: Instant) -> Vec<Arc<Caller>> {
        let mut departed = Vec::new();
        let mut guard = self.lock();
        let State { tenants, leaving } = &mut *guard;
        while let Some((since, tenant, user)) = leaving.pop_front_if(|(since, ..)| now.duration_since(*since) >= GRACE)
        {
            let Some(people) = tenants.get_mut(&tenant) else { continue };
            // Who came back is not gone, and who went again since is not gone for long.
            if people.all.get(&user).is_some_and(|present| present.gone_since == Some(since)) {
                departed.extend(people.all.remove(&user).map(|present| present.caller));
            }
            if people.all.is_empty() {
                tenants.remove(&tenant);
            }
        }
        departed
    }

    /// True if that is a difference.
    pub fn choose(&self, caller: &Caller, status: Status) -> bool {
        let mut state = self.lock();
        let present = state.tenants.get_mut(&caller.tenant).and_then(|people| people.all.get_mut(&caller.user));
        present.is_some_and(|present| std::mem::replace(&mut present.chosen, status) != status)
    }

    /// A user is called something else now.
    pub fn rename(&self, now: &Caller) {
        let mut state = self.lock();
        if let Some(present) = state.tenants.get_mut(&now.tenant).and_then(|people| people.all.get_mut(&now.user)) {
            present.caller = Arc::new(renamed(&present.caller, now));
        }
    }

    pub fn status(&self, tenant: TenantKey, user: UserKey) -> Status {
        let state = self.lock();
        let present = state.tenants.get(&tenant).and_then(|people| people.all.get(&user));
        present.map_or(Status::Offline, |present| present.chosen)
    }

    /// Staff who can be given a ticket: those who are there and neither away nor busy.
    pub fn staff_online(&self, tenant: TenantKey) -> Vec<UserKey> {
        let state = self.lock();
        let Some(people) = state.tenants.get(&tenant) else { return Vec::new() };
        let is_free = |user: &UserKey| people.all.get(user).is_some_and(|present| present.chosen == Status::Online);
        people.staff.iter().copied().filter(is_free).collect()
    }

    /// Everybody who is there and in view, staff first, then by name.
    pub fn list(&self, tenant: TenantKey, view: &View) -> Vec<OnlineUser> {
        let state = self.lock();
        let Some(people) = state.tenants.get(&tenant) else { return Vec::new() };
        let mut seen: Vec<(UserKey, &Present)> = match view {
            View::All => people.all.iter().map(|(user, present)| (*user, present)).collect(),
            View::Only(seen) => seen.iter().filter_map(|user| Some((*user, people.all.get(user)?))).collect(),
        };
        seen.retain(|(_, present)| present.chosen != Status::Offline);
        // Thousands may be there: those who are not listed are neither sorted nor copied.
        if seen.len() > MOST_LISTED {
            seen.select_nth_unstable_by(MOST_LISTED, |(_, a), (_, b)| a.rank().cmp(&b.rank()));
            seen.truncate(MOST_LISTED);
        }
        seen.sort_unstable_by(|(_, a), (_, b)| a.rank().cmp(&b.rank()));
        seen.into_iter().map(|(user, present)| present.shown(user)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

/// The same caller as they are called now.
pub fn renamed(caller: &Caller, now: &Caller) -> Caller {
    let (username, name, avatar_url) = (now.username.clone(), now.name.clone(), now.avatar_url.clone());
    Caller { username, name, avatar_url, ..caller.clone() }
}

impl Present {
    /// During the moment of grace they are what they were.
    fn role(&self) -> Role {
        if self.staff_sockets == 0 && self.sockets > 0 { Role::Customer } else { self.caller.role }
    }

    /// Its place in a list.
    fn rank(&self) -> (bool, &str) {
        (!self.role().is_staff(), &self.caller.username)
    }

    fn shown(&self, user: UserKey) -> OnlineUser {
        OnlineUser {
            user_id: self.caller.user_id.to_string(),
            username: self.caller.username.to_string(),
            name: self.caller.name.to_string(),
            role: self.role(),
            status: self.chosen,
            user,
        }
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
    fn a_long_list_names_staff_first_and_then_the_first_by_name() {
        let presence = Presence::default();
        for user in 1000..2000 {
            presence.arrive(&caller(user, Role::Customer), Status::Online);
        }
        presence.arrive(&caller(9999, Role::Support), Status::Online);
        let list = presence.list(TenantKey(1), &View::All);
        assert_eq!(list.len(), MOST_LISTED);
        let names: Vec<_> = list.iter().map(|one| one.username.as_str()).collect();
        assert_eq!((names[0], names[1], names[499]), ("u9999", "u1000", "u1498"));
        assert!(names[1..].is_sorted());
    }

    #[test]
    fn who_comes_back_and_goes_again_departs_once() {
        let (presence, ann, start) = (Presence::default(), caller(1, Role::Customer), Instant::now());
        let later = start + GRACE / 2;
        presence.arrive(&ann, Status::Online);
        presence.leave(&ann, start);
        presence.arrive(&ann, Status::Online);
        presence.leave(&ann, later);
        assert!(presence.departed(start + GRACE).is_empty());
        assert_eq!(presence.departed(later + GRACE).len(), 1);
        assert!(presence.departed(later + 2 * GRACE).is_empty());
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
