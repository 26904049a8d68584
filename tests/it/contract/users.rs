//! The profile, the password and who is there.

use serde_json::{Value, json};
use smilechat::services;

use crate::harness::{PASSWORD, Person, Server, on_both_engines};

const NEW_PASSWORD: &str = "staple battery horse";

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_read_and_changed() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ann = acme.customer("ann").await;
        acme.customer("bob").await;
        let put = |body: Value| server.put("/api/users/profile").by(&ann).json(body);
        let before = server.get("/api/users/profile").by(&ann).await.expect(200);
        assert_eq!(before, ann.session["user"]);
        assert_eq!(put(json!({})).await.expect(200), before);
        server.pass(5);
        let new = json!({"username": "Anna", "name": "Anna B.", "email": "anna@shop.example", "avatar_url": "https://shop.example/a.png"});
        let after = put(new.clone()).await.expect(200);
        for (field, value) in new.as_object().expect("an object") {
            assert_eq!(&after[field], value, "{field}");
        }
        assert_eq!((&after["id"], &after["created_at"]), (&before["id"], &before["created_at"]));
        assert_eq!(after["updated_at"], server.now().to_string());
        assert_eq!(server.get("/api/users/profile").by(&ann).await.expect(200), after);
        put(json!({"username": "BOB"})).await.problem(409, "username_taken");
        let cleared = put(json!({"email": null, "avatar_url": null})).await.expect(200);
        assert_eq!((&cleared["email"], &cleared["avatar_url"]), (&Value::Null, &Value::Null));
        acme.login("anna").await;
    })
    .await;
}

#[tokio::test]
async fn what_a_profile_may_not_hold() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let before = server.get("/api/users/profile").by(&ann).await.expect(200);
    for (field, value) in [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("is_disabled", json!(false)),
        ("id", json!("x")),
        ("tenant_id", json!("x")),
        ("password", json!("x")),
        ("password_hash", json!("x")),
        ("username", json!("a")),
        ("username", json!("<b>x</b>")),
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("name", json!("a\u{1b}[31m")),
        ("name", json!("\u{202e}nimda")),
        ("name", json!("ann\u{2028}Admin")),
        ("email", json!("a@b@c")),
        ("avatar_url", json!("javascript:alert(1)")),
        ("avatar_url", json!("data:image/png;base64,xx")),
        ("avatar_url", json!("//shop.example/a.png")),
        ("avatar_url", json!("ftp://shop.example/a.png")),
    ] {
        server.put("/api/users/profile").by(&ann).json(json!({field: value})).await.invalid(field);
    }
    assert_eq!(server.get("/api/users/profile").by(&ann).await.expect(200), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_needs_the_current_one_and_ends_the_other_sessions() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, elsewhere) = (acme.customer("ann").await, acme.login("ann").await);
        let put = |body: Value| server.put("/api/users/profile").by(&ann).json(body);
        put(json!({"new_password": NEW_PASSWORD})).await.problem(403, "wrong_password");
        put(json!({"new_password": NEW_PASSWORD, "current_password": "wrong horse"}))
            .await
            .problem(403, "wrong_password");
        put(json!({"new_password": "short", "current_password": PASSWORD})).await.invalid("new_password");
        server.get("/api/users/profile").by(&elsewhere).await.expect(200);
        put(json!({"new_password": NEW_PASSWORD, "current_password": PASSWORD})).await.expect(200);
        server.get("/api/users/profile").by(&elsewhere).await.problem(401, "unauthorized");
        let refresh = json!({"refresh_token": elsewhere.refresh_token});
        assert_eq!(server.post("/api/auth/refresh").json(refresh).await.status, 401);
        server.get("/api/users/profile").by(&ann).await.expect(200);
        let login = |password: &str| {
            server
                .post("/api/auth/login")
                .key(&acme.publishable_key)
                .json(json!({"username": "ann", "password": password}))
        };
        login(PASSWORD).await.problem(401, "invalid_credentials");
        login(NEW_PASSWORD).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_may_ask_after_staff_only() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let stranger = other.support("sue").await;
        let ask = |by: &Person, of: &str| server.get(&format!("/api/users/status?user_id={of}")).by(by);
        let own = server.get("/api/users/status").by(&ann).await.expect(200);
        assert_eq!(own, json!({"user_id": ann.id, "status": "offline", "last_active": server.now().to_string()}));
        assert_eq!(ask(&ann, &sue.id).await.expect(200)["user_id"], sue.id);
        assert_eq!(ask(&ann, &ann.id).await.expect(200), own);
        assert_eq!(ask(&sue, &bob.id).await.expect(200)["user_id"], bob.id);
        for unseen in [&bob.id, &stranger.id, "unknown"] {
            ask(&ann, unseen).await.problem(404, "not_found");
        }
        ask(&sue, &stranger.id).await.problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_the_people_and_admins_change_their_rights() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue, ada) = (acme.customer("ann").await, acme.support("sue").await, acme.admin("ada").await);
        let path = format!("/api/users/{}", ann.id);
        for path in ["/api/users", &path] {
            server.get(path).by(&ann).await.problem(403, "forbidden");
        }
        assert_eq!(server.get(&path).by(&sue).await.expect(200)["username"], "ann");
        let listed = server.get("/api/users").by(&sue).await;
        assert!(listed.expect(200)["data"].as_array().expect("a list").iter().any(|user| user["id"] == ann.id));
        assert!(!listed.text.contains("password") && !listed.text.contains("argon2"));
        server.put(&path).by(&sue).json(json!({"roles": ["support"]})).await.problem(403, "forbidden");
        server.put(&path).by(&ada).json(json!({"roles": []})).await.invalid("roles");
        let promoted = server.put(&path).by(&ada).json(json!({"roles": ["support", "customer"]})).await.expect(200);
        assert_eq!((&promoted["role"], &promoted["roles"]), (&json!("support"), &json!(["support", "customer"])));
        let own = format!("/api/users/{}", ada.id);
        for patch in [json!({"roles": ["support"]}), json!({"is_disabled": true})] {
            server.put(&own).by(&ada).json(patch).await.problem(409, "last_admin");
        }
        server.get("/api/audit").by(&sue).await.problem(403, "forbidden");
        let audit = server.get("/api/audit").by(&ada).await.expect(200);
        let newest = &audit["data"][0];
        assert_eq!((&newest["kind"], &newest["actor_id"]), (&json!("user_changed"), &json!(ada.id)));
    })
    .await;
}

