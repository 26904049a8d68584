//! Taking connections: limits on how many and how slow, and an end that lets running requests finish.
//!
//! Invariants: a connection that has not sent a whole head in time is closed; no more than `max_connections` are open, the
//! WebSockets that some became among them, and no more than `max_connections_per_address` from one address (one /64 of
//! IPv6), unless trusted proxies stand in front of everybody: then the peer is not the client, and the sockets' gateway
//! counts for itself.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use futures_util::future::{Either, ready};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::head;
use crate::platform::config::ServerConfig;
use crate::platform::limits::network;
use crate::platform::shutdown::Shutdown;

const MAX_HEAD_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 100;
/// Connections that the kernel holds until they are accepted; it takes no more than `net.core.somaxconn` of it. One that
/// finds the queue full can be open for the client, and unknown to the server, until the client sends something.
const QUEUE: u32 = 4096;

/// Each connection is an open file, and shells allow a process 1,024 unless it asks for what it may have.
pub fn allow_many() {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = raised {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
}

/// Takes the first of the endpoint's addresses that is free. After a restart, everybody comes at once: the queue has room.
pub async fn listen(endpoint: &str) -> io::Result<TcpListener> {
    let mut taken = None;
    for address in lookup_host(endpoint).await? {
        match listen_at(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => taken = Some(error),
        }
    }
    Err(taken.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A server that starts again waits for no connection of the one before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Returns when the drain is over: all connections ended, or `drain_seconds` passed.
pub async fn serve(listener: TcpListener, router: Router, config: &ServerConfig, shutdown: Shutdown) {
    let seats = Seats::new(config);
    // Nothing is ever sent: the channel closes when the last connection drops its end.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let mut draining = pin!(shutdown.begun());
    loop {
        let accepted = tokio::select! {
            () = &mut draining => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(seat) = seats.take(peer.ip()) else { continue };
                tune(&stream, config);
                let place = Place(Arc::new(seat));
                let connection = handle(stream, peer, place, router.clone(), http(config), shutdown.clone());
                let open = open.clone();
                tokio::spawn(async move {
                    connection.await;
                    drop(open);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: closing connections mends it, spinning does not.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop((listener, open));
    let drain = Duration::from_secs(config.drain_seconds);
    if tokio::time::timeout(drain, all_closed.recv()).await.is_err() {
        tracing::warn!(open = seats.lock().all, "the drain ran out of time");
    }
}

async fn handle(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    router: Router,
    http: http1::Builder,
    shutdown: Shutdown,
) {
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        match head::refusal(&request) {
            Some(refused) => Either::Left(ready(Ok(refused))),
            None => Either::Right(router.clone().oneshot(request)),
        }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, "a connection ended badly: {error}");
    }
}

fn http(config: &ServerConfig) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(config.header_timeout_seconds))
        .max_header_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    http
}

/// Frames are small and must not wait for each other; a peer that vanished must not count as present for long.
fn tune(stream: &TcpStream, config: &ServerConfig) {
    let socket = SockRef::from(stream);
    let user_timeout = Duration::from_secs(config.tcp_user_timeout_seconds);
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(30)).with_interval(Duration::from_secs(10));
    let tuned = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_user_timeout(Some(user_timeout)))
        .and_then(|()| socket.set_tcp_keepalive(&keepalive));
    if let Err(error) = tuned {
        tracing::debug!("a socket option was refused: {error}");
    }
}

/// Who holds how many of the connections.
#[derive(Clone)]
struct Seats {
    max: usize,
    max_per_address: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// What a request's connection counts by. Whoever takes the connection over keeps it for as long as that is open.
#[derive(Clone)]
pub struct Place(#[expect(dead_code, reason = "held, and dropped")] Arc<Seat>);

/// One connection's place among them, until dropped.
struct Seat {
    seats: Seats,
    address: IpAddr,
}

impl Seats {
    fn new(config: &ServerConfig) -> Self {
        let is_behind_proxies = config.trusted_proxies > 0;
        let max_per_address = if is_behind_proxies { usize::MAX } else { config.max_connections_per_address };
        Self { max: config.max_connections, max_per_address, taken: Arc::default() }
    }

    fn take(&self, address: IpAddr) -> Option<Seat> {
        let address = network(address);
        let mut taken = self.lock();
        let own = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.all >= self.max || own >= self.max_per_address {
            let why = if taken.all >= self.max { "full" } else { "address" };
            metrics::counter!("smilechat_connections_refused_total", "why" => why).increment(1);
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, own + 1);
        metrics::gauge!("smilechat_connections").increment(1);
        Some(Seat { seats: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.all -= 1;
        metrics::gauge!("smilechat_connections").decrement(1);
        match taken.by_address.get_mut(&self.address) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.by_address.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests;
