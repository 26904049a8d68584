//! Who is there: a user is online from their first socket until a moment after their last, as what they chose to be.
//!
//! A node knows its own people, and is told of those of the others (`elsewhere`); every answer is about all of them. The
//! moment (`GRACE`) is for a page that reloads: nobody is told of it, no ticket changes hands. The people of a node that stops
//! have one as well, to come back by another.

mod elsewhere;
mod news;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use utoipa::ToSchema;

use self::elsewhere::{Elsewhere, Learnt};
use self::news::{Person, Telling};
use crate::auth::model::{Caller, Role, Status, TenantKey, UserKey};
use crate::platform::clock::Timestamp;

pub use self::news::News;

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
    elsewhere: Elsewhere,
    telling: Telling,
    /// As what those who are there, on any node, are seen.
    shown: HashMap<TenantKey, HashMap<UserKey, OnlineUser>>,
    /// Staff who can be given a ticket.
    free: HashMap<TenantKey, HashSet<UserKey>>,
}

#[derive(Default)]
struct People {
    all: HashMap<UserKey, Present>,
}

struct Present {
    caller: Arc<Caller>,
    chosen: Status,
    /// When they chose it here; 0 if it was before they came.
    chosen_at: Timestamp,
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

/// Others see a difference: as what somebody is seen now, who may be offline.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub tenant: TenantKey,
    pub now: OnlineUser,
}

/// What follows from what another node has told.
#[derive(Default)]
pub struct Heard {
    pub differences: Vec<Difference>,
    /// Whose entry in a list may be another.
    pub stirred: HashSet<(TenantKey, UserKey)>,
    pub has_to_ask: bool,
    /// The node wants to know how many pieces there were.
    pub is_greeted: bool,
}

impl Presence {
    /// From now on, what changes is kept for `changes`.
    pub fn tell_others(&self) {
        self.lock().telling.is_on = true;
    }

    /// A socket of this user joined.
    pub fn arrive(&self, caller: &Arc<Caller>, chosen: Status) -> Option<Difference> {
        let mut state = self.lock();
        let (tenant, user) = (caller.tenant, caller.user);
        let is_staff = caller.role.is_staff();
        let people = state.tenants.entry(tenant).or_default();
        match people.all.get_mut(&user) {
            Some(present) => {
                present.sockets += 1;
                present.gone_since = None;
                let was_staff = present.staff_sockets > 0;
                present.staff_sockets += usize::from(is_staff);
                // Staff who also look at their product as a customer are staff.
                if is_staff || !was_staff {
                    present.caller = caller.clone();
                }
            }
            None => {
                let (staff_sockets, chosen_at) = (usize::from(is_staff), Timestamp(0));
                let caller = caller.clone();
                let present = Present { caller, chosen, chosen_at, sockets: 1, staff_sockets, gone_since: None };
                people.all.insert(user, present);
            }
        }
        state.stir(tenant, user)
    }

    /// A socket of this user is gone. Whether they are, `departed` tells after a moment.
    pub fn leave(&self, caller: &Caller, now: Instant) {
        let mut guard = self.lock();
        let State { tenants, leaving, telling, .. } = &mut *guard;
        let Some(people) = tenants.get_mut(&caller.tenant) else { return };
        let Some(present) = people.all.get_mut(&caller.user) else { return };
        present.sockets = present.sockets.saturating_sub(1);
        present.staff_sockets = present.staff_sockets.saturating_sub(usize::from(caller.role.is_staff()));
        telling.note(caller.tenant, caller.user);
        if present.sockets == 0 {
            present.gone_since = Some(now);
            leaving.push_back((now, caller.tenant, caller.user));
        }
        // Staff who stay as a customer are listed as that from now on; nobody is told of it by itself.
        guard.differ(caller.tenant, caller.user);
    }

    /// Forgets those whose last socket has been gone for the moment of grace. Answers who is seen as something else by that.
    pub fn departed(&self, now: Instant) -> Vec<Difference> {
        let mut departed = Vec::new();
        let mut state = self.lock();
        while let Some((since, tenant, user)) =
            state.leaving.pop_front_if(|(since, ..)| now.duration_since(*since) >= GRACE)
        {
            let Some(people) = state.tenants.get_mut(&tenant) else { continue };
            // Who came back is not gone, and who went again since is not gone for long.
            let is_gone = people.all.get(&user).is_some_and(|present| present.gone_since == Some(since));
            if is_gone {
                people.all.remove(&user);
            }
            if people.all.is_empty() {
                state.tenants.remove(&tenant);
            }
            if is_gone {
                departed.extend(state.stir(tenant, user));
            }
        }
        departed
    }

