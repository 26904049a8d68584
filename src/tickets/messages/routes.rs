//! Messages over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::error::{Error, Result};
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::{path::Path, query::Query};
use crate::tickets::messages::read;
use crate::tickets::messages::send::{self, NewMessage, Sent};
use crate::tickets::messages::store::{self, Place};
use crate::tickets::model::{Message, Scope};
use crate::tickets::store as tickets;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create)).routes(routes!(mark_read))
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct MessageQuery {
    /// The messages after this `seq`.
    #[param(minimum = 0)]
    after_seq: Option<i64>,
    /// The messages before this `seq`.
    #[param(minimum = 0)]
    before_seq: Option<i64>,
}

impl MessageQuery {
    /// Where a page begins; a cursor knows best.
    fn place(&self, cursor: Option<Place>) -> Result<Place> {
        let in_range = |field, seq| match seq {
            0.. => Ok(seq),
            _ => Err(Error::invalid(field, "out_of_range", "A whole number from 0.")),
        };
        match (cursor, self.after_seq, self.before_seq) {
            (Some(place), ..) => Ok(place),
            (None, Some(_), Some(_)) => Err(Error::invalid("after_seq", "not_both", "goes without before_seq")),
            (None, Some(seq), None) => in_range("after_seq", seq).map(Place::After),
            (None, None, Some(seq)) => in_range("before_seq", seq).map(Place::Before),
            (None, None, None) => Ok(Place::Before(i64::MAX)),
        }
    }
}

/// A page of the conversation, ascending by `seq`; the last page if no place is named. `next_cursor` walks on in the
/// direction asked, and is null at its end.
#[utoipa::path(get, path = "/api/messages/{id}", tag = "messages", operation_id = "list_messages",
    params(("id" = String, Path, description = "The ticket's id"), MessageQuery, PageQuery),
    responses((status = 200, body = Page<Message>), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(ticket_id): Path<String>,
    Query(query): Query<MessageQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Message>>> {
    caller.require(Action::MessagesRead)?;
    let (scope, list) = (Scope::of(&caller), format!("messages/{ticket_id}"));
    let asked = page.read::<Place>(&app.auth.cursor_key, caller.tenant.0, &list);
    let asked = asked.and_then(|paging| Ok((query.place(paging.after)?, paging)));
    let mut found = Vec::new();
    if let Ok((place, paging)) = &asked {
        let (place, limit, ticket_id) = (*place, paging.limit + 1, ticket_id.clone());
        found = app.db.ask(move |tx| store::list_page(tx, scope, &ticket_id, place, limit)).await?;
    }
    // Before a fault of the cursor is told: a ticket that is not theirs answers like one that is not there.
    if found.is_empty() {
        app.db.ask(move |tx| tickets::find(tx, scope, &ticket_id)).await?;
    }
    let (place, paging) = asked?;
    Ok(Json(match place {
        Place::After(_) => paging.page(found, |message| Place::After(message.seq)),
        Place::Before(_) => {
            let mut page = paging.page(found, |message| Place::Before(message.seq));
            page.data.reverse();
            page
        }
    }))
}

/// Sends a message: it is stored, on disk and numbered when the answer comes. The same `client_id` again answers 200 and
/// the first message.
#[utoipa::path(post, path = "/api/messages/{id}", tag = "messages", operation_id = "send_message", request_body = NewMessage,
    params(("id" = String, Path, description = "The ticket's id")),
    responses((status = 201, body = Message), (status = 200, body = Message), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(ticket_id): Path<String>,
    Json(message): Json<NewMessage>,
) -> Result<(StatusCode, Json<Message>)> {
    let sent = send::send(&app, caller, ticket_id, message).await?;
    let status = if matches!(sent, Sent::New(_)) { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Message::clone(sent.message()))))
}

/// Marks a message, and what the other side sent before it, read. One's own message stays as it is.
#[utoipa::path(put, path = "/api/messages/{id}/read", tag = "messages", operation_id = "read_message", request_body = NoFields,
    params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, body = Message), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn mark_read(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(message_id): Path<String>,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<Message>> {
    read::read_message(&app, caller, message_id).await.map(Json)
}
