//! What strangers do to the wire: frames that break the rules, announcements without end, requests of the wrong session.

use std::time::Duration;

use serde_json::json;

use super::wire::{Http, Wire, frame};
use super::{Server, anybody, config, start, start_with, within};

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

async fn joined(server: &Server) -> Wire {
    let mut wire = Wire::open(server.address, WEBSOCKET).await.expect("open");
    wire.text().await;
    wire.send(1, br#"40{"token":"good"}"#).await;
    wire.text().await;
    wire.text().await;
    server.joined().await;
    wire
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_break_the_rules_are_told_so() {
    let server = start().await;
    let cases: [(Vec<u8>, u16); 9] = [
        (b"\x81\x01x".to_vec(), 1002),
        (frame(0xc1, b"42[\"echo\"]"), 1002),
        (frame(0x83, b"x"), 1002),
        (frame(0x80, b"goes on from nothing"), 1002),
        (frame(0x09, b"a ping in parts"), 1002),
        (frame(0x89, &[0; 126]), 1002),
        (frame(0x81, b"42[\"\xff\"]"), 1007),
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(), 1009),
        ([frame(0x01, &[b'x'; 900_000]), frame(0x80, &[b'x'; 100_001])].concat(), 1009),
    ];
    for (bytes, code) in cases {
        let mut wire = joined(&server).await;
        wire.send_bytes(&bytes).await;
        assert_eq!(wire.close_code().await, Some(code), "{:?}", &bytes[..bytes.len().min(12)]);
        server.gone().await;
    }
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_many_frames_is_one_message() {
    let server = start().await;
    let mut wire = joined(&server).await;
    let text = format!(r#"42["echo","{}"]"#, "\u{1f44b}".repeat(50_000));
    let mut pieces = text.as_bytes().chunks(999).peekable();
    let mut first = 0x01;
    while let Some(piece) = pieces.next() {
        let last = if pieces.peek().is_none() { 0x80 } else { 0 };
        wire.send_bytes(&frame(first | last, piece)).await;
        wire.send_bytes(&frame(0x8a, b"a pong that nobody asked for")).await;
        first = 0;
    }
    assert_eq!(wire.event().await, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_frame_of_all_that_is_allowed_comes_back() {
    let server = start().await;
    let mut wire = joined(&server).await;
    let text = format!(r#"42["echo","{}"]"#, "x".repeat(1_000_000 - 13));
    assert_eq!(text.len(), 1_000_000);
    wire.send(1, text.as_bytes()).await;
    assert_eq!(wire.event().await, text);
    wire.send(1, format!("{text} ").as_bytes()).await;
    assert_eq!(wire.close_code().await, Some(1009));
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_of_the_websocket_are_answered_and_a_flood_of_them_holds_nothing() {
    let server = start().await;
    let mut wire = joined(&server).await;
    wire.send(9, b"hello").await;
    assert_eq!(wire.message().await, Some((10, b"hello".to_vec())));
    let flood: Vec<u8> = (0..10_000).flat_map(|_| frame(0x89, &[7; 125])).collect();
    wire.send_bytes(&flood).await;
    wire.send(1, br#"421["echo","after"]"#).await;
    let mut pongs = 0;
    loop {
        match wire.message().await.expect("the connection stands") {
            (10, _) => pongs += 1,
            (_, text) => break assert_eq!(text, br#"431["after"]"#),
        }
    }
    assert!(pongs < 10_000, "only the last of those that came together is answered: {pongs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_claims_about_itself_is_checked() {
    let server = start().await;
    let mut wire = joined(&server).await;
    // Asked to join twice, with an ack id beyond counting, with placeholders that point nowhere.
    wire.send(1, br#"40{"token":"good"}"#).await;
    wire.send(1, br#"4218446744073709551615["echo",1]"#).await;
    assert_eq!(wire.event().await, "4318446744073709551615[1]");
    wire.send(1, br#"451-7["echo",{"_placeholder":true,"num":99}]"#).await;
    wire.send(2, b"!").await;
    assert_eq!(wire.event().await, r#"461-7[{"_placeholder":true,"num":99}]"#);
    assert_eq!(wire.message().await, Some((2, b"!".to_vec())));
    wire.send(1, br#"450-8["echo",2]"#).await;
    assert_eq!(wire.event().await, "438[2]");
    wire.send(1, br#"42184467440737095516150["echo",1]"#).await;
    assert_eq!(wire.message().await, None);
    server.gone().await;

    let mut wire = joined(&server).await;
    wire.send(1, br#"4510-["echo"]"#).await;
    for _ in 0..2 {
        wire.send(2, &[0; 600_000]).await;
    }
    assert_eq!(wire.message().await, None, "attachments are bounded together");
    server.gone().await;
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_upgrade_is_refused() {
    let server = start().await;
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for headers in [
        "".to_owned(),
        "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n".to_owned(),
        format!("upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 8\r\n{key}"),
        format!("upgrade: h2c\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n{key}"),
        format!("connection: upgrade\r\nsec-websocket-version: 13\r\n{key}"),
        "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAA\r\n"
            .to_owned(),
    ] {
        assert_eq!(Wire::open_with(server.address, WEBSOCKET, &headers).await.err(), Some(400), "{headers}");
    }
    let unknown = format!("{WEBSOCKET}&sid=AAAAAAAAAAAAAAAAAAAA");
    assert_eq!(Wire::open(server.address, &unknown).await.err(), Some(400));
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_asked_by_its_own_transport_alone() {
    let server = start().await;
    let mut wire = Wire::open(server.address, WEBSOCKET).await.expect("open");
    let handshake: serde_json::Value = serde_json::from_str(&wire.text().await[1..]).expect("JSON");
    let http = Http::at(server.address);
    let session = format!("/socket.io/?EIO=4&transport=polling&sid={}", handshake["sid"].as_str().expect("an id"));
    assert_eq!(http.get(&session).await.0, 400);
    assert_eq!(http.ask("POST", &session, "40").await.0, 400);
    assert_eq!(http.ask("DELETE", &session, "").await.0, 400);
    let mut second = Wire::open(server.address, &session.replace("polling", "websocket")).await.expect("to be closed");
    assert_eq!(second.close_code().await, Some(1001));
    wire.send(1, br#"40{"token":"good"}"#).await;
    assert!(wire.text().await.starts_with(r#"40{"sid":"#), "the session goes on");
}

/// Neither what is announced and never comes, nor who asks and never reads, holds more than has come.
#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_is_cut_by_bytes() {
    let server =
        start_with(super::RealtimeConfig { outbox: 60_000, outbox_bytes: 65_536, ..config() }, anybody()).await;
    let _wire = joined(&server).await;
    let mut wire = joined(&server).await;
    wire.send(1, br#"42["block"]"#).await;
    server.event().await;
    server.gate.add_permits(1);
    // Echoes pile up: first in the kernel, then in the outbox, until it is full.
    let big = format!(r#"42["echo","{}"]"#, "x".repeat(30_000));
    let flood = async {
        loop {
            wire.send(1, big.as_bytes()).await;
            if let Ok(gone) = tokio::time::timeout(Duration::ZERO, server.gone()).await {
                break gone;
            }
        }
    };
    assert_eq!(within("the cut", flood).await, "slow reader");
    assert_eq!(json!(server.gateway.connections().websocket), json!(1), "the other one stays");
}
