//! Bodies that carry files (`multipart/form-data`), read as they come: nobody holds one whole.
//!
//! Upload routes alone take them; their paths are named to the floor, which gives them a time limit of its own.
//!
//! Invariants: a client that sends nothing for `SILENCE`, or no whole head of a part within `HEAD_TIME`, is given up; what
//! the parser has to keep in memory is bounded, whatever is sent; whoever is refused half-way hears why, because the rest
//! is read and thrown away up to `MAX_DRAINED`.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use tokio::time::Sleep;

use super::body::too_large;
use crate::error::{Error, Result};

const SILENCE: Duration = Duration::from_secs(10);
/// The heads of one part, and what stands before the first.
const MAX_HEAD: usize = 16 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(10);
/// The parser takes all that is there before it looks, and looks at all of a head each time; this is how much it is given
/// at a time, in a head and in a part.
const HEAD_BURST: usize = 4 * 1024;
const PART_BURST: usize = 64 * 1024;
const MAX_DRAINED: usize = 64 * 1024 * 1024;
const MAX_DRAINING: Duration = Duration::from_secs(30);

/// A body on its way in. The parser borrows it, so that it can be drained when the parser gives up.
pub struct Arriving {
    body: BodyDataStream,
    /// What came and was not given to the parser yet.
    rest: Bytes,
    silence: Duration,
    head_time: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    given: usize,
    allowance: Arc<Allowance>,
}

#[derive(Default)]
struct Allowance {
    /// In all, before the next word.
    left: AtomicUsize,
    /// At a time.
    burst: AtomicUsize,
}

impl Allowance {
    fn set(&self, left: usize, burst: usize) {
        self.left.store(left, Ordering::Relaxed);
        self.burst.store(burst, Ordering::Relaxed);
    }
}

/// What was in a body that was read to its end: the names and the bytes of its parts, as a hash. The same files are the
/// same contents, although every browser draws a new boundary each time.
#[derive(Clone, Debug, Default)]
pub struct Contents(Arc<OnceLock<[u8; 32]>>);

impl Contents {
    pub fn get(&self) -> Option<[u8; 32]> {
        self.0.get().copied()
    }
}

/// Its parts, one after another.
pub struct Parts<'b> {
    parser: multer::Multipart<'b>,
    allowance: Arc<Allowance>,
    head_time: Duration,
    max_bytes: usize,
    digest: Option<(Sha256, Contents)>,
}

pub struct Part<'p, 'b> {
    field: multer::Field<'b>,
    length: usize,
    max_bytes: usize,
    /// Of all parts, and of this one.
    digests: Option<(&'p mut Sha256, Sha256)>,
}

impl Arriving {
    pub fn new(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            rest: Bytes::new(),
            silence: SILENCE,
            head_time: HEAD_TIME,
            waiting: None,
            given: 0,
            allowance: Arc::default(),
        }
    }

    /// The parts, each of at most `max_bytes`. Who wants to know their contents hands something in to note them in.
    pub fn parts(&mut self, headers: &HeaderMap, max_bytes: usize, contents: Option<&Contents>) -> Result<Parts<'_>> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(content_type)
            .map_err(|_| Error::Rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"))?;
        let (allowance, head_time) = (self.allowance.clone(), self.head_time);
        let digest = contents.map(|contents| (Sha256::new(), contents.clone()));
        Ok(Parts { parser: multer::Multipart::new(self, boundary), allowance, head_time, max_bytes, digest })
    }

    /// Reads on for a while and throws away, so that the sender hears the answer.
    pub async fn drain(mut self) {
        self.allowance.set(MAX_DRAINED, PART_BURST);
        let rest = async { while let Some(Ok(_)) = self.next().await {} };
        let _ = tokio::time::timeout(MAX_DRAINING, rest).await;
    }
}

/// The contents of a body that nobody wants to keep.
pub async fn contents(headers: &HeaderMap, body: Body, max_bytes: usize) -> Result<[u8; 32]> {
    let (contents, mut length) = (Contents::default(), 0);
    let mut arriving = Arriving::new(body);
    let mut parts = arriving.parts(headers, max_bytes, Some(&contents))?;
    while let Some(mut part) = parts.next().await? {
        while part.chunk().await?.is_some() {}
        length += part.length;
        if length > max_bytes {
            return Err(too_large());
        }
    }
    contents.get().ok_or_else(bad_request)
}

