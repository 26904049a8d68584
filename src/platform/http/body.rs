//! Reading a request's body: a bounded size and a bounded time, whoever asks for it.
//!
//! The floor reads it before it asks who calls: between the head of a request and its last byte a session may end, and
//! what was allowed at the first is not at the last.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;

use crate::error::{Error, Result};

pub const MAX_BYTES: usize = 1024 * 1024;

/// A body that is too large is read on up to here and thrown away: a client that is cut off while it sends does not hear
/// the answer.
const MAX_DRAINED: usize = 16 * MAX_BYTES;

/// Whoever drips a body byte by byte is cut after this.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Lets a request under /api go on once all of it has come, but for the paths whose bodies are streams.
pub(super) async fn layer(
    State(streams): State<&'static [&'static str]>,
    request: Request,
    next: Next,
) -> Result<Response> {
    let path = request.uri().path();
    if !path.starts_with("/api/") || streams.contains(&path) {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let body = Body::from(read(body).await?);
    Ok(next.run(Request::from_parts(parts, body)).await)
}

pub async fn read(body: Body) -> Result<Bytes> {
    read_within(MAX_TIME, body).await
}

async fn read_within(time: Duration, body: Body) -> Result<Bytes> {
    let read = tokio::time::timeout(time, collect(body)).await;
    read.unwrap_or(Err(Error::Rejected(StatusCode::REQUEST_TIMEOUT, "timeout")))
}

async fn collect(mut body: Body) -> Result<Bytes> {
    if body.size_hint().lower() > MAX_DRAINED as u64 {
        return Err(too_large());
    }
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::Rejected(StatusCode::BAD_REQUEST, "bad_request"))?;
        let data = frame.into_data().unwrap_or_default();
        length += data.len();
        if length <= MAX_BYTES {
            kept.extend_from_slice(&data);
        } else if length > MAX_DRAINED {
            break;
        }
    }
    if length > MAX_BYTES { Err(too_large()) } else { Ok(kept.freeze()) }
}

pub(super) fn too_large() -> Error {
    Error::Rejected(StatusCode::PAYLOAD_TOO_LARGE, "too_large")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn an_endless_body_is_too_large() {
        let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 65536])));
        let error = read(Body::from_stream(chunks)).await.expect_err("endless");
        assert_eq!((error.status().as_u16(), error.code()), (413, "too_large"));
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_is_given_up() {
        let silent = stream::pending::<std::io::Result<Bytes>>();
        let error = read_within(Duration::from_millis(1), Body::from_stream(silent)).await.expect_err("silent");
        assert_eq!((error.status().as_u16(), error.code()), (408, "timeout"));
    }

    #[tokio::test]
    async fn a_broken_body_is_the_clients_affair() {
        let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("gone")) });
        assert_eq!(read(Body::from_stream(broken)).await.expect_err("broken").status(), 400);
    }
}
