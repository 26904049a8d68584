//! Collections: the shelves of a help centre.

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::articles::is_slug;
use super::model::Collection;
use super::reader::Reader;
use super::saving::slug_of;
use super::store::collections::{self as store, LAST_POSITION};
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::lock_tenant;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, not_null};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::http::{path::Path, query::Query};
use crate::platform::id;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCollection {
    /// One line of at most 200 characters.
    #[garde(custom(text::line(200)))]
    pub name: String,
    /// Small letters, digits and `-`, at most 80; made of the name if it is absent.
    #[garde(inner(custom(is_slug)))]
    pub slug: Option<String>,
    /// At most 1,000 characters.
    #[garde(inner(custom(is_description)))]
    pub description: Option<String>,
    /// Collections are listed in this order; behind all others if it is absent.
    #[garde(inner(range(min = -LAST_POSITION, max = LAST_POSITION)))]
    pub position: Option<i64>,
}

/// What is absent stays.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionPatch {
    #[garde(inner(custom(text::line(200))))]
    #[serde(default, deserialize_with = "not_null")]
    pub name: Option<String>,
    #[garde(inner(custom(is_slug)))]
    #[serde(default, deserialize_with = "not_null")]
    pub slug: Option<String>,
    #[garde(inner(custom(is_description)))]
    #[serde(default, deserialize_with = "not_null")]
    pub description: Option<String>,
    #[garde(inner(range(min = -LAST_POSITION, max = LAST_POSITION)))]
    #[serde(default, deserialize_with = "not_null")]
    pub position: Option<i64>,
}

/// None is one, too.
fn is_description<T: AsRef<str>>(text: &T, context: &()) -> garde::Result {
    if text.as_ref().is_empty() { Ok(()) } else { text::content(1000)(text, context) }
}

/// In the order of their positions. For everybody of the tenant, signed in or not.
#[utoipa::path(get, path = "/api/kb/collections", tag = "knowledge", operation_id = "list_collections", security((), ("bearer" = []), ("api_key" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<Collection>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list(State(app): State<App>, reader: Reader, Query(page): Query<PageQuery>) -> Result<Json<Page<Collection>>> {
    let paging = page.read::<(i64, String)>(&app.auth.cursor_key, reader.tenant.0, "collections")?;
    let (after, limit) = (paging.after.clone(), paging.limit + 1);
    let found = app.db.read(move |tx| store::list(tx, reader.tenant, after, limit)).await?;
    Ok(Json(paging.page(found, |collection| (collection.position, collection.collection_id.clone()))))
}

/// Makes a collection. Admins only.
#[utoipa::path(post, path = "/api/kb/collections", tag = "knowledge", operation_id = "create_collection", request_body = NewCollection,
    responses((status = 201, body = Collection), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewCollection>,
) -> Result<(StatusCode, Json<Collection>)> {
    caller.require(Action::KnowledgePublish)?;
    let shared = app.clone();
    let act = Act::of(&caller, app.clock.now());
    let collection = app.db.write(move |tx| create_in(tx, &shared, &act, new)).await?;
    Ok((StatusCode::CREATED, Json(collection)))
}

pub fn create_in(tx: &mut Tx<'_>, app: &App, act: &Act, new: NewCollection) -> Result<Collection> {
    lock_tenant(tx, act.tenant)?;
    let collection = Collection {
        collection_id: id::new_id(act.at, &app.random),
        slug: new.slug.unwrap_or_else(|| slug_of(&new.name)),
        name: new.name,
        description: new.description.unwrap_or_default(),
        position: new.position.map_or_else(|| store::next_position(tx, act.tenant), Ok)?,
        created_at: act.at,
        updated_at: act.at,
    };
    require_free(tx, act.tenant, &collection)?;
    store::insert(tx, act.tenant, &collection)?;
    record(tx, act, &collection, "created")?;
    Ok(collection)
}

/// One collection, by its id or its slug.
#[utoipa::path(get, path = "/api/kb/collections/{id}", tag = "knowledge", operation_id = "show_collection", security((), ("bearer" = []), ("api_key" = [])),
    params(("id" = String, Path, description = "Its id or its slug")),
    responses((status = 200, body = Collection), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn show(State(app): State<App>, reader: Reader, Path(id): Path<String>) -> Result<Json<Collection>> {
    app.db.read(move |tx| find(tx, reader.tenant, &id)).await.map(Json)
}

/// Changes a collection. Admins only.
#[utoipa::path(put, path = "/api/kb/collections/{id}", tag = "knowledge", operation_id = "update_collection", request_body = CollectionPatch,
    params(("id" = String, Path, description = "Its id or its slug")),
    responses((status = 200, body = Collection), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(patch): Json<CollectionPatch>,
) -> Result<Json<Collection>> {
    caller.require(Action::KnowledgePublish)?;
    let act = Act::of(&caller, app.clock.now());
    let updated = app.db.write(move |tx| {
        lock_tenant(tx, act.tenant)?;
        let before = find(tx, act.tenant, &id)?;
        let after = Collection {
            name: patch.name.unwrap_or(before.name.clone()),
            slug: patch.slug.unwrap_or(before.slug.clone()),
            description: patch.description.unwrap_or(before.description.clone()),
            position: patch.position.unwrap_or(before.position),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        require_free(tx, act.tenant, &after)?;
        let after = Collection { updated_at: act.at, ..after };
        store::update(tx, act.tenant, &after)?;
        record(tx, &act, &after, "changed")?;
        Ok(after)
    });
    updated.await.map(Json)
}

/// Deletes a collection; its articles stay, in none. Admins only.
#[utoipa::path(delete, path = "/api/kb/collections/{id}", tag = "knowledge", operation_id = "delete_collection",
    params(("id" = String, Path, description = "Its id or its slug")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn remove(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<StatusCode> {
    caller.require(Action::KnowledgePublish)?;
    let act = Act::of(&caller, app.clock.now());
    let removed = app.db.write(move |tx| {
        lock_tenant(tx, act.tenant)?;
        let collection = find(tx, act.tenant, &id)?;
        store::delete(tx, act.tenant, &collection.collection_id)?;
        record(tx, &act, &collection, "removed")
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find(tx: &mut Tx<'_>, tenant: TenantKey, id: &str) -> Result<Collection> {
    match store::find(tx, tenant, id)? {
        Some(collection) => Ok(collection),
        None => store::find_by_slug(tx, tenant, id)?.ok_or(Error::NotFound),
    }
}

fn require_free(tx: &mut Tx<'_>, tenant: TenantKey, collection: &Collection) -> Result<()> {
    let holder = store::find_by_slug(tx, tenant, &collection.slug)?;
    match holder.is_some_and(|holder| holder.collection_id != collection.collection_id) {
        true => Err(Error::Conflict("slug_taken")),
        false => Ok(()),
    }
}

fn record(tx: &mut Tx<'_>, act: &Act, collection: &Collection, change: &'static str) -> Result<()> {
    let (collection_id, slug) = (collection.collection_id.clone(), collection.slug.clone());
    events::record(tx, act, What::CollectionSaved { collection_id, slug, change })
}
