//! The bot over HTTP: how it is set, what it did, and the way from it to people and back.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::hours::{self, Hours};
use super::runs::Run;
use super::settings::{self, BotPatch, BotSettings};
use super::{assist, handoff, store, try_out};
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::{SignedIn, Tenant};
use crate::error::Result;
use crate::events::Act;
use crate::platform::db::within;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::{path::Path, query::Query};
use crate::tickets::knowledge::help;
use crate::tickets::model::Ticket;

pub fn routes() -> Api<App> {
    Api::new()
        .routes(routes!(show, update))
        .routes(routes!(profile))
        .routes(routes!(runs))
        .routes(routes!(request, give_back))
        .routes(routes!(renew_secret))
        .merge(try_out::routes())
        .merge(assist::routes())
}

/// How the tenant's bot is set. Admins only.
#[utoipa::path(get, path = "/api/bot", tag = "bot", operation_id = "show_bot",
    responses((status = 200, body = BotSettings), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<BotSettings>> {
    caller.require(Action::SettingsManage)?;
    let tenant = caller.tenant;
    app.db.read(move |tx| settings::find(tx, tenant)).await.map(|(settings, _)| Json(settings))
}

/// Changes how the tenant's bot is set; what is absent stays. To switch it off holds at once, on every node.
#[utoipa::path(put, path = "/api/bot", tag = "bot", operation_id = "update_bot", request_body = BotPatch,
    responses((status = 200, body = BotSettings), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(patch): Json<BotPatch>,
) -> Result<Json<BotSettings>> {
    caller.require(Action::SettingsManage)?;
    let (shared, act) = (app.clone(), Act::of(&caller, app.clock.now()));
    app.db.write(move |tx| settings::update_in(tx, &shared, &act, patch)).await.map(Json)
}

/// What webhooks and tools are signed with.
#[derive(Debug, Serialize, ToSchema)]
pub struct SigningSecret {
    pub secret: String,
}

/// Makes a new secret for what webhooks and tools are sent, and shows it this once; the old one ends. Admins only.
#[utoipa::path(post, path = "/api/bot/webhook/secret", tag = "bot", operation_id = "renew_bot_secret", request_body = NoFields,
    responses((status = 200, body = SigningSecret), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn renew_secret(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<SigningSecret>> {
    caller.require(Action::SettingsManage)?;
    let (shared, act) = (app.clone(), Act::of(&caller, app.clock.now()));
    let secret = app.db.write(move |tx| settings::renew_signing(tx, &shared, &act)).await?;
    Ok(Json(SigningSecret { secret }))
}

/// What a page shows of the bot before anybody has written.
#[derive(Debug, Serialize, ToSchema)]
pub struct BotProfile {
    pub enabled: bool,
    pub name: String,
    #[schema(required)]
    pub avatar_url: Option<String>,
    /// Empty: the page's own words.
    pub greeting: String,
    /// Whether people are there by the tenant's hours; null where no hours are told.
    #[schema(required)]
    pub is_open: Option<bool>,
    /// When they begin again, if it is closed.
    #[schema(required)]
    pub opens: Option<String>,
    /// Where the public help centre stands, as a path of this server; null where no article is published.
    #[schema(required)]
    pub help_url: Option<String>,
}

/// What a page shows of the bot. The API key names the tenant; without one, the tenant `default` answers.
#[utoipa::path(get, path = "/api/bot/profile", tag = "bot", operation_id = "show_bot_profile", security((), ("api_key" = [])),
    responses((status = 200, body = BotProfile), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn profile(State(app): State<App>, Tenant(tenant): Tenant) -> Result<impl IntoResponse> {
    let read = app.db.read(move |tx| Ok((settings::find(tx, tenant)?.0, help::address(tx, tenant)?)));
    // The key's tenant, which may be another one than the caller's.
    let (settings, help_url) = within(tenant.0, read).await?;
    let (is_open, opens) = match hours::at(&settings, app.clock.now()) {
        Hours::Unsaid => (None, None),
        Hours::Open => (Some(true), None),
        Hours::Closed { until } => (Some(false), Some(until.exact())),
    };
    let BotSettings { enabled, name, avatar_url, greeting, .. } = settings;
    let shown = BotProfile { enabled, name, avatar_url, greeting, is_open, opens, help_url };
    Ok(([(CACHE_CONTROL, "max-age=10"), (VARY, "x-api-key, origin")], Json(shown)))
}

#[derive(Debug, Deserialize, IntoParams)]
struct RunQuery {
    /// Of one ticket.
    ticket_id: Option<String>,
}

/// What the bot made of each message, and from what: newest first. Staff only.
#[utoipa::path(get, path = "/api/bot/runs", tag = "bot", operation_id = "list_bot_runs", params(RunQuery, PageQuery),
    responses((status = 200, body = Page<Run>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn runs(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<RunQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Run>>> {
    caller.require(Action::HistoryRead)?;
    // They tell what customers wrote.
    caller.require(Action::MessagesRead)?;
    let paging = page.read::<(i64, String)>(&app.auth.cursor_key, caller.tenant.0, "bot_runs")?;
    let (before, limit, tenant) = (paging.after.clone(), paging.limit + 1, caller.tenant);
    let found = app.db.read(move |tx| store::list_runs(tx, tenant, query.ticket_id.as_deref(), before, limit)).await?;
    Ok(Json(paging.page(found, |run| (run.created_at.0, run.run_id.clone()))))
}

/// Asks for a person, in a ticket that the bot has: the bot is silent from now on. The ticket's customer, or staff. Where no
/// bot has it, nothing changes.
#[utoipa::path(post, path = "/api/tickets/{id}/handoff", tag = "bot", operation_id = "request_handoff", request_body = NoFields, params(("id" = String, Path)),
    responses((status = 200, body = Ticket), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn request(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<Ticket>> {
    handoff::request(&app, caller, id).await.map(Json)
}

/// Gives the ticket to the bot, from its holder too. It answers from the customer's next message on. Staff only.
#[utoipa::path(delete, path = "/api/tickets/{id}/handoff", tag = "bot", operation_id = "give_to_bot", params(("id" = String, Path)),
    responses((status = 200, body = Ticket), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn give_back(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<Json<Ticket>> {
    handoff::give_back(&app, caller, id).await.map(Json)
}
