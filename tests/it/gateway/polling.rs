//! Sessions that poll, and those that move on to a WebSocket.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use futures_util::{SinkExt, stream};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

use super::raw::Client;
use super::{Server, anybody, config, start, start_with, within};

struct Poller {
    http: reqwest::Client,
    uri: String,
    sid: String,
}

impl Poller {
    async fn open(server: &Server) -> Self {
        let http = reqwest::Client::new();
        let uri = format!("http://{}/socket.io/?EIO=4&transport=polling", server.address);
        let open = http.get(&uri).send().await.expect("an answer").text().await.expect("text");
        let open: Value = serde_json::from_str(&open[1..]).expect("an open packet");
        let sid = open["sid"].as_str().expect("a session id").to_string();
        Self { http, uri: format!("{uri}&sid={sid}"), sid }
    }

    async fn join(server: &Server) -> Self {
        let poller = Self::open(server).await;
        poller.post(r#"40{"token":"good"}"#).await;
        poller.poll_until("welcome").await;
        poller
    }

    async fn post(&self, body: impl Into<String>) -> u16 {
        let body: String = body.into();
        let answer = self.http.post(&self.uri).header("content-type", "text/plain").body(body).send().await;
        answer.expect("an answer").status().as_u16()
    }

    async fn poll(&self) -> Result<Vec<String>, u16> {
        let answer = within("a poll", self.http.get(&self.uri).send()).await.expect("an answer");
        match answer.status().as_u16() {
            200 => Ok(answer.text().await.expect("text").split('\u{1e}').map(String::from).collect()),
            status => Err(status),
        }
    }

    /// Polls, answering pings, until a packet holds `word`; gives all packets of events and acks.
    async fn poll_until(&self, word: &str) -> Vec<String> {
        let mut packets = Vec::new();
        while !packets.iter().any(|packet: &String| packet.contains(word)) {
            let news = self.poll().await.expect("the session lives");
            if news.iter().any(|packet| packet == "2") {
                self.post("3").await;
            }
            packets.extend(news.into_iter().filter(|packet| packet.starts_with('4')));
        }
        packets
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_packets_in_one_body_are_answered_in_order() {
    let server = start().await;
    let poller = Poller::join(&server).await;
    assert_eq!(server.joined().await.transport(), "polling");
    assert_eq!(server.gateway.connections().polling, 1);
    let body: Vec<_> = (0..500).map(|number| format!(r#"42{number}["echo",{number}]"#)).collect();
    assert_eq!(poller.post(body.join("\u{1e}")).await, 200);
    let expected: Vec<_> = (0..500).map(|number| format!("43{number}[{number}]")).collect();
    assert_eq!(poller.poll_until("43499[").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_refused() {
    let server = start().await;
    for body in ["", "x", "\u{1e}", "4\u{1e}\u{1e}", "b!!!", &"4".repeat((1 << 20) + 1)] {
        let poller = Poller::join(&server).await;
        server.joined().await;
        poller.post(body.to_string()).await;
        // Whatever the answer, the session is over or goes on, and its end is told once.
        poller.post("1").await;
        server.gone().await;
    }
    server.serves().await;
}

/// Straight to the routes, without a network under them: a body can then be anything.
async fn ask(routes: &Router, request: http::request::Builder, body: Body) -> (StatusCode, String) {
    let answer = routes.clone().oneshot(request.body(body).expect("a request")).await.expect("infallible");
    let status = answer.status();
    let text = to_bytes(answer.into_body(), usize::MAX).await.expect("a body in memory");
    (status, String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let routes = start().await.gateway.routes();
    let silent = Body::from_stream(stream::pending::<std::io::Result<Bytes>>());
    let dripping = Body::from_stream(stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b"4")), ()))
    }));
    let is_given_up = async |body| {
        let uri = "/socket.io/?EIO=4&transport=polling";
        let (_, open) = ask(&routes, Request::get(uri), Body::empty()).await;
        let open: Value = serde_json::from_str(&open[1..]).expect("an open packet");
        let sid = open["sid"].as_str().expect("a session id");
        let post = ask(&routes, Request::post(format!("{uri}&sid={sid}")), body);
        let (status, answer) = tokio::time::timeout(Duration::from_secs(15), post).await.expect("an answer in time");
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT, "{answer}");
    };
    tokio::join!(is_given_up(silent), is_given_up(dripping));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_polls_at_once_end_the_session() {
    let server = start().await;
    let poller = Poller::join(&server).await;
    server.joined().await;
    let _ = tokio::join!(poller.poll(), poller.poll(), poller.poll());
    assert_eq!(server.gone().await, "parse error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_farewell_reaches_a_client_that_polls() {
    let server = start().await;
    let poller = Poller::join(&server).await;
    server.joined().await;
    poller.post(r#"42["farewell"]"#).await;
    let packets = poller.poll_until("41").await;
    assert_eq!(packets, [r#"42["bye",[0,null]]"#, r#"42["bye",[1,null]]"#, r#"42["bye",[2,null]]"#, "41"]);
    assert_eq!(server.gone().await, "server namespace disconnect");
    within("the session's end", async { while poller.poll().await.is_ok() {} }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_ends_sessions_that_poll() {
    let server = start().await;
    let poller = Poller::join(&server).await;
    server.joined().await;
    server.gateway.close_all(Duration::ZERO);
    within("the session's end", async { while poller.poll().await.is_ok() {} }).await;
    assert_eq!(server.gone().await, "server shutting down");
}

/// A session that polls, and a WebSocket that has not probed yet.
async fn about_to_upgrade(server: &Server) -> (Poller, Client) {
    let poller = Poller::join(server).await;
    server.joined().await;
    let client = Client::upgrade(server, &format!("&sid={}", poller.sid), &[]).await.expect("a WebSocket");
    (poller, client)
}

async fn upgraded(server: &Server) -> Client {
    let poller = Poller::join(server).await;
    let mut client = Client::upgrade(server, &format!("&sid={}", poller.sid), &[]).await.expect("a WebSocket");
    client.send("2probe").await;
    assert_eq!(client.frame().await.as_deref(), Some("3probe"));
    client.send("5").await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_moves_to_a_websocket_with_what_is_queued() {
    let server = start().await;
    let poller = Poller::join(&server).await;
    let socket = server.joined().await;
    let mut client = Client::upgrade(&server, &format!("&sid={}", poller.sid), &[]).await.expect("a WebSocket");
    client.send("2probe").await;
    assert_eq!(client.frame().await.as_deref(), Some("3probe"));
    for number in 0..10 {
        assert!(socket.emit(&super::event("news", &json!(number))));
    }
    client.send("5").await;
    for number in 0..10 {
        assert_eq!(client.frame().await, Some(format!(r#"42["news",{number}]"#)));
    }
    assert_eq!(socket.transport(), "websocket");
    let mut second = Client::upgrade(&server, &format!("&sid={}", poller.sid), &[]).await.expect("a WebSocket");
    assert!(second.rest().await.is_empty(), "one session, one WebSocket");
    assert_eq!(poller.poll().await, Err(400));
    assert_eq!(poller.post("42[\"echo\"]").await, 400);
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some("431[1]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_overtakes_the_end_of_an_upgrade_is_too_late_all_the_same() {
    for is_probed in [true, false] {
        // A busy machine may take longer than a poll is made to wait.
        let mut tries = 0;
        while poll_ahead_of_the_end(is_probed).await != Err(400) {
            tries += 1;
            assert!(tries < 5, "probed before: {is_probed}");
        }
    }
}

async fn poll_ahead_of_the_end(is_probed: bool) -> Result<Vec<String>, u16> {
    let server = start().await;
    let (poller, mut client) = about_to_upgrade(&server).await;
    if is_probed {
        client.send("2probe").await;
        assert_eq!(client.frame().await.as_deref(), Some("3probe"));
    }
    let upgrade = async {
        // Whichever comes first, the answer is the same; a moment lets the poll be it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let words = if is_probed { &["5"][..] } else { &["2probe", "5"] };
        client.send_at_once(words).await;
    };
    let (polled, ()) = tokio::join!(poller.poll(), upgrade);
    if !is_probed {
        assert_eq!(client.frame().await.as_deref(), Some("3probe"));
    }
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some("431[1]"));
    polled
}

/// The usual client says the last word of an upgrade when the poll is answered that it had under way.
#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_waits_when_the_websocket_probes_is_ended() {
    let server = start().await;
    let (poller, mut client) = about_to_upgrade(&server).await;
    let probe = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.send("2probe").await;
    };
    let (polled, ()) = tokio::join!(poller.poll(), probe);
    assert_eq!(polled, Ok(vec!["6".into()]));
    assert_eq!(client.frame().await.as_deref(), Some("3probe"));
    client.send("5").await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some("431[1]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_right_behind_the_probe_takes_nothing_from_its_answer() {
    let server = start().await;
    let (_poller, mut client) = about_to_upgrade(&server).await;
    client.stream.feed(Message::text("2probe")).await.expect("the connection stands");
    client.send_message(Message::Ping(Bytes::from_static(b"there?"))).await;
    assert_eq!(client.frame().await.as_deref(), Some("3probe"));
}

/// Nor is it the end of a session that its client has dropped a poll, once it has moved.
#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_poll_and_moves_to_a_websocket_has_not_left() {
    let server = start().await;
    let (poller, mut client) = about_to_upgrade(&server).await;
    tokio::select! {
        _ = poller.poll() => panic!("nothing to tell"),
        () = tokio::time::sleep(Duration::from_millis(50)) => {}
    }
    client.send_at_once(&["2probe", "5"]).await;
    assert_eq!(client.frame().await.as_deref(), Some("3probe"));
    // Longer than who left may take to come back.
    tokio::time::sleep(Duration::from_millis(2_600)).await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some("431[1]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_fails_half_way_leaves_the_session_polling() {
    let server = start_with(super::RealtimeConfig { connect_timeout_ms: 500, ..config() }, anybody()).await;
    let poller = Poller::join(&server).await;
    server.joined().await;
    let upgrade = async || Client::upgrade(&server, &format!("&sid={}", poller.sid), &[]).await.expect("a WebSocket");
    for (number, last_words) in
        [&["2probe"][..], &["nonsense"], &["2probe", "nonsense"], &["5"], &[]].iter().enumerate()
    {
        let mut client = upgrade().await;
        for words in *last_words {
            client.send(words).await;
        }
        if number == 0 {
            assert_eq!(client.frame().await.as_deref(), Some("3probe"));
            assert_eq!(poller.poll().await, Ok(vec!["6".into()]), "what waits, waits for the WebSocket");
            client.kill();
        } else {
            client.rest().await;
        }
        poller.post(&*format!(r#"42{number}["echo",{number}]"#)).await;
        let answer = format!("43{number}[{number}]");
        within("polling to go on", async {
            while poller.poll().await.expect("the session lives") != [answer.clone()] {}
        })
        .await;
        server.event().await;
    }
    // A proxy that broke one WebSocket lets the next one pass.
    let mut client = upgrade().await;
    client.send("2probe").await;
    assert_eq!(client.frame().await.as_deref(), Some("3probe"));
    client.send("5").await;
    client.send(r#"429["echo",9]"#).await;
    assert_eq!(client.frame().await.as_deref(), Some("439[9]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_poll_has_left() {
    let server = start().await;
    let poller = Poller::join(&server).await;
    server.joined().await;
    let gone = async { server.gone().await };
    tokio::select! {
        _ = poller.poll() => panic!("nothing to tell"),
        () = tokio::time::sleep(Duration::from_millis(200)) => {}
    }
    assert_eq!(gone.await, "transport close");
    assert_eq!(poller.poll().await, Err(400));
    assert_eq!(poller.post("3").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgraded_session_can_be_cut_and_drained() {
    let server = start().await;
    let mut client = upgraded(&server).await;
    server.joined().await;
    client.send(r#"42["panic"]"#).await;
    client.rest().await;
    assert_eq!(server.gone().await, "internal error");

    let mut client = upgraded(&server).await;
    server.joined().await;
    server.gateway.close_all(Duration::ZERO);
    assert!(client.rest().await.is_empty());
    assert_eq!(server.gone().await, "server shutting down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_does_not_poll_is_cut_and_nothing_follows_the_hole() {
    let server = start_with(super::RealtimeConfig { outbox: 16, ..config() }, anybody()).await;
    let poller = Poller::join(&server).await;
    let socket = server.joined().await;
    let mut queued = 0;
    while socket.emit(&super::event("news", &json!(queued))) {
        queued += 1;
    }
    assert!(!socket.emit(&super::event("news", &json!("after the hole"))));
    let mut news = Vec::new();
    while let Ok(packets) = poller.poll().await {
        news.extend(packets.into_iter().filter(|packet| packet.starts_with("42")));
    }
    let expected: Vec<_> = (0..queued).map(|number| format!(r#"42["news",{number}]"#)).collect();
    assert!(expected.starts_with(&news), "{news:?}");
    assert_eq!(server.gone().await, "slow reader");
}
