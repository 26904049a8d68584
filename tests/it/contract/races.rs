//! Two who do the same at once: accounts, names, roles and customers that both want.

use std::future::IntoFuture;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Call, Reply, on_both_engines, signed};

async fn at_once(calls: impl IntoIterator<Item = Call>) -> Vec<Reply> {
    let mut running = JoinSet::new();
    for call in calls {
        running.spawn(call.into_future());
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_ones_own_does_not_undo_an_admins() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = acme.admin("ada").await;
        for round in 0..5 {
            let ann = acme.customer(&format!("ann{round}")).await;
            let path = format!("/api/users/{}", ann.id);
            let disable = server.put(&path).by(&ada).json(json!({"is_disabled": true}));
            let rename =
                |n| server.put("/api/users/profile").by(&ann).json(json!({"name": format!("Ann {n}"), "email": null}));
            at_once((0..8).map(rename).chain([disable]).chain((8..16).map(rename))).await;
            assert_eq!(server.get(&path).by(&ada).await.expect(200)["is_disabled"], true);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_the_username() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let mut people = Vec::new();
        for n in 0..6 {
            people.push(acme.customer(&format!("person{n}")).await);
        }
        let calls =
            people.iter().map(|person| server.put("/api/users/profile").by(person).json(json!({"username": "Star"})));
        let (won, lost): (Vec<_>, Vec<_>) = at_once(calls).await.into_iter().partition(|reply| reply.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 5));
        lost.iter().for_each(|reply| reply.problem(409, "username_taken"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_who_remove_each_other_leave_one() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ada, bea) = (acme.admin("ada").await, acme.admin("bea").await);
        let remove =
            |by, whom: &str| server.put(&format!("/api/users/{whom}")).by(by).json(json!({"roles": ["support"]}));
        at_once([remove(&ada, &bea.id), remove(&bea, &ada.id)]).await;
        let admins = "select count(*) from users where role = 'admin' and password_hash is not null";
        assert_eq!(server.count(admins).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_first_visits_are_one_customer() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let claims = json!({"sub": "shop-17", "exp": server.now().seconds() + 600, "name": "Ann"});
        let token = signed(Algorithm::HS256, &claims, &acme.identity_secret);
        let calls =
            (0..10).map(|_| server.post("/api/auth/identify").key(&acme.publishable_key).json(json!({"token": token})));
        let mut ids: Vec<Value> = Vec::new();
        for reply in at_once(calls).await {
            ids.push(reply.expect(200)["user"]["id"].clone());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{ids:?}");
        let unprintable = json!({"sub": "shop\u{7}17", "exp": server.now().seconds() + 600});
        let token = signed(Algorithm::HS256, &unprintable, &acme.identity_secret);
        let call = server.post("/api/auth/identify").key(&acme.publishable_key).json(json!({"token": token}));
        call.await.problem(401, "unauthorized");
    })
    .await;
}

/// A ticket that a guest opens at the moment of being identified is the customer's, or is not there.
#[tokio::test(flavor = "multi_thread")]
async fn no_ticket_is_left_with_a_guest_who_was_somebody() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let exp = server.now().seconds() + 3600;
        for round in 0..10 {
            let guest = acme.guest().await;
            let claims = json!({"sub": format!("shop-{round}"), "exp": exp});
            let token = signed(Algorithm::HS256, &claims, &acme.identity_secret);
            let identify = server.post("/api/auth/identify").key(&acme.publishable_key).by(&guest);
            let identify = identify.json(json!({ "token": token }));
            let open = |n| server.post("/api/tickets").by(&guest).json(json!({"subject": format!("Lamp {n}")}));
            for reply in at_once((0..4).map(open).chain([identify]).chain((4..8).map(open))).await {
                assert!([200, 201, 401].contains(&reply.status), "{}", reply.text);
            }
        }
        let left = "select count(*) from tickets t join users u on u.user_key = t.customer_key where u.is_guest = true";
        assert_eq!(server.count(left).await, 0);
    })
    .await;
}
