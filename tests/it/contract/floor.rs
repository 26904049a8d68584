//! What every route stands on: idempotent POSTs, CORS and rate limits.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Call, Engine, PASSWORD, Person, Reply, Server, on_both_engines};

fn keyed(server: &Server, by: &Person, path: &str, key: &str, body: Value) -> Call {
    server.post(path).by(by).header("idempotency-key", key).json(body)
}

fn is_replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == Some("true")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_post_gets_the_first_answer() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, bob) = (acme.customer("ann").await, acme.customer("bob").await);
        let lamp = json!({"subject": "Lamp"});
        let first = keyed(&server, &ann, "/api/tickets", "k", lamp.clone()).await;
        assert!(!is_replayed(&first));
        let again = keyed(&server, &ann, "/api/tickets", "k", lamp.clone()).await;
        assert_eq!((again.expect(201), is_replayed(&again)), (first.expect(201), true));
        keyed(&server, &ann, "/api/tickets", "k", json!({"subject": "Chair"}))
            .await
            .problem(422, "idempotency_key_reused");
        let of_bob = keyed(&server, &bob, "/api/tickets", "k", lamp.clone()).await;
        assert!(!is_replayed(&of_bob) && of_bob.expect(201)["customer_id"] == bob.id, "keys are per user");
        let path = format!("/api/messages/{}", first.json()["ticket_id"].as_str().expect("an id"));
        let message = keyed(&server, &ann, &path, "k", json!({"message_content": "x"})).await;
        assert!(!is_replayed(&message) && message.status == 201, "keys are per path");
        let refused = keyed(&server, &ann, "/api/tickets", "bad", json!({})).await;
        refused.invalid("subject");
        let refused_again = keyed(&server, &ann, "/api/tickets", "bad", json!({})).await;
        refused_again.invalid("subject");
        keyed(&server, &ann, "/api/tickets", &"k".repeat(255), lamp.clone()).await.expect(201);
        for key in ["", &"k".repeat(256), "a b"] {
            keyed(&server, &ann, "/api/tickets", key, lamp.clone()).await.problem(422, "invalid");
        }
        assert_eq!(server.count("select count(*) from tickets").await, 3);
        let new = json!({"username": "eve", "password": PASSWORD});
        let register = || server.post("/api/auth/register").header("idempotency-key", "k").json(new.clone());
        let session = register().await.expect(201);
        let again = register().await;
        assert_eq!((again.expect(201), is_replayed(&again)), (session.clone(), true));
        // What is kept holds tokens: it has to be sealed.
        let token = session["refresh_token"].as_str().expect("a token").to_owned();
        let kept = server.running.app.db.read(|tx| {
            tx.all("select answer from idempotency_keys where answer is not null", &[], |row| row.take::<Vec<u8>>())
        });
        for answer in kept.await.expect("rows") {
            assert!(!answer.windows(token.len()).any(|window| window == token.as_bytes()));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_posts_with_one_key_one_runs() {
    on_both_engines(async |server| {
        let ann = server.tenant("acme").await.customer("ann").await;
        let mut tries = JoinSet::new();
        for _ in 0..20 {
            tries.spawn(keyed(&server, &ann, "/api/tickets", "k", json!({"subject": "Lamp"})).into_future());
        }
        let replies = tries.join_all().await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 201 && !is_replayed(reply)).count(), 1);
        for reply in replies.iter().filter(|reply| reply.status != 201) {
            reply.problem(409, "idempotency_in_progress");
        }
        assert_eq!(server.count("select count(*) from tickets").await, 1);
    })
    .await;
}

#[tokio::test]
async fn browsers_of_foreign_origins_are_refused() {
    let server =
        Server::start_with(Engine::Sqlite, |config| config.cors.origins = vec!["https://good.example".into()]).await;
    let preflight = |origin: &str| {
        let call = server.call(Method::OPTIONS, "/api/tickets").header("origin", origin);
        call.header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,x-api-key,idempotency-key")
    };
    let allowed = preflight("https://good.example").await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://good.example"));
    assert!(allowed.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PUT")));
    let headers = allowed.header("access-control-allow-headers").unwrap_or_default();
    assert!(
        ["authorization", "x-api-key", "idempotency-key", "content-type"].iter().all(|name| headers.contains(name)),
        "{headers}"
    );
    for origin in
        ["https://good.example.evil", "http://good.example", "https://good.example:444", "null", "https://evil.example"]
    {
        assert_eq!(preflight(origin).await.header("access-control-allow-origin"), None, "{origin}");
        let plain = server.get("/healthz").header("origin", origin).await;
        assert_eq!(plain.header("access-control-allow-origin"), None, "{origin}");
    }
    let seen = server.get("/healthz").header("origin", "https://good.example").await;
    assert!(seen.header("access-control-expose-headers").is_some_and(|names| names.contains("x-request-id")));
}

#[tokio::test]
async fn who_asks_too_often_has_to_wait() {
    let server = Server::start_with(Engine::Sqlite, |config| {
        config.limits.enabled = true;
        (config.limits.api_per_minute, config.limits.auth_per_minute) = (10, 50);
    })
    .await;
    let acme = server.tenant("acme").await;
    let (ann, bob) = (acme.customer("ann").await, acme.customer("bob").await);
    let profile = |by: &Person| server.get("/api/users/profile").by(by);
    for n in 0..10 {
        let reply = profile(&ann).await;
        reply.expect(200);
        for (name, word) in [("ratelimit", format!("r={}", 9 - n)), ("ratelimit-policy", "q=10".to_owned())] {
            assert!(reply.header(name).is_some_and(|value| value.contains(&word)), "{name} {:?}", reply.header(name));
        }
    }
    let refused = profile(&ann).await;
    refused.problem(429, "rate_limited");
    let wait: i64 = refused.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    profile(&bob).await.expect(200);
    server.pass(wait);
    profile(&ann).await.expect(200);
}

#[tokio::test]
async fn passwords_are_guessed_ten_times_and_no_more() {
    let server = Server::start_with(Engine::Sqlite, |config| config.limits.enabled = true).await;
    let acme = server.tenant("acme").await;
    for name in ["ann", "bob"] {
        acme.customer(name).await;
    }
    let login = |name: &str, password: &str, n: usize| {
        let call = server
            .post("/api/auth/login")
            .key(&acme.publishable_key)
            .json(json!({"username": name, "password": password}));
        call.header("x-forwarded-for", &format!("10.0.0.{n}")).header("forwarded", &format!("for=10.0.0.{n}"))
    };
    for n in 0..10 {
        login(if n % 2 == 0 { "ann" } else { "ANN" }, "a wrong password", n).await.problem(401, "invalid_credentials");
    }
    let refused = login("ann", PASSWORD, 11).await;
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    login("bob", PASSWORD, 12).await.expect(200);
    server.pass(15 * 60);
    login("ann", PASSWORD, 13).await.expect(200);
}
