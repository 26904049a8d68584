//! A client that sends frames as they are, over a WebSocket of its own.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Server, within};

pub struct Client {
    pub stream: WebSocketStream<TcpStream>,
}

impl Client {
    /// Joined, with its welcome read.
    pub async fn join(server: &Server) -> Self {
        let mut client = Self::open(server).await;
        client.send(r#"40{"token":"good"}"#).await;
        assert!(client.frame().await.expect("an answer to CONNECT").starts_with(r#"40{"sid":"#));
        assert_eq!(client.frame().await.as_deref(), Some(r#"42["welcome",{"transport":"websocket"}]"#));
        client
    }

    /// Connected to the engine, not joined.
    pub async fn open(server: &Server) -> Self {
        let mut client = Self::upgrade(server, "", &[]).await.expect("a WebSocket");
        assert!(client.frame().await.expect("an open packet").starts_with(r#"0{"sid":"#));
        client
    }

    pub async fn upgrade(server: &Server, query: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let uri = format!("ws://{}/socket.io/?EIO=4&transport=websocket{query}", server.address);
        let mut request = uri.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        let tcp = TcpStream::connect(server.address).await?;
        let (stream, _) = within("the upgrade", client_async(request, tcp)).await?;
        Ok(Self { stream })
    }

    pub async fn send(&mut self, frame: &str) {
        self.send_message(Message::text(frame)).await;
    }

    /// In one write.
    pub async fn send_at_once(&mut self, frames: &[&str]) {
        for frame in frames {
            self.stream.feed(Message::text(*frame)).await.expect("the connection stands");
        }
        self.stream.flush().await.expect("the connection stands");
    }

    pub async fn send_message(&mut self, message: Message) {
        self.stream.send(message).await.expect("the connection stands");
    }

    /// The next frame that is no ping; None when the connection has ended.
    pub async fn frame(&mut self) -> Option<String> {
        loop {
            match within("a frame", self.stream.next()).await? {
                Ok(Message::Text(text)) if text.as_str() == "2" => drop(self.stream.send(Message::text("3")).await),
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// The next frame, which holds bytes.
    pub async fn bytes(&mut self) -> Vec<u8> {
        match within("bytes", self.stream.next()).await {
            Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
            other => panic!("no bytes: {other:?}"),
        }
    }

    /// Reads on until the connection ends, and gives what came until then.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    /// Vanishes without a close frame.
    pub fn kill(self) {
        drop(self.stream.into_inner());
    }
}
