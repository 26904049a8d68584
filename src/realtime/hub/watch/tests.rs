use std::sync::Arc;

use super::*;
use crate::auth::model::{Caller, Role, Status};
use crate::realtime::gateway::loose;

const SHOP: TenantKey = TenantKey(1);
const ELSEWHERE: TenantKey = TenantKey(2);

/// One socket for each, under the same number: two of the staff, then so many customers, then two people of another tenant.
struct Hall {
    hub: Hub,
    customers: u64,
}

impl Hall {
    fn with(customers: u64) -> Self {
        let hub = Hub::default();
        for (number, handle) in (1..).zip(loose::sockets(customers + 4)) {
            let (tenant, role) = match number {
                1 | 2 => (SHOP, Role::Support),
                _ if number <= customers + 2 => (SHOP, Role::Customer),
                _ if number == customers + 3 => (ELSEWHERE, Role::Support),
                _ => (ELSEWHERE, Role::Customer),
            };
            let view = role.is_staff().then_some(View::All);
            let (caller, rooms) = (Arc::new(caller(tenant, number, role)), HashSet::new());
            let (api_key_id, origin, shown) = (None, None, None);
            hub.lock().add(Client { handle, caller, token_ends: 0, api_key_id, origin, rooms, view, shown });
        }
        Self { hub, customers }
    }

    /// Which sockets an arrival of this user visits: for the event, and for the list.
    fn visited(&self, user: i64) -> (Vec<u64>, Vec<u64>) {
        let mut state = self.hub.lock();
        let event = state.watchers(SHOP, UserKey(user)).map(|client| client.handle.id().0);
        let mut visited = (event.collect::<Vec<_>>(), Vec::new());
        visited.1.extend(state.concerned(SHOP, &HashSet::from([UserKey(user)])).iter().map(|socket| socket.0));
        visited.0.sort_unstable();
        visited.1.sort_unstable();
        visited
    }
}

fn caller(tenant: TenantKey, number: u64, role: Role) -> Caller {
    let name: Arc<str> = number.to_string().into();
    Caller {
        tenant,
        user: UserKey(number as i64),
        user_id: name.clone(),
        username: name.clone(),
        name,
        avatar_url: None,
        role,
        chosen_status: Status::Online,
        session_id: None,
        scopes: None,
    }
}

#[tokio::test]
async fn an_arrival_visits_those_whom_it_concerns_however_many_are_there() {
    for customers in [10, 1000] {
        let hall = Hall::with(customers);
        let last = hall.customers + 2;
        assert_eq!(hall.visited(last as i64), (vec![1, 2], vec![1, 2, last]), "of {customers}");
    }
}

#[tokio::test]
async fn customers_are_told_of_the_staff_who_have_their_tickets() {
    let hall = Hall::with(10);
    let (tia, sam) = (UserKey(1), UserKey(2));
    for customer in [5, 6] {
        assert_eq!(hall.hub.set_view(SHOP, UserKey(customer), &HashSet::from([tia])), HashSet::new());
    }
    assert_eq!(hall.visited(1), (vec![1, 2, 5, 6], vec![1, 2, 5, 6]));
    // The ticket of one changes hands.
    assert_eq!(hall.hub.set_view(SHOP, UserKey(6), &HashSet::from([sam])), HashSet::from([sam]));
    assert_eq!(hall.visited(1), (vec![1, 2, 5], vec![1, 2, 5]));
    assert_eq!(hall.visited(2), (vec![1, 2, 6], vec![1, 2, 6]));
    for socket in [5, 6] {
        hall.hub.remove(SocketId(socket));
    }
    assert_eq!(hall.visited(1), (vec![1, 2], vec![1, 2]));
    assert!(hall.hub.lock().watchers.is_empty(), "nothing is kept of who left");
}

#[tokio::test]
async fn a_list_that_was_dropped_is_sent_at_a_later_turn_and_one_that_was_sent_is_not() {
    let hall = Hall::with(3);
    let (tia, customer, stranger) = (UserKey(1), UserKey(3), UserKey(4));
    let handle = hall.hub.lock().clients[&SocketId(3)].handle.clone();
    hall.hub.set_view(SHOP, customer, &HashSet::from([tia]));
    let show = |changed| hall.hub.show_online(SHOP, &HashSet::from([changed]), |_| Frame::event("online_users", &[1]));
    while !handle.is_behind() {
        handle.emit(&Frame::event("x", &()));
    }
    let before = handle.backlog();
    show(tia);
    assert_eq!(handle.backlog(), before);
    assert!(hall.hub.lock().unshown[&SHOP].contains(&SocketId(3)));
    // It has been kept for whatever turn comes, once.
    assert!(hall.hub.lock().concerned(SHOP, &HashSet::from([stranger])).contains(&SocketId(3)));
    let other = hall.hub.lock().clients[&SocketId(1)].handle.clone();
    let before = other.backlog();
    show(tia);
    assert_eq!(other.backlog(), before, "the same list is not sent again");
}
