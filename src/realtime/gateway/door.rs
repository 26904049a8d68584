//! The HTTP side of a connection, before the engine sees it: who may come in, what is kept of the handshake, and the
//! moment a request turns into a WebSocket.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use socketioxide::socket::Sid;
use tower::{Service, ServiceExt};

use super::Shared;
use super::line::{Line, Switch};
use super::seats::Seat;
use crate::error::{Error, Result};
use crate::platform::http::body;

/// What is remembered of a handshake for as long as the engine knows the connection.
pub struct Arrival {
    pub origin: Option<String>,
    pub address: Option<IpAddr>,
    /// The line of a connection that began as a WebSocket, or that is known to have become one.
    pub line: OnceLock<Arc<Switch>>,
    _seat: Option<Seat>,
}

impl Shared {
    pub async fn answer(self: Arc<Self>, request: Request) -> Response {
        self.admit(request).await.unwrap_or_else(IntoResponse::into_response)
    }

    /// Ends a session that polls. The engine takes a close packet only from the client, so it is sent in its name.
    /// For a session that has moved to a WebSocket, or is gone, this changes nothing.
    pub async fn close_polling(&self, sid: Sid) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/socket.io/?EIO=4&transport=polling&sid={sid}"))
            .body(Body::from("1"))
            .expect("a session id fits into a URI");
        self.call(request).await;
    }

    async fn admit(self: Arc<Self>, mut request: Request) -> Result<Response> {
        // Taken from every request: the engine must get no stream but through a `Line`.
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        if !self.allows_origin(request.headers()) {
            return Err(Error::Forbidden("origin_not_allowed"));
        }
        let sid = match parameter(request.uri(), "sid") {
            Some(sid) => Some(sid.parse().map_err(|_| Error::Rejected(StatusCode::BAD_REQUEST, "bad_request"))?),
            None if self.is_closing.load(Ordering::SeqCst) => return Err(Error::Unavailable("draining".into())),
            None => None,
        };
        if parameter(request.uri(), "transport") == Some("websocket") {
            let upgrade = upgrade.ok_or(Error::Rejected(StatusCode::BAD_REQUEST, "bad_request"))?;
            return self.switch_to_websocket(request, upgrade, sid).await;
        }
        if sid.is_some() {
            return self.pass_on(request).await;
        }
        let arrival = Arc::new(self.welcome(&request)?);
        Ok(self.call(without_baggage(&request, Some(arrival)).map(|()| Body::empty())).await)
    }

    /// The engine would wait for a body for ever, so it gets one that has arrived, and only where it reads one.
    async fn pass_on(&self, request: Request) -> Result<Response> {
        let (parts, body) = request.into_parts();
        let body = match parts.method {
            Method::POST => body::read(body).await?,
            _ => Bytes::new(),
        };
        Ok(self.call(Request::from_parts(parts, Body::from(body))).await)
    }

    /// Lets the engine judge the request and answer it, but puts a `Line` around the stream before handing it over.
    async fn switch_to_websocket(
        self: Arc<Self>,
        request: Request,
        upgrade: OnUpgrade,
        sid: Option<Sid>,
    ) -> Result<Response> {
        let switch = Arc::new(Switch::default());
        let (handshake, entry) = match sid {
            Some(sid) => (without_baggage(&request, None), Some(Upgrade::begin(self.clone(), sid, switch.clone())?)),
            None => {
                let arrival = self.welcome(&request)?;
                arrival.line.get_or_init(|| switch.clone());
                (without_baggage(&request, Some(Arc::new(arrival))), None)
            }
        };
        let response = self.call(handshake.clone().map(|()| Body::empty())).await;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            tokio::spawn(self.run_line(upgrade, handshake, switch, entry));
        }
        Ok(response)
    }

    async fn run_line(
        self: Arc<Self>,
        upgrade: OnUpgrade,
        handshake: http::Request<()>,
        switch: Arc<Switch>,
        entry: Option<Upgrade>,
    ) {
        let Ok(stream) = upgrade.await else { return };
        let (line, gone) = Line::new(TokioIo::new(stream), switch);
        let accepted = self.engine.clone().call((line, handshake)).await;
        if accepted.is_ok() && entry.is_some() {
            gone.await.ok();
        }
    }

    fn welcome(&self, request: &Request) -> Result<Arrival> {
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let seat = match address {
            Some(address) => Some(self.seats.take(address).ok_or(Error::RateLimited { retry_after: 10 })?),
            None => None,
        };
        let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(String::from);
        Ok(Arrival { origin, address, line: OnceLock::new(), _seat: seat })
    }

    /// Browsers send an Origin with every WebSocket, apps and servers send none. Our own pages are never foreign.
    fn allows_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_own = host.is_some() && origin.split_once("://").map(|(_, authority)| authority) == host;
        is_own || !self.origins.are_configured() || self.origins.are_all() || self.origins.have(origin)
    }

    async fn call(&self, request: Request) -> Response {
        match self.engine.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }
}

/// A session on its way from polling to a WebSocket, or arrived there. When its line is gone, so is the session: one
/// that failed half-way would otherwise wait for ever, since the engine stops its heartbeat meanwhile.
struct Upgrade {
    shared: Arc<Shared>,
    sid: Sid,
}

impl Upgrade {
    fn begin(shared: Arc<Shared>, sid: Sid, switch: Arc<Switch>) -> Result<Self> {
        let mut upgrades = shared.upgrades();
        if upgrades.contains_key(&sid) {
            return Err(Error::Rejected(StatusCode::BAD_REQUEST, "bad_request"));
        }
        upgrades.insert(sid, switch);
        drop(upgrades);
        Ok(Self { shared, sid })
    }
}

impl Drop for Upgrade {
    fn drop(&mut self) {
        self.shared.upgrades().remove(&self.sid);
        let (shared, sid) = (self.shared.clone(), self.sid);
        self.shared.runtime.spawn(async move { shared.close_polling(sid).await });
    }
}

fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let mut values = uri.query()?.split('&').filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    values.next()
}

/// The request as the engine needs it. It keeps what it gets for the whole life of the connection; URI and headers are
/// slices of the server's read buffer and would keep all of that too, so they are copied.
fn without_baggage(request: &Request, arrival: Option<Arc<Arrival>>) -> http::Request<()> {
    let uri = request.uri().path_and_query().map(|path| path.to_string()).unwrap_or_default();
    let mut bare = http::Request::new(());
    *bare.method_mut() = request.method().clone();
    *bare.uri_mut() = uri.parse().unwrap_or_default();
    if let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) {
        let key = HeaderValue::from_bytes(key.as_bytes()).expect("it was a header value before");
        bare.headers_mut().insert(header::SEC_WEBSOCKET_KEY, key);
    }
    if let Some(arrival) = arrival {
        bare.extensions_mut().insert(arrival);
    }
    bare
}
