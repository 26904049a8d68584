//! Guests, and who they turn out to be.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Call, Person, Server, on_both_engines, signed};

fn vouched(claims: Value, secret: &str, algorithm: Algorithm) -> Value {
    json!({"token": signed(algorithm, &claims, secret)})
}

fn hashed(user_id: &str, secret: &str) -> Value {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(user_id.as_bytes());
    let hash: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"user_id": user_id, "user_hash": hash})
}

fn identify(server: &Server, key: &str, body: Value) -> Call {
    server.post("/api/auth/identify").key(key).json(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_a_customer_of_the_keys_tenant() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (guest, another) = (acme.guest().await, acme.guest().await);
        assert_ne!(guest.id, another.id);
        assert_eq!(guest.session["user"]["role"], "customer");
        let id = server.ticket(&guest, "Hello").await;
        server.say(&guest, &id, "Anybody there?").await;
        server.get(&format!("/api/tickets/{id}")).by(&another).await.problem(404, "not_found");
        let sue = acme.support("sue").await;
        assert_eq!(server.get(&format!("/api/tickets/{id}")).by(&sue).await.expect(200)["customer_id"], guest.id);
        server.post("/api/auth/anonymous").key("pk_unknown").json(json!({})).await.problem(401, "unauthorized");
        server
            .post("/api/auth/anonymous")
            .key(&acme.publishable_key)
            .json(json!({"role": "admin"}))
            .await
            .invalid("role");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_vouches_by_token_or_by_hash() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let exp = server.now().seconds() + 3600;
        let claims = json!({"sub": "shop-17", "exp": exp, "name": "Ann B.", "email": "ann@shop.example"});
        let body = vouched(claims, &acme.identity_secret, Algorithm::HS256);
        let session = identify(&server, &acme.publishable_key, body).await.expect(200);
        let ann = Person::of(session.clone());
        let user = &session["user"];
        assert_eq!(
            (&user["name"], &user["email"], &user["role"]),
            (&json!("Ann B."), &json!("ann@shop.example"), &json!("customer"))
        );
        server.get("/api/users/profile").by(&ann).await.expect(200);
        let by_hash =
            identify(&server, &acme.publishable_key, hashed("shop-17", &acme.identity_secret)).await.expect(200);
        assert_eq!(by_hash["user"]["id"], ann.id);
        let mut upper = hashed("shop-17", &acme.identity_secret);
        upper["user_hash"] = json!(upper["user_hash"].as_str().expect("text").to_uppercase());
        identify(&server, &acme.publishable_key, upper).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guests_tickets_move_along() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (guest, bystander) = (acme.guest().await, acme.guest().await);
        let id = server.ticket(&guest, "Hello").await;
        server.say(&guest, &id, "It is me").await;
        let others = server.ticket(&bystander, "Mine").await;
        let body = hashed("shop-17", &acme.identity_secret);
        let ann = Person::of(identify(&server, &acme.publishable_key, body).by(&guest).await.expect(200));
        assert_ne!(ann.id, guest.id);
        let ticket = server.get(&format!("/api/tickets/{id}")).by(&ann).await.expect(200);
        assert_eq!(ticket["customer_id"], ann.id);
        let messages = server.get(&format!("/api/messages/{id}")).by(&ann).await.expect(200);
        assert_eq!(messages["data"][0]["sender_id"], ann.id);
        server.get(&format!("/api/tickets/{others}")).by(&ann).await.problem(404, "not_found");
        server.get("/api/users/profile").by(&guest).await.problem(401, "unauthorized");
        // Who has an account of their own keeps what they have.
        let bob = acme.customer("bob").await;
        let bobs = server.ticket(&bob, "Bob's").await;
        let again = hashed("shop-17", &acme.identity_secret);
        identify(&server, &acme.publishable_key, again).by(&bob).await.expect(200);
        assert_eq!(server.get(&format!("/api/tickets/{bobs}")).by(&bob).await.expect(200)["customer_id"], bob.id);
    })
    .await;
}

#[tokio::test]
async fn who_is_not_vouched_for_gets_no_session() {
    let server = Server::sqlite().await;
    let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
    let now = server.now().seconds();
    let good = |exp: i64| json!({"sub": "shop-17", "exp": exp});
    let secret = &acme.identity_secret;
    let refused = [
        vouched(good(now + 3601), secret, Algorithm::HS256),
        vouched(good(now), secret, Algorithm::HS256),
        vouched(good(i64::MIN), secret, Algorithm::HS256),
        vouched(good(i64::MAX), secret, Algorithm::HS256),
        vouched(good(now + 60), &other.identity_secret, Algorithm::HS256),
        vouched(good(now + 60), "", Algorithm::HS256),
        vouched(good(now + 60), secret, Algorithm::HS512),
        vouched(json!({"sub": "shop-17"}), secret, Algorithm::HS256),
        vouched(json!({"exp": now + 60}), secret, Algorithm::HS256),
        vouched(json!({"sub": "", "exp": now + 60}), secret, Algorithm::HS256),
        vouched(json!({"sub": "x".repeat(200), "exp": now + 60}), secret, Algorithm::HS256),
        vouched(json!({"sub": 17, "exp": now + 60}), secret, Algorithm::HS256),
        vouched(json!({"sub": "a\u{7}", "exp": now + 60}), secret, Algorithm::HS256),
        vouched(json!({"sub": "shop-17", "exp": now + 60, "nbf": now + 30}), secret, Algorithm::HS256),
        json!({"token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzaG9wLTE3In0."}),
        json!({"token": ""}),
        hashed("shop-17", &other.identity_secret),
        json!({"user_id": "shop-17", "user_hash": ""}),
        json!({"user_id": "shop-17", "user_hash": "00"}),
    ];
    let before = server.count("select count(*) from users").await;
    for body in refused {
        identify(&server, &acme.publishable_key, body).await.problem(401, "unauthorized");
    }
    let both = json!({"token": "x", "user_id": "shop-17", "user_hash": "00"});
    for (field, body) in [
        ("token", json!({})),
        ("token", both),
        ("token", json!({"user_id": "shop-17"})),
        ("user_id", json!({"user_id": "a\nb", "user_hash": "00"})),
    ] {
        identify(&server, &acme.publishable_key, body).await.invalid(field);
    }
    let strangers_token = identify(&server, &acme.publishable_key, hashed("shop-17", secret)).by(&other.guest().await);
    strangers_token.await.problem(401, "unauthorized");
    assert_eq!(server.count("select count(*) from users").await, before + 1, "the stranger alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_vouches_for_no_staff() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = acme.admin("ada").await;
        let by_hash = || identify(&server, &acme.publishable_key, hashed("shop-17", &acme.identity_secret));
        let ann = Person::of(by_hash().await.expect(200));
        let promotion = json!({"roles": ["customer", "support"]});
        server.put(&format!("/api/users/{}", ann.id)).by(&ada).json(promotion).await.expect(200);
        by_hash().await.problem(403, "forbidden");
    })
    .await;
}
