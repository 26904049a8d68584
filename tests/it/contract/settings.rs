//! The widget's settings, what a page gets of them, and the identity secret.

use serde_json::{Value, json};

use crate::harness::{Person, Server, on_both_engines};

/// Everything that can be set, away from its default.
fn settings() -> Value {
    json!({"name": "Lamp shop", "greeting": "Hi!\nHow can we help?", "primary_color": "#4CAF50", "position": "left",
        "theme": "dark", "language": "es", "prechat": "optional", "quick_replies": ["Where is it?", "<b>Refund</b>"],
        "sound": false, "ask_rating": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widget_is_set_by_admins_and_shown_to_everybody() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, stranger) = (acme.admin("ada").await, other.admin("ada").await);
        let put = |by: &Person, body: Value| server.put("/api/settings/widget").by(by).json(body);
        let fresh = server.get("/api/settings/widget").by(&ada).await.expect(200);
        assert_eq!((&fresh["language"], &fresh["prechat"]), (&json!("auto"), &json!("none")));
        assert_eq!(put(&ada, json!({})).await.expect(200), fresh);
        assert_eq!(put(&ada, settings()).await.expect(200), settings());
        let mut changed = settings();
        changed["theme"] = json!("light");
        assert_eq!(put(&ada, json!({"theme": "light"})).await.expect(200), changed, "what is absent stays");
        assert_eq!(server.get("/api/settings/widget").by(&ada).await.expect(200), changed);
        assert_eq!(server.get("/api/settings/widget").by(&stranger).await.expect(200), fresh);

        let shown = server.get("/api/widget").key(&acme.publishable_key).await;
        assert_eq!(shown.header("cache-control"), Some("max-age=10"));
        let mut expected = changed.clone();
        (expected["is_staffed"], expected["staff"]) = (json!(false), json!([]));
        assert_eq!(shown.expect(200), expected);
        let others = server.get("/api/widget").key(&other.publishable_key).await.expect(200);
        assert_eq!(others["name"], fresh["name"]);
        assert_eq!(server.get("/api/widget").await.expect(200)["name"], fresh["name"]);

        let audit = server.get("/api/audit").by(&ada).await.expect(200);
        assert_eq!(
            (&audit["data"][0]["kind"], &audit["data"][0]["data"], &audit["data"][0]["actor_name"]),
            (&json!("widget_settings_changed"), &json!({"theme": "light"}), &json!("ada"))
        );
    })
    .await;
}

