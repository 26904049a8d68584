//! API keys and invites.

use serde_json::{Value, json};

use crate::harness::{Person, Server, on_both_engines};

fn ids(page: &Value, field: &str) -> Vec<String> {
    page["data"].as_array().expect("a list").iter().map(|one| one[field].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_stops_when_it_is_revoked() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, stranger) = (acme.admin("ada").await, other.admin("ada").await);
        let new = json!({"kind": "secret", "name": "CRM", "scopes": ["tickets:read"]});
        let made = server.post("/api/api-keys").by(&ada).json(new).await.expect(201);
        let key = made["api_key"].as_str().expect("a key").to_owned();
        assert!(key.starts_with("sk_"), "{key}");
        let listed = server.get("/api/api-keys").by(&ada).await;
        assert!(!listed.text.contains(&key), "{}", listed.text);
        let id = made["api_key_id"].as_str().expect("an id").to_owned();
        assert!(ids(&listed.expect(200), "api_key_id").contains(&id));
        let ann = acme.customer("ann").await;
        let ticket = server.ticket(&ann, "Lamp").await;
        assert_eq!(server.get("/api/tickets").key(&key).await.expect(200)["data"][0]["ticket_id"], ticket);
        server.get(&format!("/api/tickets/{ticket}")).key(&key).await.expect(200);
        for path in [
            "/api/users",
            "/api/invites",
            "/api/api-keys",
            "/api/audit",
            &format!("/api/messages/{ticket}"),
            &format!("/api/tickets/{ticket}/notes"),
        ] {
            server.get(path).key(&key).await.problem(403, "forbidden");
        }
        server.post("/api/tickets").key(&key).json(json!({"subject": "x"})).await.problem(403, "forbidden");
        server.delete(&format!("/api/tickets/{ticket}")).key(&key).await.problem(403, "forbidden");
        let path = format!("/api/api-keys/{id}");
        server.delete(&path).by(&stranger).await.problem(404, "not_found");
        server.get("/api/tickets").key(&key).await.expect(200);
        server.delete(&path).by(&ada).await.expect(204);
        server.get("/api/tickets").key(&key).await.problem(401, "unauthorized");
        server.delete(&path).by(&ada).await.problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publishable_key_grants_nothing_and_keeps_to_its_origins() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = acme.admin("ada").await;
        let new = json!({"kind": "publishable", "name": "Shop", "allowed_origins": ["https://shop.example"]});
        let made = server.post("/api/api-keys").by(&ada).json(new).await.expect(201);
        let key = made["api_key"].as_str().expect("a key");
        assert!(key.starts_with("pk_"), "{key}");
        for path in ["/api/tickets", "/api/users/profile", "/api/users"] {
            server.get(path).key(key).await.problem(401, "unauthorized");
        }
        let anonymous = || server.post("/api/auth/anonymous").key(key).json(json!({}));
        anonymous().header("origin", "https://shop.example").await.expect(201);
        anonymous().await.expect(201);
        for origin in ["https://shop.example.evil", "http://shop.example", "null"] {
            anonymous().header("origin", origin).await.problem(403, "origin_not_allowed");
        }
        server
            .delete(&format!("/api/api-keys/{}", made["api_key_id"].as_str().expect("an id")))
            .by(&ada)
            .await
            .expect(204);
        anonymous().await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_writes_by_its_key_leaves_a_ticket_waiting_for_a_person() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let ticket = server.ticket(&ann, "Lamp").await;
        let path = format!("/api/messages/{ticket}");
        let say = |text: &str| json!({ "message_content": text });
        server.post(&path).key(&acme.secret_key).json(say("We will be with you soon.")).await.expect(201);
        let seen = server.get(&format!("/api/tickets/{ticket}")).by(&ann).await.expect(200);
        assert_eq!((&seen["status"], &seen["support_id"]), (&json!("open"), &Value::Null));
        // It cannot take the ticket either.
        let ticket_path = format!("/api/tickets/{ticket}");
        let by_key = |patch| server.put(&ticket_path).key(&acme.secret_key).json(patch);
        by_key(json!({"status": "in_progress"})).await.invalid("support_id");
        server.post(&path).by(&sue).json(say("Here I am.")).await.expect(201);
        let kept = by_key(json!({"status": "in_progress", "tags": ["lamp"]})).await.expect(200);
        assert_eq!(kept["support_id"], json!(sue.id), "whoever has it keeps it");
        let seen = server.get(&format!("/api/tickets/{ticket}")).by(&ann).await.expect(200);
        assert_eq!((&seen["status"], &seen["support_id"]), (&json!("in_progress"), &json!(sue.id)));
    })
    .await;
}