/// What is absent stays, and null is no value: a client that means to empty a field learns that it cannot.
#[tokio::test]
async fn null_is_refused_where_there_is_no_nothing() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ada, sue) = (acme.admin("ada").await, acme.support("sue").await);
    let key = json!({"kind": "publishable", "name": "Shop"});
    let key = server.post("/api/api-keys").by(&ada).json(key).await.expect(201)["api_key_id"].clone();
    let key = format!("/api/api-keys/{}", key.as_str().expect("an id"));
    let sue = format!("/api/users/{}", sue.id);
    for (path, fields) in [
        ("/api/users/profile", &["username", "name", "current_password", "new_password"][..]),
        (&sue, &["roles", "is_disabled"]),
        (&key, &["name", "allowed_origins"]),
        (
            "/api/settings/widget",
            &["name", "greeting", "primary_color", "position", "prechat", "quick_replies", "sound"],
        ),
    ] {
        for field in fields {
            server.put(path).by(&ada).json(json!({ *field: null })).await.invalid(field);
        }
    }
}

/// What the server does after a change of a user, it does although it died in the moment after the change.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_from_a_change_of_a_user_is_made_up_for() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue, ada) = (acme.customer("ann").await, acme.support("sue").await, acme.admin("ada").await);
        let ticket = server.ticket(&ann, "Lamp").await;
        server.say(&sue, &ticket, "Here I am.").await;
        let app = &server.running.app;
        // As a process leaves it that died before it told anybody.
        let (now, sue_id, ann_id) = (server.now(), sue.id.clone(), ann.id.clone());
        let change = app.db.write(move |tx| {
            let event = "insert into events (tenant_key, kind, data, timestamp)
                select tenant_key, 'user_changed', $2, $3 from users where user_id = $1";
            let data = |id: &str, field: &str| json!({"user_id": id, "changed": [field]}).to_string();
            tx.execute("update users set is_disabled = true where user_id = $1", &[sue_id.as_str().into()])?;
            let disabled = data(&sue_id, "is_disabled");
            tx.execute(event, &[sue_id.as_str().into(), disabled.as_str().into(), now.into()])?;
            tx.execute("update users set name = 'Zoe Quill' where user_id = $1", &[ann_id.as_str().into()])?;
            let renamed = data(&ann_id, "name");
            tx.execute(event, &[ann_id.as_str().into(), renamed.as_str().into(), now.into()])
        });
        change.await.expect("changed");
        let seen = async || server.get(&format!("/api/tickets/{ticket}")).by(&ada).await.expect(200);
        let found = async || server.get("/api/tickets?q=quill").by(&ada).await.expect(200)["data"].clone();
        services::catch_up(app).await.expect("nothing is old enough");
        assert_eq!((&seen().await["support_id"], found().await), (&json!(sue.id), json!([])));
        // Past the age at which an event is looked at, with the bounds of this harness.
        server.pass(120);
        services::catch_up(app).await.expect("made up for");
        let put_back = seen().await;
        assert_eq!((&put_back["status"], &put_back["support_id"]), (&json!("open"), &Value::Null));
        assert_eq!(found().await[0]["ticket_id"], json!(ticket));
        let told = async || server.count("select count(*) from events where kind = 'ticket_updated'").await;
        let before = told().await;
        services::catch_up(app).await.expect("nothing is left");
        assert_eq!(told().await, before);
    })
    .await;
}
