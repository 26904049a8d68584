//! What was told, over HTTP: the log of a webhook, a try, and once more by hand. Admins only.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::model::{Attempt, Delivery, DeliveryState};
use super::store::{deliveries, webhooks};
use super::{attempt, content};
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::error::Result;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::{path::Path, query::Query};
use crate::platform::id;

/// The type of a try. Nobody can ask for it.
const TRIED: &str = "webhook.test";

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(try_out)).routes(routes!(list)).routes(routes!(retry))
}

/// Sends a `webhook.test` now, once, and tells how it went. It is not among the deliveries.
#[utoipa::path(post, path = "/api/webhooks/{webhook_id}/test", tag = "webhooks", operation_id = "test_webhook", request_body = NoFields,
    params(("webhook_id" = String, Path)),
    responses((status = 200, body = Attempt), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn try_out(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(webhook_id): Path<String>,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<Attempt>> {
    caller.require(Action::WebhooksManage)?;
    let (tenant, now) = (caller.tenant, app.clock.now());
    let webhook = app.db.read(move |tx| webhooks::find(tx, tenant, &webhook_id)).await?;
    let delivery_id = format!("msg_{}", id::new_id(now, &app.random));
    let body = content::body(TRIED, now, &json!({"webhook_id": webhook.webhook_id}));
    let (attempt, _) = attempt::send(&app, &webhook.url, &webhook.secrets, &delivery_id, &body).await;
    Ok(Json(attempt))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Those that are in this state alone.
    #[param(inline)]
    state: Option<DeliveryState>,
}

/// What a webhook was told in the last 30 days, or is to be; newest first.
#[utoipa::path(get, path = "/api/webhooks/{webhook_id}/deliveries", tag = "webhooks", operation_id = "list_webhook_deliveries",
    params(("webhook_id" = String, Path), DeliveryQuery, PageQuery),
    responses((status = 200, body = Page<Delivery>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(webhook_id): Path<String>,
    Query(query): Query<DeliveryQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Delivery>>> {
    caller.require(Action::WebhooksManage)?;
    let (tenant, now) = (caller.tenant, app.clock.now());
    let paging = page.read::<i64>(&app.auth.cursor_key, tenant.0, &format!("webhook_deliveries/{webhook_id}"))?;
    let (before, limit) = (paging.after, paging.limit + 1);
    let found = app
        .db
        .read(move |tx| {
            let webhook = webhooks::find(tx, tenant, &webhook_id)?;
            deliveries::list(tx, tenant, webhook.key, query.state, before, limit, now)
        })
        .await?;
    Ok(Json(paging.page(found, |delivery| delivery.key)))
}

/// Has a delivery sent again, with the same id: from the beginning if it is done, now if it waits for its time. One behind an
/// earlier one of its ticket stays there; one that is being sent just now is 409 `delivery_under_way`.
#[utoipa::path(post, path = "/api/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", tag = "webhooks",
    operation_id = "retry_webhook_delivery", request_body = NoFields, params(("webhook_id" = String, Path), ("delivery_id" = String, Path)),
    responses((status = 200, body = Delivery), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn retry(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path((webhook_id, delivery_id)): Path<(String, String)>,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<Delivery>> {
    caller.require(Action::WebhooksManage)?;
    let (tenant, now) = (caller.tenant, app.clock.now());
    let delivery = app
        .db
        .write(move |tx| {
            let webhook = webhooks::find_and_lock(tx, tenant, &webhook_id)?.key;
            let delivery = deliveries::find(tx, tenant, webhook, &delivery_id, now)?;
            deliveries::retry(tx, tenant, webhook, &delivery, now)?;
            deliveries::find(tx, tenant, webhook, &delivery_id, now)
        })
        .await?;
    app.webhook_calls.changed();
    Ok(Json(delivery))
}
