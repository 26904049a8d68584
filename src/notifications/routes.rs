//! Webhooks over HTTP: made, changed, removed, their secrets exchanged. Admins only. A secret is shown when it is made, and never
//! again.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::model::{Beginning, Secrets, Webhook, WebhookKey, WebhookType};
use super::sign;
use super::store::webhooks;
use crate::app::App;
use crate::auth::guard::SignedIn;
use crate::auth::{Action, lock_tenant};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::db::{Tx, within};
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields, not_null};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::http::{path::Path, query::Query};
use crate::platform::id;

/// Of a tenant.
const MOST: i64 = 20;
/// How long the secret before signs too.
const BOTH_SIGN: Duration = Duration::from_secs(24 * 3600);

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create)).routes(routes!(show, update, remove)).routes(routes!(renew_secret))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where it is sent: http or https, at most 2,048 characters. Addresses of a private network are refused.
    #[garde(custom(text::http_url))]
    url: String,
    /// A line of at most 200 characters, for people.
    #[garde(custom(is_description))]
    #[serde(default)]
    description: String,
    /// What it is told; empty for all but `note.added`.
    #[garde(length(max = 50))]
    #[serde(default)]
    types: Vec<WebhookType>,
}

/// A webhook with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// `whsec_` and the base64 of 32 bytes.
    secret: String,
}

/// Has a server of yours told what happens, from now on. Its secret is in this one answer alone.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", operation_id = "create_webhook", request_body = NewWebhook,
    responses((status = 201, body = CreatedWebhook), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewWebhook>,
) -> Result<(StatusCode, Json<CreatedWebhook>)> {
    caller.require(Action::WebhooksManage)?;
    check_address(&app, &new.url)?;
    let (begins, act) = (beginning(&app).await?, Act::of(&caller, app.clock.now()));
    let secret = sign::new_secret(&app.random);
    let webhook = Webhook {
        webhook_id: id::new_id(act.at, &app.random),
        url: new.url,
        description: new.description,
        types: distinct(new.types),
        is_enabled: true,
        disabled_reason: None,
        failing_since: None,
        created_at: act.at,
        updated_at: act.at,
        key: WebhookKey(0),
        secrets: Secrets { current: secret.clone(), old: None },
        begins,
    };
    let webhook = app
        .db
        .write(move |tx| {
            lock_tenant(tx, act.tenant)?;
            if webhooks::count(tx, act.tenant)? >= MOST {
                return Err(Error::Conflict("too_many_webhooks"));
            }
            webhooks::insert(tx, act.tenant, &webhook)?;
            record(tx, &act, &webhook.webhook_id, "created", values(&webhook))?;
            Ok(webhook)
        })
        .await?;
    app.webhook_calls.changed();
    Ok((StatusCode::CREATED, Json(CreatedWebhook { webhook, secret })))
}

