//! API keys: publishable ones name the tenant in widgets and apps, secret ones act from server to server.

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::guard::SignedIn;
use crate::auth::model::{Role, TenantKey};
use crate::auth::permissions::{self, Action, SCOPES};
use crate::auth::store::api_keys::{self, ApiKey, ApiKeyKind};
use crate::auth::store::tenants;
use crate::auth::store::users::{self, NewAccount};
use crate::auth::{profile, session};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, not_null};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::http::{path::Path, query::Query};
use crate::platform::random::Random;
use crate::platform::{id, secret};

/// How much of a key is kept to recognise it by: its kind and eight characters of 43.
const SHOWN: usize = 11;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create)).routes(routes!(update, remove))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    #[garde(skip)]
    pub kind: ApiKeyKind,
    #[garde(custom(text::name(200)))]
    pub name: String,
    /// For a secret key: what it may do, at least one of `tickets:read`, `tickets:write`, `messages:read`, … or `*`.
    #[garde(length(max = 20))]
    #[serde(default)]
    #[schema(schema_with = permissions::scopes_schema)]
    pub scopes: Vec<String>,
    /// For a publishable key: the origins it serves (`https://shop.example`), whose pages may then call; empty for all that
    /// may call anyway.
    #[garde(length(max = 100), inner(custom(text::origin)))]
    #[serde(default)]
    pub allowed_origins: Vec<String>,
}

/// A key with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiKey {
    #[serde(flatten)]
    details: ApiKey,
    api_key: String,
}

/// Makes an API key; the key itself is in this one answer alone.
#[utoipa::path(post, path = "/api/api-keys", tag = "api keys", operation_id = "create_api_key", request_body = NewApiKey,
    responses((status = 201, body = CreatedApiKey), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewApiKey>,
) -> Result<(StatusCode, Json<CreatedApiKey>)> {
    caller.require(Action::ApiKeysManage)?;
    check(&new)?;
    // A key cannot hand out more than it has.
    let exceeds =
        |scope: &String| caller.scopes.as_ref().is_some_and(|own| !own.iter().any(|s| s == "*" || s == scope));
    if new.scopes.iter().any(exceeds) {
        return Err(Error::Forbidden("forbidden"));
    }
    let now = app.clock.now();
    let random = app.random.clone();
    let (details, api_key) = app
        .db
        .write(move |tx| {
            tenants::lock(tx, caller.tenant)?;
            session::require_live(tx, &caller, now)?;
            let created = issue(tx, &random, caller.tenant, new, now)?;
            let (key, _) = &created;
            let what = What::ApiKeyCreated {
                api_key_id: key.api_key_id.clone(),
                kind: key.kind.as_str(),
                allowed_origins: key.allowed_origins.clone(),
            };
            events::record(tx, &Act::of(&caller, now), what)?;
            Ok(created)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(CreatedApiKey { details, api_key })))
}

