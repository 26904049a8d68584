//! Order, acks, ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::raw::Client;
use super::{anybody, config, start, start_with, within};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_handled_and_acked_in_the_order_sent() {
    let server = start().await;
    let mut client = Client::join(&server).await;
    server.joined().await;
    for number in 0..500 {
        client.send(&format!(r#"42{number}["echo",{number}]"#)).await;
    }
    for number in 0..500 {
        assert_eq!(server.event().await, ("echo".into(), json!(number)));
        assert_eq!(client.frame().await, Some(format!("43{number}[{number}]")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_that_the_handler_forgets_is_answered() {
    let server = start().await;
    let mut client = Client::join(&server).await;
    client.send(r#"427["forget"]"#).await;
    let answer = client.frame().await.expect("an ack");
    assert!(answer.starts_with(r#"437[{"error":{"code":"internal","#), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_queued_arrives_before_a_disconnect() {
    let server = start().await;
    let mut client = Client::join(&server).await;
    server.joined().await;
    let filler = "x".repeat(10_000);
    client.send(&format!(r#"42["farewell","{filler}"]"#)).await;
    assert_eq!(server.gone().await, "server namespace disconnect");
    for number in 0..3 {
        let frame = client.frame().await.expect("all that was queued");
        assert!(frame == format!(r#"42["bye",[{number},"{filler}"]]"#), "{number}: {frame:.40}");
    }
    assert_eq!(client.rest().await, ["41"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_leave_is_told_once() {
    let hasty = super::RealtimeConfig { connect_timeout_ms: 300, ..config() };
    let server = start_with(hasty, anybody()).await;
    let client = Client::join(&server).await;
    let socket = server.joined().await;
    assert!(socket.is_connected());
    client.kill();
    assert!(["transport close", "transport error"].contains(&server.gone().await));
    assert!(!socket.is_connected());
    assert!(!socket.emit(&super::event("late", &json!(1))));

    let mut client = Client::join(&server).await;
    server.joined().await;
    client.send("41").await;
    assert_eq!(server.gone().await, "client namespace disconnect");
    client.send(r#"40{"token":"good"}"#).await;
    assert!(client.frame().await.expect("it may join again").starts_with(r#"40{"sid":"#));
    server.joined().await;
    client.frame().await.expect("its welcome");
    client.send("41").await;
    assert_eq!(server.gone().await, "client namespace disconnect");
    assert!(client.rest().await.is_empty(), "the connection has no use any more and is closed");

    let mut client = Client::join(&server).await;
    server.joined().await;
    client.stream.close(None).await.expect("the connection stands");
    assert_eq!(server.gone().await, "transport close");
    within("the last farewell", async {
        while server.gateway.remaining() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Were one of them told twice, it would stand in front of this one's.
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_client_is_given_up_after_the_ping_timeout() {
    let hasty = super::RealtimeConfig { ping_interval_ms: 100, ping_timeout_ms: 100, ..config() };
    let server = start_with(hasty, anybody()).await;
    let _mute = Client::join(&server).await;
    server.joined().await;
    assert_eq!(server.gone().await, "ping timeout");
}

/// The message of a `connect_error`, and whether its data name the same and an id.
fn refusal(frame: Option<String>) -> (String, bool) {
    let frame = frame.expect("a frame");
    let body: Value = serde_json::from_str(frame.strip_prefix("44").expect("a refusal")).expect("JSON");
    let is_complete =
        body["data"]["code"] == body["message"] && body["data"]["request_id"].as_str().is_some_and(|id| id.len() > 10);
    (body["message"].as_str().expect("a text").to_owned(), is_complete)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_refused_with_its_message() {
    let server = start().await;
    for auth in [r#"{"token":"bad"}"#, "{}", "", "null", "[", r#""good""#, "{\"token\":\"\u{0}\"}"] {
        let mut client = Client::open(&server).await;
        client.send(&format!("40{auth}")).await;
        assert_eq!(refusal(client.frame().await), ("unauthorized".into(), true), "{auth}");
    }
    let mut client = Client::open(&server).await;
    client.send(r#"40{"token":"panic"}"#).await;
    assert_eq!(refusal(client.frame().await), ("internal".into(), true));
    assert_eq!(server.gateway.remaining(), 0);
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_joins_is_closed() {
    let hasty = super::RealtimeConfig { connect_timeout_ms: 200, ..config() };
    let server = start_with(hasty, anybody()).await;
    let mut mute = Client::open(&server).await;
    assert!(mute.rest().await.iter().all(|frame| frame == "1"), "nothing but a close packet");
    let mut refused = Client::open(&server).await;
    refused.send(r#"40{"token":"bad"}"#).await;
    assert_eq!(refusal(refused.rest().await.first().cloned()), ("unauthorized".into(), true));
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_socket() {
    let server = start().await;
    let mut bystander = Client::join(&server).await;
    server.joined().await;
    let mut client = Client::join(&server).await;
    server.joined().await;
    client.send(r#"421["panic"]"#).await;
    assert_eq!(server.gone().await, "internal error");
    client.rest().await;
    bystander.send(r#"421["echo",1]"#).await;
    assert_eq!(bystander.frame().await.as_deref(), Some("431[1]"));
    assert_eq!(server.gateway.connections().websocket, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_answered_and_ends_the_socket_after_what_was_accepted() {
    let narrow = super::RealtimeConfig { inbox: 4, ..config() };
    let server = start_with(narrow, anybody()).await;
    let mut client = Client::join(&server).await;
    server.joined().await;
    client.send(r#"42["block"]"#).await;
    assert_eq!(server.event().await.0, "block");
    for number in 0..4 {
        client.send(&format!(r#"42{number}["echo",{number}]"#)).await;
    }
    client.send(r#"429["echo","too much"]"#).await;
    let refusal = client.frame().await.expect("an ack");
    assert!(refusal.starts_with(r#"439[{"error":{"code":"rate_limited","#), "{refusal}");
    assert_eq!(client.frame().await.as_deref(), Some("41"));
    server.gate.add_permits(1);
    for number in 0..4 {
        assert_eq!(server.event().await, ("echo".into(), json!(number)));
    }
    assert_eq!(server.gone().await, "too many events");
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_sends_everybody_elsewhere() {
    let server = start().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(Client::join(&server).await);
        server.joined().await;
    }
    assert_eq!(server.gateway.remaining(), 20);
    clients[0].send(r#"421["echo","last"]"#).await;
    server.event().await;
    server.gateway.close_all(Duration::from_millis(300));
    assert_eq!(
        clients[0].rest().await,
        [r#"431["last"]"#],
        "what is queued arrives, and no packet that says: stay away"
    );
    for client in &mut clients[1..] {
        assert!(client.rest().await.is_empty());
        assert_eq!(server.gone().await, "server shutting down");
    }
    let refused = Client::upgrade(&server, "", &[]).await.err().expect("no newcomers").to_string();
    assert!(refused.contains("503"), "{refused}");
}
