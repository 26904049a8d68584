//! Bodies that carry files (`multipart/form-data`), read as they come: nobody holds one whole.
//!
//! Upload routes alone take them; their paths are named to the floor, which gives them a time limit of their own.
//!
//! Invariants: a client that sends nothing for `SILENCE` is given up; what the parser has to keep in memory is bounded,
//! whatever is sent; whoever is refused half-way hears why, because the rest is read and thrown away up to `MAX_DRAINED`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use tokio::time::Sleep;

use super::body::too_large;
use crate::error::{Error, Result};

const SILENCE: Duration = Duration::from_secs(10);
/// The heads of one part, and what stands before the first.
const MAX_HEAD: usize = 1024 * 1024;
/// The parser takes all that is there before it looks; this is how much it is given at a time.
const BURST: usize = 256 * 1024;
const MAX_DRAINED: usize = 64 * 1024 * 1024;
const MAX_DRAINING: Duration = Duration::from_secs(30);

/// A body on its way in. The parser borrows it, so that it can be drained when the parser gives up.
pub struct Arriving {
    body: BodyDataStream,
    silence: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    burst: usize,
    allowed: Arc<AtomicUsize>,
}

/// Its parts, one after another.
pub struct Parts<'b> {
    parser: multer::Multipart<'b>,
    allowed: Arc<AtomicUsize>,
    max_bytes: usize,
}

pub struct Part<'b> {
    field: multer::Field<'b>,
    length: usize,
    max_bytes: usize,
}

impl Arriving {
    pub fn new(body: Body) -> Self {
        Self { body: body.into_data_stream(), silence: SILENCE, waiting: None, burst: 0, allowed: Arc::default() }
    }

    /// The parts, each of at most `max_bytes`.
    pub fn parts(&mut self, headers: &HeaderMap, max_bytes: usize) -> Result<Parts<'_>> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(content_type)
            .map_err(|_| Error::Rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"))?;
        let allowed = self.allowed.clone();
        Ok(Parts { parser: multer::Multipart::new(self, boundary), allowed, max_bytes })
    }

    /// Reads on for a while and throws away, so that the sender hears the answer.
    pub async fn drain(mut self) {
        self.allowed.store(MAX_DRAINED, Ordering::Relaxed);
        let rest = async { while let Some(Ok(_)) = self.next().await {} };
        let _ = tokio::time::timeout(MAX_DRAINING, rest).await;
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.burst >= BURST {
            this.burst = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match this.body.poll_next_unpin(context) {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Ok(bytes))) => {
                this.waiting = None;
                this.burst += bytes.len();
                let take = |allowed: usize| allowed.checked_sub(bytes.len());
                let taken = this.allowed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
                Poll::Ready(Some(if taken.is_ok() { Ok(bytes) } else { Err(too_large()) }))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(bad_request()))),
            Poll::Pending => {
                this.burst = 0;
                let waiting = this.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(this.silence)));
                match waiting.poll_unpin(context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(Error::Rejected(StatusCode::REQUEST_TIMEOUT, "timeout")))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<'b> Parts<'b> {
    pub async fn next(&mut self) -> Result<Option<Part<'b>>> {
        self.allowed.store(MAX_HEAD, Ordering::Relaxed);
        let field = self.parser.next_field().await.map_err(fault)?;
        // A little more than the part itself: what follows it may come in the same breath.
        self.allowed.store(self.max_bytes + MAX_HEAD, Ordering::Relaxed);
        Ok(field.map(|field| Part { field, length: 0, max_bytes: self.max_bytes }))
    }
}

impl Part<'_> {
    pub fn name(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    /// As the client wrote it.
    pub fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    /// The next bytes; None at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = self.field.chunk().await.map_err(fault)?;
        self.length += chunk.as_ref().map_or(0, Bytes::len);
        if self.length > self.max_bytes { Err(too_large()) } else { Ok(chunk) }
    }
}

/// Our own error comes back through the parser; any other is a body that is no multipart.
fn fault(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamReadFailed(cause) => cause.downcast::<Error>().map_or_else(|_| bad_request(), |own| *own),
        _ => bad_request(),
    }
}

fn bad_request() -> Error {
    Error::Rejected(StatusCode::BAD_REQUEST, "bad_request")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn headers(content_type: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().expect("a header"))])
    }

    /// Each part's name and length, read with at most 10 bytes a part.
    async fn read(body: Body) -> Result<Vec<(String, usize)>> {
        let mut arriving = Arriving { silence: Duration::from_millis(20), ..Arriving::new(body) };
        let mut parts = arriving.parts(&headers("multipart/form-data; boundary=xx"), 10)?;
        let mut found = Vec::new();
        while let Some(mut part) = parts.next().await? {
            while part.chunk().await?.is_some() {}
            found.push((part.name().to_owned(), part.length));
        }
        Ok(found)
    }

    fn part(name: &str, content: &str) -> String {
        format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n{content}\r\n")
    }

    async fn refusal(body: impl Into<Body>) -> (u16, String) {
        let error = read(body.into()).await.expect_err("refused");
        (error.status().as_u16(), error.code().to_owned())
    }

    fn endless(chunk: &'static [u8]) -> Body {
        Body::from_stream(stream::repeat_with(move || Ok::<_, std::io::Error>(Bytes::from_static(chunk))))
    }

    #[tokio::test]
    async fn parts_are_read_one_after_another() {
        let body = format!("{}{}--xx--\r\n", part("one", "12345"), part("two", "1234567890"));
        assert_eq!(read(Body::from(body)).await.expect("read"), [("one".into(), 5), ("two".into(), 10)]);
    }

    #[tokio::test]
    async fn a_part_that_is_too_large_is_told_from_a_body_that_is_none() {
        assert_eq!(refusal(part("one", "12345678901") + "--xx--").await, (413, "too_large".into()));
        for broken in ["", "hello", "--xx\r\n", &part("one", "1"), "--xx\r\nbroken\r\n\r\n1\r\n--xx--"] {
            assert_eq!(refusal(broken.to_owned()).await, (400, "bad_request".into()), "{broken:?}");
        }
    }

    #[tokio::test]
    async fn what_never_ends_is_cut_off_wherever_it_is() {
        const KILOBYTE: &[u8] = &[b'x'; 1024];
        assert_eq!(refusal(endless(KILOBYTE)).await, (413, "too_large".into()), "before the first part");
        let head = Body::from_stream(
            stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"--xx\r\nA: "))])
                .chain(endless(KILOBYTE).into_data_stream().map(|chunk| chunk.map_err(std::io::Error::other))),
        );
        assert_eq!(refusal(head).await, (413, "too_large".into()), "in a head");
    }

    #[tokio::test]
    async fn a_sender_that_falls_silent_is_given_up() {
        let silent = stream::pending::<std::io::Result<Bytes>>();
        assert_eq!(refusal(Body::from_stream(silent)).await, (408, "timeout".into()));
    }

    #[tokio::test]
    async fn another_type_is_refused() {
        for other in ["application/json", "multipart/form-data", "multipart/mixed; boundary=xx", "text/plain"] {
            let refused = Arriving::new(Body::empty()).parts(&headers(other), 1).map(drop);
            assert_eq!(refused.expect_err(other).status(), 415, "{other}");
        }
    }
}