#[tokio::test]
async fn what_a_widget_may_not_be() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ada, sue, ann) = (acme.admin("ada").await, acme.support("sue").await, acme.customer("ann").await);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("greeting", json!("x".repeat(1001))),
        ("greeting", json!("\u{1b}[31m")),
        ("primary_color", json!("red")),
        ("primary_color", json!("#12345")),
        ("primary_color", json!("#12345g")),
        ("primary_color", json!("#2563eb;}")),
        ("position", json!("top")),
        ("theme", json!("blue")),
        ("language", json!("en_US")),
        ("prechat", json!(true)),
        ("quick_replies[0]", json!([""])),
        ("quick_replies[1]", json!(["x", "x".repeat(81)])),
        ("quick_replies", json!(["1", "2", "3", "4", "5", "6", "7"])),
        ("sound", json!("no")),
        ("tenant_id", json!("x")),
    ] {
        let name = field.split('[').next().expect("a name");
        server.put("/api/settings/widget").by(&ada).json(json!({name: value})).await.invalid(field);
    }
    assert_eq!(server.count("select count(*) from widget_settings").await, 0);
    for person in [&sue, &ann] {
        server.get("/api/settings/widget").by(person).await.problem(403, "forbidden");
        server.put("/api/settings/widget").by(person).json(settings()).await.problem(403, "forbidden");
        for call in [server.get("/api/settings/identity"), server.post("/api/settings/identity")] {
            call.by(person).await.problem(403, "forbidden");
        }
    }
    let edges =
        json!({"name": "x".repeat(200), "greeting": "", "quick_replies": vec!["x".repeat(80); 6], "language": "pt-BR"});
    server.put("/api/settings/widget").by(&ada).json(edges).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widget_is_shown_to_the_origins_of_its_key_as_they_are_now() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, stranger) = (acme.admin("ada").await, other.admin("ada").await);
        let new = json!({"kind": "publishable", "name": "Shop", "allowed_origins": ["https://shop.example"]});
        let made = server.post("/api/api-keys").by(&ada).json(new).await.expect(201);
        let (key, id) = (made["api_key"].as_str().expect("a key"), made["api_key_id"].as_str().expect("an id"));
        let shown = |origin: &str| server.get("/api/widget").key(key).header("origin", origin);
        shown("https://shop.example").await.expect(200);
        shown("https://new.example").await.problem(403, "origin_not_allowed");

        let path = format!("/api/api-keys/{id}");
        let put = |by: &Person, body: Value| server.put(&path).by(by).json(body);
        put(&stranger, json!({"allowed_origins": []})).await.problem(404, "not_found");
        put(&ada, json!({"allowed_origins": ["https://new.example/path"]})).await.invalid("allowed_origins[0]");
        put(&ada, json!({"scopes": ["*"]})).await.invalid("scopes");
        let changed =
            put(&ada, json!({"name": "New shop", "allowed_origins": ["https://new.example"]})).await.expect(200);
        assert_eq!(
            (&changed["name"], &changed["allowed_origins"], &changed["prefix"]),
            (&json!("New shop"), &json!(["https://new.example"]), &made["prefix"])
        );
        let listed = server.get("/api/api-keys").by(&ada).await.expect(200);
        assert!(listed["data"].as_array().expect("a list").contains(&changed), "{listed}");
        shown("https://new.example").await.expect(200);
        shown("https://shop.example").await.problem(403, "origin_not_allowed");
        assert_eq!(put(&ada, json!({})).await.expect(200), changed);
        let audit = server.get("/api/audit").by(&ada).await.expect(200);
        assert_eq!(audit["data"][0]["data"], json!({"api_key_id": id, "changed": ["name", "allowed_origins"]}));

        server.delete(&path).by(&ada).await.expect(204);
        put(&ada, json!({"name": "x"})).await.problem(404, "not_found");
        server.get("/api/widget").key(key).await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_secret_is_shown_exchanged_and_written_down() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let ada = acme.admin("ada").await;
        let shown = server.get("/api/settings/identity").by(&ada).await;
        assert_eq!(shown.header("cache-control"), Some("no-store"));
        assert_eq!(shown.expect(200), json!({"identity_secret": acme.identity_secret}));
        let hash = |secret: &str| {
            smilechat::platform::secret::hex(&smilechat::platform::secret::hmac_sha256(secret.as_bytes(), &[b"u1"]))
        };
        let identify = |user_hash: String| {
            let call = server.post("/api/auth/identify").key(&acme.publishable_key);
            call.json(json!({"user_id": "u1", "user_hash": user_hash}))
        };
        let customer = Person::of(identify(hash(&acme.identity_secret)).await.expect(200));
        let rotated = server.post("/api/settings/identity").by(&ada).json(json!({})).await.expect(200);
        let secret = rotated["identity_secret"].as_str().expect("a secret");
        assert_ne!(secret, acme.identity_secret);
        assert!(secret.starts_with("ids_"), "{secret}");
        identify(hash(&acme.identity_secret)).await.problem(401, "unauthorized");
        assert_eq!(Person::of(identify(hash(secret)).await.expect(200)).id, customer.id);
        server.get("/api/users/profile").by(&customer).await.expect(200);

        let audit = server.get("/api/audit").by(&ada).await;
        assert!(!audit.text.contains(secret) && !audit.text.contains(&acme.identity_secret), "{}", audit.text);
        let kinds: Vec<Value> =
            audit.expect(200)["data"].as_array().expect("a list").iter().map(|entry| entry["kind"].clone()).collect();
        for kind in ["identity_secret_shown", "identity_secret_rotated"] {
            assert!(kinds.contains(&json!(kind)), "{kind} is not in {kinds:?}");
        }
        let limited = json!({"kind": "secret", "name": "x", "scopes": ["settings:write"]});
        let key = server.post("/api/api-keys").by(&ada).json(limited).await.expect(201);
        let key = key["api_key"].as_str().expect("a key");
        server.get("/api/settings/widget").key(key).await.expect(200);
        server.get("/api/settings/identity").key(key).await.problem(403, "forbidden");
        server.post("/api/settings/identity").key(key).await.problem(403, "forbidden");
        let others = server.get("/api/settings/identity").key(&other.secret_key).await.expect(200);
        assert_eq!(others["identity_secret"], other.identity_secret);
    })
    .await;
}
