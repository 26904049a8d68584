//! The gateway against real sockets: a tiny handler behind a real listener, raw frames for what is nasty, the real
//! JavaScript client for what is friendly.

mod door;
mod friendly;
mod hostile;
mod nasty;
mod polling;
mod protocol;
mod raw;
mod slow;
mod socket;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use smilechat::platform::config::RealtimeConfig;
use smilechat::platform::http::origins::Origins;
use smilechat::realtime::gateway::{Admission, Frame, Gateway, Handler, Handshake, Incoming, SocketHandle, build};
use tokio::sync::{Mutex, Semaphore, mpsc};

/// Longer than anything here takes, shorter than a person's patience.
const PATIENCE: Duration = Duration::from_secs(20);

async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// What the handler was told, in the order told.
enum Seen {
    Joined(SocketHandle),
    Event(String, Value),
    Gone(&'static str),
}

/// Answers `echo`, and misbehaves on request.
struct Echo {
    seen: mpsc::UnboundedSender<Seen>,
    /// `block` waits for a permit of it.
    gate: Arc<Semaphore>,
}

impl Handler for Echo {
    type Session = SocketHandle;

    async fn connect(&self, handshake: Handshake, socket: SocketHandle) -> Result<SocketHandle, String> {
        let auth: Value = serde_json::from_str(handshake.auth.get()).expect("a raw value is JSON");
        match auth["token"].as_str() {
            Some("good") => Ok(socket),
            Some("panic") => panic!("asked to"),
            _ => Err("unauthorized".into()),
        }
    }

    async fn joined(&self, socket: &mut SocketHandle) {
        assert!(socket.emit(&event("welcome", &json!({ "transport": socket.transport() }))));
        self.seen.send(Seen::Joined(socket.clone())).ok();
    }

    async fn handle(&self, socket: &mut SocketHandle, events: Vec<Incoming>) {
        for Incoming { event: name, payload, attachments, ack, .. } in events {
            let value = serde_json::from_str(payload.get()).unwrap_or(json!("unreadable"));
            self.seen.send(Seen::Event(name.clone(), value)).ok();
            match name.as_str() {
                "block" => self.gate.acquire().await.expect("never closed").forget(),
                "panic" => panic!("asked to"),
                "forget" => {}
                "farewell" => {
                    for number in 0..3 {
                        socket.emit(&event("bye", &json!([number, payload])));
                    }
                    socket.disconnect();
                }
                _ => match ack {
                    Some(ack) => ack.send_all(&[payload], &attachments),
                    None => drop(socket.emit_all("echo", &[payload], &attachments)),
                },
            }
        }
    }

    async fn disconnected(&self, _: SocketHandle, reason: &'static str) {
        self.seen.send(Seen::Gone(reason)).ok();
    }
}

fn event(name: &str, payload: &Value) -> Frame {
    Frame::event(name, payload)
}

struct Server {
    address: SocketAddr,
    gateway: Gateway,
    gate: Arc<Semaphore>,
    seen: Mutex<mpsc::UnboundedReceiver<Seen>>,
}

fn config() -> RealtimeConfig {
    RealtimeConfig {
        ping_interval_ms: 25_000,
        ping_timeout_ms: 20_000,
        connect_timeout_ms: 10_000,
        typing_ttl_ms: 6_000,
        inbox: 1_000,
        outbox: 1_100,
        outbox_bytes: 1 << 20,
    }
}

fn anybody() -> Admission {
    Admission { origins: Origins::default(), max_connections_per_address: 1_000, trusted_proxies: 0 }
}

async fn start() -> Server {
    start_with(config(), anybody()).await
}

async fn start_with(config: RealtimeConfig, admission: Admission) -> Server {
    crate::panics::are_fatal_in_the_server();
    smilechat::platform::tls::install();
    let (seen, receiver) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let gateway = build(&config, admission, Arc::new(Echo { seen, gate: gate.clone() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let service = gateway.routes().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Server { address, gateway, gate, seen: Mutex::new(receiver) }
}

impl Server {
    async fn next(&self) -> Seen {
        within("the handler", async { self.seen.lock().await.recv().await.expect("the handler lives") }).await
    }

    async fn joined(&self) -> SocketHandle {
        match self.next().await {
            Seen::Joined(socket) => socket,
            Seen::Event(event, _) => panic!("{event} before joining"),
            Seen::Gone(reason) => panic!("gone before joining: {reason}"),
        }
    }

    async fn event(&self) -> (String, Value) {
        match self.next().await {
            Seen::Event(event, payload) => (event, payload),
            Seen::Joined(_) => panic!("joined where an event was due"),
            Seen::Gone(reason) => panic!("gone where an event was due: {reason}"),
        }
    }

    /// Skips events.
    async fn gone(&self) -> &'static str {
        loop {
            if let Seen::Gone(reason) = self.next().await {
                return reason;
            }
        }
    }

    /// Whether the server still serves: a newcomer joins, is answered and leaves.
    async fn serves(&self) {
        let mut client = raw::Client::join(self).await;
        self.joined().await;
        client.send(r#"421["echo","alive"]"#).await;
        assert_eq!(client.frame().await.as_deref(), Some(r#"431["alive"]"#));
        client.kill();
        self.gone().await;
    }
}
