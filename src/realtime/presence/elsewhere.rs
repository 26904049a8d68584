//! Who is there on other nodes, as far as these have told. Pure: the time is handed in, and what follows from a piece of news
//! is answered.
//!
//! Invariant: what is known of a node is what that node had at one of its numbers, never a mixture: a piece that does not
//! follow the last one is not taken, and everybody is asked for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::news::{News, Person};
use crate::auth::model::{TenantKey, UserKey};

/// Everybody of a node is asked for so often at most.
const ASK_AGAIN: Duration = Duration::from_secs(1);

type Id = Arc<str>;

#[derive(Default)]
pub(super) struct Elsewhere {
    nodes: HashMap<Id, Node>,
    people: HashMap<TenantKey, HashMap<UserKey, BTreeMap<Id, Person>>>,
}

struct Node {
    heard: Instant,
    asked: Option<Instant>,
    /// The number of the last piece that was taken; None until everybody was told.
    number: Option<u64>,
    /// Parts of the list of everybody, until the last has come: its number, the next part, and who was in it.
    parts: Option<(u64, u64, Vec<Person>)>,
}

/// What follows from a piece of news.
#[derive(Debug, Default, PartialEq)]
pub struct Learnt {
    /// Who may be seen as something else now.
    pub stirred: HashSet<(TenantKey, UserKey)>,
    /// Something is missing: say hello.
    pub has_to_ask: bool,
    /// The node wants to be told everybody.
    pub is_asked: bool,
}

impl Elsewhere {
    pub fn hear(&mut self, from: &Id, news: News, now: Instant) -> Learnt {
        let mut learnt = Learnt::default();
        if news == News::Bye {
            self.forget(from, &mut learnt);
            return learnt;
        }
        let unknown = Node { heard: now, asked: None, number: None, parts: None };
        let node = self.nodes.entry(from.clone()).or_insert(unknown);
        node.heard = now;
        let taken = match news {
            News::Alive(number) => node.number == Some(number),
            News::Hello(number) => {
                learnt.is_asked = true;
                node.number == Some(number)
            }
            News::Change { number, here, gone } => {
                let follows = node.number.is_some_and(|last| last + 1 == number);
                if follows {
                    node.number = Some(number);
                    self.change(from, here, &gone, &mut learnt);
                }
                follows
            }
            News::All { number, part, is_last, here } => {
                self.take_part(from, (number, part, is_last), here, &mut learnt)
            }
            News::Bye => true,
        };
        if !taken && let Some(node) = self.nodes.get_mut(from) {
            learnt.has_to_ask = node.asked.is_none_or(|at| now.saturating_duration_since(at) >= ASK_AGAIN);
            if learnt.has_to_ask {
                node.asked = Some(now);
            }
        }
        learnt
    }

    /// Those that were not heard for the lease are gone, and their people.
    pub fn expire(&mut self, lease: Duration, now: Instant) -> Learnt {
        let silent = self.nodes.iter().filter(|(_, node)| now.saturating_duration_since(node.heard) >= lease);
        let silent: Vec<Id> = silent.map(|(id, _)| id.clone()).collect();
        let mut learnt = Learnt::default();
        silent.iter().for_each(|id| self.forget(id, &mut learnt));
        learnt
    }

    pub fn of(&self, tenant: TenantKey, user: UserKey) -> impl Iterator<Item = &Person> {
        self.people.get(&tenant).and_then(|people| people.get(&user)).into_iter().flat_map(BTreeMap::values)
    }

    /// True once the last part of a list that has no gap is there.
    fn take_part(
        &mut self,
        from: &Id,
        (number, part, is_last): (u64, u64, bool),
        here: Vec<Person>,
        learnt: &mut Learnt,
    ) -> bool {
        let Some(node) = self.nodes.get_mut(from) else { return false };
        // Somebody else has asked.
        if node.number.is_some_and(|last| last >= number) {
            return true;
        }
        let mut all = match (part, node.parts.take()) {
            (0, _) => Vec::new(),
            (_, Some((of, next, before))) if (of, next) == (number, part) => before,
            _ => return false,
        };
        all.extend(here);
        if !is_last {
            node.parts = Some((number, part + 1, all));
            return true;
        }
        (node.number, node.asked) = (Some(number), None);
        let known = all.iter().map(|person| (person.tenant, person.user)).collect::<HashSet<_>>();
        let gone: Vec<_> = self.all_of(from).into_iter().filter(|one| !known.contains(one)).collect();
        self.change(from, all, &gone, learnt);
        true
    }

