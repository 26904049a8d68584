//! What somebody may do with what they hold: a code, a key, a role that was taken away; and that it is written down.

use serde_json::{Value, json};

use crate::harness::{Call, PASSWORD, Person, Server, on_both_engines};

fn code_of(server: &Server, secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base32");
    let totp = totp_rs::Builder::new().with_secret(secret).build().expect("a good secret");
    totp.generate(server.now().seconds().cast_unsigned()).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_code_serves_once() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ann = acme.customer("ann").await;
        let secret = server.post("/api/users/totp/offer").by(&ann).await.expect(200)["secret"].clone();
        let secret = secret.as_str().expect("base32").to_owned();
        let first = code_of(&server, &secret);
        let confirmation = json!({"secret": secret, "code": first, "current_password": PASSWORD});
        server.put("/api/users/totp").by(&ann).json(confirmation).await.expect(204);
        let login = |code: &str| {
            let credentials = json!({"username": "ann", "password": PASSWORD, "totp": code});
            server.post("/api/auth/login").key(&acme.publishable_key).json(credentials)
        };
        login(&first).await.problem(401, "invalid_credentials");
        server.pass(30);
        let second = code_of(&server, &secret);
        login(&second).await.expect(200);
        login(&second).await.problem(401, "invalid_credentials");
        // Still within the skew, but of an earlier step than the last one that served.
        login(&first).await.problem(401, "invalid_credentials");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_key_is_no_person_and_ends_with_its_account() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let new = json!({"kind": "secret", "name": "CRM", "scopes": ["tickets:read"]});
        let made = server.post("/api/api-keys").by(&ada).json(new).await.expect(201);
        let key = made["api_key"].as_str().expect("a key");
        server.put("/api/users/profile").key(key).json(json!({"name": "X"})).await.problem(403, "forbidden");
        server.post("/api/users/totp/offer").key(key).await.problem(403, "forbidden");
        server.get("/api/users/status").key(key).await.expect(200);
        server.get(&format!("/api/users/status?user_id={}", ann.id)).key(key).await.problem(403, "forbidden");
        let account = server.get("/api/users/profile").key(key).await.expect(200)["id"].clone();
        let path = format!("/api/users/{}", account.as_str().expect("an id"));
        server.put(&path).by(&ada).json(json!({"is_disabled": true})).await.expect(200);
        server.get("/api/tickets").key(key).await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_which_rights_were_given() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let patch = json!({"roles": ["support", "customer"], "is_disabled": true});
        server.put(&format!("/api/users/{}", ann.id)).by(&ada).json(patch.clone()).await.expect(200);
        let entry = newest(&server, &ada, "user_changed").await;
        assert_eq!((&entry["data"]["rights"], &entry["actor_id"]), (&patch, &json!(ada.id)));
        let invite = server.post("/api/invites").by(&ada).json(json!({"role": "support"})).await.expect(201);
        let id = invite["invite_id"].as_str().expect("an id");
        server.delete(&format!("/api/invites/{id}")).by(&ada).await.expect(204);
        assert_eq!(newest(&server, &ada, "invite_withdrawn").await["data"]["invite_id"], id);
    })
    .await;
}

async fn newest(server: &Server, by: &Person, kind: &str) -> Value {
    let page = server.get("/api/audit").by(by).await.expect(200);
    let entries = page["data"].as_array().expect("a list");
    entries.iter().find(|entry| entry["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {page}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_is_good_while_its_maker_is() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ada, ben) = (acme.admin("ada").await, acme.admin("ben").await);
        let made =
            server.post("/api/api-keys").by(&ada).json(json!({"kind": "secret", "name": "CRM", "scopes": ["*"]}));
        let made = made.await.expect(201);
        let invite = async |call: Call| {
            let made = call.json(json!({"role": "support"})).await.expect(201);
            made["invite"].as_str().expect("a token").to_owned()
        };
        let of_key = invite(server.post("/api/invites").key(made["api_key"].as_str().expect("a key"))).await;
        let of_ben = invite(server.post("/api/invites").by(&ben)).await;
        let of_ada = invite(server.post("/api/invites").by(&ada)).await;
        let key_id = made["api_key_id"].as_str().expect("an id");
        server.delete(&format!("/api/api-keys/{key_id}")).by(&ada).await.expect(204);
        server.put(&format!("/api/users/{}", ben.id)).by(&ada).json(json!({"is_disabled": true})).await.expect(200);
        let register = |name: &str, token: &str| {
            let new = json!({"username": name, "password": PASSWORD, "invite": token});
            server.post("/api/auth/register").key(&acme.publishable_key).json(new)
        };
        register("eve", &of_key).await.invalid("invite");
        register("eve", &of_ben).await.invalid("invite");
        register("eve", &of_ada).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_key_makes_nobody_staff() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
    let new = json!({"kind": "secret", "name": "CRM", "scopes": ["users:write"]});
    let made = server.post("/api/api-keys").by(&ada).json(new).await.expect(201);
    let key = made["api_key"].as_str().expect("a key");
    for role in ["support", "admin"] {
        server.post("/api/invites").key(key).json(json!({"role": role})).await.problem(403, "forbidden");
        let promotion = json!({"roles": [role]});
        server.put(&format!("/api/users/{}", ann.id)).key(key).json(promotion).await.problem(403, "forbidden");
    }
    let disabling = json!({"is_disabled": true});
    server.put(&format!("/api/users/{}", ada.id)).key(key).json(disabling.clone()).await.problem(403, "forbidden");
    server.put(&format!("/api/users/{}", ann.id)).key(key).json(disabling).await.expect(200);
}
