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
/// For the people of a node that has stopped. It told of those who had left before, so that nobody is seen for longer than 5 s
/// who is gone.
const GRACE: Duration = Duration::from_millis(2500);

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
    /// It has stopped: its people are coming back elsewhere.
    stopped: Option<Instant>,
}

/// What follows from a piece of news.
#[derive(Debug, Default, PartialEq)]
pub struct Learnt {
    /// Who may be seen as something else now.
    pub stirred: HashSet<(TenantKey, UserKey)>,
    /// Something is missing: say hello.
    pub has_to_ask: bool,
    /// The node wants to know how many pieces this one has told.
    pub is_greeted: bool,
}

impl Elsewhere {
    pub fn hear(&mut self, from: &Id, news: News, now: Instant) -> Learnt {
        let mut learnt = Learnt::default();
        if news == News::Bye {
            if let Some(node) = self.nodes.get_mut(from) {
                node.stopped = Some(now);
            }
            return learnt;
        }
        let unknown = Node { heard: now, asked: None, number: None, parts: None, stopped: None };
        let node = self.nodes.entry(from.clone()).or_insert(unknown);
        node.heard = now;
        // A piece that was made later may have been heard before it.
        let has_all = |number: u64| node.number.is_some_and(|last| last >= number);
        let taken = match news {
            News::Alive(number) | News::Ask { number, .. } => has_all(number),
            News::Hello(number) => {
                learnt.is_greeted = true;
                has_all(number)
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

    /// Those that were not heard for the lease are gone, and their people; and those whose node stopped and who have not come
    /// back.
    pub fn expire(&mut self, lease: Duration, now: Instant) -> Learnt {
        let is_over = |node: &Node| {
            now.saturating_duration_since(node.heard) >= lease
                || node.stopped.is_some_and(|at| now.saturating_duration_since(at) >= GRACE)
        };
        let silent = self.nodes.iter().filter(|(_, node)| is_over(node));
        let silent: Vec<Id> = silent.map(|(id, _)| id.clone()).collect();
        let mut learnt = Learnt::default();
        silent.iter().for_each(|id| self.forget(id, &mut learnt));
        learnt
    }

    pub fn of(&self, tenant: TenantKey, user: UserKey) -> impl Iterator<Item = &Person> {
        self.people.get(&tenant).and_then(|people| people.get(&user)).into_iter().flat_map(BTreeMap::values)
    }

    pub fn sockets(&self, tenant: TenantKey, user: UserKey) -> usize {
        let on_nodes = self.people.get(&tenant).and_then(|people| people.get(&user)).into_iter().flatten();
        let runs = |id: &Id| self.nodes.get(id).is_some_and(|node| node.stopped.is_none());
        on_nodes.filter(|(id, _)| runs(id)).map(|(_, person)| person.sockets).sum()
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
            let before = on_nodes.insert(from.clone(), person.clone());
            // How many sockets they have, nobody sees.
            if before.map(|before| Person { sockets: person.sockets, ..before }) != Some(person) {
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
        Person { tenant: 1, user, user_id, username, name, role, status, sockets: 1, acts_as_staff: true, chosen_at: 0 }
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
    fn a_piece_is_asked_for_of_the_node_that_has_it_and_of_no_other() {
        let (mut elsewhere, now, node) = (Elsewhere::default(), Instant::now(), Id::from("a"));
        elsewhere.hear(&node, all(3, 0, true, &[1]), now);
        let asks = |of: &str| News::Ask { number: 3, node: of.into() }.for_node(|node| node == "me");
        let ((of_us, is_asked), (of_another, is_another_asked)) = (asks("me"), asks("b"));
        assert!(is_asked && !is_another_asked);
        assert_eq!(elsewhere.hear(&node, of_us, now), Learnt::default());
        assert_eq!(elsewhere.hear(&node, of_another, now), Learnt::default());
        let greeted = elsewhere.hear(&node, News::Hello(3), now);
        assert_eq!(greeted, Learnt { is_greeted: true, ..Learnt::default() }, "a number answers it, and no list");
        assert!(!elsewhere.hear(&node, News::Alive(2), now).has_to_ask, "it was made before the third");
        assert!(elsewhere.hear(&node, News::Alive(4), now).has_to_ask);
    }

    #[test]
    fn the_people_of_a_node_that_stops_have_a_moment_to_come_back() {
        let (mut elsewhere, now, lease) = (Elsewhere::default(), Instant::now(), Duration::from_secs(20));
        let (old, new) = (Id::from("old"), Id::from("new"));
        elsewhere.hear(&old, all(0, 0, true, &[1, 2]), now);
        elsewhere.hear(&new, all(0, 0, true, &[]), now);
        assert_eq!(elsewhere.sockets(TenantKey(1), UserKey(1)), 1);
        assert_eq!(elsewhere.hear(&old, News::Bye, now), Learnt::default(), "nobody is seen as gone");
        assert_eq!(elsewhere.sockets(TenantKey(1), UserKey(1)), 0, "though no socket is left");
        elsewhere.hear(&new, change(1, &[1], &[]), now + GRACE / 2);
        assert!(elsewhere.expire(lease, now + GRACE / 2).stirred.is_empty());
        assert_eq!(known(&elsewhere), [1, 2]);
        elsewhere.expire(lease, now + GRACE);
        assert_eq!(known(&elsewhere), [1], "the other did not");
        assert!(elsewhere.expire(lease, now + GRACE * 2).stirred.is_empty());
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
        let lease = Duration::from_secs(20);
        elsewhere.hear(&a, News::Bye, now);
        assert!(elsewhere.expire(lease, now + GRACE).stirred.contains(&(TenantKey(1), UserKey(1))));
        assert_eq!((known(&elsewhere), elsewhere.of(TenantKey(1), UserKey(1)).count()), (vec![1], 1));
        assert!(elsewhere.expire(lease, now + lease / 2).stirred.is_empty());
        assert_eq!(elsewhere.expire(lease, now + lease).stirred.len(), 1);
        assert!(known(&elsewhere).is_empty());
        assert!(elsewhere.hear(&b, News::Alive(0), now + lease).has_to_ask, "it is back, and unknown");
    }
}