    fn change(&mut self, from: &Id, here: Vec<Person>, gone: &[(i64, i64)], learnt: &mut Learnt) {
        for person in here {
            let (tenant, user) = (TenantKey(person.tenant), UserKey(person.user));
            let on_nodes = self.people.entry(tenant).or_default().entry(user).or_default();
            if on_nodes.get(from) != Some(&person) {
                on_nodes.insert(from.clone(), person);
                learnt.stirred.insert((tenant, user));
            }
        }
        for (tenant, user) in gone {
            let (tenant, user) = (TenantKey(*tenant), UserKey(*user));
            let Some(people) = self.people.get_mut(&tenant) else { continue };
            let Some(on_nodes) = people.get_mut(&user) else { continue };
            if on_nodes.remove(from).is_some() {
                learnt.stirred.insert((tenant, user));
            }
            if on_nodes.is_empty() {
                people.remove(&user);
            }
            if people.is_empty() {
                self.people.remove(&tenant);
            }
        }
    }

    fn forget(&mut self, node: &Id, learnt: &mut Learnt) {
        let gone = self.all_of(node);
        self.change(node, Vec::new(), &gone, learnt);
        self.nodes.remove(node);
    }

    fn all_of(&self, node: &Id) -> Vec<(i64, i64)> {
        let people =
            self.people.iter().flat_map(|(tenant, people)| people.iter().map(|(user, on)| (*tenant, *user, on)));
        people.filter(|(.., on)| on.contains_key(node)).map(|(tenant, user, _)| (tenant.0, user.0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::model::{Role, Status};

    fn person(user: i64) -> Person {
        let name = format!("u{user}");
        let (user_id, username) = (name.clone(), name.clone());
        let (role, status) = (Role::Support, Status::Online);
        Person { tenant: 1, user, user_id, username, name, role, status, acts_as_staff: true, chosen_at: 0 }
    }

    fn all(number: u64, part: u64, is_last: bool, users: &[i64]) -> News {
        News::All { number, part, is_last, here: users.iter().map(|user| person(*user)).collect() }
    }

    fn change(number: u64, here: &[i64], gone: &[i64]) -> News {
        let here = here.iter().map(|user| person(*user)).collect();
        News::Change { number, here, gone: gone.iter().map(|user| (1, *user)).collect() }
    }

    fn known(elsewhere: &Elsewhere) -> Vec<i64> {
        let mut users: Vec<i64> =
            elsewhere.people.get(&TenantKey(1)).into_iter().flatten().map(|(user, _)| user.0).collect();
        users.sort_unstable();
        users
    }

    #[test]
    fn pieces_are_taken_in_their_order_or_everybody_is_asked_for() {
        let (mut elsewhere, now, node) = (Elsewhere::default(), Instant::now(), Id::from("a"));
        let learnt = elsewhere.hear(&node, change(3, &[1], &[]), now);
        assert!(learnt.has_to_ask && learnt.stirred.is_empty(), "nothing is known yet");
        assert!(!elsewhere.hear(&node, News::Alive(3), now).has_to_ask, "asked a moment ago");
        assert!(elsewhere.hear(&node, all(3, 0, false, &[1, 2]), now).stirred.is_empty());
        assert_eq!(elsewhere.hear(&node, all(3, 1, true, &[3]), now).stirred.len(), 3);
        assert!(!elsewhere.hear(&node, change(4, &[4], &[1]), now).has_to_ask);
        assert_eq!(known(&elsewhere), [2, 3, 4]);
        assert_eq!(elsewhere.hear(&node, News::Alive(4), now), Learnt::default());
        assert!(elsewhere.hear(&node, change(6, &[6], &[]), now).has_to_ask, "the fifth is missing");
        assert_eq!(known(&elsewhere), [2, 3, 4]);
        elsewhere.hear(&node, all(6, 0, true, &[2, 6]), now);
        assert_eq!(known(&elsewhere), [2, 6]);
        assert_eq!(elsewhere.hear(&node, all(6, 0, true, &[]), now), Learnt::default(), "for somebody else");
    }

    #[test]
    fn a_part_that_is_missing_is_no_list() {
        let (mut elsewhere, now, node) = (Elsewhere::default(), Instant::now(), Id::from("a"));
        elsewhere.hear(&node, all(1, 0, false, &[1]), now);
        assert!(elsewhere.hear(&node, all(1, 2, true, &[3]), now).has_to_ask);
        assert!(known(&elsewhere).is_empty());
        assert!(elsewhere.hear(&node, all(1, 1, true, &[2]), now).stirred.is_empty(), "the first part is gone");
    }

    #[test]
    fn who_is_on_two_nodes_is_there_until_both_are_gone() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        let (a, b) = (Id::from("a"), Id::from("b"));
        for node in [&a, &b] {
            elsewhere.hear(node, all(0, 0, true, &[1]), now);
        }
        assert_eq!(elsewhere.of(TenantKey(1), UserKey(1)).count(), 2);
        elsewhere.hear(&a, News::Bye, now);
        assert_eq!(known(&elsewhere), [1]);
        let lease = Duration::from_secs(20);
        assert!(elsewhere.expire(lease, now + lease / 2).stirred.is_empty());
        assert_eq!(elsewhere.expire(lease, now + lease).stirred.len(), 1);
        assert!(known(&elsewhere).is_empty());
        assert!(elsewhere.hear(&b, News::Alive(0), now + lease).has_to_ask, "it is back, and unknown");
    }
}