/// The tenant's webhooks, the oldest first.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks", operation_id = "list_webhooks", params(PageQuery),
    responses((status = 200, body = Page<Webhook>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Webhook>>> {
    caller.require(Action::WebhooksManage)?;
    let paging = query.read::<i64>(&app.auth.cursor_key, caller.tenant.0, "webhooks")?;
    let (after, limit, tenant) = (paging.after.unwrap_or_default(), paging.limit + 1, caller.tenant);
    let found = app.db.read(move |tx| webhooks::list(tx, tenant, after, limit)).await?;
    Ok(Json(paging.page(found, |webhook| webhook.key.0)))
}

/// One of the tenant's webhooks.
#[utoipa::path(get, path = "/api/webhooks/{webhook_id}", tag = "webhooks", operation_id = "show_webhook", params(("webhook_id" = String, Path)),
    responses((status = 200, body = Webhook), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn show(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(webhook_id): Path<String>,
) -> Result<Json<Webhook>> {
    caller.require(Action::WebhooksManage)?;
    let tenant = caller.tenant;
    app.db.read(move |tx| webhooks::find(tx, tenant, &webhook_id)).await.map(Json)
}

/// What is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookPatch {
    #[garde(inner(custom(text::http_url)))]
    #[serde(default, deserialize_with = "not_null")]
    url: Option<String>,
    #[garde(inner(custom(is_description)))]
    #[serde(default, deserialize_with = "not_null")]
    description: Option<String>,
    #[garde(inner(length(max = 50)))]
    #[serde(default, deserialize_with = "not_null")]
    types: Option<Vec<WebhookType>>,
    /// Switched on again, it is told what happens from then on; what waited when it was switched off goes on.
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    is_enabled: Option<bool>,
}

/// Changes a webhook. What waits goes to its new address.
#[utoipa::path(put, path = "/api/webhooks/{webhook_id}", tag = "webhooks", operation_id = "update_webhook", request_body = WebhookPatch, params(("webhook_id" = String, Path)),
    responses((status = 200, body = Webhook), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(webhook_id): Path<String>,
    Json(patch): Json<WebhookPatch>,
) -> Result<Json<Webhook>> {
    caller.require(Action::WebhooksManage)?;
    if let Some(url) = &patch.url {
        check_address(&app, url)?;
    }
    let (begins, act) = (beginning(&app).await?, Act::of(&caller, app.clock.now()));
    let webhook = app.db.write(move |tx| change(tx, &act, &webhook_id, patch, begins)).await?;
    app.webhook_calls.changed();
    Ok(Json(webhook))
}

fn change(tx: &mut Tx<'_>, act: &Act, webhook_id: &str, patch: WebhookPatch, begins: Beginning) -> Result<Webhook> {
    let before = webhooks::find_and_lock(tx, act.tenant, webhook_id)?;
    let mut after = before.clone();
    after.url = patch.url.unwrap_or(after.url);
    after.description = patch.description.unwrap_or(after.description);
    after.types = patch.types.map_or(after.types, distinct);
    after.is_enabled = patch.is_enabled.unwrap_or(after.is_enabled);
    if after.is_enabled && !before.is_enabled {
        (after.disabled_reason, after.failing_since, after.begins) = (None, None, begins);
    } else if after.wants(WebhookType::MessageSent) && !before.wants(WebhookType::MessageSent) {
        // Nobody has derived the messages for it so far, and it is told none from before it asked for them.
        after.begins.at = begins.at;
    }
    let (old, new) = (values(&before), values(&after));
    let mut changed: Map<_, _> = new.clone().into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
    if after.url != before.url {
        changed.extend(new.into_iter().filter(|(name, _)| name == "url"));
    }
    if !changed.is_empty() {
        after.updated_at = act.at;
        webhooks::update(tx, act.tenant, &after)?;
        record(tx, act, webhook_id, "changed", changed)?;
    }
    Ok(after)
}

/// Removes a webhook, with all that it was to be told.
#[utoipa::path(delete, path = "/api/webhooks/{webhook_id}", tag = "webhooks", operation_id = "remove_webhook", params(("webhook_id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn remove(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(webhook_id): Path<String>,
) -> Result<StatusCode> {
    caller.require(Action::WebhooksManage)?;
    let act = Act::of(&caller, app.clock.now());
    app.db
        .write(move |tx| {
            let webhook = webhooks::find_and_lock(tx, act.tenant, &webhook_id)?;
            webhooks::remove(tx, act.tenant, webhook.key, act.at)?;
            record(tx, &act, &webhook_id, "removed", Map::new())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a webhook is signed with.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookSecret {
    pub secret: String,
}

/// Makes a new secret for a webhook, and shows it this once. The one before signs too for 24 hours, so that the receiver can be
/// changed in between.
#[utoipa::path(post, path = "/api/webhooks/{webhook_id}/secret", tag = "webhooks", operation_id = "renew_webhook_secret", request_body = NoFields,
    params(("webhook_id" = String, Path)),
    responses((status = 200, body = WebhookSecret), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn renew_secret(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(webhook_id): Path<String>,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<WebhookSecret>> {
    caller.require(Action::WebhooksManage)?;
    let (act, secret) = (Act::of(&caller, app.clock.now()), sign::new_secret(&app.random));
    let new = secret.clone();
    app.db
        .write(move |tx| {
            let webhook = webhooks::find_and_lock(tx, act.tenant, &webhook_id)?;
            webhooks::exchange_secret(tx, act.tenant, webhook.key, &new, act.at.plus(BOTH_SIGN))?;
            record(tx, &act, &webhook_id, "secret_rotated", Map::new())
        })
        .await?;
    Ok(Json(WebhookSecret { secret }))
}

fn record(
    tx: &mut Tx<'_>,
    act: &Act,
    webhook_id: &str,
    change: &'static str,
    values: Map<String, Value>,
) -> Result<()> {
    events::record(tx, act, What::WebhookSaved { webhook_id: webhook_id.to_owned(), change, values })
}

/// What the audit log is told. Of the address its host alone: what stands behind it may be a secret.
fn values(webhook: &Webhook) -> Map<String, Value> {
    let host = Url::parse(&webhook.url).ok().map(|url| url.origin().ascii_serialization());
    let values = json!({
        "url": host,
        "description": webhook.description,
        "types": webhook.types,
        "is_enabled": webhook.is_enabled,
    });
    match values {
        Value::Object(values) => values,
        _ => Map::new(),
    }
}

/// Behind all that has happened, whoever's it is: the caller's own events alone would say less.
async fn beginning(app: &App) -> Result<Beginning> {
    let event = within(None, app.db.read(events::store::newest_key)).await?;
    Ok(Beginning { event, at: app.clock.now() })
}

fn distinct(types: Vec<WebhookType>) -> Vec<WebhookType> {
    WebhookType::ALL.into_iter().filter(|kind| types.contains(kind)).collect()
}

/// A name is judged each time when it is looked up; what is plainly none of the internet is told at once.
fn check_address(app: &App, url: &str) -> Result<()> {
    let is_refused = Url::parse(url).map_or(true, |url| app.outbound.refuses(&url));
    match is_refused {
        true => Err(Error::invalid("url", "refused_address", "It is no public address.")),
        false => Ok(()),
    }
}

fn is_description<T: AsRef<str>>(text: &T, context: &()) -> garde::Result {
    if text.as_ref().is_empty() { Ok(()) } else { text::line(200)(text, context) }
}
