//! Long polling: a GET waits for what there is to send, a POST brings what the client has to say.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::door::bad_request;
use super::packet;
use super::seats::Seat;
use super::session::{Arrival, Session, Transport};
use super::{Frame, Shared};
use crate::error::Result;
use crate::platform::http::body;

pub async fn open(engine: &Arc<Shared>, arrival: Arrival, seat: Seat) -> Result<Response> {
    send(&Session::open(engine, arrival, seat, Transport::Polling)).await
}

pub async fn send(session: &Arc<Session>) -> Result<Response> {
    let frames: VecDeque<Frame> = session.poll().await.ok_or_else(bad_request)?;
    Ok(text(packet::body(frames.iter())))
}

/// The packets count from the first to the last that the session was open for; one that is none ends it.
pub async fn receive(session: &Arc<Session>, body: Body) -> Result<Response> {
    if !session.is_polling() {
        return Err(bad_request());
    }
    let body = body::read_at_most(session.max_payload(), body).await?;
    let body = std::str::from_utf8(&body).map_err(|_| bad_request());
    let is_read = body
        .is_ok_and(|body| packet::parse_body(body).all(|packet| packet.map(|packet| session.receive(packet)).is_ok()));
    if !is_read {
        session.close("parse error");
        return Err(bad_request());
    }
    Ok(text("ok"))
}

fn text(body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=UTF-8"), (CACHE_CONTROL, "no-store")], body.into()).into_response()
}