    pub fn choose(&self, caller: &Caller, status: Status, now: Timestamp) -> Option<Difference> {
        let mut state = self.lock();
        let present = state.tenants.get_mut(&caller.tenant)?.all.get_mut(&caller.user)?;
        (present.chosen, present.chosen_at) = (status, now);
        state.stir(caller.tenant, caller.user)
    }

    /// A user is called something else now.
    pub fn rename(&self, now: &Caller) {
        let mut state = self.lock();
        if let Some(present) = state.tenants.get_mut(&now.tenant).and_then(|people| people.all.get_mut(&now.user)) {
            present.caller = Arc::new(renamed(&present.caller, now));
            state.stir(now.tenant, now.user);
        }
    }

    pub fn status(&self, tenant: TenantKey, user: UserKey) -> Status {
        self.lock().seen(tenant, user).map_or(Status::Offline, |seen| seen.status)
    }

    /// Staff who can be given a ticket: those who are there and neither away nor busy.
    pub fn staff_online(&self, tenant: TenantKey) -> Vec<UserKey> {
        self.lock().free.get(&tenant).into_iter().flatten().copied().collect()
    }

    /// Everybody who is there and in view, staff first, then by name.
    pub fn list(&self, tenant: TenantKey, view: &View) -> Vec<OnlineUser> {
        let state = self.lock();
        let Some(shown) = state.shown.get(&tenant) else { return Vec::new() };
        let mut seen: Vec<&OnlineUser> = match view {
            View::All => shown.values().collect(),
            View::Only(users) => users.iter().filter_map(|user| shown.get(user)).collect(),
        };
        // Thousands may be there: those who are not listed are neither sorted nor copied.
        if seen.len() > MOST_LISTED {
            seen.select_nth_unstable_by(MOST_LISTED, |a, b| a.rank().cmp(&b.rank()));
            seen.truncate(MOST_LISTED);
        }
        seen.sort_unstable_by(|a, b| a.rank().cmp(&b.rank()));
        seen.into_iter().cloned().collect()
    }

    /// What this node has to tell the others. One task calls this and `everybody`: what is said later is newer. Nobody waits
    /// while thousands are written out.
    pub fn changes(&self, say: impl FnMut(News)) {
        let moment = self.lock().changes();
        let number = moment.changes(say);
        self.lock().is_said(number);
    }

    /// The same of everybody who is here.
    pub fn everybody(&self, say: impl FnMut(News)) {
        let moment = self.lock().everybody();
        let number = moment.everybody(say);
        self.lock().is_said(number);
    }

    /// How many sockets a user has on other nodes, as far as these have told.
    pub fn sockets_elsewhere(&self, tenant: TenantKey, user: UserKey) -> usize {
        self.lock().elsewhere.sockets(tenant, user)
    }

    /// How many pieces this node has told.
    pub fn told(&self) -> u64 {
        self.lock().told()
    }

    pub fn hear(&self, from: &Arc<str>, news: News, now: Instant) -> Heard {
        let mut state = self.lock();
        let learnt = state.elsewhere.hear(from, news, now);
        state.follow(learnt)
    }

