//! The protocols as their official test suites hold them, case by case, with the figures that those suites want: pings
//! after 300 ms, 200 ms for the answer. `serve_the_official_suites` lets the suites themselves have their say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use smilechat::realtime::gateway::engine::{Application, Bounds, Broken, Engine, Frame, Receiver, Session, Settings};
use smilechat::realtime::gateway::{Handler, Handshake, Incoming, SocketHandle, build};

use super::wire::{Http, Wire};
use super::{anybody, config};

/// Engine.IO alone: what comes goes back.
struct Mirror;

impl Application for Mirror {
    fn open(&self, _: &Arc<Session>) -> Box<dyn Receiver> {
        Box::new(Mirror)
    }
}

impl Receiver for Mirror {
    fn text(&self, session: &Arc<Session>, text: &str) -> Result<(), Broken> {
        session.send(&[Frame::text(|packet| packet.extend([b"4", text.as_bytes()].concat()))]);
        Ok(())
    }

    fn binary(&self, session: &Arc<Session>, bytes: Bytes) -> Result<(), Broken> {
        session.send(&[Frame::binary(&bytes)]);
        Ok(())
    }

    fn is_idle(&self) -> bool {
        false
    }

    fn closed(&self, _: &Arc<Session>, _: &'static str) {}
}

/// Socket.IO as its suite wants it: two namespaces, `auth` on joining, `message` and `message-with-ack`.
struct Talker;

impl Handler for Talker {
    const NAMESPACES: &'static [&'static str] = &["/", "/custom"];
    type Session = (SocketHandle, Box<RawValue>);

    async fn connect(&self, handshake: Handshake, socket: SocketHandle) -> Result<Self::Session, String> {
        Ok((socket, handshake.auth))
    }

    async fn joined(&self, (socket, auth): &mut Self::Session) {
        let auth = if auth.get() == "null" { RawValue::from_string("{}".into()).expect("JSON") } else { auth.clone() };
        socket.emit_all("auth", &[auth], &[]);
    }

    async fn handle(&self, (socket, _): &mut Self::Session, events: Vec<Incoming>) {
        for Incoming { event, payload, more, attachments, ack, .. } in events {
            let arguments: Vec<_> = std::iter::once(payload).chain(more).collect();
            match (event.as_str(), ack) {
                ("message-with-ack", Some(ack)) => ack.send_all(&arguments, &attachments),
                _ => drop(socket.emit_all("message-back", &arguments, &attachments)),
            }
        }
    }

