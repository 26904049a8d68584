//! Private notes: what staff write beside a conversation. A resource of its own, so that no list of messages, no replay
//! and no customer's socket can ever carry one.

mod store;

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use std::sync::Arc;

use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::model::{Caller, UserKey};
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::http::{path::Path, query::Query};
use crate::platform::id;
use crate::tickets::model::{Note, Scope, Ticket};
use crate::tickets::store as tickets;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// 1 to 10,000 characters.
    #[garde(custom(text::content(10_000)))]
    body: String,
}

/// Newest first.
#[utoipa::path(get, path = "/api/tickets/{id}/notes", tag = "tickets", operation_id = "list_notes",
    params(("id" = String, Path, description = "The ticket's id"), PageQuery),
    responses((status = 200, body = Page<Note>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(ticket_id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Note>>> {
    let paging = query.read::<(i64, String)>(&app.auth.cursor_key, caller.tenant.0, &format!("notes/{ticket_id}"))?;
    let (before, limit) = (paging.after.clone(), paging.limit + 1);
    let found = app
        .db
        .read(move |tx| {
            let ticket = tickets::find(tx, Scope::of(&caller), &ticket_id)?;
            caller.require(Action::NotesRead)?;
            store::list(tx, caller.tenant, ticket.key, before, limit)
        })
        .await?;
    Ok(Json(paging.page(found, |note| (note.timestamp.0, note.note_id.clone()))))
}

/// Writes a private note, which customers never see. Staff only.
#[utoipa::path(post, path = "/api/tickets/{id}/notes", tag = "tickets", operation_id = "create_note", request_body = NewNote,
    params(("id" = String, Path, description = "The ticket's id")),
    responses((status = 201, body = Note), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(ticket_id): Path<String>,
    Json(new): Json<NewNote>,
) -> Result<(StatusCode, Json<Note>)> {
    let shared = app.clone();
    let note = app.db.write(move |tx| create_in(tx, &shared, &caller, &ticket_id, new.body)).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

pub use store::find;

/// The part inside the transaction.
pub fn create_in(tx: &mut Tx<'_>, app: &App, caller: &Caller, ticket_id: &str, body: String) -> Result<Note> {
    let now = app.clock.now();
    let ticket = tickets::find_and_lock(tx, Scope::of(caller), ticket_id)?;
    caller.require(Action::NotesWrite)?;
    let author = (caller.user, &*caller.user_id);
    add(tx, app, &Act::of(caller, now), &ticket, author, body)
}

/// Whoever writes it, to a ticket that is locked.
pub fn add(
    tx: &mut Tx<'_>,
    app: &App,
    act: &Act,
    ticket: &Ticket,
    author: (UserKey, &str),
    body: String,
) -> Result<Note> {
    let note = Note {
        note_id: id::new_id(act.at, &app.random),
        ticket_id: ticket.ticket_id.clone(),
        author_id: author.1.to_owned(),
        body,
        timestamp: act.at,
    };
    store::insert(tx, act.tenant, ticket.key, author.0, &note)?;
    let what = What::NoteAdded { note: Arc::new(note.clone()) };
    events::record(tx, act, what)?;
    Ok(note)
}
