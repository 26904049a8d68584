//! As much of a Socket.IO client as the doctor needs: one WebSocket in the default namespace.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::report::Finding;
use super::target::Target;

/// With each thing that is waited for, however much else comes meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of events that came while something else was waited for.
const MOST_EVENTS: usize = 100;
/// In bytes.
const LONGEST_MESSAGE: usize = 1 << 20;

const NO_UPGRADE: &str = "\
The proxy does not pass the upgrade on, and every client falls back to polling. In nginx:
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;   # map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
A balancer in the cloud has a switch for WebSockets, or has to be one for HTTP/1.1.";

pub struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Events that came while something else was waited for.
    events: Vec<(String, Value)>,
    asked: u64,
}

impl Line {
    /// A new session, or the WebSocket of one that polls.
    pub async fn open(target: &Target, sid: Option<&str>) -> Result<Self, Finding> {
        let sid_part = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
        let address = format!("{}/socket.io/?EIO=4&transport=websocket{sid_part}", target.shown());
        let address = address.replacen("http", "ws", 1);
        let mut request = address.into_client_request().map_err(|error| Finding::broken(error.to_string(), ""))?;
        if let Some(origin) = target.origin.as_deref().and_then(|origin| origin.parse().ok()) {
            request.headers_mut().insert("origin", origin);
        }
        let late = || Finding::broken(format!("no answer within {} s", PATIENCE.as_secs()), NO_UPGRADE);
        let limits = WebSocketConfig::default().max_message_size(Some(LONGEST_MESSAGE));
        let opened =
            timeout(PATIENCE, connect_async_with_config(request, Some(limits), false)).await.map_err(|_| late())?;
        let (socket, _) = opened.map_err(|error| refused(&error))?;
        let mut line = Self { socket, events: Vec::new(), asked: 0 };
        if sid.is_none() {
            let handshake = line.text(soon()).await.map_err(|why| Finding::broken(why, NO_UPGRADE))?;
            if !handshake.starts_with("0{") {
                return Err(Finding::broken(format!("the first frame is {handshake:?}"), "This is not SmileChat."));
            }
        }
        Ok(line)
    }

    pub async fn probe(&mut self) -> Result<String, String> {
        self.send("2probe".into()).await?;
        self.text(soon()).await
    }

    /// Into the namespace; an error says how it was refused.
    pub async fn join(&mut self, token: &str, api_key: Option<&str>) -> Result<(), String> {
        let mut auth = json!({ "token": token });
        if let Some(key) = api_key {
            auth["apiKey"] = key.into();
        }
        self.send(format!("40{auth}")).await?;
        let until = soon();
        loop {
            let text = self.text(until).await?;
            if text.starts_with("40") {
                return Ok(());
            }
            if let Some(refusal) = text.strip_prefix("44") {
                return Err(format!("the socket is refused: {refusal}"));
            }
            self.keep(&text);
        }
    }

    /// Sends an event and waits for its ack.
    pub async fn ask(&mut self, event: &str, payload: Value) -> Result<Value, String> {
        let number = self.asked;
        self.asked += 1;
        self.send(format!("42{number}{}", json!([event, payload]))).await?;
        let (head, until) = (format!("43{number}["), soon());
        loop {
            let text = self.text(until).await?;
            if text.starts_with(&head) {
                let ack: Value = serde_json::from_str(&text[head.len() - 1..]).unwrap_or_default();
                return match &ack[0]["error"]["code"] {
                    Value::String(code) => Err(format!("{event} is answered {code}")),
                    _ => Ok(ack[0].clone()),
                };
            }
            self.keep(&text);
        }
    }

    /// The message with this `client_id`, as the room is told of it.
    pub async fn heard(&mut self, client_id: &str) -> Result<Value, String> {
        let fits = |(name, payload): &(String, Value)| name == "chat_message" && payload["client_id"] == client_id;
        let until = soon();
        loop {
            if let Some(place) = self.events.iter().position(fits) {
                return Ok(self.events.swap_remove(place).1);
            }
            let text = self.text(until).await?;
            self.keep(&text);
        }
    }

    /// Answers pings and nothing else, for so long. An error says how it ended before.
    pub async fn idle(&mut self, time: Duration) -> Result<(), String> {
        let still = async {
            loop {
                self.read().await?;
            }
        };
        match timeout(time, still).await {
            Err(_) => Ok(()),
            Ok::<Result<(), String>, _>(ended) => ended,
        }
    }

    pub async fn close(mut self) {
        // Whoever is closing does not hear of it.
        let _ = self.send("1".into()).await;
        let _ = timeout(PATIENCE, self.socket.close(None)).await;
    }

    fn keep(&mut self, text: &str) {
        if self.events.len() >= MOST_EVENTS {
            return;
        }
        if let Some(event) = text.strip_prefix("42").and_then(|json| serde_json::from_str::<Value>(json).ok()) {
            self.events.push((event[0].as_str().unwrap_or_default().to_owned(), event[1].clone()));
        }
    }

    async fn send(&mut self, text: String) -> Result<(), String> {
        self.socket.send(Message::text(text)).await.map_err(|error| error.to_string())
    }

    async fn text(&mut self, until: Instant) -> Result<String, String> {
        let late = || format!("nothing of the kind came for {} s", PATIENCE.as_secs());
        // Where something is always there to be read, a timeout hardly ever gets to look at the clock.
        if Instant::now() >= until {
            return Err(late());
        }
        timeout_at(until, self.read()).await.unwrap_or_else(|_| Err(late()))
    }

    /// The next packet that is no ping.
    async fn read(&mut self) -> Result<String, String> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3".into()).await?,
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(_))) | None => return Err("the socket was closed".into()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
            }
        }
    }
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

fn refused(error: &SocketError) -> Finding {
    let SocketError::Http(answer) = error else {
        return Finding::broken(error.to_string(), NO_UPGRADE);
    };
    let server = answer.headers().get("server").and_then(|server| server.to_str().ok());
    let by = server.map(|server| format!(" by `{server}`")).unwrap_or_default();
    let status = answer.status().as_u16();
    let advice = match status {
        403 => "The page's origin stands neither in CORS_ORIGINS nor at a publishable key; or the proxy forbids it.",
        502..=504 => "The proxy finds no node for /socket.io/.",
        429 => {
            "Too many sockets from one address: does the server know of its proxies (SMILECHAT_SERVER__TRUSTED_PROXIES)?"
        }
        _ => NO_UPGRADE,
    };
    Finding::broken(format!("answered {status}{by} instead of 101"), advice)
}
