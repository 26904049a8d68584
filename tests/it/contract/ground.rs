//! The ground rules: what holds for every path.

use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server};

#[tokio::test]
async fn every_path_is_also_served_under_v1() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let id = server.ticket(&ann, "Lamp").await;
    for path in [
        "/api/users/profile",
        "/api/users/status",
        "/api/tickets?limit=1",
        &format!("/api/tickets/{id}"),
        &format!("/api/messages/{id}"),
    ] {
        let versioned = path.replacen("/api/", "/api/v1/", 1);
        assert_eq!(
            server.get(&versioned).by(&ann).await.expect(200),
            server.get(path).by(&ann).await.expect(200),
            "{path}"
        );
    }
    let send = json!({"message_content": "x", "client_id": "c"});
    let path = format!("/api/v1/messages/{id}");
    let first = server.post(&path).by(&ann).json(send.clone()).await.expect(201);
    assert_eq!(server.post(&format!("/api/messages/{id}")).by(&ann).json(send).await.expect(200), first);
    for path in ["/api/v1/nothing", "/api/v2/tickets", "/api/v1/v1/tickets", "/api", "/api/", "/api/v1"] {
        server.get(path).by(&ann).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn what_is_no_json_is_told_apart_from_what_is_the_wrong_json() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let post = |body: Vec<u8>| server.post("/api/tickets").by(&ann).bytes(body);
    let utf16: Vec<u8> = "{\"subject\":\"x\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let not_json: [&[u8]; 13] = [
        b"{",
        b"{\"subject\":\"x\"",
        b"{subject:1}",
        b"{\"subject\":\"x\"} trailing",
        b"{\"subject\":\"x\"}{}",
        b"\xff\xfe",
        b"{\"subject\":\"\xc3\x28\"}",
        b"\xef\xbb\xbf{\"subject\":\"x\"}",
        b"NaN",
        b"{\"subject\":\"\\ud800\"}",
        b"'x'",
        b"{\"subject\":\"a\nb\"}",
        &utf16,
    ];
    for body in not_json {
        post(body.to_vec()).await.problem(400, "bad_json");
    }
    let wrong: [(&[u8], &str); 6] = [
        (b"[]", "body"),
        (b"\"x\"", "body"),
        (b"null", "body"),
        (b"{\"subject\":\"x\",\"subject\":\"y\"}", "subject"),
        (b"{\"subject\":\"x\",\"surprise\":1}", "surprise"),
        (b"{\"subject\":1e308}", "subject"),
    ];
    for (body, field) in wrong {
        post(body.to_vec()).await.invalid(field);
    }
    for body in ["{\"custom\":{\"n\":1e400}}", "{\"subject\":1e400}"] {
        let reply = post(body.into()).await;
        assert!([400, 422].contains(&reply.status), "{reply:?}");
    }
    let deep = format!("{{\"subject\":\"x\",\"custom\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    post(deep.into_bytes()).await.problem(413, "too_large");
    let at_33 = format!("{{\"subject\":\"x\",\"custom\":{}1{}}}", "{\"a\":".repeat(32), "}".repeat(32));
    post(at_33.into_bytes()).await.problem(413, "too_large");
    let large = format!("{{\"subject\":\"x\",\"message_content\":\"{}\"}}", "x".repeat(1024 * 1024));
    post(large.into_bytes()).await.problem(413, "too_large");
    assert_eq!(server.count("select count(*) from tickets").await, 0);
}

#[tokio::test]
async fn a_body_has_to_say_that_it_is_json() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""]
    {
        let call =
            server.post("/api/tickets").by(&ann).header("content-type", content_type).text("{\"subject\":\"x\"}");
        call.await.problem(415, "unsupported_media_type");
    }
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let call =
            server.post("/api/tickets").by(&ann).header("content-type", content_type).text("{\"subject\":\"x\"}");
        call.await.expect(201);
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ann, ada) = (acme.customer("ann").await, acme.admin("ada").await);
    let mut texts = std::collections::BTreeSet::new();
    for id in [
        "unknown",
        "1%20OR%201%3D1",
        "%00",
        "%ff",
        "..%2Fusers%2Fprofile",
        "1000000000000000000000000000000",
        "-1",
        "'",
        "%27%3B--",
        "*",
        "__proto__",
        "00000000-0000-0000-0000-000000000000",
        &"x".repeat(5000),
        "%F0%9F%92%A9",
    ] {
        for (method, path) in [
            (Method::GET, format!("/api/tickets/{id}")),
            (Method::PUT, format!("/api/tickets/{id}")),
            (Method::DELETE, format!("/api/tickets/{id}")),
            (Method::GET, format!("/api/tickets/{id}/notes")),
            (Method::GET, format!("/api/tickets/{id}/history")),
            (Method::GET, format!("/api/messages/{id}")),
            (Method::PUT, format!("/api/messages/{id}/read")),
            (Method::GET, format!("/api/users/{id}")),
            (Method::PUT, format!("/api/users/{id}")),
            (Method::DELETE, format!("/api/invites/{id}")),
            (Method::DELETE, format!("/api/api-keys/{id}")),
        ] {
            let call = server.call(method.clone(), &path).by(&ada).header("x-request-id", "r");
            let reply = if method == Method::PUT { call.json(json!({})).await } else { call.await };
            reply.problem(404, "not_found");
            texts.insert(reply.text);
        }
    }
    // An existing one that is somebody else's is told in the same bytes.
    let id = server.ticket(&ada, "Lamp").await;
    let foreign = server.get(&format!("/api/tickets/{id}")).by(&ann).header("x-request-id", "r").await;
    foreign.problem(404, "not_found");
    texts.insert(foreign.text);
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[tokio::test]
async fn a_request_id_is_taken_when_sane_and_made_otherwise() {
    let server = Server::sqlite().await;
    let with = |id: &str| server.get("/api/users/profile").header("x-request-id", id);
    for sane in ["abc", "7f3b-a.b_c", &"x".repeat(128)] {
        assert_eq!(with(sane).await.header("x-request-id"), Some(sane));
    }
    for other in ["", "a b", "<b>x</b>", "a;b", &"x".repeat(129)] {
        let reply = with(other).await;
        let made = reply.header("x-request-id").expect("one is made");
        assert!(made != other && !made.is_empty(), "{made}");
    }
    let (one, two) = (server.get("/healthz").await, server.get("/healthz").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[tokio::test]
async fn nothing_of_a_foreign_key_or_secret_is_told() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ann, ada) = (acme.customer("ann").await, acme.admin("ada").await);
    server.ticket(&ann, "Lamp").await;
    for path in [
        "/api/users",
        "/api/users/profile",
        "/api/audit",
        "/api/api-keys",
        "/api/invites",
        "/api/tickets",
        "/readyz",
        "/metrics",
    ] {
        let reply = server.get(path).by(&ada).await;
        for secret in [
            &acme.secret_key,
            &acme.publishable_key,
            &acme.identity_secret,
            &ann.token,
            &ann.refresh_token,
            &PASSWORD.to_owned(),
        ] {
            assert!(!reply.text.contains(secret.as_str()), "{path}: {}", reply.text);
        }
        assert!(
            !reply.text.contains("/tmp") && !reply.text.contains("sqlite://") && !reply.text.contains("_key\":"),
            "{path}: {}",
            reply.text
        );
    }
}
