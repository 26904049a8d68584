//! Reports over HTTP. Support see the figures of the team, and of agents their own; admins see everybody's.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::analytics::figures::{Dimension, SLOT_MS};
use crate::analytics::live;
use crate::analytics::model::{Breakdown, LiveBoard, Overview, RatedTicket, Series, Usage};
use crate::analytics::period::{Interval, PeriodQuery};
use crate::analytics::reports::{self, Subject};
use crate::analytics::sheet::{self, Format, FormatQuery};
use crate::analytics::store::comments;
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::model::Caller;
use crate::error::{Error, Result};
use crate::platform::http::api::{Api, routes};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::query::Query;

pub fn routes() -> Api<App> {
    Api::new()
        .routes(routes!(overview))
        .routes(routes!(series))
        .routes(routes!(agents))
        .routes(routes!(tags))
        .routes(routes!(channels))
        .routes(routes!(ratings))
        .routes(routes!(usage))
        .routes(routes!(board))
}

/// At most one of these.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SubjectQuery {
    /// The figures of one of the staff: `me` or an id. Support: only their own.
    agent: Option<String>,
    /// Those of tickets that have this tag now.
    tag: Option<String>,
    /// Those of tickets that came in this way.
    channel: Option<String>,
}

impl SubjectQuery {
    fn read(self, caller: &Caller) -> Result<Subject> {
        let named = [(Dimension::Agent, self.agent), (Dimension::Tag, self.tag), (Dimension::Channel, self.channel)];
        let mut named = named.into_iter().filter_map(|(dimension, name)| name.map(|name| (dimension, name)));
        let Some((dimension, name)) = named.next() else { return Ok(Subject::all()) };
        if let Some((dimension, _)) = named.next() {
            return Err(Error::invalid(dimension.as_str(), "not_both", "At most one of agent, tag and channel."));
        }
        let is_me = dimension == Dimension::Agent && name == "me";
        let name = if is_me { caller.user_id.to_string() } else { name };
        if dimension == Dimension::Agent && *name != *caller.user_id {
            caller.require(Action::ReportsReadAll)?;
        }
        Ok(Subject { dimension, name })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// How long the parts are; by the hour at most 31 days.
    #[serde(default)]
    #[param(inline)]
    interval: Interval,
}

/// A period in figures, beside the period of as many days before it.
#[utoipa::path(get, path = "/api/analytics/overview", tag = "analytics", operation_id = "show_overview", params(PeriodQuery, SubjectQuery, FormatQuery),
    responses((status = 200, content((Overview = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn overview(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(period): Query<PeriodQuery>,
    Query(subject): Query<SubjectQuery>,
    format: Format,
) -> Result<Response> {
    caller.require(Action::ReportsRead)?;
    let (period, subject) = (period.read(app.clock.now())?, subject.read(&caller)?);
    let report = app.db.read_behind(move |tx| reports::overview(tx, caller.tenant, &period, &subject)).await?;
    Ok(sheet::answer(format, report))
}

/// A period by hours, days, weeks or months of the zone.
#[utoipa::path(get, path = "/api/analytics/series", tag = "analytics", operation_id = "show_series", params(PeriodQuery, SeriesQuery, SubjectQuery, FormatQuery),
    responses((status = 200, content((Series = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn series(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(period): Query<PeriodQuery>,
    Query(SeriesQuery { interval }): Query<SeriesQuery>,
    Query(subject): Query<SubjectQuery>,
    format: Format,
) -> Result<Response> {
    caller.require(Action::ReportsRead)?;
    let (period, subject) = (period.read(app.clock.now())?, subject.read(&caller)?);
    let report = app.db.read_behind(move |tx| reports::series(tx, caller.tenant, &period, interval, &subject)).await?;
    Ok(sheet::answer(format, report))
}

/// A period by who of the staff did it; support get their own row alone.
#[utoipa::path(get, path = "/api/analytics/agents", tag = "analytics", operation_id = "list_agent_figures", params(PeriodQuery, FormatQuery),
    responses((status = 200, content((Breakdown = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn agents(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(period): Query<PeriodQuery>,
    format: Format,
) -> Result<Response> {
    caller.require(Action::ReportsRead)?;
    let only = (!caller.may(Action::ReportsReadAll)).then(|| caller.user_id.to_string());
    break_down(&app, &caller, &period, Dimension::Agent, only, format).await
}

/// A period by the tags that its tickets have now.
#[utoipa::path(get, path = "/api/analytics/tags", tag = "analytics", operation_id = "list_tag_figures", params(PeriodQuery, FormatQuery),
    responses((status = 200, content((Breakdown = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn tags(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(period): Query<PeriodQuery>,
    format: Format,
) -> Result<Response> {
    caller.require(Action::ReportsRead)?;
    break_down(&app, &caller, &period, Dimension::Tag, None, format).await
}

/// A period by how tickets came in.
#[utoipa::path(get, path = "/api/analytics/channels", tag = "analytics", operation_id = "list_channel_figures", params(PeriodQuery, FormatQuery),
    responses((status = 200, content((Breakdown = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn channels(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(period): Query<PeriodQuery>,
    format: Format,
) -> Result<Response> {
    caller.require(Action::ReportsRead)?;
    break_down(&app, &caller, &period, Dimension::Channel, None, format).await
}

async fn break_down(
    app: &App,
    caller: &Caller,
    period: &PeriodQuery,
    dimension: Dimension,
    only: Option<String>,
    format: Format,
) -> Result<Response> {
    let (period, tenant) = (period.read(app.clock.now())?, caller.tenant);
    let read = app.db.read_behind(move |tx| reports::breakdown(tx, tenant, &period, dimension, only.as_deref()));
    let of = dimension.as_str();
    Ok(sheet::answer(format, sheet::Named { of, report: read.await? }))
}

/// What customers said with their ratings, newest first; support get those of the tickets that they had.
#[utoipa::path(get, path = "/api/analytics/ratings", tag = "analytics", operation_id = "list_ratings", params(PeriodQuery, PageQuery, FormatQuery),
    responses((status = 200, content((Page<RatedTicket> = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn ratings(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(period): Query<PeriodQuery>,
    Query(page): Query<PageQuery>,
    format: Format,
) -> Result<Response> {
    caller.require(Action::ReportsRead)?;
    let (first, last) = period.read(app.clock.now())?.slots()?;
    let agent = (!caller.may(Action::ReportsReadAll)).then_some(caller.user);
    let filter = comments::Filter { from_ms: first * SLOT_MS, to_ms: last * SLOT_MS, agent };
    let paging = page.read::<(i64, i64)>(&app.auth.cursor_key, caller.tenant.0, "ratings")?;
    let (before, limit) = (paging.after, paging.limit + 1);
    let found = app.db.read_behind(move |tx| comments::list(tx, caller.tenant, &filter, before, limit)).await?;
    Ok(sheet::answer(format, paging.page(found, |rated| (rated.created_at.0, rated.key))))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// How many months back, this one included: 1 to 24, 12 unless told.
    #[param(minimum = 1, maximum = 24, default = 12)]
    months: Option<u8>,
}

/// How much the tenant uses, by months of UTC. Admins only.
#[utoipa::path(get, path = "/api/analytics/usage", tag = "analytics", operation_id = "show_usage", params(UsageQuery, FormatQuery),
    responses((status = 200, content((Usage = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn usage(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(UsageQuery { months }): Query<UsageQuery>,
    format: Format,
) -> Result<Response> {
    caller.require(Action::ReportsReadAll)?;
    let (now, months) = (app.clock.now(), i64::from(months.unwrap_or(12)));
    if !(1..=24).contains(&months) {
        return Err(Error::invalid("months", "out_of_range", "A whole number from 1 to 24."));
    }
    let report = app.db.read_behind(move |tx| reports::usage(tx, caller.tenant, now, months)).await?;
    Ok(sheet::answer(format, report))
}

/// How it is just now: what is open, who waits, who of the staff is there.
#[utoipa::path(get, path = "/api/analytics/live", tag = "analytics", operation_id = "show_live_board", params(FormatQuery),
    responses((status = 200, content((LiveBoard = "application/json"), (String = "text/csv"))), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn board(State(app): State<App>, SignedIn(caller): SignedIn, format: Format) -> Result<Response> {
    caller.require(Action::ReportsRead)?;
    Ok(sheet::answer(format, live::board(&app, caller.tenant).await?))
}
