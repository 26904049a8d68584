//! Readers that do not keep up.

use serde_json::json;

use super::raw::Client;
use super::{Server, anybody, config, event, start_with, within};

async fn narrow() -> Server {
    start_with(super::RealtimeConfig { outbox: 16, ..config() }, anybody()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stalls_is_cut_while_others_go_on() {
    let server = narrow().await;
    let stalled = Client::join(&server).await;
    let to_stalled = server.joined().await;
    let mut reader = Client::join(&server).await;
    let to_reader = server.joined().await;

    let news = event("news", &json!("x".repeat(64 * 1024)));
    let mut sent = 0;
    within("the cut", async {
        while to_stalled.emit(&news) {
            sent += 1;
            assert!(to_reader.emit(&news), "a reader that reads is not cut");
            reader.frame().await.expect("news");
        }
    })
    .await;
    assert!(sent > 16, "the kernel takes some, the outbox the rest: {sent}");
    assert_eq!(server.gone().await, "slow reader");
    assert!(!to_stalled.is_connected());
    assert!(to_reader.is_connected());
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cut_reader_got_has_no_hole() {
    let server = narrow().await;
    let mut client = Client::join(&server).await;
    let socket = server.joined().await;
    let filler = "x".repeat(64 * 1024);
    let mut queued = 0;
    while socket.emit(&event("news", &json!([queued, filler]))) {
        queued += 1;
        tokio::task::yield_now().await;
    }
    assert_eq!(server.gone().await, "slow reader");
    let frames = client.rest().await;
    assert!(frames.len() <= queued);
    for (number, frame) in frames.iter().enumerate() {
        assert!(frame.starts_with(&format!(r#"42["news",[{number},"#)), "frame {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn volatile_events_are_dropped_before_anybody_is_cut() {
    let server = narrow().await;
    let mut client = Client::join(&server).await;
    let socket = server.joined().await;
    let typing = event("typing", &json!("x".repeat(64 * 1024)));
    for _ in 0..1_000 {
        socket.emit_volatile(&typing);
    }
    assert!(socket.is_connected());
    client.send(r#"421["echo","done"]"#).await;
    let mut typing = 0;
    while client.frame().await.expect("the connection stands").starts_with(r#"42["typing","#) {
        typing += 1;
    }
    assert!((1..1_000).contains(&typing), "{typing} of 1000 arrived");
    // The answer to this comes after the flush of all that went before.
    client.send(r#"422["echo","flushed"]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some(r#"432["flushed"]"#));
    socket.emit_volatile(&event("typing", &json!("again")));
    assert_eq!(client.frame().await.as_deref(), Some(r#"42["typing","again"]"#));
}
