//! The life of one socket: it asks to join, its events are handled by one task in the order sent, it ends.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use serde_json::value::RawValue;
use socketioxide::SocketIo;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::Extension;
use socketioxide::handler::{ConnectHandler, FromConnectParts, Value};
use socketioxide::socket::{DisconnectReason, Socket};
use tokio::sync::{mpsc, watch};

use super::door::Arrival;
use super::inbox::{Inbox, null};
use super::{Handler, Handshake, Incoming, Shared, SocketHandle, SocketId};

/// True once the client has been told that it joined. Kept with the library's socket, so that it ends with it.
type Joined = watch::Sender<bool>;

pub fn register<H: Handler>(io: &SocketIo, shared: Arc<Shared>, handler: Arc<H>) {
    let ask = move |knock: Knock| ask_to_join(shared.clone(), handler.clone(), knock);
    io.ns("/", joined.with(ask));
}

/// A client's wish to join, with its `auth` unparsed.
struct Knock {
    socket: Arc<Socket>,
    auth: Box<RawValue>,
}

impl FromConnectParts<LocalAdapter> for Knock {
    type Error = Infallible;

    fn from_connect_parts(socket: &Arc<Socket>, auth: &Option<Value>) -> Result<Self, Infallible> {
        let auth = auth.as_ref().and_then(|auth| auth.as_str()).and_then(|auth| serde_json::from_str(auth).ok());
        Ok(Self { socket: socket.clone(), auth: auth.unwrap_or_else(null) })
    }
}

/// Everything is in place when this returns, because a quick client's first event may come before `joined` runs.
async fn ask_to_join<H: Handler>(shared: Arc<Shared>, handler: Arc<H>, knock: Knock) -> Result<(), String> {
    let Knock { socket, auth } = knock;
    let arrival = socket.req_parts().extensions.get::<Arc<Arrival>>().cloned().ok_or("internal")?;
    let handshake = Handshake { auth, origin: arrival.origin.clone(), address: arrival.address };
    let id = SocketId(shared.next_id.fetch_add(1, Ordering::Relaxed));
    let handle = SocketHandle::new(id, &socket, arrival, shared.clone());
    let session = unless_panic(handler.connect(handshake, handle.clone())).await.ok_or("internal")??;

    let (queue, inbox) = mpsc::channel(shared.inbox);
    let (is_joined, joined) = watch::channel(false);
    socket.extensions.insert::<Joined>(is_joined);
    socket.on_fallback(Inbox { queue, socket: handle.clone() });
    let ending = handle.clone();
    socket.on_disconnect(move |reason: DisconnectReason| {
        ending.set_reason(name_of(reason));
        ready(())
    });
    shared.sockets().insert(id, handle.clone());
    if shared.is_closing.load(Ordering::SeqCst) {
        handle.hang_up("server shutting down");
    }
    tokio::spawn(run(shared, handler, session, handle, joined, inbox));
    Ok(())
}

fn joined(Extension(joined): Extension<Joined>) -> Ready<()> {
    joined.send_replace(true);
    ready(())
}

async fn run<H: Handler>(
    shared: Arc<Shared>,
    handler: Arc<H>,
    mut session: H::Session,
    socket: SocketHandle,
    mut joined: watch::Receiver<bool>,
    mut inbox: mpsc::Receiver<Incoming>,
) {
    // An error means that the connection was lost between the handler's yes and the client's hearing of it.
    if joined.wait_for(|is_joined| *is_joined).await.is_ok() {
        let work = handle_events(&*handler, &mut session, &mut inbox);
        if unless_panic(work).await.is_none() {
            socket.cut("internal error");
        }
    }
    drop(inbox);
    // There is only one namespace: who left it has no use for the connection.
    socket.hang_up("transport close");
    unless_panic(Box::pin(handler.disconnected(session, socket.reason()))).await;
    shared.sockets().remove(&socket.id());
}

/// Until the library has dropped the socket and the queue is empty. The handler's futures are boxed, so that an idle
/// socket does not hold the space that they need at work.
async fn handle_events<H: Handler>(handler: &H, session: &mut H::Session, inbox: &mut mpsc::Receiver<Incoming>) {
    Box::pin(handler.joined(session)).await;
    loop {
        let mut events = Vec::new();
        if inbox.recv_many(&mut events, inbox.max_capacity()).await == 0 {
            return;
        }
        Box::pin(handler.handle(session, events)).await;
    }
}

/// None if the work panicked. The panic hook has logged it by then; it must cost one socket, not the server.
async fn unless_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.inspect_err(|_| tracing::error!("a socket handler panicked")).ok()
}

fn name_of(reason: DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::TransportClose => "transport close",
        DisconnectReason::TransportError => "transport error",
        DisconnectReason::MultipleHttpPollingError | DisconnectReason::PacketParsingError => "parse error",
        DisconnectReason::HeartbeatTimeout => "ping timeout",
        DisconnectReason::ClientNSDisconnect => "client namespace disconnect",
        DisconnectReason::ServerNSDisconnect => "server namespace disconnect",
        DisconnectReason::ClosingServer => "server shutting down",
    }
}
