//! Who gets a first answer again for an `Idempotency-Key`, and who does not any more.

use serde_json::{Value, json};

use crate::harness::{Call, Reply, Server, on_both_engines};

fn is_replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == Some("true")
}

#[tokio::test]
async fn nothing_is_given_again_of_a_ticket_that_is_gone() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let key = |call: Call| call.header("idempotency-key", "k-1");
        let open = || key(server.post("/api/tickets")).by(&ann).json(json!({"subject": "Lamp"}));
        let ticket = open().await.expect(201)["ticket_id"].as_str().expect("an id").to_owned();
        let say = || {
            let call = key(server.post(&format!("/api/messages/{ticket}")));
            call.by(&ann).json(json!({"message_content": "canary"}))
        };
        let note =
            || key(server.post(&format!("/api/tickets/{ticket}/notes"))).by(&sue).json(json!({"body": "canary"}));
        let upload = || {
            let call = key(server.post(&format!("/api/attachments?ticket_id={ticket}")));
            call.by(&ann).files(&[("canary.txt", b"x")])
        };
        for call in [say(), note(), upload()] {
            call.await.expect(201);
        }
        for call in [open(), say(), note(), upload()] {
            let again = call.await;
            again.expect(201);
            assert!(is_replayed(&again), "{again:?}");
        }
        server.delete(&format!("/api/tickets/{ticket}")).by(&sue).await.expect(204);
        for call in [open(), say(), note(), upload()] {
            call.await.problem(404, "not_found");
        }
    })
    .await;
}

fn refresh<'s>(server: &'s Server, key: &str) -> impl Fn(&str) -> Call + use<'s> {
    let key = key.to_owned();
    move |token| server.post("/api/auth/refresh").header("idempotency-key", &key).json(json!({"refresh_token": token}))
}

#[tokio::test]
async fn a_refresh_is_given_again_within_its_grace_and_while_its_session_lives() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ann = acme.customer("ann").await;
        let with_k1 = refresh(&server, "k-1");
        let first = with_k1(&ann.refresh_token).await;
        assert!(!is_replayed(&first));
        let pair = first.expect(200);
        // Whatever else the headers say: an old access token is what a client has then.
        let again = with_k1(&ann.refresh_token).token("out of date").await;
        assert_eq!((again.expect(200), is_replayed(&again)), (pair.clone(), true));
        let next = pair["refresh_token"].as_str().expect("a token").to_owned();
        with_k1(&next).await.problem(422, "idempotency_key_reused");
        // Another user's key, and another key, are others.
        let bob = acme.customer("bob").await;
        assert!(!is_replayed(&with_k1(&bob.refresh_token).await));
        assert!(!is_replayed(&refresh(&server, "k-2")(&ann.refresh_token).await));

        let access = pair["access_token"].as_str().expect("a token").to_owned();
        server.get("/api/users/profile").token(&access).await.expect(200);
        server.pass(31);
        with_k1(&ann.refresh_token).await.problem(401, "token_reused");
        server.get("/api/users/profile").token(&access).await.problem(401, "unauthorized");

        let (eve, with_k3) = (acme.customer("eve").await, refresh(&server, "k-3"));
        let access = with_k3(&eve.refresh_token).await.expect(200)["access_token"].clone();
        server.post("/api/auth/logout").token(access.as_str().expect("a token")).json(json!({})).await.expect(204);
        with_k3(&eve.refresh_token).await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn a_logout_is_given_again_although_its_session_is_over() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ann = acme.customer("ann").await;
        let logout = |body: Value| server.post("/api/auth/logout").by(&ann).header("idempotency-key", "k-1").json(body);
        let first = logout(json!({})).await;
        assert_eq!((first.expect(204), is_replayed(&first)), (Value::Null, false));
        let again = logout(json!({})).await;
        assert_eq!((again.expect(204), is_replayed(&again)), (Value::Null, true));
        logout(json!({"everywhere": true})).await.problem(422, "idempotency_key_reused");
        // The token opens nothing else.
        server.post("/api/auth/logout").by(&ann).json(json!({})).await.problem(401, "unauthorized");
        let elsewhere = server.post("/api/tickets").by(&ann).header("idempotency-key", "k-1");
        elsewhere.json(json!({"subject": "Lamp"})).await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_a_path_that_the_server_has_not() {
    let server = Server::sqlite().await;
    for _ in 0..2 {
        let reply = server.post("/api/nowhere").header("idempotency-key", "k-1").json(json!({})).await;
        assert!(!is_replayed(&reply));
        reply.problem(404, "not_found");
    }
}
