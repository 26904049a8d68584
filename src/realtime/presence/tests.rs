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
    assert!(presence.arrive(&ann, Status::Online).is_some());
    assert!(presence.arrive(&ann, Status::Online).is_none() && presence.arrive(&ann, Status::Online).is_none());
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
    let choose = || presence.choose(&bob, Status::Busy, Timestamp(1));
    assert!(choose().is_some() && choose().is_none());
    assert_eq!(presence.staff_online(ann.tenant), [ann.user]);
    let ann_as_customer = caller(1, Role::Customer);
    presence.arrive(&ann_as_customer, Status::Online);
    presence.leave(&ann, Instant::now());
    assert!(presence.staff_online(ann.tenant).is_empty(), "who only looks at the product as a customer is given none");
    assert!(presence.staff_online(TenantKey(2)).is_empty());
}

/// What one node has to tell, heard by another.
fn pass(from: &Presence, to: &Presence) -> Vec<Difference> {
    let mut differences = Vec::new();
    from.changes(|news| differences.extend(to.hear(&"node".into(), news, Instant::now()).differences));
    differences
}

/// Two nodes that know each other.
fn two_nodes() -> (Presence, Presence) {
    let (here, there) = (Presence::default(), Presence::default());
    for (from, to) in [(&here, &there), (&there, &here)] {
        from.tell_others();
        from.everybody(|news| _ = to.hear(&"node".into(), news, Instant::now()));
    }
    (here, there)
}

#[test]
fn presence_is_that_of_all_nodes() {
    let ((here, there), ann, start) = (two_nodes(), caller(1, Role::Support), Instant::now());
    there.arrive(&ann, Status::Online);
    let told = pass(&there, &here);
    assert_eq!(told.iter().map(|one| (one.now.user, one.now.status)).collect::<Vec<_>>(), [(ann.user, Status::Online)]);
    assert_eq!(here.staff_online(ann.tenant), [ann.user]);
    assert_eq!(here.list(ann.tenant, &View::All).len(), 1);
    assert!(here.arrive(&ann, Status::Online).is_none(), "nobody sees a difference");
    assert!(pass(&here, &there).is_empty());

    there.leave(&ann, start);
    assert!(there.departed(start + GRACE).is_empty(), "they are here");
    assert!(pass(&there, &here).is_empty());
    here.leave(&ann, start);
    assert_eq!(here.departed(start + GRACE)[0].now.status, Status::Offline);
    assert_eq!(pass(&here, &there)[0].now.status, Status::Offline);
    assert!(there.list(ann.tenant, &View::All).is_empty() && there.staff_online(ann.tenant).is_empty());
}

#[test]
fn what_was_chosen_last_holds_on_all_nodes() {
    let ((here, there), ann) = (two_nodes(), caller(1, Role::Support));
    for node in [&here, &there] {
        node.arrive(&ann, Status::Online);
    }
    let both = |status| [&here, &there].iter().all(|node| node.status(ann.tenant, ann.user) == status);
    pass(&here, &there);
    pass(&there, &here);
    here.choose(&ann, Status::Busy, Timestamp(5));
    assert_eq!(pass(&here, &there)[0].now.status, Status::Busy);
    assert!(both(Status::Busy));
    there.choose(&ann, Status::Away, Timestamp(6));
    pass(&there, &here);
    assert!(both(Status::Away));
    here.leave(&ann, Instant::now());
    here.departed(Instant::now() + GRACE);
    pass(&here, &there);
    assert!(both(Status::Away));
}

#[test]
fn a_node_that_falls_silent_takes_its_people_along() {
    let ((here, there), ann, lease) = (two_nodes(), caller(1, Role::Customer), Duration::from_secs(20));
    there.arrive(&ann, Status::Online);
    pass(&there, &here);
    assert!(here.expire(lease, Instant::now()).differences.is_empty());
    let gone = here.expire(lease, Instant::now() + lease);
    assert_eq!(gone.differences[0].now.status, Status::Offline);
    assert_eq!(here.status(ann.tenant, ann.user), Status::Offline);
}