    /// Nodes that were silent for the lease are gone.
    pub fn expire(&self, lease: Duration, now: Instant) -> Heard {
        let mut state = self.lock();
        let learnt = state.elsewhere.expire(lease, now);
        state.follow(learnt)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

impl State {
    /// Something of this user has changed here.
    fn stir(&mut self, tenant: TenantKey, user: UserKey) -> Option<Difference> {
        self.telling.note(tenant, user);
        self.differ(tenant, user)
    }

    /// Compares as what somebody is seen with as what they were last shown.
    fn differ(&mut self, tenant: TenantKey, user: UserKey) -> Option<Difference> {
        self.index(tenant, user);
        let now = self.seen(tenant, user).filter(|seen| seen.status != Status::Offline);
        let shown = self.shown.entry(tenant).or_default();
        let before = match &now {
            Some(now) => shown.insert(user, now.clone()),
            None => shown.remove(&user),
        };
        if shown.is_empty() {
            self.shown.remove(&tenant);
        }
        let as_what = |one: &OnlineUser| (one.role, one.status);
        if before.as_ref().map(as_what) == now.as_ref().map(as_what) {
            return None;
        }
        let gone = before.map(|before| OnlineUser { status: Status::Offline, ..before });
        Some(Difference { tenant, now: now.or(gone)? })
    }

    fn index(&mut self, tenant: TenantKey, user: UserKey) {
        if self.acts_as_free_staff(tenant, user) {
            self.free.entry(tenant).or_default().insert(user);
        } else if let Some(free) = self.free.get_mut(&tenant) {
            free.remove(&user);
            if free.is_empty() {
                self.free.remove(&tenant);
            }
        }
    }

    fn follow(&mut self, learnt: Learnt) -> Heard {
        let Learnt { stirred, has_to_ask, is_greeted } = learnt;
        for (tenant, user) in &stirred {
            self.take_over_choice(*tenant, *user);
        }
        let differences = stirred.iter().filter_map(|(tenant, user)| self.differ(*tenant, *user)).collect();
        Heard { differences, stirred, has_to_ask, is_greeted }
    }

    /// What somebody chose last, on whichever node, holds on all.
    fn take_over_choice(&mut self, tenant: TenantKey, user: UserKey) {
        let newest = self.elsewhere.of(tenant, user).max_by_key(|person| person.chosen_at);
        let Some((chosen_at, status)) = newest.map(|person| (Timestamp(person.chosen_at), person.status)) else {
            return;
        };
        let present = self.tenants.get_mut(&tenant).and_then(|people| people.all.get_mut(&user));
        if let Some(present) = present.filter(|present| chosen_at > present.chosen_at) {
            (present.chosen, present.chosen_at) = (status, chosen_at);
        }
    }

    /// As what somebody is seen who is there, here or elsewhere: as staff if they are that anywhere, as what they chose last.
    fn seen(&self, tenant: TenantKey, user: UserKey) -> Option<OnlineUser> {
        let here = self.tenants.get(&tenant).and_then(|people| people.all.get(&user));
        let here = here.map(|present| (present.chosen_at.0, present.shown(user)));
        let elsewhere = self.elsewhere.of(tenant, user).map(|person| (person.chosen_at, person.shown()));
        let all: Vec<(i64, OnlineUser)> = here.into_iter().chain(elsewhere).collect();
        let role = all.iter().map(|(_, one)| one.role).max()?;
        // Of several who know no better, the first: this node itself.
        let (_, last) = all.into_iter().reduce(|best, other| if other.0 > best.0 { other } else { best })?;
        Some(OnlineUser { role, ..last })
    }

    /// On one socket at least. The moment of grace does not count.
    fn acts_as_free_staff(&self, tenant: TenantKey, user: UserKey) -> bool {
        let here = self.tenants.get(&tenant).and_then(|people| people.all.get(&user));
        let acts_here = here.is_some_and(|present| present.staff_sockets > 0);
        let acts_elsewhere = self.elsewhere.of(tenant, user).any(|person| person.acts_as_staff);
        (acts_here || acts_elsewhere) && self.seen(tenant, user).is_some_and(|seen| seen.status == Status::Online)
    }
}

/// The same caller as they are called now.
pub fn renamed(caller: &Caller, now: &Caller) -> Caller {
    let (username, name, avatar_url) = (now.username.clone(), now.name.clone(), now.avatar_url.clone());
    Caller { username, name, avatar_url, ..caller.clone() }
}

impl OnlineUser {
    /// Its place in a list.
    fn rank(&self) -> (bool, &str) {
        (!self.role.is_staff(), &self.username)
    }
}

impl Present {
    /// During the moment of grace they are what they were.
    fn role(&self) -> Role {
        if self.staff_sockets == 0 && self.sockets > 0 { Role::Customer } else { self.caller.role }
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

impl Person {
    fn shown(&self) -> OnlineUser {
        OnlineUser {
            user_id: self.user_id.clone(),
            username: self.username.clone(),
            name: self.name.clone(),
            role: self.role,
            status: self.status,
            user: UserKey(self.user),
        }
    }
}

#[cfg(test)]
mod tests;
