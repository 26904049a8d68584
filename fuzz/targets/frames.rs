//! Packets of Engine.IO and Socket.IO, posted to a polling session that has joined. Whatever comes ends that session at
//! most: the gateway still lets the next one in.

#![no_main]

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use http_body_util::BodyExt;
use libfuzzer_sys::fuzz_target;
use smilechat::platform::config;
use smilechat::platform::http::origins::Origins;
use smilechat::realtime::gateway::{Admission, Frame, Gateway, Handler, Handshake, Incoming, SocketHandle, build};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tower::ServiceExt;

/// An answer is there at once.
const PATIENCE: Duration = Duration::from_millis(100);

struct Echo;

impl Handler for Echo {
    type Session = SocketHandle;

    async fn connect(&self, _: Handshake, socket: SocketHandle) -> Result<SocketHandle, String> {
        Ok(socket)
    }

    async fn joined(&self, _: &mut SocketHandle) {}

    async fn handle(&self, socket: &mut SocketHandle, events: Vec<Incoming>) {
        for Incoming { payload, attachments, ack, .. } in events {
            match ack {
                Some(ack) => ack.send_all(&[payload], &attachments),
                None => drop(socket.emit(&Frame::event("echo", &payload))),
            }
        }
    }

    async fn disconnected(&self, _: SocketHandle, _: &'static str) {}
}

struct Server {
    runtime: Runtime,
    router: Router,
    _gateway: Gateway,
}

thread_local! {
    static SERVER: Server = start();
    static SESSION: RefCell<Option<String>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    SERVER.with(|server| {
        server.runtime.block_on(async {
            let sid = match SESSION.take() {
                Some(sid) => sid,
                None => join(&server.router).await,
            };
            let (status, _) = call(&server.router, "POST", &sid, data.to_vec()).await;
            assert_ne!(status, 500);
            // What it answers is fetched, so that nothing piles up. A session that was ended is left, and so is one that has
            // said good-bye to its namespace, which nobody would answer.
            let (status, _) = call(&server.router, "POST", &sid, b"421[\"echo\",1]".to_vec()).await;
            let answer = timeout(PATIENCE, call(&server.router, "GET", &sid, Vec::new()));
            if status == 200 && answer.await.is_ok_and(|(status, _)| status == 200) {
                SESSION.set(Some(sid));
            }
        });
    });
});

fn start() -> Server {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let realtime = config::load(&Default::default(), None, Vec::new()).expect("the defaults are good").config.realtime;
    let (origins, max_connections_per_address) = (Origins::default(), usize::MAX);
    let admission = Admission { origins, max_connections_per_address, trusted_proxies: 0 };
    let gateway = runtime.block_on(async { build(&realtime, admission, Arc::new(Echo)) });
    Server { runtime, router: gateway.routes(), _gateway: gateway }
}

async fn join(router: &Router) -> String {
    let (status, opened) = call(router, "GET", "", Vec::new()).await;
    let opened = String::from_utf8(opened).expect("text");
    assert!(status == 200 && opened.starts_with('0'), "a newcomer is let in: {status} {opened}");
    let sid =
        opened.split("\"sid\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a session id").to_owned();
    assert_eq!(call(router, "POST", &sid, b"40{}".to_vec()).await.0, 200);
    let (status, joined) = call(router, "GET", &sid, Vec::new()).await;
    assert!(status == 200 && joined.starts_with(b"40"), "{status} {}", String::from_utf8_lossy(&joined));
    sid
}

async fn call(router: &Router, method: &str, sid: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let sid = if sid.is_empty() { String::new() } else { format!("&sid={sid}") };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/socket.io/?EIO=4&transport=polling{sid}"))
        .body(Body::from(body))
        .expect("a request");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
    let response = router.clone().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    (status, body)
}
