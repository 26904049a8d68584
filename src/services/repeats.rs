//! Who gets the first answer again for an `Idempotency-Key`: what the floor has to be told of users and tickets.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use futures_util::future::BoxFuture;
use http::request::Parts;
use serde::Deserialize;

use crate::app::App;
use crate::auth::Action;
use crate::auth::model::Caller;
use crate::auth::repeats::holder;
use crate::error::Result;
use crate::platform::http::idempotency::Rules;
use crate::platform::http::identity::Identity;
use crate::tickets::attachments::UPLOAD_PATH;
use crate::tickets::model::Scope;
use crate::tickets::store;

pub struct Repeats(pub App);

impl Rules for Repeats {
    fn holder<'a>(&'a self, request: &'a Parts, body: &'a [u8]) -> BoxFuture<'a, Option<Identity>> {
        Box::pin(holder(&self.0, request, body))
    }

    fn may_see<'a>(&'a self, request: &'a Parts, answer: &'a [u8]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(caller) = request.extensions.get::<Arc<Caller>>().cloned() else { return Ok(()) };
            let Some((ticket_id, action)) = said_in(request, answer).await else { return Ok(()) };
            let scope = Scope::of(&caller);
            self.0.db.read(move |tx| store::find(tx, scope, &ticket_id).map(drop)).await?;
            action.map_or(Ok(()), |action| caller.require(action))
        })
    }
}

#[derive(Deserialize)]
struct OfTicket {
    ticket_id: String,
}

/// The ticket that an answer is about, and what its caller was allowed to do there. None: it is about none.
async fn said_in(request: &Parts, answer: &[u8]) -> Option<(String, Option<Action>)> {
    let route = request.extensions.get::<MatchedPath>()?.as_str();
    match route {
        "/api/tickets" => {
            let ticket: OfTicket = serde_json::from_slice(answer).ok()?;
            Some((ticket.ticket_id, Some(Action::TicketsCreate)))
        }
        UPLOAD_PATH => {
            let ticket: OfTicket = serde_urlencoded::from_str(request.uri.query()?).ok()?;
            Some((ticket.ticket_id, Some(Action::MessagesSend)))
        }
        _ if route.starts_with("/api/messages/{") || route.starts_with("/api/tickets/{") => {
            let params = RawPathParams::from_request_parts(&mut request.clone(), &()).await.ok()?;
            let (_, ticket_id) = params.iter().next()?;
            let action = match route {
                "/api/tickets/{id}/notes" => Some(Action::NotesWrite),
                _ if route.starts_with("/api/messages/") => Some(Action::MessagesSend),
                _ => None,
            };
            Some((ticket_id.to_owned(), action))
        }
        _ => None,
    }
}
