use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{ENDED, INTERRUPTED, ImportState, SiteImport, Tally};
use super::store;
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::lock_tenant;
use crate::error::{Error, Result};
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::http::{path::Path, query::Query};
use crate::platform::id;
use crate::tickets::knowledge::model::ArticleStatus;
use crate::tickets::knowledge::site;

const MOST_PAGES: i64 = 2000;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create)).routes(routes!(show, stop))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewImport {
    /// A site map, or a site whose robots.txt names its site maps, else `/sitemap.xml` is taken.
    #[garde(custom(text::http_url))]
    url: String,
    /// Pages that are read at most; 500 if it is absent, 2,000 at most.
    #[garde(inner(range(min = 1, max = MOST_PAGES)))]
    limit: Option<i64>,
    /// Of new articles: `draft` if it is absent. Those that are there keep theirs.
    #[garde(skip)]
    status: Option<ArticleStatus>,
}

/// Begins an import of a site's pages. Admins only; one at a time in a tenant.
#[utoipa::path(post, path = "/api/kb/imports", tag = "knowledge", operation_id = "create_import", request_body = NewImport,
    responses((status = 202, body = SiteImport), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewImport>,
) -> Result<(StatusCode, Json<SiteImport>)> {
    // It changes what is published as well.
    caller.require(Action::KnowledgePublish)?;
    let (tenant, now) = (caller.tenant, app.clock.now());
    let import = SiteImport {
        import_id: id::new_id(now, &app.random),
        url: new.url,
        limit: new.limit.unwrap_or(site::DEFAULT_MOST as i64),
        status: new.status.unwrap_or_default(),
        state: ImportState::Waiting,
        failure: None,
        pages_done: 0,
        pages_all: None,
        tally: Tally::default(),
        created_at: now,
        ended_at: None,
    };
    let write = app.db.write(move |tx| {
        lock_tenant(tx, tenant)?;
        match store::find_running(tx, tenant, now)? {
            Some(before) if before.ended_at.is_none() => return Err(Error::Conflict("import_running")),
            Some(before) => store::end(tx, tenant, &before.import_id, &Err(INTERRUPTED.into()), now)?,
            None => {}
        }
        store::insert(tx, tenant, &import, &caller.user_id)?;
        Ok(import)
    });
    Ok((StatusCode::ACCEPTED, Json(write.await?)))
}

/// The last twenty imports, newest first. Admins only.
#[utoipa::path(get, path = "/api/kb/imports", tag = "knowledge", operation_id = "list_imports",
    params(PageQuery),
    responses((status = 200, body = Page<SiteImport>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<SiteImport>>> {
    caller.require(Action::KnowledgePublish)?;
    let paging = page.read::<String>(&app.auth.cursor_key, caller.tenant.0, "imports")?;
    let (before, limit, now) = (paging.after.clone(), paging.limit + 1, app.clock.now());
    let found = app.db.read(move |tx| store::list(tx, caller.tenant, before.as_deref(), limit, now)).await?;
    Ok(Json(paging.page(found, |import| import.import_id.clone())))
}

/// How far an import is, and what became of it. Admins only.
#[utoipa::path(get, path = "/api/kb/imports/{id}", tag = "knowledge", operation_id = "show_import",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = SiteImport), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn show(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<Json<SiteImport>> {
    caller.require(Action::KnowledgePublish)?;
    let now = app.clock.now();
    let found = app.db.read(move |tx| store::find(tx, caller.tenant, &id, now)).await?;
    found.map(Json).ok_or(Error::NotFound)
}

/// Ends an import that waits or is under way; within seconds it asks the site for nothing more. One that has ended stays as it is.
/// Admins only.
#[utoipa::path(delete, path = "/api/kb/imports/{id}", tag = "knowledge", operation_id = "stop_import",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn stop(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<StatusCode> {
    caller.require(Action::KnowledgePublish)?;
    let (tenant, now) = (caller.tenant, app.clock.now());
    let stopped = app.db.write(move |tx| {
        lock_tenant(tx, tenant)?;
        store::find(tx, tenant, &id, now)?.ok_or(Error::NotFound)?;
        store::end(tx, tenant, &id, &Err(ENDED.into()), now)
    });
    stopped.await?;
    Ok(StatusCode::NO_CONTENT)
}
