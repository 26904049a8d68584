//! The wire itself: frames written byte by byte, requests written by hand, so that nothing stands between a test and the
//! protocol.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::within;

pub struct Wire {
    pub stream: TcpStream,
}

impl Wire {
    /// `Err` is the status of a refusal.
    pub async fn open(address: SocketAddr, path: &str) -> Result<Self, u16> {
        let headers = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        Self::open_with(address, path, headers).await
    }

    pub async fn open_with(address: SocketAddr, path: &str, headers: &str) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within("a head", stream.read_u8()).await.expect("an answer"));
        }
        match status_of(&head) {
            101 => Ok(Self { stream }),
            status => Err(status),
        }
    }

    /// One message in one frame of this kind.
    pub async fn send(&mut self, kind: u8, payload: &[u8]) {
        self.send_bytes(&frame(0x80 | kind, payload)).await;
    }

    /// The server may have closed: what it makes of it is seen by reading.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.ok();
    }

    /// The next message and its kind; None when the connection has ended, by a close frame or without.
    pub async fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, payload) = within("a frame", self.frame()).await.ok()?;
        assert_eq!(first & 0xf0, 0x80, "whole, and without extensions");
        (first != 0x88).then_some((first & 0xf, payload))
    }

    async fn frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let first = self.stream.read_u8().await?;
        let length = match self.stream.read_u8().await? {
            126 => usize::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await? as usize,
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await?;
        Ok((first, payload))
    }

    pub async fn text(&mut self) -> String {
        match self.message().await {
            Some((1, text)) => String::from_utf8(text).expect("text"),
            other => panic!("no text: {other:?}"),
        }
    }

    /// The next text that is no ping, which is answered.
    pub async fn event(&mut self) -> String {
        loop {
            match self.text().await.as_str() {
                "2" => self.send(1, b"3").await,
                text => return text.to_owned(),
            }
        }
    }

    /// The code of the close frame that ends the connection; None if it ends without one.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let (0x88, code) = within("the end", self.frame()).await.ok()? {
                return Some(u16::from_be_bytes([code[0], code[1]]));
            }
        }
    }
}

/// A frame as a client sends it.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 8, 9, 10];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..0x10000 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

#[derive(Clone)]
pub struct Http {
    pub address: SocketAddr,
}

impl Http {
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Begins a session that polls; answers where to poll.
    pub async fn session(&self, path: &str) -> String {
        let path = format!("{path}?EIO=4&transport=polling");
        let (status, text) = self.get(&path).await;
        assert_eq!(status, 200, "{text}");
        let terms: serde_json::Value = serde_json::from_str(&text[1..]).expect("JSON");
        format!("{path}&sid={}", terms["sid"].as_str().expect("an id"))
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path, "").await
    }

    pub async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        within("an answer", stream.read_to_end(&mut answer)).await.expect("an answer");
        let text = String::from_utf8(answer).expect("text");
        let (_, body) = text.split_once("\r\n\r\n").expect("a head");
        (status_of(text.as_bytes()), body.to_owned())
    }
}

fn status_of(head: &[u8]) -> u16 {
    let head = String::from_utf8_lossy(head);
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}
