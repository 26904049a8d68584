//! One connection: a single task that reads, writes, and ends with it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Sleep;

use super::super::frame::{Frame, Kind};
use super::super::packet::{self, Packet};
use super::super::session::{Session, Work};
use super::reader::{Fault, Message, Reader};

/// The codes of a close frame that says nothing is wrong.
const NORMAL: u16 = 1000;
pub const GOING_AWAY: u16 = 1001;
/// After our close frame the peer gets this long to close.
const LINGER: Duration = Duration::from_secs(2);
/// Frames in one write, at most.
const AT_ONCE: usize = 64;
/// Reads before writing has its turn.
const MOST_READS: usize = 4;
/// What one read brings, at most. All connections of a thread share the place.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

pub struct Line<S> {
    stream: S,
    session: Arc<Session>,
    reader: Reader,
    mode: Mode,
    /// How long it may take to take over.
    patience: Option<Pin<Box<Sleep>>>,
    /// Handed out by the session and not yet taken by the network.
    leaving: VecDeque<Frame>,
    /// How much of the first of them is written.
    written: usize,
    aside: Aside,
}

/// Said on this connection and not in the session.
#[derive(Default)]
struct Aside {
    /// The answer to a probe.
    probed: Option<Frame>,
    /// The answer to the last ping of the WebSocket.
    pong: Option<Frame>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Waits for the probe of a session that polls, then for its word to take over.
    Probing,
    Probed,
    Open,
}

/// How a connection ends.
#[derive(Clone, Copy)]
enum End {
    /// By what has gone wrong in what the peer sent.
    Fault(Fault),
    /// By a close frame of the peer.
    Closed,
    /// All is sent that was queued before the session's end.
    Finished,
    /// Without a word: the peer is gone, or is to go at once.
    Lost(&'static str),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub fn new(stream: S, session: Arc<Session>) -> Self {
        let reader = Reader::new(session.max_payload());
        let leaving = VecDeque::new();
        Self { stream, session, reader, mode: Mode::Open, patience: None, leaving, written: 0, aside: Aside::default() }
    }

    /// A WebSocket that may take over a session that polls, if it does so in time.
    pub fn probing(stream: S, session: Arc<Session>, patience: Duration) -> Self {
        let patience = Some(Box::pin(tokio::time::sleep(patience)));
        Self { mode: Mode::Probing, patience, ..Self::new(stream, session) }
    }

