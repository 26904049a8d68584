//! Registration, sign-in and roles.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{PASSWORD, Person, Server, on_both_engines};

const USER_FIELDS: [&str; 11] = [
    "avatar_url",
    "created_at",
    "email",
    "id",
    "last_active",
    "name",
    "role",
    "roles",
    "status",
    "updated_at",
    "username",
];

fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_makes_a_customer_with_a_session() {
    on_both_engines(async |server| {
        let new = json!({"username": "ann", "password": PASSWORD, "name": "Ann", "email": "ann@shop.example"});
        let reply = server.post("/api/auth/register").json(new).await;
        let session = reply.expect(201);
        assert_eq!(
            fields(&session),
            BTreeSet::from(["access_token", "expires_in", "refresh_token", "token_type", "user"])
        );
        assert_eq!((&session["token_type"], &session["expires_in"]), (&json!("Bearer"), &json!(900)));
        let user = &session["user"];
        assert_eq!(fields(user), BTreeSet::from(USER_FIELDS));
        assert_eq!(
            (&user["username"], &user["name"], &user["email"]),
            (&json!("ann"), &json!("Ann"), &json!("ann@shop.example"))
        );
        assert_eq!((&user["role"], &user["roles"]), (&json!("customer"), &json!(["customer"])));
        for time in ["created_at", "updated_at", "last_active"] {
            assert_eq!(user[time], server.now().to_string(), "{time}: RFC 3339 in UTC with milliseconds");
        }
        assert!(server.now().to_string().ends_with("000Z"));
        assert!(!reply.text.contains("password") && !reply.text.contains("argon2"), "{}", reply.text);
        server.get("/api/users/profile").by(&Person::of(session)).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_invite_makes_staff() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let register = |body: Value| server.post("/api/auth/register").key(&acme.publishable_key).json(body);
        for role in ["support", "admin"] {
            let new = json!({"username": "eve", "password": PASSWORD, "role": role});
            register(new).await.problem(403, "forbidden");
        }
        let new = json!({"username": "eve", "password": PASSWORD, "role": "customer"});
        register(new).await.expect(201);
        let invite = acme.invite("support").await;
        let wrong_role = json!({"username": "sue", "password": PASSWORD, "role": "admin", "invite": invite});
        register(wrong_role).await.problem(403, "forbidden");
        let new = json!({"username": "sue", "password": PASSWORD, "role": "support", "invite": invite});
        let staff = register(new).await.expect(201);
        assert_eq!(
            (&staff["user"]["role"], &staff["user"]["roles"]),
            (&json!("support"), &json!(["support", "customer"]))
        );
        let again = json!({"username": "sam", "password": PASSWORD, "invite": invite});
        register(again).await.problem(409, "invite_used");
        let unknown = json!({"username": "sam", "password": PASSWORD, "invite": "inv_unknown"});
        register(unknown).await.invalid("invite");
        let foreign = json!({"username": "sam", "password": PASSWORD, "invite": acme.invite("support").await});
        server.post("/api/auth/register").json(foreign).await.invalid("invite");
        server.pass(8 * 24 * 3600);
        // The invite of a moment ago has run out by now.
        let late = json!({"username": "sam", "password": PASSWORD, "invite": acme.invite("support").await});
        server.pass(8 * 24 * 3600);
        register(late).await.invalid("invite");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_username_is_unique_in_its_tenant_in_any_spelling() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        acme.customer("Zoë.Smith").await;
        for spelling in ["Zoë.Smith", "zoë.smith", "Zoe\u{308}.Smith", "Ｚoë.Smith"] {
            let new = json!({"username": spelling, "password": PASSWORD});
            server.post("/api/auth/register").key(&acme.publishable_key).json(new).await.problem(409, "username_taken");
            assert_eq!(acme.login(spelling).await.username, "Zoë.Smith");
        }
        other.customer("zoë.smith").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_registrations_of_one_name_one_wins() {
    on_both_engines(async |server| {
        let mut tries = JoinSet::new();
        for n in 0..20 {
            let username = if n % 2 == 0 { "Highlander" } else { "highlander" };
            let new = json!({"username": username, "password": PASSWORD});
            tries.spawn(server.post("/api/auth/register").json(new).into_future());
        }
        let mut statuses: Vec<u16> = tries.join_all().await.iter().map(|reply| reply.status).collect();
        statuses.sort();
        assert_eq!(statuses, [vec![201], vec![409; 19]].concat());
        assert_eq!(server.count("select count(*) from users where username_canonical = 'highlander'").await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_a_registration_may_not_hold() {
    let server = Server::sqlite().await;
    let before = server.count("select count(*) from users").await;
    let refused: &[(&str, Value)] = &[
        ("tenant_id", json!({"username": "eve", "password": PASSWORD, "tenant_id": "x"})),
        ("is_admin", json!({"username": "eve", "password": PASSWORD, "is_admin": true})),
        ("roles", json!({"username": "eve", "password": PASSWORD, "roles": ["admin"]})),
        ("role", json!({"username": "eve", "password": PASSWORD, "role": "root"})),
        ("username", json!({"password": PASSWORD})),
        ("password", json!({"username": "eve"})),
        ("username", json!({"username": "ev", "password": PASSWORD})),
        ("username", json!({"username": "e".repeat(65), "password": PASSWORD})),
        ("username", json!({"username": "e v e", "password": PASSWORD})),
        ("username", json!({"username": "eve\u{200b}x", "password": PASSWORD})),
        ("body", json!({"username": "eve\u{0}x", "password": PASSWORD})),
        ("username", json!({"username": {"$gt": ""}, "password": PASSWORD})),
        ("username", json!({"username": ["eve"], "password": PASSWORD})),
        ("username", json!({"username": null, "password": PASSWORD})),
        ("password", json!({"username": "eve", "password": "seven77"})),
        ("password", json!({"username": "eve", "password": "x".repeat(1025)})),
        ("password", json!({"username": "eve", "password": 12345678})),
        ("name", json!({"username": "eve", "password": PASSWORD, "name": "x".repeat(201)})),
        ("name", json!({"username": "eve", "password": PASSWORD, "name": "a\u{7}b"})),
        ("name", json!({"username": "eve", "password": PASSWORD, "name": "a\nb"})),
        ("email", json!({"username": "eve", "password": PASSWORD, "email": "nowhere"})),
    ];
    for (field, new) in refused {
        server.post("/api/auth/register").json(new.clone()).await.invalid(field);
    }
    assert_eq!(server.count("select count(*) from users").await, before);
    for (username, password) in [("e".repeat(64), "eight888".to_owned()), ("eve".into(), "x".repeat(1024))] {
        let new = json!({"username": username, "password": password, "name": "𝒳".repeat(200)});
        server.post("/api/auth/register").json(new).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_password_are_told_alike() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        acme.customer("ann").await;
        let login = |body: Value| {
            server.post("/api/auth/login").key(&acme.publishable_key).json(body).header("x-request-id", "r")
        };
        let mut texts = BTreeSet::new();
        for (username, password) in
            [("ann", "wrong horse battery"), ("nobody", PASSWORD), ("ann", ""), ("", ""), ("ann' or 1=1 --", "x")]
        {
            let reply = login(json!({"username": username, "password": password})).await;
            reply.problem(401, "invalid_credentials");
            texts.insert(reply.text);
        }
        assert_eq!(texts.len(), 1, "{texts:?}");
        // Another tenant's account is nobody here.
        let elsewhere = server.post("/api/auth/login").json(json!({"username": "ann", "password": PASSWORD}));
        elsewhere.await.problem(401, "invalid_credentials");
        for (field, body) in [
            ("username", json!({"username": {"$gt": ""}, "password": PASSWORD})),
            ("password", json!({"username": "ann"})),
            ("remember", json!({"username": "ann", "password": PASSWORD, "remember": true})),
        ] {
            login(body).await.invalid(field);
        }
        let session = login(json!({"username": "ANN", "password": PASSWORD})).await.expect(200);
        assert_eq!(session["user"]["username"], "ann");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_acts_in_their_own_roles_only() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let switch = |by: &Person, role: &str| server.post("/api/auth/switch-role").by(by).json(json!({"role": role}));
        for role in ["support", "admin"] {
            switch(&ann, role).await.problem(403, "forbidden");
        }
        switch(&sue, "admin").await.problem(403, "forbidden");
        switch(&sue, "root").await.invalid("role");
        let theirs = server.ticket(&ann, "private").await;
        let as_customer = Person::of(switch(&sue, "customer").await.expect(200));
        assert_eq!((&as_customer.session["user"]["role"], &as_customer.id), (&json!("customer"), &sue.id));
        let path = format!("/api/tickets/{theirs}");
        server.get(&path).by(&as_customer).await.problem(404, "not_found");
        server.get(&path).by(&sue).await.expect(200);
        let back = Person::of(switch(&as_customer, "support").await.expect(200));
        server.get(&path).by(&back).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn every_other_method_of_a_path_is_refused() {
    let server = Server::sqlite().await;
    for (method, path) in
        [(Method::GET, "/api/auth/login"), (Method::PUT, "/api/auth/register"), (Method::DELETE, "/api/auth/refresh")]
    {
        server.call(method, path).await.problem(405, "method_not_allowed");
    }
}
