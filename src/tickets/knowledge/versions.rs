//! The texts that an article had: each saved one is kept, and can be taken up again.

use axum::extract::State;

use super::articles::{self, ArticlePatch};
use super::model::{Article, ArticleVersion};
use super::saving;
use super::store::versions as store;
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::lock_tenant;
use crate::error::{Error, Result};
use crate::events::Act;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, NoFields};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::{path::Path, query::Query};

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list)).routes(routes!(restore))
}

/// Newest first. Staff only.
#[utoipa::path(get, path = "/api/kb/articles/{id}/versions", tag = "knowledge", operation_id = "list_article_versions",
    params(("id" = String, Path, description = "The article's id or slug"), PageQuery),
    responses((status = 200, body = Page<ArticleVersion>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ArticleVersion>>> {
    caller.require(Action::KnowledgeWrite)?;
    let paging = page.read::<i64>(&app.auth.cursor_key, caller.tenant.0, &format!("versions/{id}"))?;
    let (before, limit) = (paging.after, paging.limit + 1);
    let found = app.db.read(move |tx| {
        let article = articles::find(tx, caller.tenant, &id, true)?;
        store::list(tx, caller.tenant, &article.summary.article_id, before, limit)
    });
    Ok(Json(paging.page(found.await?, |version| version.version)))
}

/// Takes up the text of an earlier version again, as a new one.
#[utoipa::path(post, path = "/api/kb/articles/{id}/versions/{version}/restore", tag = "knowledge", operation_id = "restore_article_version", request_body = NoFields,
    params(("id" = String, Path, description = "The article's id or slug"), ("version" = i64, Path, description = "Its number")),
    responses((status = 200, body = Article), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn restore(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path((id, version)): Path<(String, i64)>,
    Json(NoFields {}): Json<NoFields>,
) -> Result<Json<Article>> {
    caller.require(Action::KnowledgeWrite)?;
    let act = Act::of(&caller, app.clock.now());
    let restored = app.db.write(move |tx| {
        lock_tenant(tx, caller.tenant)?;
        let before = articles::find(tx, caller.tenant, &id, true)?;
        articles::require_right(&caller, before.summary.status, before.summary.status)?;
        let kept = store::find(tx, caller.tenant, &before.summary.article_id, version)?.ok_or(Error::NotFound)?;
        let patch = ArticlePatch {
            title: Some(kept.title),
            body: Some(kept.body),
            keywords: Some(kept.keywords),
            ..ArticlePatch::default()
        };
        saving::save(tx, &act, Some(caller.user), before, patch)
    });
    restored.await.map(Json)
}