/// The tenant's API keys, revoked ones too; newest first.
#[utoipa::path(get, path = "/api/api-keys", tag = "api keys", operation_id = "list_api_keys", params(PageQuery),
    responses((status = 200, body = Page<ApiKey>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ApiKey>>> {
    caller.require(Action::ApiKeysManage)?;
    let tenant = caller.tenant;
    let paging = query.read::<(i64, String)>(&app.auth.cursor_key, tenant.0, "api_keys")?;
    let (before, limit) = (paging.after.clone(), paging.limit + 1);
    let found = app.db.read(move |tx| api_keys::list(tx, tenant, before, limit)).await?;
    Ok(Json(paging.page(found, |key| (key.created_at.0, key.api_key_id.clone()))))
}

/// What is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyPatch {
    #[garde(inner(custom(text::name(200))))]
    #[serde(default, deserialize_with = "not_null")]
    name: Option<String>,
    /// The origins that a publishable key serves, whose pages may then call; empty for all that may call anyway.
    #[garde(inner(length(max = 100), inner(custom(text::origin))))]
    #[serde(default, deserialize_with = "not_null")]
    allowed_origins: Option<Vec<String>>,
}

/// Changes a key's name or its origins, at once; sockets of the key on a page that it serves no more are cut. What it may do is fixed when it is made.
#[utoipa::path(put, path = "/api/api-keys/{api_key_id}", tag = "api keys", operation_id = "update_api_key", request_body = ApiKeyPatch, params(("api_key_id" = String, Path)),
    responses((status = 200, body = ApiKey), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(api_key_id): Path<String>,
    Json(patch): Json<ApiKeyPatch>,
) -> Result<Json<ApiKey>> {
    caller.require(Action::ApiKeysManage)?;
    let now = app.clock.now();
    let key = app.db.write(move |tx| change(tx, &Act::of(&caller, now), &api_key_id, patch));
    Ok(Json(key.await?))
}

fn change(tx: &mut Tx<'_>, act: &Act, api_key_id: &str, patch: ApiKeyPatch) -> Result<ApiKey> {
    let mut key = api_keys::find_and_lock(tx, act.tenant, api_key_id)?.ok_or(Error::NotFound)?;
    let mut changed = Vec::new();
    profile::set(&mut key.name, patch.name, "name", &mut changed);
    profile::set(&mut key.allowed_origins, patch.allowed_origins, "allowed_origins", &mut changed);
    if !changed.is_empty() {
        api_keys::update(tx, act.tenant, &key)?;
        let what = What::ApiKeyChanged {
            api_key_id: key.api_key_id.clone(),
            kind: key.kind.as_str(),
            changed,
            allowed_origins: key.allowed_origins.clone(),
        };
        events::record(tx, act, what)?;
    }
    Ok(key)
}

/// Revokes a key: it stops at once.
#[utoipa::path(delete, path = "/api/api-keys/{api_key_id}", tag = "api keys", operation_id = "revoke_api_key", params(("api_key_id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn remove(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(api_key_id): Path<String>,
) -> Result<StatusCode> {
    caller.require(Action::ApiKeysManage)?;
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            if !api_keys::revoke(tx, caller.tenant, &api_key_id, now)? {
                return Err(Error::NotFound);
            }
            let what = What::ApiKeyRevoked { api_key_id };
            events::record(tx, &Act::of(&caller, now), what)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(new: &NewApiKey) -> Result<()> {
    if let Some(unknown) = new.scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(Error::invalid(
            "scopes",
            "unknown",
            &format!("{unknown:?} is no scope; known are {}", SCOPES.join(", ")),
        ));
    }
    match new.kind {
        ApiKeyKind::Secret if new.scopes.is_empty() => {
            Err(Error::invalid("scopes", "missing", "a secret key needs a scope"))
        }
        ApiKeyKind::Publishable if !new.scopes.is_empty() => {
            Err(Error::invalid("scopes", "not_allowed", "a publishable key grants nothing"))
        }
        _ => Ok(()),
    }
}

/// Makes a key and, for a secret one, the account it acts as.
pub fn issue(
    tx: &mut Tx<'_>,
    random: &Random,
    tenant: TenantKey,
    new: NewApiKey,
    now: Timestamp,
) -> Result<(ApiKey, String)> {
    let secret_key = random.token(new.kind.prefix());
    let api_key_id = id::new_id(now, random);
    let user = match new.kind {
        ApiKeyKind::Publishable => None,
        ApiKeyKind::Secret => {
            let username = format!("key-{}", &api_key_id[24..]);
            let account = NewAccount {
                user_id: &id::new_id(now, random),
                username: &username,
                username_canonical: &username,
                password_hash: None,
                name: &new.name,
                email: None,
                role: Role::Admin,
                external_id: None,
                is_guest: false,
            };
            Some(users::insert(tx, tenant, &account, now)?.ok_or(Error::Conflict("conflict"))?.key)
        }
    };
    let details = ApiKey {
        api_key_id,
        kind: new.kind,
        name: new.name,
        prefix: secret_key[..SHOWN].to_owned(),
        scopes: new.scopes,
        allowed_origins: new.allowed_origins,
        created_at: now,
        revoked_at: None,
        tenant: tenant.0,
        user,
    };
    api_keys::insert(tx, tenant, &details, &secret::hash_token(&secret_key))?;
    Ok((details, secret_key))
}
