use std::time::Instant;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;

fn config() -> ServerConfig {
    ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        trusted_proxies: 0,
        max_connections: 8,
        max_connections_per_address: 4,
        header_timeout_seconds: 1,
        request_timeout_seconds: 5,
        upload_timeout_seconds: 30,
        tcp_user_timeout_seconds: 5,
        drain_seconds: 5,
        services: Vec::new(),
    }
}

struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
    running: JoinHandle<()>,
}

async fn start(router: Router, config: ServerConfig) -> Server {
    let listener = listen("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let shutdown = Shutdown::manual();
    let drains = shutdown.clone();
    let running = tokio::spawn(async move { serve(listener, router, &config, drains).await });
    Server { address, shutdown, running }
}

/// As after a restart, before the server has had the time to accept anybody. They say nothing that would show the kernel
/// that they are there.
#[tokio::test]
async fn everybody_who_comes_at_once_is_let_in() {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux");
    let count = most.trim().parse::<usize>().expect("a number").min(400);
    let listener = listen("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(TcpStream::connect(address).await.expect("connected"));
    }
    for place in 0..count {
        let accepted = tokio::time::timeout(Duration::from_secs(1), listener.accept()).await;
        accepted.unwrap_or_else(|_| panic!("{place} of {count} are known to the server")).expect("accepted");
    }
}

fn hello() -> Router {
    Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()))
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("the server listens")
    }

    /// Sends `bytes` and reads until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("sent");
        read_to_end(stream).await
    }
}

/// A reset counts as an end as well.
async fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server closes by itself");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let server = start(hello(), config()).await;
    let answer = server.exchange(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
    assert!(!answer.to_lowercase().contains("\r\nserver:"), "{answer}");
}

#[tokio::test]
async fn garbage_is_refused_and_closed() {
    let server = start(hello(), config()).await;
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00\xfc"[..], b"\0\0\0\0\r\n\r\n", b"GET /\r\n\r\n", b"hello\r\n\r\n"] {
        let answer = server.exchange(garbage).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

/// What a proxy in front may read in another way than we do.
#[tokio::test]
async fn a_head_that_can_be_read_in_two_ways_is_refused_and_closed() {
    let server = start(hello(), config()).await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n", "400"),
        ("GET http://x/ HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x y\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x/y\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: a@x\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x:y\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x:99999\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: b\u{fc}cher\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, Chunked\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n", "501"),
        ("GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n", "501"),
    ] {
        let answer = server.exchange(format!("{head}\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "nothing of what follows is a request: {head}: {answer}");
    }
    for host in
        ["x", "x:80", "x:", "", "127.0.0.1:3100", "[::1]:3100", "[::1]", "smilechat_1:3100", "xn--bcher-kva.example"]
    {
        let head = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = server.exchange(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
    }
    let chunked = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    for head in ["GET / HTTP/1.0\r\n\r\n", chunked] {
        let answer = server.exchange(head.as_bytes()).await;
        assert!(answer.contains(" 200 OK"), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = start(hello(), config()).await;
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: a\r\n".repeat(500));
    for head in [long, many] {
        let answer = server.exchange(head.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}

#[tokio::test]
async fn who_sends_nothing_or_drips_is_closed_in_time() {
    let server = start(hello(), config()).await;
    let began = Instant::now();
    let silent = read_to_end(server.connect().await);
    let half = server.exchange(b"GET / HTTP/1.1\r\nhost:");
    let dripping = async {
        let mut stream = server.connect().await;
        let head = b"GET / HTTP/1.1\r\nx: ".iter().chain(std::iter::repeat(&b'a'));
        for byte in head {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let all = async { tokio::join!(silent, half, dripping) };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("all three are closed");
    assert!(began.elapsed() >= Duration::from_secs(1), "not before the header timeout");
}

#[tokio::test]
async fn one_address_has_a_bounded_number_of_connections() {
    let server = start(hello(), config()).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
        assert!(stream.read(&mut [0; 512]).await.expect("answered") > 0);
        held.push(stream);
    }
    assert_eq!(read_to_end(server.connect().await).await, "", "the fifth is closed unanswered");
    drop(held.pop());
    // The server learns of the end a moment later: ask until it has.
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.exchange(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.is_empty() {
        assert!(Instant::now() < deadline, "a closed connection gives its place back");
    }
}

#[tokio::test]
async fn a_drain_lets_the_running_request_finish() {
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (handler_arrived, handler_go_on) = (arrived.clone(), go_on.clone());
    let slow = move || async move {
        handler_arrived.notify_one();
        handler_go_on.notified().await;
        "finished"
    };
    let server = start(Router::new().route("/", get(slow)), config()).await;
    let mut idle = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    arrived.notified().await;
    server.shutdown.begin();
    assert_eq!(idle.read(&mut [0; 1]).await.expect("closed"), 0, "an idle connection ends at once");
    assert!(TcpStream::connect(server.address).await.is_err(), "no new ones");
    assert!(!server.running.is_finished());
    go_on.notify_one();
    let answer = read_to_end(busy).await;
    assert!(answer.ends_with("finished") && answer.contains("connection: close"), "{answer}");
    server.running.await.expect("the drain ends with the last request");
}

#[tokio::test]
async fn a_drain_ends_even_if_a_request_does_not() {
    let stuck = Router::new().route("/", get(async || std::future::pending::<()>().await));
    let server = start(stuck, ServerConfig { drain_seconds: 1, ..config() }).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    server.shutdown.begin();
    tokio::time::timeout(Duration::from_secs(5), server.running).await.expect("in time").expect("without a panic");
}
