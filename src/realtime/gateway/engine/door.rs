//! The HTTP side: who may come in, and which session a request belongs to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri, header};

use super::seats::Seat;
use super::session::{Arrival, Session, Transport};
use super::{Shared, Sid, polling, websocket};
use crate::error::{Error, Result};
use crate::platform::http::client_address::client_address;
use crate::platform::http::request_id::{self, Given};

/// What the log calls it.
const ROUTE: &str = "/socket.io/";

impl Shared {
    pub async fn answer(self: Arc<Self>, request: Request) -> Response {
        let given = Given::of(request.headers());
        let answer = self.admit(request).await;
        answer.unwrap_or_else(|error| request_id::refuse(given, || Sid::random().to_string(), ROUTE, error))
    }

    async fn admit(self: Arc<Self>, request: Request) -> Result<Response> {
        if !self.allows_origin(request.headers()) {
            return Err(Error::Forbidden("origin_not_allowed"));
        }
        let uri = request.uri();
        if parameter(uri, "EIO") != Some("4") {
            return Err(bad_request());
        }
        let session = match parameter(uri, "sid") {
            Some(sid) => Some(self.find(sid).ok_or_else(bad_request)?),
            None if self.is_closing.load(Ordering::SeqCst) => return Err(Error::Unavailable("draining".into())),
            None => None,
        };
        let transport = match parameter(uri, "transport") {
            Some("polling") => Transport::Polling,
            Some("websocket") => Transport::WebSocket,
            _ => return Err(bad_request()),
        };
        match (transport, request.method().clone(), session) {
            (Transport::Polling, Method::GET, None) => {
                let (arrival, seat) = self.welcome(&request)?;
                polling::open(&self, arrival, seat).await
            }
            (Transport::Polling, Method::GET, Some(session)) => {
                // A poll waits for long, without the head of its request.
                drop(request);
                polling::send(&session).await
            }
            (Transport::Polling, Method::POST, Some(session)) => polling::receive(&session, request.into_body()).await,
            (Transport::WebSocket, Method::GET, session) => websocket::open(&self, request, session),
            _ => Err(bad_request()),
        }
    }

    fn find(&self, sid: &str) -> Option<Arc<Session>> {
        let sid: Sid = sid.parse().ok()?;
        let session = self.sessions().get(&sid).cloned()?;
        // Its time may have run out since the heartbeat last looked.
        session.check_pong(Instant::now());
        Some(session)
    }

    /// What is kept of a newcomer. Headers are slices of the server's read buffer and would keep all of it: a copy.
    pub(super) fn welcome(&self, request: &Request) -> Result<(Arrival, Seat)> {
        let address = client_address(request.headers(), request.extensions(), self.trusted_proxies);
        let seat = self.seats.take(address).ok_or(Error::RateLimited { retry_after: 10 })?;
        let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(Box::from);
        Ok((Arrival { origin }, seat))
    }

    /// Browsers send an Origin with every WebSocket, apps and servers send none. Our own pages are never foreign.
    fn allows_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_own = host.is_some() && origin.split_once("://").map(|(_, authority)| authority) == host;
        is_own || !self.origins.are_configured() || self.origins.are_all() || self.origins.have(origin)
    }
}

pub fn bad_request() -> Error {
    Error::Rejected(StatusCode::BAD_REQUEST, "bad_request")
}

fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let mut values = uri.query()?.split('&').filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    values.next()
}
