//! WebSockets: the handshake, the frames of RFC 6455, and the one task that reads and writes a connection.
//!
//! Framing is our own and small, for the sake of memory: nothing is kept for a connection but what has come of an
//! unfinished message, and what goes to many is written from one place.

mod handshake;
mod line;
mod reader;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use self::line::Line;
use super::Shared;
use super::door::bad_request;
use super::session::{Session, Transport};
use crate::error::Result;
use crate::platform::http::serve::Place;

/// A new session, or the WebSocket of one that polls.
pub fn open(engine: &Arc<Shared>, mut request: Request, session: Option<Arc<Session>>) -> Result<Response> {
    let answer = handshake::answer(request.headers()).ok_or_else(bad_request)?;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or_else(bad_request)?;
    let place = request.extensions_mut().remove::<Place>();
    match session {
        None => {
            let (arrival, seat) = engine.welcome(&request)?;
            let engine = engine.clone();
            tokio::spawn(async move {
                if let Ok(stream) = upgrade.await {
                    let session = Session::open(&engine, arrival, seat, Transport::WebSocket);
                    tokio::spawn(keep(place, Line::new(TokioIo::new(stream), session).run()));
                }
            });
        }
        Some(session) => {
            // One session, one WebSocket: another one is accepted only to be closed, as clients know it.
            let may_upgrade = session.begin_upgrade();
            let patience = engine.settings.connect_timeout;
            tokio::spawn(async move {
                match upgrade.await {
                    Ok(stream) if may_upgrade => {
                        tokio::spawn(keep(place, Line::probing(TokioIo::new(stream), session, patience).run()));
                    }
                    Ok(stream) => keep(place, line::say_farewell(TokioIo::new(stream), line::GOING_AWAY)).await,
                    Err(_) if may_upgrade => session.not_upgraded(),
                    Err(_) => {}
                }
            });
        }
    }
    Ok(answer)
}

/// The connection counts among the server's for as long as it is open.
async fn keep(place: Option<Place>, line: impl Future<Output = ()>) {
    line.await;
    drop(place);
}