#[tokio::test]
async fn what_a_key_may_not_be() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ada, sue, ann) = (acme.admin("ada").await, acme.support("sue").await, acme.customer("ann").await);
    let before = server.count("select count(*) from api_keys").await;
    for (field, new) in [
        ("kind", json!({"kind": "root", "name": "x"})),
        ("name", json!({"kind": "publishable"})),
        ("name", json!({"kind": "publishable", "name": ""})),
        ("scopes", json!({"kind": "secret", "name": "x"})),
        ("scopes", json!({"kind": "secret", "name": "x", "scopes": ["everything"]})),
        ("scopes", json!({"kind": "publishable", "name": "x", "scopes": ["*"]})),
        (
            "allowed_origins[0]",
            json!({"kind": "publishable", "name": "x", "allowed_origins": ["https://shop.example/path"]}),
        ),
        ("tenant_id", json!({"kind": "publishable", "name": "x", "tenant_id": "y"})),
    ] {
        server.post("/api/api-keys").by(&ada).json(new).await.invalid(field);
    }
    let new = json!({"kind": "secret", "name": "x", "scopes": ["*"]});
    for person in [&sue, &ann] {
        server.post("/api/api-keys").by(person).json(new.clone()).await.problem(403, "forbidden");
        server.get("/api/api-keys").by(person).await.problem(403, "forbidden");
    }
    let narrow = json!({"kind": "secret", "name": "x", "scopes": ["api_keys:write"]});
    let made = server.post("/api/api-keys").by(&ada).json(narrow).await.expect(201);
    let key = made["api_key"].as_str().expect("a key");
    server.post("/api/api-keys").key(key).json(new).await.problem(403, "forbidden");
    assert_eq!(server.count("select count(*) from api_keys").await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn invites_are_made_listed_and_withdrawn_by_admins() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, sue, stranger) = (acme.admin("ada").await, acme.support("sue").await, other.admin("ada").await);
        let invite = |by: &Person, body: Value| server.post("/api/invites").by(by).json(body);
        invite(&sue, json!({"role": "support"})).await.problem(403, "forbidden");
        invite(&ada, json!({"role": "root"})).await.invalid("role");
        invite(&ada, json!({"role": "support", "expires_in": 1})).await.invalid("expires_in");
        let made =
            invite(&ada, json!({"role": "support", "email": "sam@shop.example", "expires_in": 600})).await.expect(201);
        assert_eq!((&made["role"], &made["email"]), (&json!("support"), &json!("sam@shop.example")));
        let token = made["invite"].as_str().expect("a token");
        let listed = server.get("/api/invites").by(&ada).await;
        assert!(!listed.text.contains(token), "{}", listed.text);
        let id = made["invite_id"].as_str().expect("an id").to_owned();
        assert!(ids(&listed.expect(200), "invite_id").contains(&id));
        let path = format!("/api/invites/{id}");
        server.delete(&path).by(&stranger).await.problem(404, "not_found");
        server.delete(&path).by(&sue).await.problem(403, "forbidden");
        server.delete(&path).by(&ada).await.expect(204);
        let late = json!({"username": "sam", "password": "long enough", "invite": token});
        server.post("/api/auth/register").key(&acme.publishable_key).json(late).await.invalid("invite");
    })
    .await;
}
