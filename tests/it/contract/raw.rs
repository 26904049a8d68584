//! What no decent client sends, byte by byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Server, on_both_engines};

/// Sends bytes as they are and returns all of the answer; None: the server hung up without one.
pub async fn raw(server: &Server, request: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(server.running.address).await.expect("the server listens");
    // The server may hang up before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    (!answer.is_empty()).then(|| String::from_utf8_lossy(&answer).into_owned())
}

pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).expect("a status line")
}

#[tokio::test]
async fn raw_requests_earn_no_500() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let request = |line: &str, headers: &str| {
        format!(
            "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n{headers}\r\n",
            ann.token
        )
    };
    let big = format!("x-big: {}\r\n", "x".repeat(100_000));
    let many: String = (0..1000).map(|n| format!("x-{n}: y\r\n")).collect();
    for (line, headers, expected) in [
        ("GET /api/users/profile", "", &["200"][..]),
        ("GET /api/tickets/../users/profile", "", &["404"]),
        ("GET //api/tickets", "", &["404"]),
        ("GET /api/tickets/", "", &["404"]),
        ("GET /api/tickets/%", "", &["404", "400"]),
        ("GET /api/tickets/%zz", "", &["404", "400"]),
        ("GET /api/tickets?limit=%zz", "", &["422"]),
        ("GET /api/tickets?q=%ff%00", "", &["422"]),
        ("TRACE /api/tickets", "", &["405"]),
        ("CONNECT x:1", "", &["404", "405", "400"]),
        ("BREW /api/tickets", "", &["405"]),
        ("GET /api/users/profile", "x-forwarded-for: <b>x</b>\r\nx-real-ip: ' or 1=1\r\n", &["200"]),
        ("POST /api/tickets", "content-length: -1\r\n", &["400"]),
        ("POST /api/tickets", "content-length: 99999999999999999999999\r\n", &["400"]),
        ("POST /api/tickets", "content-length: 2\r\ncontent-length: 3\r\n", &["400"]),
        // The same twice counts as one: this is an empty object, and a subject is missing.
        (
            "POST /api/tickets",
            "content-type: application/json\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}",
            &["422"],
        ),
        (
            "POST /api/tickets",
            "transfer-encoding: chunked\r\ncontent-length: 3\r\ncontent-type: application/json\r\n\r\nzz\r\n",
            &["400"],
        ),
        ("GET /api/users/profile", &big, &["431"]),
        ("GET /api/users/profile", &many, &["431"]),
    ] {
        let answer =
            raw(&server, request(line, headers).as_bytes()).await.unwrap_or_else(|| panic!("{line}: no answer"));
        assert!(expected.contains(&status(&answer)), "{line}: {answer}");
    }
    for garbage in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n"] {
        let answer = raw(&server, garbage.as_bytes()).await;
        assert!(answer.is_none_or(|answer| status(&answer) == "400"));
    }
    server.get("/healthz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_ends_while_the_body_is_on_its_way_is_no_right() {
    on_both_engines(async |server| {
        let ann = server.tenant("acme").await.customer("ann").await;
        let id = server.ticket(&ann, "Slow").await;
        let body = r#"{"message_content":"from the grave"}"#;
        let head = format!(
            "POST /api/messages/{id} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            ann.token,
            body.len()
        );
        let mut stream = TcpStream::connect(server.running.address).await.expect("the server listens");
        stream.write_all(head.as_bytes()).await.expect("it reads");
        // It asks for the body: the head was read, and whatever is judged by the head alone is judged.
        let mut go_on = [0; 12];
        stream.read_exact(&mut go_on).await.expect("it asks");
        assert_eq!(&go_on, b"HTTP/1.1 100");
        server.post("/api/auth/logout").by(&ann).json(serde_json::json!({})).await.expect(204);
        stream.write_all(body.as_bytes()).await.expect("it reads on");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.contains("HTTP/1.1 401 ") && answer.contains("unauthorized"), "{answer}");
    })
    .await;
}
