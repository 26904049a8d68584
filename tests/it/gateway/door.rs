//! Who gets in: origins and seats.

use serde_json::Value;
use smilechat::platform::http::origins::Origins;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::Client;
use super::wire::Wire;
use super::{Admission, Server, anybody, config, start, start_with, within};
use crate::harness::{self, Engine};

async fn open_by_polling(server: &Server, origin: Option<&str>) -> reqwest::Response {
    let request = reqwest::Client::new().get(format!("http://{}/socket.io/?EIO=4&transport=polling", server.address));
    let request = match origin {
        Some(origin) => request.header("origin", origin),
        None => request,
    };
    request.send().await.expect("an answer")
}

async fn open_websocket(server: &Server, origin: Option<&str>) -> Result<(), String> {
    let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
    Client::upgrade(server, "", &headers).await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_origins_stay_outside_where_origins_are_set() {
    let origins = Origins::new(&["https://good.com".to_owned()]);
    origins.admit("key", &["https://admitted.com".to_owned()]);
    let server = start_with(config(), Admission { origins, ..anybody() }).await;
    let own = format!("http://{}", server.address);
    for welcome in [None, Some("https://good.com"), Some("https://admitted.com"), Some(own.as_str())] {
        assert_eq!(open_by_polling(&server, welcome).await.status(), 200, "{welcome:?}");
        assert_eq!(open_websocket(&server, welcome).await, Ok(()), "{welcome:?}");
    }
    for foreign in [
        "null",
        "https://good.com.evil",
        "http://good.com",
        "https://good.com:444",
        "https://GOOD.com/",
        "https://admitted.com.evil",
        "https://admitted.com.",
        "",
    ] {
        let answer = open_by_polling(&server, Some(foreign)).await;
        assert_eq!(answer.status(), 403, "{foreign}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(open_websocket(&server, Some(foreign)).await.is_err_and(|why| why.contains("403")), "{foreign}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_origin_may_connect_where_none_are_set() {
    let everybody = start_with(config(), Admission { origins: Origins::new(&["*".to_owned()]), ..anybody() }).await;
    for server in [start().await, everybody] {
        for origin in ["null", "https://anywhere.example"] {
            assert_eq!(open_by_polling(&server, Some(origin)).await.status(), 200);
            assert_eq!(open_websocket(&server, Some(origin)).await, Ok(()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_seats_and_gets_them_back() {
    let hasty = super::RealtimeConfig { connect_timeout_ms: 300, ..config() };
    let server = start_with(hasty, Admission { max_connections_per_address: 3, ..anybody() }).await;
    let first = Client::join(&server).await;
    server.joined().await;
    let _second = Client::join(&server).await;
    server.joined().await;
    // The third only opens the door. It never joins, so its seat is free again when the engine gives it up.
    assert_eq!(open_by_polling(&server, None).await.status(), 200);
    assert_eq!(open_by_polling(&server, None).await.status(), 429);
    assert!(open_websocket(&server, None).await.is_err_and(|why| why.contains("429")));
    let free = async || while open_by_polling(&server, None).await.status() != 200 {};
    super::within("the seat of the one that never joined", free()).await;
    first.kill();
    server.gone().await;
    super::within("the seat of the one that left", free()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fit_no_connection_are_refused() {
    let server = start().await;
    let http = reqwest::Client::new();
    for query in [
        "",
        "?",
        "?EIO=4",
        "?EIO=3&transport=polling",
        "?EIO=4&transport=carrier-pigeon",
        "?EIO=4&transport=websocket",
        "?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAHs",
        "?EIO=4&transport=polling&sid=%00",
        "?EIO=4&transport=polling&sid=",
    ] {
        for path in ["/socket.io", "/socket.io/"] {
            let answer = http.get(format!("http://{}{path}{query}", server.address)).send().await.expect("an answer");
            assert_eq!(answer.status(), 400, "{path}{query}");
        }
    }
    let answer = http.delete(format!("http://{}/socket.io/?EIO=4&transport=polling", server.address)).send().await;
    assert_eq!(answer.expect("an answer").status(), 400);
    server.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_seats_are_counted_by_the_client_that_it_names() {
    let admission = Admission { max_connections_per_address: 2, trusted_proxies: 1, ..anybody() };
    let server = start_with(config(), admission).await;
    let url = format!("http://{}/socket.io/?EIO=4&transport=polling", server.address);
    for (forwarded_for, status) in [
        ("203.0.113.1", 200),
        // What a client itself has written does not help.
        ("198.51.100.1, 203.0.113.1", 200),
        ("198.51.100.2, 203.0.113.1", 429),
        ("203.0.113.2", 200),
        ("2001:db8:1:2::1", 200),
        ("2001:db8:1:2:ffff::9", 200),
        ("2001:db8:1:2:3:4:5:6", 429),
        ("2001:db8:1:3::1", 200),
    ] {
        let request = reqwest::Client::new().get(&url).header("x-forwarded-for", forwarded_for);
        assert_eq!(request.send().await.expect("an answer").status(), status, "{forwarded_for}");
    }
}

/// Whether a new connection is answered at all.
async fn is_answered(server: &harness::Server) -> bool {
    let mut stream = TcpStream::connect(server.running.address).await.expect("the server listens");
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    !answer.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_counts_among_the_connections_until_it_is_closed() {
    let server = harness::Server::start_with(Engine::Sqlite, |config| config.server.max_connections = 3).await;
    let websocket = "/socket.io/?EIO=4&transport=websocket";
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(Wire::open(server.running.address, websocket).await.expect("open"));
    }
    within("a place beside them", async { while !is_answered(&server).await {} }).await;
    held.push(Wire::open(server.running.address, websocket).await.expect("open"));
    for _ in 0..10 {
        assert!(!is_answered(&server).await, "the fourth is closed unanswered, however long the others have stood");
    }
    drop(held.pop());
    within("the place of the one that left", async { while !is_answered(&server).await {} }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_the_id_of_its_request() {
    let server = start().await;
    for given in [Some("by-hand"), Some("no id at all"), None] {
        let request = reqwest::Client::new().get(format!("http://{}/socket.io/?EIO=3", server.address));
        let request = given.into_iter().fold(request, |request, id| request.header("x-request-id", id));
        let answer = request.send().await.expect("an answer");
        let header = answer.headers()["x-request-id"].to_str().expect("ASCII").to_owned();
        let problem: Value = answer.json().await.expect("a problem");
        assert_eq!(problem["request_id"], header);
        assert!(!header.is_empty() && !header.contains(' '), "{header}");
        assert_eq!(header == "by-hand", given == Some("by-hand"));
    }
}