    pub async fn run(mut self) {
        let end = poll_fn(|cx| self.poll(cx)).await;
        let (reason, code) = match end {
            End::Fault(fault) => ("parse error", Some(fault as u16)),
            End::Closed | End::Finished => ("transport close", Some(NORMAL)),
            End::Lost(reason) => (reason, None),
        };
        match self.mode {
            Mode::Open => self.session.close(reason),
            Mode::Probing | Mode::Probed => self.session.not_upgraded(),
        }
        // A close frame in the middle of another frame would be read as a part of that.
        if let Some(code) = code.filter(|_| self.written == 0) {
            Box::pin(say_farewell(self.stream, code)).await;
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let is_over = match &mut self.patience {
            Some(patience) => patience.as_mut().poll(cx).is_ready(),
            None => self.session.is_over(cx),
        };
        if is_over {
            return Poll::Ready(End::Lost("transport close"));
        }
        if let Poll::Ready(end) = self.poll_read(cx) {
            return Poll::Ready(end);
        }
        self.poll_write(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut scratch = SCRATCH.take();
        scratch.resize(READ_BYTES, 0);
        let read = self.poll_read_into(&mut scratch, cx);
        SCRATCH.set(scratch);
        read
    }

    fn poll_read_into(&mut self, scratch: &mut [u8], cx: &mut Context<'_>) -> Poll<End> {
        for _ in 0..MOST_READS {
            let mut buffer = ReadBuf::new(scratch);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Err(_) => return Poll::Ready(End::Lost("transport error")),
                Ok(()) if buffer.filled().is_empty() => return Poll::Ready(End::Lost("transport close")),
                Ok(()) => {}
            }
            let Self { session, reader, mode, aside, .. } = self;
            let receive = |message: Message<'_>| mode.receive(session, aside, message);
            if let Err(end) = reader.read(buffer.filled_mut(), receive) {
                return Poll::Ready(end);
            }
            if self.mode == Mode::Open && self.patience.take().is_some() {
                // From here on the session wakes us.
                cx.waker().wake_by_ref();
            }
        }
        // There may be more; but writing has its turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            if self.leaving.is_empty() {
                if ready!(Pin::new(&mut self.stream).poll_flush(cx)).is_err() {
                    return Poll::Ready(End::Lost("transport error"));
                }
                if let Some(end) = ready!(self.refill(cx)) {
                    return Poll::Ready(end);
                }
            }
            match ready!(self.poll_write_some(cx)) {
                Ok(written @ 1..) => self.advance(written),
                _ => return Poll::Ready(End::Lost("transport error")),
            }
        }
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); AT_ONCE];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.leaving) {
            let skipped = if count == 0 { self.written } else { 0 };
            *slice = IoSlice::new(&frame.as_bytes()[skipped..]);
            count += 1;
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, &slices[..count])
    }

    /// Gets what is next to be sent, if anything is; or how the connection ends.
    fn refill(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        // What was sent is let go, with the memory of its queue.
        self.leaving = [self.aside.probed.take(), self.aside.pong.take()].into_iter().flatten().collect();
        self.leaving.iter().for_each(|frame| self.session.count(frame));
        if self.mode == Mode::Open {
            match self.session.work(cx) {
                Poll::Ready(Work::Send(frames)) if self.leaving.is_empty() => self.leaving = frames,
                Poll::Ready(Work::Send(frames)) => self.leaving.extend(frames),
                Poll::Ready(Work::Finish) if self.leaving.is_empty() => return Poll::Ready(Some(End::Finished)),
                Poll::Ready(Work::Stop) => return Poll::Ready(Some(End::Lost("transport close"))),
                Poll::Ready(Work::Finish) | Poll::Pending => {}
            }
        }
        if self.leaving.is_empty() { Poll::Pending } else { Poll::Ready(None) }
    }

    fn advance(&mut self, written: usize) {
        self.written += written;
        let (mut frames, mut bytes) = (0, 0);
        while let Some(first) = self.leaving.front().filter(|first| first.len() <= self.written) {
            self.written -= first.len();
            (frames, bytes) = (frames + 1, bytes + first.len());
            self.leaving.pop_front();
        }
        self.session.sent(frames, bytes);
    }
}

impl Mode {
    fn receive(&mut self, session: &Arc<Session>, aside: &mut Aside, message: Message<'_>) -> Result<(), End> {
        match (*self, message) {
            (_, Message::Close) => return Err(End::Closed),
            (_, Message::Ping(payload)) => aside.pong = Some(Frame::control(Kind::Pong, payload)),
            (Self::Open, Message::Text(text)) => {
                session.receive(packet::parse(text).map_err(|_| End::Fault(Fault::Protocol))?);
            }
            (Self::Open, Message::Binary(bytes)) => {
                session.receive(Packet::Binary(Bytes::copy_from_slice(bytes)));
            }
            (Self::Probing, Message::Text(text)) if packet::parse(text) == Ok(Packet::Probe) => {
                aside.probed = Some(Frame::of(packet::PROBED));
                session.probed();
                *self = Self::Probed;
            }
            (Self::Probed, Message::Text(text)) if packet::parse(text) == Ok(Packet::Upgrade) => {
                session.upgraded();
                *self = Self::Open;
            }
            _ => return Err(End::Fault(Fault::Protocol)),
        }
        Ok(())
    }
}

/// Says why, and gives the peer time to read to the end: to close while it still sends would take from it what it has not
/// read.
pub async fn say_farewell(mut stream: impl AsyncRead + AsyncWrite + Unpin, code: u16) {
    let farewell = async {
        stream.write_all(Frame::control(Kind::Close, &code.to_be_bytes()).as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = vec![0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    tokio::time::timeout(LINGER, farewell).await.ok();
}
