//! Tokens: how a session is carried on, how it ends, and what is no token at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use smilechat::platform::db::Tx;
use tokio::task::JoinSet;

use crate::harness::{JWT_SECRET, PASSWORD, Person, Reply, Server, claims, on_both_engines, signed};

async fn refresh(server: &Server, token: &str) -> Reply {
    server.post("/api/auth/refresh").json(json!({"refresh_token": token})).await
}

async fn is_in(server: &Server, person: &Person) -> bool {
    match server.get("/api/users/profile").by(person).await {
        Reply { status: 200, .. } => true,
        refused => {
            refused.problem(401, "unauthorized");
            false
        }
    }
}

/// As when the password is changed while the switch waits for its turn to write: this node knows the session still.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_meanwhile_switches_to_no_other() {
    on_both_engines(async |server| {
        let sue = server.tenant("acme").await.support("sue").await;
        assert!(is_in(&server, &sue).await);
        let end = |tx: &mut Tx<'_>| tx.execute("update sessions set ended_at = created_at", &[]);
        server.running.app.db.write(end).await.expect("ended");
        let switch = server.post("/api/auth/switch-role").by(&sue).json(json!({"role": "customer"}));
        switch.await.problem(401, "unauthorized");
        assert_eq!(server.count("select count(*) from sessions where ended_at is null").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_rotates_and_a_repeat_within_the_grace_gets_the_same_pair() {
    on_both_engines(async |server| {
        let ann = server.tenant("acme").await.customer("ann").await;
        server.pass(60);
        let first = refresh(&server, &ann.refresh_token).await.expect(200);
        assert_ne!(first["refresh_token"], ann.refresh_token);
        assert_ne!(first["access_token"], ann.token);
        server.pass(30);
        let again = refresh(&server, &ann.refresh_token).await.expect(200);
        for token in ["refresh_token", "access_token"] {
            assert_eq!(again[token], first[token], "{token}");
        }
        assert!(is_in(&server, &Person::of(first)).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reuse_after_the_grace_ends_the_whole_family() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, elsewhere) = (acme.customer("ann").await, acme.login("ann").await);
        let next = Person::of(refresh(&server, &ann.refresh_token).await.expect(200));
        assert!(is_in(&server, &next).await);
        server.pass(31);
        refresh(&server, &ann.refresh_token).await.problem(401, "token_reused");
        assert!(!is_in(&server, &next).await);
        assert!(!is_in(&server, &ann).await);
        assert_eq!(refresh(&server, &next.refresh_token).await.status, 401);
        assert!(is_in(&server, &elsewhere).await, "another session of the same user is no part of the family");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_comes_with_a_refresh_token_has_to_be_of_its_tenant() {
    let server = Server::sqlite().await;
    let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
    let ann = acme.customer("ann").await;
    let refresh = || server.post("/api/auth/refresh").json(json!({"refresh_token": ann.refresh_token}));
    for key in [&other.publishable_key, &other.secret_key, "pk_unknown"] {
        refresh().key(key).await.problem(401, "unauthorized");
    }
    assert_eq!(server.count("select count(*) from refresh_tokens where used_at is not null").await, 0);
    refresh().key(&acme.publishable_key).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_refreshes_get_one_new_pair() {
    on_both_engines(async |server| {
        let ann = server.tenant("acme").await.customer("ann").await;
        let mut tries = JoinSet::new();
        for _ in 0..20 {
            let call = server.post("/api/auth/refresh").json(json!({"refresh_token": ann.refresh_token}));
            tries.spawn(call.into_future());
        }
        let mut pairs: Vec<String> = Vec::new();
        for reply in tries.join_all().await {
            let session = reply.expect(200);
            pairs.push(format!("{} {}", session["refresh_token"], session["access_token"]));
        }
        pairs.dedup();
        assert_eq!(pairs.len(), 1, "{pairs:?}");
        let tokens = "select count(*) from refresh_tokens t join users u on u.tenant_key = t.tenant_key where u.username = 'ann'";
        assert_eq!(server.count(tokens).await, 2, "the used one and its one successor");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_stops_the_access_token_at_once() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let logout = |by: &Person, body: Value| server.post("/api/auth/logout").by(by).json(body);
        let (one, two, three) = (acme.customer("ann").await, acme.login("ann").await, acme.login("ann").await);
        assert!(is_in(&server, &one).await);
        logout(&one, json!({})).await.expect(204);
        assert!(!is_in(&server, &one).await);
        assert_eq!(refresh(&server, &one.refresh_token).await.status, 401);
        logout(&one, json!({})).await.problem(401, "unauthorized");
        // A stranger's refresh token is not theirs to end.
        let bob = acme.customer("bob").await;
        logout(&bob, json!({"refresh_token": two.refresh_token})).await.expect(204);
        assert!(is_in(&server, &two).await);
        logout(&two, json!({"refresh_token": three.refresh_token})).await.expect(204);
        assert!(!is_in(&server, &two).await && !is_in(&server, &three).await);
        let (four, five) = (acme.login("ann").await, acme.login("ann").await);
        logout(&four, json!({"everywhere": true})).await.expect(204);
        assert!(!is_in(&server, &four).await && !is_in(&server, &five).await);
        let six = acme.login("ann").await;
        server.post("/api/auth/logout").by(&six).await.expect(204);
        assert!(!is_in(&server, &six).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rights_stops_old_tokens_at_once() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let admin = acme.admin("ada").await;
        let (sue, ann) = (acme.support("sue").await, acme.customer("ann").await);
        let (sue_path, ann_path) = (format!("/api/users/{}", sue.id), format!("/api/users/{}", ann.id));
        assert!(is_in(&server, &sue).await && is_in(&server, &ann).await);
        server.put(&sue_path).by(&admin).json(json!({"roles": ["customer"]})).await.expect(200);
        assert!(!is_in(&server, &sue).await);
        assert_eq!(acme.login("sue").await.session["user"]["role"], "customer");
        server.put(&ann_path).by(&admin).json(json!({"is_disabled": true})).await.expect(200);
        assert!(!is_in(&server, &ann).await);
        assert_eq!(refresh(&server, &ann.refresh_token).await.status, 401);
        let credentials = json!({"username": "ann", "password": PASSWORD});
        let login = server.post("/api/auth/login").key(&acme.publishable_key).json(credentials);
        login.await.problem(401, "invalid_credentials");
        let own = format!("/api/users/{}", admin.id);
        let roles = json!({"roles": ["support"]});
        assert_eq!(server.put(&own).by(&sue).json(roles.clone()).await.status, 401);
        server.put(&own).by(&acme.login("sue").await).json(roles).await.problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn an_access_token_ends_in_its_time_and_a_session_in_its_own() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    server.pass(899);
    assert!(is_in(&server, &ann).await);
    server.pass(1);
    assert!(!is_in(&server, &ann).await);
    let next = Person::of(refresh(&server, &ann.refresh_token).await.expect(200));
    assert!(is_in(&server, &next).await);
    server.pass(30 * 24 * 3600);
    assert_eq!(refresh(&server, &next.refresh_token).await.status, 401);
}

#[tokio::test]
async fn what_is_no_access_token_of_ours_is_refused() {
    let server = Server::sqlite().await;
    let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
    let (ann, bob) = (acme.customer("ann").await, acme.customer("bob").await);
    let good = claims(&ann.token);
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        signed(Algorithm::HS256, &changed, JWT_SECRET)
    };
    let mut endless = good.clone();
    endless.as_object_mut().expect("claims").remove("exp");
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(good.to_string())
    );
    server.get("/api/users/profile").token(&signed(Algorithm::HS256, &good, JWT_SECRET)).await.expect(200);
    let hour_ago = good["iat"].as_i64().expect("a number") - 3600;
    let refused = [
        none,
        signed(Algorithm::HS256, &endless, JWT_SECRET),
        signed(Algorithm::HS384, &good, JWT_SECRET),
        signed(Algorithm::HS256, &good, "another secret of thirty-two bytes"),
        signed(Algorithm::HS256, &good, &acme.identity_secret),
        with("exp", json!(hour_ago)),
        with("exp", json!("never")),
        with("typ", json!("refresh")),
        with("aud", json!("others")),
        with("iss", json!("others")),
        with("role", json!("admin")),
        with("sub", json!(bob.id)),
        with("sid", json!("unknown")),
        ann.refresh_token.clone(),
        ann.token[..ann.token.len() - 2].to_owned(),
        acme.secret_key.clone(),
        "null".into(),
        "x".repeat(20_000),
    ];
    for token in refused {
        server.get("/api/users/profile").token(&token).await.problem(401, "unauthorized");
    }
    for value in ["Basic YTpi", "Bearer", "Bearer ", &ann.token] {
        server.get("/api/users/profile").header("authorization", value).await.problem(401, "unauthorized");
    }
    for token in ["", "rt_unknown", &ann.token, &acme.secret_key] {
        refresh(&server, token).await.problem(401, "unauthorized");
    }
    for key in [&other.publishable_key, &other.secret_key] {
        server.get("/api/users/profile").by(&ann).key(key).await.problem(401, "unauthorized");
    }
    server.get("/api/users/profile").by(&ann).key(&acme.publishable_key).await.expect(200);
    server.get("/api/users/profile").by(&ann).key("pk_unknown").await.problem(401, "unauthorized");
    server.get("/api/users/profile").key(&acme.publishable_key).await.problem(401, "unauthorized");
    server.get("/api/users/profile").await.problem(401, "unauthorized");
}

/// Ended as another node would end it, behind this one's back, which remembers for a moment who calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_ended_elsewhere_stores_no_message() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, bob) = (acme.customer("ann").await, acme.customer("bob").await);
        let (of_ann, of_bob) = (server.ticket(&ann, "Lamp").await, server.ticket(&bob, "Bulb").await);
        server.say(&ann, &of_ann, "Before").await;
        server.say(&bob, &of_bob, "Before").await;
        let end =
            "update sessions set ended_at = 1 where user_key = (select user_key from users where username = 'ann')";
        server.running.app.db.write(|tx| tx.execute(end, &[])).await.expect("ended");
        let message = json!({"message_content": "From the grave"});
        server.post(&format!("/api/messages/{of_ann}")).by(&ann).json(message).await.problem(401, "unauthorized");
        server.say(&bob, &of_bob, "After").await;
        assert_eq!(server.count("select count(*) from messages where message_content = 'From the grave'").await, 0);
    })
    .await;
}
