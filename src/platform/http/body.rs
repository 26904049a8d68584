//! Reading a request's body: a bounded size and a bounded time, whoever asks for it.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::{Error, Result};

pub const MAX_BYTES: usize = 1024 * 1024;

/// Whoever drips a body byte by byte is cut after this.
const MAX_TIME: Duration = Duration::from_secs(10);

pub async fn read(body: Body) -> Result<Bytes> {
    read_within(MAX_TIME, body).await
}

async fn read_within(time: Duration, body: Body) -> Result<Bytes> {
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(time, Limited::new(body, MAX_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Error::Rejected(StatusCode::BAD_REQUEST, "bad_request")),
        Err(_) => Err(Error::Rejected(StatusCode::REQUEST_TIMEOUT, "timeout")),
    }
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
