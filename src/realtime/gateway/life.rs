//! The life of one socket: it asks to join, its events are handled by one task in the order sent, it ends.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use tracing::Instrument;

use super::{Handler, Handshake, Shared, SocketHandle};
use crate::platform::telemetry::spans;

/// The handler's futures are boxed, so that an idle socket does not hold the space that they need at work.
pub async fn live<H: Handler>(shared: Arc<Shared<H>>, socket: SocketHandle, handshake: Handshake) {
    let handler = &*shared.handler;
    let request_id = handshake.request_id.clone();
    let traced = spans::socket_event("connect", 1);
    let span = tracing::error_span!("socket", %request_id, trace_id = spans::trace_id(&traced));
    let asked = async {
        let asked = unless_panic(Box::pin(handler.connect(handshake, socket.clone()))).await;
        let session = asked.unwrap_or_else(|| Err("internal".into()));
        session.inspect_err(|code| tracing::info!(code, "refused"))
    };
    let mut session = match asked.instrument(span).instrument(traced).await {
        Ok(session) => session,
        Err(code) => return socket.refuse(&code, &request_id),
    };
    let _counted = Counted::among(&shared.remaining);
    if socket.join() && unless_panic(handle_events(handler, &mut session, &socket)).await.is_none() {
        socket.cut("internal error");
        // What is left has nobody to handle it.
        drop(socket.events().await);
    }
    unless_panic(Box::pin(handler.disconnected(session, socket.reason()))).await;
}

/// Until the socket is over and its inbox is empty.
async fn handle_events<H: Handler>(handler: &H, session: &mut H::Session, socket: &SocketHandle) {
    Box::pin(handler.joined(session)).await;
    loop {
        let events = socket.events().await;
        if events.is_empty() {
            return;
        }
        Box::pin(handler.handle(session, events)).await;
    }
}

/// None if the work panicked. The panic hook has logged it by then; it must cost one socket, not the server.
async fn unless_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.inspect_err(|_| tracing::error!("a socket handler panicked")).ok()
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn among(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