    async fn disconnected(&self, _: Self::Session, _: &'static str) {}
}

fn routes() -> Router {
    let settings = Settings {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_millis(1_500),
        max_payload: 1_000_000,
        outbox: Bounds { frames: 1_000, bytes: 1_000_000 },
    };
    let engine = Engine::new(settings, anybody(), Arc::new(Mirror));
    let realtime =
        super::RealtimeConfig { ping_interval_ms: 300, ping_timeout_ms: 200, connect_timeout_ms: 1_500, ..config() };
    engine.routes("/engine.io").merge(build(&realtime, anybody(), Arc::new(Talker)).routes())
}

async fn serve(address: &str) -> (SocketAddr, impl Future<Output = std::io::Result<()>>) {
    let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let service = routes().into_make_service_with_connect_info::<SocketAddr>();
    (address, async move { axum::serve(listener, service).await })
}

async fn start() -> SocketAddr {
    let (address, serving) = serve("127.0.0.1:0").await;
    tokio::spawn(serving);
    address
}

/// For `npm test` in the test suites of engine.io-protocol and socket.io-protocol. It ends by itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves the official test suites at port 3000 for two minutes"]
async fn serve_the_official_suites() {
    let (_, serving) = serve("127.0.0.1:3000").await;
    tokio::time::timeout(Duration::from_secs(120), serving).await.expect_err("it serves until its time is up");
}

const BOTH: [&str; 2] = ["/engine.io/", "/socket.io/"];

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_tells_the_terms() {
    let http = Http::at(start().await);
    for path in BOTH {
        let (status, text) = http.get(&format!("{path}?EIO=4&transport=polling")).await;
        assert_eq!((status, &text[..1]), (200, "0"));
        let mut wire = Wire::open(http.address, &format!("{path}?EIO=4&transport=websocket")).await.expect("open");
        for (text, upgrades) in [(text, r#"["websocket"]"#), (wire.text().await, "[]")] {
            let terms: Value = serde_json::from_str(&text[1..]).expect("JSON");
            let sid = terms["sid"].as_str().expect("an id");
            let expected = format!(
                r#"{{"sid":"{sid}","upgrades":{upgrades},"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}}"#
            );
            assert_eq!(&text[1..], expected);
        }
        for query in ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"] {
            assert_eq!(http.get(&format!("{path}?{query}")).await.0, 400, "{query}");
        }
        for query in ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"] {
            assert_eq!(Wire::open(http.address, &format!("{path}?{query}")).await.err(), Some(400), "{query}");
        }
        for method in ["POST", "PUT"] {
            assert_eq!(http.ask(method, &format!("{path}?EIO=4&transport=polling"), "").await.0, 400, "{method}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_both_kinds_by_both_transports() {
    let http = Http::at(start().await);
    let session = http.session("/engine.io/").await;
    for body in ["4hello", "4test1\u{1e}4test2\u{1e}4test3", "4hello\u{1e}bAQIDBA=="] {
        assert_eq!(http.ask("POST", &session, body).await, (200, "ok".into()));
        assert_eq!(http.get(&session).await, (200, body.into()));
    }
    let mut wire = Wire::open(http.address, "/engine.io/?EIO=4&transport=websocket").await.expect("open");
    wire.text().await;
    wire.send(1, b"4hello").await;
    assert_eq!(wire.text().await, "4hello");
    wire.send(2, &[1, 2, 3, 4]).await;
    assert_eq!(wire.message().await, Some((2, vec![1, 2, 3, 4])));
    wire.send(1, b"abc").await;
    assert_eq!(wire.message().await, None);

    assert_eq!(http.ask("POST", &session, "abc").await.0, 400);
    assert_eq!(http.get(&session).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_polls_at_once_are_an_error() {
    let http = Http::at(start().await);
    for path in BOTH {
        let session = http.session(path).await;
        let second = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            http.get(&session).await.0
        };
        assert_eq!(tokio::join!(http.get(&session), second), ((200, "1".into()), 400));
        assert_eq!(http.get(&session).await.0, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_pings_after_the_interval_and_not_before() {
    let http = Http::at(start().await);
    for path in BOTH {
        let session = http.session(path).await;
        let mut wire = Wire::open(http.address, &format!("{path}?EIO=4&transport=websocket")).await.expect("open");
        let opened = Instant::now();
        wire.text().await;
        let polling = async {
            for _ in 0..3 {
                assert_eq!(http.get(&session).await, (200, "2".into()));
                assert_eq!(http.ask("POST", &session, "3").await.0, 200);
            }
        };
        let by_websocket = async {
            for count in 1..=3 {
                assert_eq!(wire.text().await, "2");
                assert!(opened.elapsed() >= Duration::from_millis(300 * count - 20), "ping {count} came too soon");
                wire.send(1, b"3").await;
            }
        };
        if path == "/engine.io/" {
            tokio::join!(polling, by_websocket);
        } else {
            polling.await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_a_ping_is_given_up() {
    let http = Http::at(start().await);
    for path in BOTH {
        let session = http.session(path).await;
        let mut wire = Wire::open(http.address, &format!("{path}?EIO=4&transport=websocket")).await.expect("open");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(http.get(&session).await.0, 400, "to the millisecond, whenever the heartbeat looks");
        assert!(wire.text().await.starts_with('0'));
        assert_eq!(wire.text().await, "2");
        assert_eq!(wire.message().await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_packet_ends_the_session() {
    let http = Http::at(start().await);
    for path in BOTH {
        let session = http.session(path).await;
        let close = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            http.ask("POST", &session, "1").await.0
        };
        assert_eq!(tokio::join!(http.get(&session), close), ((200, "6".into()), 200));
        assert_eq!(http.get(&session).await.0, 400);
        assert_eq!(http.ask("POST", &session, "4x").await.0, 400);
        let mut wire = Wire::open(http.address, &format!("{path}?EIO=4&transport=websocket")).await.expect("open");
        wire.text().await;
        wire.send(1, b"1").await;
        assert_eq!(wire.message().await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_moves_from_polling_to_a_websocket() {
    let http = Http::at(start().await);
    let session = http.session("/engine.io/").await;
    let to_websocket = session.replace("transport=polling", "transport=websocket");
    let mut wire = Wire::open(http.address, &to_websocket).await.expect("open");
    let waiting = tokio::spawn({
        let (http, session) = (http.clone(), session.clone());
        async move { http.get(&session).await }
    });
    wire.send(1, b"2probe").await;
    assert_eq!(wire.text().await, "3probe");
    assert_eq!(waiting.await.expect("no panic"), (200, "6".into()), "the poll that waited is let go");
    assert_eq!(http.get(&session).await, (200, "6".into()), "and so is the next");
    wire.send(1, b"5").await;
    wire.send(1, b"4hello").await;
    assert_eq!(wire.text().await, "4hello");

    assert_eq!(http.get(&session).await.0, 400);
    let mut second = Wire::open(http.address, &to_websocket).await.expect("accepted, to be closed");
    assert_eq!(second.message().await, None);
    wire.send(1, b"4still here").await;
    assert_eq!(wire.text().await, "4still here");
}

async fn joined(address: SocketAddr, namespace: &str) -> Wire {
    let mut wire = Wire::open(address, "/socket.io/?EIO=4&transport=websocket").await.expect("open");
    wire.text().await;
    wire.send(1, format!("40{namespace}").as_bytes()).await;
    assert!(wire.text().await.starts_with(&format!("40{namespace}")));
    wire.text().await;
    wire
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_are_joined_and_left() {
    let address = start().await;
    let mut wire = Wire::open(address, "/socket.io/?EIO=4&transport=websocket").await.expect("open");
    wire.text().await;
    for (knock, yes, auth) in [
        ("40", "40", r#"42["auth",{}]"#),
        (r#"40/custom,{"token":"abc"}"#, "40/custom,", r#"42/custom,["auth",{"token":"abc"}]"#),
    ] {
        wire.send(1, knock.as_bytes()).await;
        let answer = wire.event().await;
        let answer: Value = serde_json::from_str(answer.strip_prefix(yes).expect("a yes")).expect("JSON");
        assert!(answer["sid"].is_string() && answer.as_object().is_some_and(|answer| answer.len() == 1));
        assert_eq!(wire.event().await, auth);
    }
    wire.send(1, b"40/random").await;
    assert_eq!(wire.event().await, r#"44/random,{"message":"Invalid namespace"}"#);
    wire.send(1, b"41/custom").await;
    wire.send(1, br#"42/custom,["message","to nobody"]"#).await;
    wire.send(1, br#"42["message","to the main namespace"]"#).await;
    assert_eq!(wire.event().await, r#"42["message-back","to the main namespace"]"#);
    wire.send(1, b"41").await;
    assert_eq!(wire.text().await, "2", "it may join again");
    wire.send(1, b"3").await;
    wire.send(1, b"40").await;
    assert!(wire.event().await.starts_with(r#"40{"sid":"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_nothing_is_closed() {
    let address = start().await;
    let mut wire = Wire::open(address, "/socket.io/?EIO=4&transport=websocket").await.expect("open");
    while let Some((_, text)) = wire.message().await {
        if text == b"2" {
            wire.send(1, b"3").await;
        }
    }
    let mut wire = Wire::open(address, "/socket.io/?EIO=4&transport=websocket").await.expect("open");
    wire.text().await;
    wire.send(1, b"4abc").await;
    assert_eq!(wire.message().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_acks_carry_all_arguments_and_bytes() {
    let address = start().await;
    for namespace in ["", "/custom,"] {
        let mut wire = joined(address, namespace).await;
        wire.send(1, format!(r#"42{namespace}["message",1,"2",{{"3":[true]}}]"#).as_bytes()).await;
        assert_eq!(wire.event().await, format!(r#"42{namespace}["message-back",1,"2",{{"3":[true]}}]"#));
        wire.send(1, format!(r#"42{namespace}456["message-with-ack",1,"2",{{"3":[false]}}]"#).as_bytes()).await;
        assert_eq!(wire.event().await, format!(r#"43{namespace}456[1,"2",{{"3":[false]}}]"#));
        let places = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
        for (sent, got) in [
            (format!(r#"452-{namespace}["message",{places}]"#), format!(r#"452-{namespace}["message-back",{places}]"#)),
            (format!(r#"452-{namespace}789["message-with-ack",{places}]"#), format!("462-{namespace}789[{places}]")),
        ] {
            wire.send(1, sent.as_bytes()).await;
            wire.send(2, &[1, 2, 3]).await;
            wire.send(2, &[4, 5, 6]).await;
            assert_eq!(wire.event().await, got);
            assert_eq!(wire.message().await, Some((2, vec![1, 2, 3])));
            assert_eq!(wire.message().await, Some((2, vec![4, 5, 6])));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_packet_closes_the_connection() {
    let address = start().await;
    for broken in ["4abc", "42{}", r#"42abc["message-with-ack",1]"#, "42", "43", "5", "x", ""] {
        let mut wire = joined(address, "").await;
        wire.send(1, broken.as_bytes()).await;
        assert_eq!(wire.message().await, None, "{broken}");
    }
}