impl Stream for Arriving {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let burst = this.allowance.burst.load(Ordering::Relaxed);
        if this.given >= burst {
            this.given = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let arrived = match this.rest.is_empty() {
            true => this.body.poll_next_unpin(context),
            false => Poll::Ready(Some(Ok(std::mem::take(&mut this.rest)))),
        };
        match arrived {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Ok(mut bytes))) => {
                this.waiting = None;
                this.rest = bytes.split_off(bytes.len().min(burst - this.given));
                this.given += bytes.len();
                let take = |left: usize| left.checked_sub(bytes.len());
                let taken = this.allowance.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
                Poll::Ready(Some(if taken.is_ok() { Ok(bytes) } else { Err(too_large()) }))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(bad_request()))),
            Poll::Pending => {
                this.given = 0;
                let waiting = this.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(this.silence)));
                match waiting.poll_unpin(context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(timed_out()))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<'b> Parts<'b> {
    pub async fn next(&mut self) -> Result<Option<Part<'_, 'b>>> {
        self.allowance.set(MAX_HEAD, HEAD_BURST);
        let field = tokio::time::timeout(self.head_time, self.parser.next_field()).await;
        let Some(field) = field.map_err(|_| timed_out())?.map_err(fault)? else {
            if let Some((digest, contents)) = self.digest.take() {
                let _ = contents.0.set(digest.finalize().into());
            }
            return Ok(None);
        };
        // A little more than the part itself: what follows it may come in the same breath.
        self.allowance.set(self.max_bytes + 4 * PART_BURST, PART_BURST);
        let digests = self.digest.as_mut().map(|(all, _)| {
            for name in [field.name(), field.file_name()] {
                all.update((name.map_or(u64::MAX, |name| name.len() as u64)).to_be_bytes());
                all.update(name.unwrap_or_default());
            }
            (all, Sha256::new())
        });
        Ok(Some(Part { field, length: 0, max_bytes: self.max_bytes, digests }))
    }
}

impl Part<'_, '_> {
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
        match (&chunk, &mut self.digests) {
            (Some(bytes), Some((_, part))) => part.update(bytes),
            (None, Some((all, part))) => all.update(part.finalize_reset()),
            (_, None) => {}
        }
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

fn timed_out() -> Error {
    Error::Rejected(StatusCode::REQUEST_TIMEOUT, "timeout")
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
        let (silence, head_time) = (Duration::from_millis(50), Duration::from_millis(250));
        let mut arriving = Arriving { silence, head_time, ..Arriving::new(body) };
        let mut parts = arriving.parts(&headers("multipart/form-data; boundary=xx"), 10, None)?;
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
    async fn a_head_that_drips_is_given_up_though_its_sender_is_never_silent() {
        let drops = stream::unfold(tokio::time::interval(Duration::from_millis(5)), |mut ticks| async move {
            ticks.tick().await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ticks))
        });
        let head = stream::iter([Ok(Bytes::from_static(b"--xx\r\nA: "))]).chain(drops);
        assert_eq!(refusal(Body::from_stream(head)).await, (408, "timeout".into()));
    }

    #[tokio::test]
    async fn a_head_is_short_and_so_is_what_is_held_beside_it() {
        let head = |length: usize| format!("--xx\r\nA: {}\r\n", "a".repeat(length)) + &part("one", "1")[6..] + "--xx--";
        assert!(read(Body::from(head(12 * 1024))).await.is_ok());
        assert_eq!(refusal(head(32 * 1024)).await, (413, "too_large".into()));
        // A large piece of the body is given to the parser bit by bit.
        let mut arriving = Arriving::new(Body::from(vec![b'x'; 1024 * 1024]));
        arriving.allowance.set(usize::MAX, PART_BURST);
        assert_eq!(arriving.next().await.expect("some").expect("bytes").len(), PART_BURST);
    }

    #[tokio::test]
    async fn contents_are_the_names_and_bytes_whatever_the_boundary() {
        let of = async |boundary: &'static str, body: String| {
            let head = headers(match boundary {
                "xx" => "multipart/form-data; boundary=xx",
                _ => "multipart/form-data; boundary=another",
            });
            let body = body.replace("xx", boundary);
            contents(&head, Body::from(body), 100).await.expect("read")
        };
        let body = || part("one", "12345") + &part("two", "678") + "--xx--";
        let first = of("xx", body()).await;
        assert_eq!(of("another", body()).await, first);
        for other in [
            part("one", "12345") + "--xx--",
            part("one", "12345") + &part("two", "679") + "--xx--",
            part("one", "1234") + &part("two", "5678") + "--xx--",
            part("two", "12345") + &part("one", "678") + "--xx--",
        ] {
            assert_ne!(of("xx", other.clone()).await, first, "{other}");
        }
    }

    #[tokio::test]
    async fn another_type_is_refused() {
        for other in ["application/json", "multipart/form-data", "multipart/mixed; boundary=xx", "text/plain"] {
            let refused = Arriving::new(Body::empty()).parts(&headers(other), 1, None).map(drop);
            assert_eq!(refused.expect_err(other).status(), 415, "{other}");
        }
    }
}
