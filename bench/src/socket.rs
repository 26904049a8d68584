//! A Socket.IO client over a WebSocket: Engine.IO 4 and Socket.IO 5 as they are on the wire, text frames only.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    next_ack: u64,
}

/// What the server sent.
pub enum Packet {
    /// The whole packet, `42["name",…]`.
    Event(Utf8Bytes),
    /// The number of the ack, and the whole packet.
    Ack(u64, Utf8Bytes),
}

impl Socket {
    /// Connects and joins the namespace.
    pub async fn connect(port: u16, token: &str) -> Result<Self> {
        timeout(PATIENCE, Self::join(port, token)).await.context("no connection in time")?
    }

    async fn join(port: u16, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = tokio_tungstenite::client_async(url, stream).await?;
        let mut socket = Self { stream, next_ack: 0 };
        let open = socket.text().await?;
        if !open.starts_with("0{") {
            bail!("instead of an open packet: {open}");
        }
        socket.send_text(format!("40{}", json!({ "token": token }))).await?;
        loop {
            let text = socket.text().await?;
            match text.as_bytes() {
                [b'4', b'0', ..] => return Ok(socket),
                // A busy server's first heartbeat may come before its answer.
                [b'2'] => socket.send_text("3".into()).await?,
                _ => bail!("instead of a connect packet: {text}"),
            }
        }
    }

    /// Queues an event; the number of its ack. `flush` sends what is queued.
    pub async fn emit(&mut self, event: &str, payload: &str) -> Result<u64> {
        let ack = self.next_ack;
        self.next_ack += 1;
        self.stream.feed(Message::text(format!(r#"42{ack}["{event}",{payload}]"#))).await?;
        Ok(ack)
    }

    pub async fn flush(&mut self) -> Result<()> {
        Ok(self.stream.flush().await?)
    }

    /// Sends an event and waits for its ack; other packets are passed over.
    pub async fn ask(&mut self, event: &str, payload: &Json) -> Result<Json> {
        let number = self.emit(event, &payload.to_string()).await?;
        self.flush().await?;
        let answer = async {
            loop {
                if let Packet::Ack(ack, text) = self.next().await?
                    && ack == number
                {
                    break Ok::<_, anyhow::Error>(text);
                }
            }
        };
        let text = timeout(PATIENCE, answer).await.with_context(|| format!("no ack of {event}"))??;
        let start = text.find('[').context("an ack without arguments")?;
        let answer: Json = serde_json::from_str(&text[start..])?;
        match &answer[0]["error"] {
            Json::Null => Ok(answer[0].clone()),
            error => Err(anyhow!("{event}: {error}")),
        }
    }

    pub async fn join_ticket(&mut self, ticket_id: &str) -> Result<Json> {
        self.ask("join_ticket", &json!({ "ticket_id": ticket_id })).await
    }

    /// The next event or ack; heartbeats are answered on the way.
    pub async fn next(&mut self) -> Result<Packet> {
        loop {
            let text = self.text().await?;
            if let Some(packet) = self.read(text).await? {
                return Ok(packet);
            }
        }
    }

    /// The same, of what has arrived already.
    pub async fn ready(&mut self) -> Result<Option<Packet>> {
        loop {
            let Some(frame) = self.stream.next().now_or_never() else { return Ok(None) };
            let text = text_of(frame)?;
            if let Some(text) = text
                && let Some(packet) = self.read(text).await?
            {
                return Ok(Some(packet));
            }
        }
    }

    async fn read(&mut self, text: Utf8Bytes) -> Result<Option<Packet>> {
        match text.as_bytes() {
            [b'2'] => {
                self.send_text("3".into()).await?;
                Ok(None)
            }
            [b'4', b'2', ..] => Ok(Some(Packet::Event(text))),
            [b'4', b'3', rest @ ..] => {
                let number = rest.iter().take_while(|byte| byte.is_ascii_digit());
                let number = number.fold(0, |number, byte| number * 10 + u64::from(byte - b'0'));
                Ok(Some(Packet::Ack(number, text)))
            }
            _ => bail!("an unexpected packet: {text}"),
        }
    }

    async fn text(&mut self) -> Result<Utf8Bytes> {
        loop {
            if let Some(text) = text_of(self.stream.next().await)? {
                return Ok(text);
            }
        }
    }

    async fn send_text(&mut self, text: String) -> Result<()> {
        Ok(self.stream.send(Message::text(text)).await?)
    }
}

type Frame = Option<Result<Message, tokio_tungstenite::tungstenite::Error>>;

fn text_of(frame: Frame) -> Result<Option<Utf8Bytes>> {
    match frame.context("the server closed the socket")?? {
        Message::Text(text) => Ok(Some(text)),
        Message::Ping(_) | Message::Pong(_) => Ok(None),
        other => bail!("an unexpected frame: {other:?}"),
    }
}
