//! The byte stream under one WebSocket, with a switch to end it from outside.
//!
//! The library can close a connection only by queueing a packet, which is no help when the queue is full because the
//! peer has stopped reading. `Switch` works below it, and tells how far the peer is behind.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// A text frame with the close packet of Engine.IO, as a client would send it (masked with zeros).
const CLOSE_PACKET: [u8; 7] = [0x81, 0x81, 0, 0, 0, 0, b'1'];

#[derive(Default)]
pub struct Switch {
    is_hung_up: AtomicBool,
    is_cut: AtomicBool,
    /// Packets queued since the last flush. The library's writer flushes when it has emptied its queue, so this is the
    /// length of the queue, give or take the few packets that came during a flush.
    backlog: AtomicUsize,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Switch {
    /// Nothing more is read but a close packet in the peer's name: the library then writes what is queued and closes.
    /// The plain end of the stream would not do, the library writes nothing after it.
    pub fn hang_up(&self) {
        self.is_hung_up.store(true, Ordering::SeqCst);
        self.reader.wake();
    }

    /// Nothing more is read or written.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.writer.wake();
        self.hang_up();
    }

    pub fn count_packet(&self) {
        self.backlog.fetch_add(1, Ordering::Relaxed);
    }

    pub fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }
}

pub struct Line<S> {
    stream: S,
    has_ended: bool,
    switch: Arc<Switch>,
    _alive: oneshot::Sender<()>,
}

impl<S> Line<S> {
    /// The receiver ends, with an error, when the line has been dropped.
    pub fn new(stream: S, switch: Arc<Switch>) -> (Self, oneshot::Receiver<()>) {
        let (alive, gone) = oneshot::channel();
        (Self { stream, has_ended: false, switch, _alive: alive }, gone)
    }

    /// Lets `step` write unless the line is cut. The waker is registered first: a cut in between is then seen.
    fn write<T>(
        &mut self,
        cx: &mut Context<'_>,
        step: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.switch.writer.register(cx.waker());
        if self.switch.is_cut.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        step(&mut self.stream, cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.switch.reader.register(cx.waker());
        if self.switch.is_hung_up.load(Ordering::SeqCst) {
            let is_first_time = !std::mem::replace(&mut self.has_ended, true);
            if is_first_time && buffer.remaining() >= CLOSE_PACKET.len() {
                buffer.put_slice(&CLOSE_PACKET);
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.write(cx, |stream, cx| Pin::new(stream).poll_flush(cx));
        if flushed.is_ready() {
            self.switch.backlog.store(0, Ordering::Relaxed);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
