//! Ratings: what a customer says, from 1 to 5 and in a few words, of how their ticket was closed.
//!
//! Invariants: only the ticket's customer rates, and only while it is closed; one rating for each closing, which can be
//! changed for a day, ten times at most, so that nobody is kept busy with it.

mod store;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::model::{Caller, TenantKey};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::path::Path;
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::tickets::model::{Rating, Scope, Side, Ticket, TicketStatus};
use crate::tickets::rating::store::Stored;
use crate::tickets::store as tickets;

/// So long a rating can be changed after it was given, and so often.
const CHANGEABLE: Duration = Duration::from_secs(24 * 60 * 60);
const MOST_CHANGES: i64 = 10;

/// That of the newest closing that was rated.
pub fn find_last(tx: &mut Tx<'_>, tenant: TenantKey, ticket: &Ticket) -> Result<Option<Rating>> {
    Ok(store::find_last(tx, tenant, ticket)?.map(|stored| stored.rating))
}

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(show, create))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRating {
    /// 1 (bad) to 5 (good).
    #[garde(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    pub score: i64,
    /// At most 1,000 characters.
    #[garde(inner(custom(text::content(1000))))]
    pub comment: Option<String>,
}

/// How a ticket was rated.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatingState {
    /// That of the last closing; null while there is none.
    #[schema(required)]
    pub rating: Option<Rating>,
    /// Whether the caller may give one, or change it, just now.
    pub may_rate: bool,
}

/// How a ticket's last closing was rated: for its customer and for staff.
#[utoipa::path(get, path = "/api/tickets/{id}/rating", tag = "tickets", operation_id = "show_rating", params(("id" = String, Path)),
    responses((status = 200, body = RatingState), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<Json<RatingState>> {
    caller.require(Action::TicketsRead)?;
    let now = app.clock.now();
    let state = app.db.read(move |tx| {
        let ticket = tickets::find(tx, Scope::of(&caller), &id)?;
        let last = store::find_last(tx, caller.tenant, &ticket)?;
        let of_present_closing = last.as_ref().filter(|last| Some(last.rating.closed_at) == ticket.closed_at);
        let is_open =
            ticket.status == TicketStatus::Closed && of_present_closing.is_none_or(|last| last.may_change(now));
        let may_rate = is_open && check_right(&caller, &ticket).is_ok();
        Ok(RatingState { rating: last.map(|last| last.rating), may_rate })
    });
    state.await.map(Json)
}

/// Rates how one's own ticket was closed, or changes that: within a day, at most ten times. 200 for a change.
#[utoipa::path(post, path = "/api/tickets/{id}/rating", tag = "tickets", operation_id = "rate_ticket", request_body = NewRating, params(("id" = String, Path)),
    responses((status = 201, body = Rating), (status = 200, body = Rating), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(new): Json<NewRating>,
) -> Result<(StatusCode, Json<Rating>)> {
    let now = app.clock.now();
    let (rating, is_new) = app.db.write(move |tx| rate_in(tx, &caller, &id, &new, now)).await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(rating)))
}

/// The part inside the transaction. Also tells whether it is the first of this closing.
pub fn rate_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    ticket_id: &str,
    new: &NewRating,
    now: Timestamp,
) -> Result<(Rating, bool)> {
    let ticket = tickets::find_and_lock(tx, Scope::of(caller), ticket_id)?;
    check_right(caller, &ticket)?;
    let closed_at = ticket.closed_at.filter(|_| ticket.status == TicketStatus::Closed);
    let closed_at = closed_at.ok_or(Error::Conflict("not_closed"))?;
    let last = store::find_last(tx, caller.tenant, &ticket)?.filter(|last| last.rating.closed_at == closed_at);
    let is_new = last.is_none();
    match &last {
        Some(Stored { rating, .. }) if (rating.score, &rating.comment) == (new.score, &new.comment) => {
            return Ok((rating.clone(), false));
        }
        Some(last) if !last.may_change(now) => return Err(Error::Conflict("rating_final")),
        Some(_) => store::update(tx, caller.tenant, &ticket, closed_at, new, now)?,
        None => store::insert(tx, caller.tenant, &ticket, closed_at, new, now)?,
    }
    let stored =
        store::find_last(tx, caller.tenant, &ticket)?.ok_or(Error::bug("a rating that was just given is absent"))?;
    let what = What::TicketRated { rating: Arc::new(stored.rating.clone()) };
    events::record(tx, &Act::of(caller, now), what)?;
    Ok((stored.rating, is_new))
}

/// The ticket's own customer, and nobody in their name.
fn check_right(caller: &Caller, ticket: &Ticket) -> Result<()> {
    caller.require(Action::TicketsRate)?;
    if Side::of(ticket, caller.user) == Side::Customer { Ok(()) } else { Err(Error::Forbidden("forbidden")) }
}

impl Stored {
    fn may_change(&self, now: Timestamp) -> bool {
        now.since(self.rating.created_at) < CHANGEABLE && self.changes < MOST_CHANGES
    }
}
