//! A small HTTP/1.1 client: one connection that is kept, one request at a time. It exists because the generator must cost
//! much less than what it measures.

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub struct Http {
    port: u16,
    stream: BufReader<TcpStream>,
}

impl Http {
    pub async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { port, stream: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// Sends the bytes of `request` and reads the answer's status and body.
    pub async fn send(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.stream.get_mut().write_all(request).await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status =
            line.get(9..12).and_then(|status| status.parse().ok()).with_context(|| format!("answer {line:?}"))?;
        let mut length = 0;
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                bail!("the answer broke off");
            }
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok((status, body))
    }

    /// A call that has to succeed.
    pub async fn call(&mut self, method: &str, path: &str, token: Option<&str>, body: Option<&Json>) -> Result<Json> {
        let (status, answer) = self.send(&request(self.port, method, path, token, body)).await?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(&answer));
        }
        if answer.is_empty() { Ok(Json::Null) } else { Ok(serde_json::from_slice(&answer)?) }
    }
}

pub fn request(port: u16, method: &str, path: &str, token: Option<&str>, body: Option<&Json>) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    if let Some(token) = token {
        head += &format!("Authorization: Bearer {token}\r\n");
    }
    let body = body.map(Json::to_string).unwrap_or_default();
    if !body.is_empty() {
        head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    format!("{head}\r\n{body}").into_bytes()
}
