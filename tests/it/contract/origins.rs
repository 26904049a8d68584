//! Whose pages may call: those of `CORS_ORIGINS`, and those that a publishable key lists.

use reqwest::Method;
use serde_json::{Value, json};
use smilechat::auth::admit_pages_of_keys;
use smilechat::platform::http::origins::Origins;

use crate::harness::{Engine, Person, Reply, Server, on_both_engines};

const ALLOWED: &str = "access-control-allow-origin";

async fn preflight(server: &Server, origin: &str) -> Reply {
    let call = server.call(Method::OPTIONS, "/api/auth/anonymous").header("origin", origin);
    call.header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-api-key")
        .await
}

/// Whether the pages of an origin may call, which the preflight and the answer after it have to agree on.
async fn is_let_in(server: &Server, origin: &str) -> bool {
    let (asked, answered) = (preflight(server, origin).await, server.get("/healthz").header("origin", origin).await);
    let named = [&asked, &answered].map(|reply| reply.header(ALLOWED));
    assert!(named == [None, None] || named == [Some(origin), Some(origin)], "{origin}: {named:?}");
    // A cache must not give one page's answer to another.
    assert!(asked.header("vary").is_some_and(|vary| vary.contains("origin")), "{:?}", asked.header("vary"));
    named[0].is_some()
}

/// A new publishable key's id, and the key.
async fn key_for(server: &Server, admin: &Person, origins: &[&str]) -> (String, String) {
    let new = json!({"kind": "publishable", "name": "Shop", "allowed_origins": origins});
    let made = server.post("/api/api-keys").by(admin).json(new).await.expect(201);
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (text("api_key_id"), text("api_key"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publishable_key_lets_the_pages_that_it_lists_call() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, stranger) = (acme.admin("ada").await, other.admin("ada").await);
        let (shop, new_shop) = ("https://shop.example", "https://new.example:8443");
        assert!(!is_let_in(&server, shop).await);
        let (id, key) = key_for(&server, &ada, &[shop]).await;
        assert!(is_let_in(&server, shop).await);
        for foreign in [
            "https://shop.example.evil",
            "https://shop.example.",
            "https://shop.example:443",
            "https://SHOP.example",
            "https://www.shop.example",
            "http://shop.example",
            "https://shop.exampl",
            "null",
            "*",
            "",
        ] {
            assert!(!is_let_in(&server, foreign).await, "{foreign}");
        }
        // The page is let in; what it asks is still held to the key that it brings.
        let anonymous = |key: &str| server.post("/api/auth/anonymous").key(key).header("origin", shop).json(json!({}));
        anonymous(&key).await.expect(201);
        let (_, elsewhere) = key_for(&server, &stranger, &["https://elsewhere.example"]).await;
        let refused = anonymous(&elsewhere).await;
        refused.problem(403, "origin_not_allowed");
        assert_eq!(refused.header(ALLOWED), Some(shop), "the page can read why");

        let path = format!("/api/api-keys/{id}");
        let change = |by: &Person, body: Value| server.put(&path).by(by).json(body);
        change(&stranger, json!({"allowed_origins": [new_shop]})).await.problem(404, "not_found");
        assert!(!is_let_in(&server, new_shop).await);
        change(&ada, json!({"name": "The shop"})).await.expect(200);
        assert!(is_let_in(&server, shop).await, "another name changes nothing");
        change(&ada, json!({"allowed_origins": [new_shop]})).await.expect(200);
        assert!(is_let_in(&server, new_shop).await && !is_let_in(&server, shop).await);

        // A key that another lists too goes alone.
        let (second, _) = key_for(&server, &stranger, &[new_shop]).await;
        server.delete(&path).by(&ada).await.expect(204);
        assert!(is_let_in(&server, new_shop).await);
        server.delete(&format!("/api/api-keys/{second}")).by(&stranger).await.expect(204);
        assert!(!is_let_in(&server, new_shop).await);
    })
    .await;
}

#[tokio::test]
async fn neither_a_secret_key_nor_one_without_a_list_lets_a_page_in() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    let page = "https://shop.example";
    let new = json!({"kind": "secret", "name": "CRM", "scopes": ["*"], "allowed_origins": [page]});
    let made = server.post("/api/api-keys").by(&ada).json(new).await.expect(201);
    let (id, _) = key_for(&server, &ada, &[]).await;
    assert!(!is_let_in(&server, page).await);
    let path = format!("/api/api-keys/{}", made["api_key_id"].as_str().expect("an id"));
    server.put(&path).by(&ada).json(json!({"allowed_origins": [page, "https://b.example"]})).await.expect(200);
    assert!(!is_let_in(&server, page).await && !is_let_in(&server, "https://b.example").await);
    server.put(&format!("/api/api-keys/{id}")).by(&ada).json(json!({"allowed_origins": [page]})).await.expect(200);
    assert!(is_let_in(&server, page).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keys_list_is_known_after_a_restart() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = acme.admin("ada").await;
        key_for(&server, &ada, &["https://a.example", "https://b.example"]).await;
        let (revoked, _) = key_for(&server, &ada, &["https://c.example"]).await;
        server.delete(&format!("/api/api-keys/{revoked}")).by(&ada).await.expect(204);
        let secret = json!({"kind": "secret", "name": "x", "scopes": ["*"], "allowed_origins": ["https://d.example"]});
        server.post("/api/api-keys").by(&ada).json(secret).await.expect(201);
        let fresh = Origins::default();
        admit_pages_of_keys(&server.running.app.db, &fresh).await.expect("read");
        let known = ["a", "b", "c", "d"].map(|name| fresh.have(&format!("https://{name}.example")));
        assert_eq!(known, [true, true, false, false]);
    })
    .await;
}

#[tokio::test]
async fn a_configured_origin_stays_whatever_keys_list() {
    let set = "https://set.example";
    let server = Server::start_with(Engine::Sqlite, |config| config.cors.origins = vec![set.into()]).await;
    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    let (id, _) = key_for(&server, &ada, &[set, "https://shop.example"]).await;
    assert!(is_let_in(&server, set).await && is_let_in(&server, "https://shop.example").await);
    server.delete(&format!("/api/api-keys/{id}")).by(&ada).await.expect(204);
    assert!(is_let_in(&server, set).await && !is_let_in(&server, "https://shop.example").await);
}
