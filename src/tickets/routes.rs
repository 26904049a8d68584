//! Tickets over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::model::Caller;
use crate::error::Result;
use crate::events::{self, store::Entry};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::{path::Path, query::Query};
use crate::tickets::create::{self as creating, NewTicketRequest};
use crate::tickets::model::{Priority, Scope, Ticket};
use crate::tickets::store::{self, BotFilter, Filter, StatusFilter, Support, TicketCounts};
use crate::tickets::update::{self as updating, TicketPatch};
use crate::tickets::{attachments, bot, knowledge, messages, notes, rating, remove as removing};

pub fn routes() -> Api<App> {
    Api::new()
        .routes(routes!(list, create))
        .routes(routes!(counts))
        .routes(routes!(show, update, remove))
        .routes(routes!(history))
        .merge(notes::routes())
        .merge(rating::routes())
        .merge(messages::routes::routes())
        .merge(attachments::routes())
        .merge(bot::routes())
        .merge(knowledge::routes())
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct TicketQuery {
    /// `active` is all that are not closed.
    #[param(inline)]
    status: Option<StatusFilter>,
    priority: Option<Priority>,
    /// Who has it: `me`, `none` or a user's id.
    support_id: Option<String>,
    /// Who is in charge: `none` where there never was a bot, `not_bot` for all that the bot does not have.
    #[param(inline)]
    bot_state: Option<BotFilter>,
    customer_id: Option<String>,
    tag: Option<String>,
    /// Words of the subject, the number or the customer's names; the last one may be a beginning.
    q: Option<String>,
    /// Changed after this time (RFC 3339).
    updated_after: Option<Timestamp>,
}

/// A customer's own tickets, or all of the tenant's for staff; newest activity first.
#[utoipa::path(get, path = "/api/tickets", tag = "tickets", operation_id = "list_tickets", params(TicketQuery, PageQuery),
    responses((status = 200, body = Page<Ticket>), (status = 401, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<TicketQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Ticket>>> {
    caller.require(Action::TicketsRead)?;
    let paging = page.read::<(i64, i64)>(&app.auth.cursor_key, caller.tenant.0, "tickets")?;
    let filter = filter(query, &caller);
    let (before, limit) = (paging.after, paging.limit + 1);
    let reader = caller.user;
    let is_one_statement = filter.is_one_statement();
    let list = move |tx: &mut Tx<'_>| store::list(tx, Scope::of(&caller), &filter, before, limit);
    let found = if is_one_statement { app.db.ask(list).await? } else { app.db.read(list).await? };
    let page = paging.page(found, |ticket| (ticket.updated_at.0, ticket.key.0));
    Ok(Json(page.map(|ticket| ticket.seen_by(reader))))
}

fn filter(query: TicketQuery, caller: &Caller) -> Filter {
    let support = query.support_id.map(|id| match id.as_str() {
        "me" => Support::Key(caller.user),
        "none" => Support::Nobody,
        _ => Support::Id(id),
    });
    Filter {
        status: query.status,
        priority: query.priority,
        support,
        bot: query.bot_state,
        customer_id: query.customer_id,
        tag: query.tag,
        q: query.q,
        updated_after: query.updated_after,
    }
}

/// How much there is in each queue of the inbox. Staff only.
#[utoipa::path(get, path = "/api/tickets/counts", tag = "tickets", operation_id = "count_tickets",
    responses((status = 200, body = TicketCounts), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn counts(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<TicketCounts>> {
    caller.require(Action::InboxRead)?;
    app.db.read(move |tx| store::counts(tx, caller.tenant, caller.user)).await.map(Json)
}

/// Opens a ticket. If staff are online, one of them has it when the answer comes.
#[utoipa::path(post, path = "/api/tickets", tag = "tickets", operation_id = "create_ticket", request_body = NewTicketRequest,
    responses((status = 201, body = Ticket), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewTicketRequest>,
) -> Result<(StatusCode, Json<Ticket>)> {
    let ticket = creating::create(&app, caller, new).await?;
    Ok((StatusCode::CREATED, Json(ticket)))
}

/// One ticket.
#[utoipa::path(get, path = "/api/tickets/{id}", tag = "tickets", operation_id = "show_ticket", params(("id" = String, Path)),
    responses((status = 200, body = Ticket), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<Json<Ticket>> {
    caller.require(Action::TicketsRead)?;
    let reader = caller.user;
    let ticket = app.db.ask(move |tx| store::find(tx, Scope::of(&caller), &id)).await?;
    Ok(Json(ticket.seen_by(reader)))
}

/// Changes a ticket. Its owner may close and reopen it; staff may do the rest.
#[utoipa::path(put, path = "/api/tickets/{id}", tag = "tickets", operation_id = "update_ticket", request_body = TicketPatch, params(("id" = String, Path)),
    responses((status = 200, body = Ticket), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(patch): Json<TicketPatch>,
) -> Result<Json<Ticket>> {
    updating::update(&app, caller, id, patch).await.map(Json)
}

/// Deletes a ticket with everything in it. Staff only.
#[utoipa::path(delete, path = "/api/tickets/{id}", tag = "tickets", operation_id = "delete_ticket", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn remove(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<StatusCode> {
    removing::remove(&app, caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What happened to a ticket, who did it and why: newest first. Staff only.
#[utoipa::path(get, path = "/api/tickets/{id}/history", tag = "tickets", operation_id = "list_ticket_history", params(("id" = String, Path), PageQuery),
    responses((status = 200, body = Page<Entry>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn history(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Entry>>> {
    let paging = page.read::<i64>(&app.auth.cursor_key, caller.tenant.0, &format!("history/{id}"))?;
    let (before, limit) = (paging.after, paging.limit + 1);
    let found = app
        .db
        .read(move |tx| {
            let ticket = store::find(tx, Scope::of(&caller), &id)?;
            caller.require(Action::HistoryRead)?;
            events::store::list_of_ticket(tx, caller.tenant, &ticket.ticket_id, before, limit)
        })
        .await?;
    Ok(Json(paging.page(found, |entry| entry.key)))
}
